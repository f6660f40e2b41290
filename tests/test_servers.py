"""What the tests stand on: given, found, installed, or missing and then loudly so."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from aio_pika import connect_robust
from aio_pika.exceptions import ChannelClosed

import servers as module
from artel.kernel.bus import open_bus
from artel.kernel.events import new_id
from artel.kernel.rabbit import RabbitBus
from artel.kernel.store import open_store
from servers import PACKAGES, VARIABLES, Missing, Servers, free_port, free_ports, listening, locked, servers
from tidy import keys, queues

TESTS = Path(__file__).parent
# Stands in for a machine that has nothing and where nothing may be installed.
ELSEWHERE = """
import servers
servers.PROGRAMS = {kind: lambda: None for kind in servers.PROGRAMS}
servers.may_install = lambda: False
servers.os.geteuid = lambda: 1000
"""
TWO_TESTS = """
def test_with_a_store(redis_url): ...
def test_alone(): ...
"""
# Does of Redis what is asked of it here: `listening` says hello.
REDIS = f"""#!{sys.executable}
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1]))) as server:
    while True:
        guest, _ = server.accept()
        guest.recv(16)
        guest.sendall(b"+PONG")
        guest.close()
"""


@pytest.fixture
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def run(nothing_given: None) -> Iterator[Servers]:  # noqa: ARG001 it empties the environment
    with servers() as made:
        yield made


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "redis-server"
    path.write_text(REDIS)
    path.chmod(0o755)
    return path


def has(monkeypatch: pytest.MonkeyPatch, kind: str, *looks: Path | None) -> None:
    """What looking for the program finds, the first time, the second, …"""
    found = iter(looks)
    monkeypatch.setitem(vars(module)["PROGRAMS"], kind, lambda: next(found))


def outcome(folder: Path, tests: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A run of these tests on a machine that has nothing."""
    (folder / "elsewhere.py").write_text(ELSEWHERE)
    (folder / "test_two.py").write_text(tests)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("ARTEL_TEST_") and name != "CI"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "elsewhere", "-p", "conftest", "-c", os.devnull]
    return subprocess.run(
        [*command, "--rootdir", folder, folder / "test_two.py"],
        env=bare | {"PYTHONPATH": f"{folder}{os.pathsep}{TESTS}"} | env,
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip


class TestAServer:
    def test_that_is_given_is_used(self, run: Servers, monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
        has(monkeypatch, "redis", program)
        url = run.url("redis").replace("/0", "/3")
        with servers() as another:
            monkeypatch.setenv(VARIABLES["redis"], url)
            has(monkeypatch, "redis")
            assert another.url("redis") == url

    @pytest.mark.parametrize("kind", ["postgres", "amqp", "redis"])
    def test_that_is_given_and_does_not_answer_is_a_mistake(
        self, run: Servers, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        port = free_port()
        monkeypatch.setenv(VARIABLES[kind], f"{kind}://somebody:secret@127.0.0.1:{port}/0")
        for _ in range(2):
            with pytest.raises(
                RuntimeError, match=f"nobody answers at 127.0.0.1:{port}, which {VARIABLES[kind]} names"
            ):
                run.url(kind)

    def test_a_browser_that_is_given_is_there(self, run: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLES["chromium"], sys.executable)
        assert run.url("chromium") == sys.executable
        monkeypatch.setenv(VARIABLES["chromium"], "/nowhere")
        with servers() as another, pytest.raises(RuntimeError, match="no such program"):
            another.url("chromium")

    def test_that_is_found_is_started_once_and_ends_with_the_run(
        self, run: Servers, monkeypatch: pytest.MonkeyPatch, program: Path
    ) -> None:
        has(monkeypatch, "redis", program)
        with servers() as another:
            url = another.url("redis")
            port = int(re.findall(r"\d+", url)[4])
            assert url == f"redis://127.0.0.1:{port}/0"
            assert another.url("redis") == url
            assert listening(port, b"PING\r\n", b"+PONG")
            folder = another.folder
        assert not listening(port)
        assert not folder.exists()
        assert run.folder.exists()

    def test_that_does_not_start_is_a_mistake(
        self, run: Servers, monkeypatch: pytest.MonkeyPatch, program: Path
    ) -> None:
        program.write_text("#!/bin/sh\necho its last words\nexit 1\n")
        has(monkeypatch, "redis", program)
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
        with pytest.raises(RuntimeError, match="redis: waited 0 s for Redis"):
            run.url("redis")

    def test_that_is_missing_is_installed_where_that_is_allowed(
        self, run: Servers, monkeypatch: pytest.MonkeyPatch, program: Path
    ) -> None:
        installed: list[str] = []
        monkeypatch.setattr(module, "may_install", lambda: True)
        monkeypatch.setattr(module, "install", installed.extend)
        has(monkeypatch, "redis", None, program)
        assert run.url("redis").startswith("redis://127.0.0.1:")
        assert installed == ["redis"]

    def test_that_cannot_be_installed_is_missing(self, run: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "may_install", lambda: True)
        monkeypatch.setattr(module, "install", lambda _: None)
        has(monkeypatch, "redis", None, None)
        with pytest.raises(Missing, match="redis-server is not installed"):
            run.url("redis")

    @pytest.mark.parametrize(("user", "line"), [(0, "apt-get"), (1000, "sudo apt-get")])
    def test_one_line_installs_all(self, monkeypatch: pytest.MonkeyPatch, user: int, line: str) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: user)
        assert module.the_line(["postgres", "nginx"]) == (
            f"{line} install -y postgresql nginx-light libnginx-mod-http-lua lua-cjson lua-nginx-dns"
        )


def test_a_port_is_given_once() -> None:
    given = [port for first in (free_ports(3) for _ in range(60)) for port in range(first, first + 3)]
    given += [free_port() for _ in range(200)]
    assert len(set(given)) == len(given)


def test_servers_end_with_a_run_that_was_killed() -> None:
    code = f"""
import signal
from servers import servers
with servers() as run:
    run.keep("long", ["{sys.executable}", "-c", "import os, signal; print(os.getpid(), flush=True); signal.pause()"])
    print(run.folder, flush=True)
    signal.pause()
"""
    env = os.environ | {"PYTHONPATH": str(TESTS)}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) as leader:
        assert leader.stdout
        folder = Path(leader.stdout.readline().strip())
        module.wait_for(lambda: bool((folder / "long.log").read_text()), "its number", folder / "long.log")
        leader.send_signal(signal.SIGKILL)
    with locked(folder / "long.held"):
        pass  # its keeper has gone
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "long.log").read_text()), 0)
    shutil.rmtree(folder)


