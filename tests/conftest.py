"""Servers for a whole run, databases for one test, and a loud end where something was not run."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from _pytest.terminal import TerminalReporter
from sqlalchemy.engine import URL, make_url

from artel.kernel.events import new_id
from servers import Missing, Servers, servers

FOLDER = "ARTEL_TEST_SERVERS"
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
    missed = not_run(terminalreporter)
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


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh, empty database, gone after the test."""
    admin = make_url(server("postgres")).set(drivername="postgresql")
    name = f"artel_{new_id().replace('-', '')}"
    aside(administer(admin, f'CREATE DATABASE "{name}"'))
    yield admin.set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)
    aside(administer(admin, f'DROP DATABASE "{name}" WITH (FORCE)'))


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
