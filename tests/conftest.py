"""Servers for a whole run, databases for one test, and a loud end where something was not run."""

import asyncio
import json
import logging
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from _pytest.terminal import TerminalReporter
from sqlalchemy.engine import URL, make_url

from artel.compose import SERVICES
from artel.kernel.events import new_id
from servers import Missing, Servers, servers

FOLDER = "ARTEL_TEST_SERVERS"
NOT_RUN = "ARTEL_TEST_NOT_RUN"
running = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """The process that leads the run owns the servers; its workers find them by the folder."""
    if not hasattr(config, "workerinput"):
        os.environ[FOLDER] = str(running.enter_context(servers()).folder)
    # The services' words are shown with a test that fails, and only then.
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        running.close()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and in_ci() and isinstance(reporter, TerminalReporter) and not_run(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    missed = {**earlier(), **not_run(terminalreporter)}
    remember(missed)
    if not missed:
        return
    terminalreporter.section("NOT RUN" + (", and in CI that is a failure" if in_ci() else ""), red=True, bold=True)
    for why in sorted(set(missed.values())):
        those = [test for test, reason in missed.items() if reason == why]
        terminalreporter.line(f"{len(those)} tests: {why}", red=True, bold=True)
        for test in those:
            terminalreporter.line(f"    {test}")


def not_run(reporter: TerminalReporter) -> dict[str, str]:
    """Test → why. Whatever was skipped was not run."""
    skipped = [report for report in reporter.stats.get("skipped", []) if isinstance(report, pytest.TestReport)]
    return {report.nodeid: reason(report) for report in skipped}


def reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def earlier() -> dict[str, str]:
    """`make test` is more than one run, and its end speaks for all of them."""
    path = Path(os.environ.get(NOT_RUN, ""))
    found: dict[str, str] = json.loads(path.read_text() or "{}") if path.is_file() else {}
    return found


def remember(missed: dict[str, str]) -> None:
    if NOT_RUN in os.environ:
        Path(os.environ[NOT_RUN]).write_text(json.dumps(missed))


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def server(kind: str) -> str:
    try:
        return Servers(Path(os.environ[FOLDER])).url(kind)
    except Missing as missing:
        pytest.skip(f"no {kind}: {missing}")


def aside(work: Coroutine[Any, Any, None]) -> None:
    """Run it on a loop of its own, whatever loop the test is on."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def administer(url: URL, *statements: str) -> None:
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def databases(*names: str) -> Iterator[URL]:
    """Fresh, empty databases, gone afterwards; the URL is the server's."""
    admin = make_url(server("postgres")).set(drivername="postgresql")
    aside(administer(admin, *(f'CREATE DATABASE "{name}"' for name in names)))
    yield admin.set(drivername="postgresql+asyncpg")
    aside(administer(admin, *(f'DROP DATABASE "{name}" WITH (FORCE)' for name in names)))


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of this test's own."""
    name = f"artel_{new_id().replace('-', '')}"
    with databases(name) as url:
        yield url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def postgres_urls() -> Iterator[str]:
    """One for each service, with {service} in it, as ARTEL_DATABASE_URL has it."""
    run = new_id().replace("-", "")
    with databases(*(f"artel_{run}_{service}" for service in SERVICES)) as url:
        yield f"{url.set(database='').render_as_string(hide_password=False)}artel_{run}_{{service}}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Empty, one of each kind: what a service does on one, it does on the other."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def amqp_url() -> str:
    """One broker for all: a test takes groups and topics that are its own."""
    return server("amqp")


@pytest.fixture
def redis_url() -> str:
    """One store for all: a test takes keys that are its own."""
    return server("redis")


@pytest.fixture
def chromium() -> str:
    return server("chromium")