class TestTheEnd:
    def test_is_loud_and_well(self, tmp_path: Path) -> None:
        run = outcome(tmp_path, TWO_TESTS)
        assert run.returncode == 0, run.stdout
        loud = run.stdout[run.stdout.index("= NOT RUN =") :]
        assert "1 tests: no redis: redis-server is not installed, and ARTEL_TEST_REDIS_URL names none\n" in loud
        assert "    test_two.py::test_with_a_store\n" in loud
        assert "To run them too:  sudo apt-get install -y redis-server\n" in loud
        assert "1 passed, 1 skipped" in loud

    def test_is_a_failure_in_ci(self, tmp_path: Path) -> None:
        run = outcome(tmp_path, TWO_TESTS, CI="true")
        assert run.returncode == 1, run.stdout
        assert "= NOT RUN, and in CI that is a failure =" in run.stdout
        assert "1 passed, 1 skipped" in run.stdout

    def test_a_module_that_is_skipped_was_not_run(self, tmp_path: Path) -> None:
        run = outcome(tmp_path, "import pytest\npytest.importorskip('nowhere')\n" + TWO_TESTS, CI="true")
        assert "1 tests: could not import 'nowhere'" in run.stdout
        assert run.returncode != 0

    def test_is_quiet_when_all_was_run(self, tmp_path: Path) -> None:
        run = outcome(tmp_path, "def test_alone(): ...", CI="true")
        assert run.returncode == 0
        assert "NOT RUN" not in run.stdout

    def test_nobody_at_a_given_address_is_a_failure(self, tmp_path: Path) -> None:
        address = f"127.0.0.1:{free_port()}"
        run = outcome(tmp_path, TWO_TESTS, ARTEL_TEST_REDIS_URL=f"redis://{address}/0")
        assert run.returncode == 1
        assert f"redis: nobody answers at {address}, which ARTEL_TEST_REDIS_URL names" in run.stdout


