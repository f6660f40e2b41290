"""`make stack`: the whole system on this host, from nothing to an evening, a kill, a second start, an end."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from httpx2 import AsyncClient, TransportError
from redis import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from artel.compose import SERVICES
from artel.kernel.settings import Settings
from keeping import FOR_ALL
from playing import RULES, Company, Somebody, Table, agrees, figures, replayed, told
from servers import free_ports
from stack import Stack, home_of, listens, port_of
from system.test_serving import comes

ROOT = Path(__file__).parents[2]
PORTS = 27


@dataclass
class Host:
    port: int
    data: Path

    def stack(self, *words: str, **more: str) -> str:
        env = {name: value for name, value in os.environ.items() if not name.startswith("ARTEL_")}
        done = subprocess.run(
            [sys.executable, ROOT / "deploy" / "stack.py", *words],
            check=False, capture_output=True, text=True,
            env={**env, "ARTEL_PORT": str(self.port), "ARTEL_DATA_DIR": str(self.data), **more},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "NOTICE" not in done.stderr
        return done.stdout

    def pids(self) -> set[int]:
        """Of all that was started with a file or a folder of this host."""
        found = set()
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and str(self.data).encode() in (entry / "cmdline").read_bytes():
                    found.add(int(entry.name))
        return found

    def control(self, *words: str) -> str:
        conf = self.data / "stack" / "supervisor.conf"
        return subprocess.check_output(["supervisorctl", "-c", str(conf), *words], text=True)

    def pid(self, service: str) -> int:
        """As its supervisor knows it."""
        return int(self.control("pid", service))


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """The servers of the fixtures are not used: they say that the programs are here."""
    for program in ("supervisor", "nginx", "postgres_url", "amqp_url", "redis_url", "prometheus"):
        assert request.getfixturevalue(program)
    # A socket's path is short, and PostgreSQL's own user has to get there.
    with TemporaryDirectory(prefix="artel-stack-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        made = Host(free_ports(PORTS), Path(folder))
        try:
            yield made
        finally:
            made.stack("down")


@pytest.mark.timeout(600)
async def test_from_nothing_to_an_end(host: Host) -> None:
    said = host.stack("up", ARTEL_ADMINS="77")
    assert f"Artel is open at http://127.0.0.1:{host.port}" in said
    secret = [path for path in (host.data / "stack").iterdir() if path.suffix in {".secret", ".url", ".conf"}]
    assert len(secret) >= 6
    assert all(path.stat().st_mode & 0o077 == 0 for path in secret)

    async with AsyncClient(base_url=f"http://127.0.0.1:{host.port}/api/v1", timeout=30) as http:
        company = Company(http, Random(8))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[2], guests=["Гость"])
        await table.play(20)
        killed = host.pid("game")
        os.kill(killed, signal.SIGKILL)
        await table.play(20)  # by the other one

        async def is_there_again() -> bool:
            return host.pid("game") not in {0, killed}

        await comes(is_there_again)
        await table.finish()
        session, case = await table.whole(), await table.exported()
        agrees(session, replayed(case))
        expected = figures(case, session)[anya.id]

        async def counted() -> bool:
            with suppress(AssertionError, TransportError):  # a limit, where it is asked again and again
                return told(await company.ok(anya, "GET", f"/stats/players/{anya.id}")) == expected
            return False

        await comes(counted)
        for name, behind in {"gateway": 0, "rabbit": 21}.items():  # it alone, and not its children
            await is_started_again(host, name, host.port + behind)
        assert "Artel is open" in host.stack("up")  # again: nothing changes
        assert (await company.ok(anya, "GET", f"/sessions/{table.id}"))["version"] == session["version"]
        await is_out_everywhere(company, boris, table, host.port)
        await begins_anew_without_its_supervisor(host)
        is_told_something_else(host)
        assert (await company.ok(anya, "GET", f"/sessions/{table.id}"))["version"] == session["version"]

    assert host.pids()
    running = {line.split()[0] for line in host.control("status").splitlines()}
    assert running == set(re.findall(r"`([a-z][a-z2-]+)`", "".join(table_of_processes().values())))
    all_speak_json(host.data / "stack")
    host.stack("down")
    assert host.pids() == set()
    assert "nothing runs in" in host.stack("down")


async def begins_anew_without_its_supervisor(host: Host) -> None:
    """What it has left behind goes on, and is ended: PostgreSQL in order, and so without anything to recover."""
    home = host.data / "stack"
    killed = int((home / "supervisor.pid").read_text())
    before = (host.pids() & host.pids()) - {killed}  # without those that only look for a moment
    os.kill(killed, signal.SIGKILL)

    async def is_dead() -> bool:
        return killed not in host.pids()

    await comes(is_dead)
    assert before <= host.pids()
    said = host.stack("up")
    assert f"supervisor is gone: ending what it left behind in {home} (" in said
    assert "Artel is open" in said
    assert not before & host.pids()
    assert 'ARTEL_ADMINS="77"' in (home / "supervisor.conf").read_text()  # told once
    assert "not properly shut down" not in (home / "words" / "postgres.log").read_text()


def is_told_something_else(host: Host) -> None:
    """It holds at once, also what supervisor itself was started with; whom it does not concern goes on. Redis, which
    somebody has given a password by hand, comes to have the one that is written down."""
    store = (host.data / "stack" / "store.url").read_text()
    with Redis.from_url(store) as redis:
        redis.config_set("requirepass", "by-hand")
    before = {name: host.pid(name) for name in (*SERVICES, "game-2", "postgres", "gateway")}
    assert "Artel is open" in host.stack("up", ARTEL_LOG_LEVEL="warning", ARTEL_ADMINS="", ARTEL_ADDRESS_RATE="177")
    assert {name for name, pid in before.items() if host.pid(name) == pid} == {"postgres", "gateway"}
    heard = Path(f"/proc/{host.pid('auth')}/environ").read_text().split("\0")
    assert {"ARTEL_LOG_LEVEL=warning", "ARTEL_ADMINS="} <= set(heard)
    with Redis.from_url(store) as redis:
        assert redis.ping()


async def is_started_again(host: Host, name: str, port: int) -> None:
    """What it has left behind has the ports, and has to go first."""
    killed = host.pid(name)
    family = group(killed) - {killed}
    assert family
    os.kill(killed, signal.SIGKILL)

    async def answers() -> bool:
        return not family & group(killed) and host.pid(name) not in {0, killed} and listens(port)

    await comes(answers)


def group(leader: int) -> set[int]:
    """Whoever lives in it, but the one who writes down what they say."""
    said = subprocess.run(["ps", "-eo", "pid=,pgid=,stat=,args="], check=True, capture_output=True, text=True).stdout
    rows = [line.split(None, 3) for line in said.splitlines()]
    return {int(pid) for pid, of, state, said in rows if int(of) == leader and state[0] != "Z" and "words" not in said}


async def is_out_everywhere(company: Company, who: Somebody, table: Table, port: int) -> None:
    """Once he has signed out: on his open socket, at the gate, and at a service for whoever gets past the gate."""
    ticket = (await company.ok(who, "POST", f"/sessions/{table.id}/live-ticket"))["ticket"]
    live = f"ws://127.0.0.1:{port}/api/v1/sessions/{table.id}/live"
    async with connect(live, subprotocols=[Subprotocol("artel.v1"), Subprotocol(f"ticket.{ticket}")]) as phone:
        await phone.recv()
        assert (await company.call(who, "DELETE", "/auth/sessions")).status_code == 204
        async with asyncio.timeout(30):
            with suppress(ConnectionClosed):
                while True:
                    await phone.recv()
        assert phone.close_code == 4401
    behind = f"http://127.0.0.1:{port + 1 + SERVICES.index('game')}/api/v1/sessions"
    for address in ("/sessions", behind):

        async def refused(address: str = address) -> bool:
            answer = await company.call(who, "GET", address)
            return answer.status_code == 401 and answer.json()["code"] == "signed_out"

        await comes(refused)


def table_of_processes() -> dict[str, str]:
    """Of docs/operations.md: the ports of a row, and what is there."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("| behind `ARTEL_PORT` (8080) | process |\n|---|---|\n")
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", rest.partition("\n\n")[0], re.MULTILINE))


