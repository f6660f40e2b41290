"""Servers for a whole run, databases for one test, and a loud end where something was not run."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
import structlog
from _pytest.terminal import TerminalReporter

import tidy
from artel.compose import SERVICES
from artel.kernel.events import new_id
from servers import PACKAGES, VARIABLES, Missing, Servers, locked, servers, the_line

FOLDER = "ARTEL_TEST_SERVERS"
running = ExitStack()

# A machine that others use as well stands still now and then, in whatever example.
hypothesis.settings.register_profile("artel", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("artel")


def pytest_configure(config: pytest.Config) -> None:
    """The process that leads the run owns the servers; its workers find them by the folder."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background, as all that it starts would be
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
        broker = os.environ.get(VARIABLES["amqp"])
        if broker and Servers(Path(os.environ[FOLDER])).used("amqp"):
            tidy.exchanges(broker)
        running.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has a whole system to itself comes first, and the browsers before all. Of two processes one begins with the
    first half of all tests and the other with the second: so such tests have small ones beside them and not each other,
    whose servers and time-outs they would disturb."""
    items.sort(key=_size, reverse=True)
    for item in items:
        waits = "broker" in getattr(item, "fixturenames", ())  # until another test of a whole installation is done
        if waits and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(func_only=True))


def _size(item: pytest.Item) -> int:
    return 2 if item.path.name == "test_phones.py" else int(item.path.parent.name in {"system", "faults"})


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
    absent = [kind for kind in PACKAGES if any(why.startswith(f"no {kind}:") for why in missed.values())]
    if absent:
        terminalreporter.line(f"To run them too:  {the_line(absent)}", red=True, bold=True)


def not_run(reporter: TerminalReporter) -> dict[str, str]:
    """Test, or module → why. Whatever was skipped was not run."""
    return {report.nodeid: reason(report) for report in reporter.stats.get("skipped", [])}


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def server(kind: str) -> str:
    try:
        return Servers(Path(os.environ[FOLDER])).url(kind)
    except Missing as missing:
        pytest.skip(f"no {kind}: {missing}")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of this test's own."""
    name = f"artel_{new_id().replace('-', '')}"
    with tidy.databases(server("postgres"), name) as url:
        yield url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def postgres_urls() -> Iterator[str]:
    """One for each service, with {service} in it, as ARTEL_DATABASE_URL has it."""
    run = new_id().replace("-", "")
    names = (f"artel_{run}_{service}" for service in SERVICES)
    with tidy.databases(server("postgres"), *names) as url:
        yield f"{url.set(database='').render_as_string(hide_password=False)}artel_{run}_{{service}}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Empty, one of each kind: what a service does on one, it does on the other."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def amqp_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One broker for all: a test takes groups and topics that are its own, and leaves nothing there."""
    url = server("amqp")
    with tidy.queues(url, monkeypatch):
        yield url


@pytest.fixture
def broker(amqp_url: str) -> Iterator[str]:
    """For a whole installation: its queues have the services' own names, so one test has it at a time."""
    with locked(Path(os.environ[FOLDER]) / "broker.lock"), tidy.services(amqp_url):
        yield amqp_url


@pytest.fixture
def redis_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One store for all: a test takes keys that are its own, and leaves none there."""
    url = server("redis")
    with tidy.keys(url, monkeypatch):
        yield url


@pytest.fixture
def chromium() -> str:
    return server("chromium")


@pytest.fixture
def nginx() -> str:
    """The program."""
    return server("nginx")


@pytest.fixture
def rsyslog() -> str:
    """The program."""
    return server("rsyslog")


@pytest.fixture
def faketime() -> str:
    """The library that gives a process another clock."""
    return server("faketime")


@pytest.fixture
def pgbackrest() -> str:
    """The program."""
    return server("pgbackrest")


@pytest.fixture
def supervisor() -> str:
    """The program."""
    return server("supervisor")


@pytest.fixture
def prometheus() -> str:
    """The program; Alertmanager, the exporters and both tools are here too then."""
    return server("prometheus")


@pytest.fixture
def compiler() -> str:
    """The program; Python's headers are here too then."""
    return server("compiler")