@pytest.mark.usefixtures("nothing_given")
class TestTheBeginning:
    def test_says_what_there_is(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        installed: list[str] = []
        monkeypatch.setattr(module, "may_install", lambda: True)
        monkeypatch.setattr(module, "install", installed.extend)
        monkeypatch.setenv(VARIABLES["redis"], "redis://:secret@127.0.0.1:1/0")
        has(monkeypatch, "postgres", *[Path("/bin/postgres")] * 2)
        has(monkeypatch, "amqp", None, *[Path("/bin/rabbit")] * 2)
        has(monkeypatch, "nginx", *[Path("/sbin/nginx")] * 2)
        has(monkeypatch, "supervisor", *[Path("/bin/supervisord")] * 2)
        others = PACKAGES.keys() - {"postgres", "amqp", "redis", "nginx", "supervisor", "chromium"}
        for kind in others:
            has(monkeypatch, kind, *[Path(f"/bin/{kind}")] * 2)
        has(monkeypatch, "chromium", None, *[Path("/bin/chromium")] * 2)
        module.tell()
        said = capsys.readouterr().out.splitlines()
        assert [line for line in said if line.partition(" ")[0] not in others] == [
            "installing rabbitmq-server chromium",
            "postgres   /bin/postgres",
            "amqp       /bin/rabbit",
            "redis      as ARTEL_TEST_REDIS_URL says",
            "nginx      /sbin/nginx",
            "supervisor /bin/supervisord",
            "chromium   /bin/chromium",
        ]
        assert installed == ["amqp", "chromium"]

    def test_says_the_line_that_installs_the_rest(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(module, "may_install", lambda: False)
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(module, "PROGRAMS", dict.fromkeys(PACKAGES, lambda: None))
        module.tell()
        *_, last = capsys.readouterr().out.splitlines()
        packages = " ".join(PACKAGES.values())
        assert last.endswith(f"To run them too:  sudo apt-get install -y {packages}")


class TestNothingIsLeft:
    async def test_on_a_broker(self, amqp_url: str) -> None:
        group = f"group-{new_id()}"
        with pytest.MonkeyPatch.context() as patch, queues(amqp_url, patch):
            bus = await open_bus(amqp_url)
            await bus.subscribe(group, ["topic"], nothing)
            assert await there(amqp_url, f"artel.{group}", f"artel.{group}.dead") == [True, True]
            await bus.close()
        assert await there(amqp_url, f"artel.{group}", f"artel.{group}.dead") == [False, False]

    async def test_and_nothing_is_taken_from_somebody_who_lives_there(self, broker: str) -> None:
        async with await connect_robust(broker) as connection, connection.channel() as channel:
            await channel.declare_queue("artel.template", durable=True)
            with (
                pytest.MonkeyPatch.context() as patch,
                queues(broker, patch),
                pytest.raises(pytest.fail.Exception, match="a virtual host of their own"),
            ):
                await (await RabbitBus.open(broker)).subscribe("template", ["topic"], nothing)
            assert await there(broker, "artel.template") == [True]
            await channel.queue_delete("artel.template")

    async def test_in_a_store(self, redis_url: str) -> None:
        key = f"test:{new_id()}"
        with redis.Redis.from_url(redis_url) as client:
            with pytest.MonkeyPatch.context() as patch, keys(redis_url, patch):
                store = open_store(redis_url)
                await store.put(key, "value", 60)
                await store.add(key + ":added", "value", 60)
                await store.allow(key, 1, 0.01)
                await store.close()
                assert len(client.keys(f"*{key}*")) == 3
            assert client.keys(f"*{key}*") == []


async def nothing(_: object) -> None:
    pass


async def there(url: str, *names: str) -> list[bool]:
    found = []
    async with await connect_robust(url) as connection:
        for name in names:
            try:
                async with connection.channel() as channel:
                    await channel.declare_queue(name, passive=True)
                found.append(True)
            except ChannelClosed:
                found.append(False)
    return found