def test_the_table_of_ports_has_each_once(tmp_path: Path) -> None:
    told = table_of_processes()
    ports = [*told, *(more for row in told.values() for more in re.findall(r"; ([\d to]+):", row))]
    spans = [span.split(" to ") for text in ports for span in text.split(", ") if span != "none"]
    assert sorted(port for first, *last in spans for port in range(int(first), int([first, *last][-1]) + 1)) == list(
        range(PORTS)
    )
    names = re.findall(r"`([\w-]+)`", told["1 to 7"].partition(";")[0])
    assert [(name, port - 8080) for name, port in Stack(8080, tmp_path)._instances()] == [
        (name, place) for place, name in enumerate(names, 1)
    ]


def all_speak_json(home: Path) -> None:
    files = [*(home / "words").glob("*.log"), home / "gateway" / "access.log"]
    secrets = [path.read_text() for path in home.glob("*.secret")]
    assert len(files) > 10
    for file in files:
        said = file.read_text()
        assert not [secret for secret in secrets if secret in said], file
        if file.stem == "supervisor":  # it can only write text; whoever ships it makes it JSON
            continue
        for line in map(json.loads, said.splitlines()):
            assert {"@timestamp", "log.level", "message", "ecs.version", "event.dataset"} <= line.keys(), line
            assert line["service.name"] == file.stem.removesuffix("-2").replace("access", "gateway"), line
            assert line.get("service.environment", "stack") == "stack", line
    spoke = {file.stem for file in files if file.stat().st_size}
    assert {"postgres", "rabbit", "redis", "access"} <= spoke


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = {**os.environ, "ARTEL_PORT": str(port), "ARTEL_DATA_DIR": str(tmp_path)}
        command = [sys.executable, str(ROOT / "deploy" / "stack.py"), "up"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"stack: port {port} cannot be had (Address already in use); ARTEL_PORT chooses another"
    )
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ({}, True),
        ({"HOST": "127.0.0.1", "PUBLIC_URL": "http://localhost:8080"}, True),
        ({"HOST": "192.0.2.7"}, False),
        ({"PUBLIC_URL": "https://artel.example"}, False),
        ({"BEHIND": "127.0.0.1"}, False),
    ],
)
def test_open_to_the_network_is_the_gateway_and_nobody_signs_in_by_a_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, str], may: bool
) -> None:
    """Or a proxy in front of it is, which comes from this machine too."""
    for name in ("DEV_LOGIN", "HOST", "PUBLIC_URL", "BEHIND"):
        monkeypatch.delenv(f"ARTEL_{name}", raising=False)
    for name, value in said.items():
        monkeypatch.setenv(f"ARTEL_{name}", value)
    told = Stack(8080, tmp_path)._env("auth")
    for name in ("ARTEL_DEV_LOGIN", "ARTEL_HOST"):
        if name in told:
            monkeypatch.setenv(name, str(told[name]))
    assert (Settings().host, Settings().dev_login_allowed) == ("127.0.0.1", may)


def test_its_gateway_believes_the_proxies_that_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = tmp_path / "gateway" / "nginx.conf"
    for said, believed in (("", []), ("127.0.0.1,10.0.0.0/24", ["127.0.0.1/32", "10.0.0.0/24"])):
        monkeypatch.setenv("ARTEL_BEHIND", said)
        Stack(8080, tmp_path)._gateway()
        assert re.findall(r"set_real_ip_from (\S+);", conf.read_text()) == believed
    monkeypatch.setenv("ARTEL_BEHIND", "proxy")
    with pytest.raises(SystemExit, match="stack: 'proxy' is no network"):
        Stack(8080, tmp_path)._gateway()


def test_what_is_said_of_limits_is_what_its_gateway_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = tmp_path / "gateway" / "nginx.conf"
    for user, address in (("", ""), ("7", "177")):
        monkeypatch.setenv("ARTEL_USER_RATE", user)
        monkeypatch.setenv("ARTEL_ADDRESS_RATE", address)
        Stack(8080, tmp_path)._gateway()
        assert {f"{user or 30}r/s", f"{address or 200}r/s"} <= set(re.findall(r"rate=(\S+);", conf.read_text()))
    monkeypatch.setenv("ARTEL_USER_RATE", "0")
    with pytest.raises(SystemExit, match="stack: ARTEL_USER_RATE is a number from 1 on, and not 0"):
        Stack(8080, tmp_path)._gateway()


@pytest.mark.parametrize("name", FOR_ALL)
def test_what_each_service_is_told_each_service_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """By an empty word too, or it would have what supervisor was started with."""
    for said in ("", "7"):
        monkeypatch.setenv(name, said)
        stack = Stack(8080, tmp_path)
        stack._services()
        assert len(stack.programs) == len(SERVICES) + 1
        assert all(f'{name}="{said}"' in program for program in stack.programs.values())


@pytest.mark.parametrize("said", ["", "http", "-1", "0", "65510", "80000"])
def test_a_port_with_no_room_behind_it_is_refused_in_a_sentence(said: str) -> None:
    assert port_of("65509") == 65509
    with pytest.raises(SystemExit, match="ARTEL_PORT is a number from 1 to 65509"):
        port_of(said)


def test_in_a_shell_that_knows_a_stack_no_second_one_begins(tmp_path: Path) -> None:
    home = home_of(tmp_path)
    assert home == tmp_path / "stack"
    home.mkdir()
    (home / "supervisor.conf").touch()
    assert home_of(home) == home == home_of(tmp_path)
