"""What `make stack` starts, but two processes of every service, with a detour on every way between a process and what
it stands on.

The ways are put in by the files that say where PostgreSQL, RabbitMQ and Redis are, a set for each process, and by the
gateway's list of who serves what: no part of the product knows of them.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
from httpx2 import AsyncClient

from artel.compose import SERVICES
from artel.kernel.settings import Settings
from detour import Detour, moved
from servers import found, free_ports
from stack import PORTS, RABBIT, Stack, give

BUGS = Path(__file__).parent / "bugs"
SERVERS = {"postgres": 20, "rabbit": 21, "redis": 24}
"""How far behind the stack's first port."""
DISK = "400M"
BUGGY: dict[str, Sequence[str]] = {
    "inbox": ("stats", "notification"), "fan_out": ("game",), "boards": ("game",), "synchronous_commit": SERVICES,
    "money": ("game",), "lines": ("stats",), "news": ("notification",), "ties": ("game",), "friendships": ("stats",),
    "poison": ("friends",), "idempotency": ("template",), "befriend": ("friends",), "sign_in": ("auth",),
}  # fmt: skip
"""In which services a bug is: in both processes of each."""
HELPERS = {b"walwriter", b"checkpointer", b"background writer", b"autovacuum launcher"}
"""Of PostgreSQL, which bring to the disk what nobody waits for."""
ALL_PORTS = 2 * PORTS


@dataclass
class Wired(Stack):
    """`ways` are the ports of detours: (process, server), and (gateway, process)."""

    ways: Mapping[tuple[str, str], int] = field(default_factory=dict)
    bugs: Sequence[str] = ()
    files: ClassVar = {
        "ARTEL_DATABASE_URL_FILE": "postgres", "ARTEL_BUS_URL_FILE": "rabbit", "ARTEL_STORE_URL_FILE": "redis",
    }  # fmt: skip

    @property
    def disk(self) -> Path:
        return self.home / "disk"

    def processes(self) -> dict[str, int]:
        return dict(self._instances())

    def _instances(self) -> list[tuple[str, int]]:
        """The second ones behind all ports of the stack."""
        first = [(name, self.port + 1 + place) for place, name in enumerate(SERVICES)]
        return [*first, *((f"{name}-2", port + PORTS) for name, port in first)]

    def _databases(self) -> None:
        """On a disk of its own, which can be full, where one may be mounted."""
        super()._databases()
        data = self.home / "postgres"
        if data.is_symlink():
            return
        with (data / "postgresql.conf").open("a") as conf:
            conf.write("max_wal_size = 96MB\nmin_wal_size = 32MB\n")
        self.disk.mkdir(mode=0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", self.disk], check=False)
        subprocess.run(["mv", data, self.disk / "postgres"], check=True)
        data.symlink_to(self.disk / "postgres")
        give(self.disk / "postgres", "postgres")

    def _program(
        self, name: str, command: str, env: Mapping[str, object] | None = None, *how: Any, **named: Any
    ) -> None:
        if env and name in self.processes():
            env = {**env, **self._others(name), "ARTEL_EVENT_BURST": 1000, "ARTEL_LOG_LEVEL": "warning"}
        super()._program(name, command, env, *how, **named)

    def _others(self, name: str) -> dict[str, object]:
        clock = self.home / "clocks" / name
        clock.parent.mkdir(exist_ok=True)
        clock.write_text("+0\n")
        faked: dict[str, object] = {
            "LD_PRELOAD": found("faketime"), "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_CACHE_DURATION": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1, "FAKETIME_DONT_RESET": 1,
        }  # fmt: skip
        bugs = " ".join(bug for bug in self.bugs if name.partition("-")[0] in BUGGY[bug])
        path = os.pathsep.join([str(BUGS), *filter(None, [os.environ.get("PYTHONPATH")])])
        bug: dict[str, object] = {"PYTHONPATH": path, "SEEDED_BUGS": bugs} if bugs else {}
        return {key: self._address(name, server) for key, server in self.files.items()} | faked | bug

    def _address(self, name: str, server: str) -> Path:
        return self.home / "ways" / f"{name}.{server}.url"

    def _wait(self) -> None:
        """Twice as many start as elsewhere, and what else the machine does is not known."""
        try:
            super()._wait()
        except SystemExit:
            super()._wait()

    def _update(self) -> None:
        """All at once: nobody plays meanwhile."""
        self._control("update")

    def _watch(self) -> None:
        """Nobody watches: what that takes is for those who play."""

    def _provide(self) -> None:
        """Once: another bug needs no other tables."""
        if (self.home / "ways").exists():
            return
        super()._provide()
        for (name, server), port in self.ways.items():
            if server in SERVERS:
                file = self._address(name, server)
                file.parent.mkdir(exist_ok=True)
                file.write_text(moved(self._real(name.partition("-")[0], server), port))

    def _real(self, service: str, server: str) -> str:
        return {
            "postgres": self.home / "databases" / f"{service}.url", "rabbit": self.home / "bus.url",
            "redis": self.home / "store.url",
        }[server].read_text()  # fmt: skip

    def _gateway(self) -> None:
        super()._gateway()
        conf = self.home / "gateway" / "nginx.conf"
        text = conf.read_text()
        for name, port in self.processes().items():
            text, count = re.subn(
                rf"server 127\.0\.0\.1:{port} ", f"server 127.0.0.1:{self.ways['gateway', name]} ", text
            )
            assert count == 1, f"{name} in {conf}"
        conf.write_text(text)


@dataclass
class Hall:
    stack: Wired
    ways: dict[tuple[str, str], Detour]
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    away_seconds: float = 12  # for long: two looks of whoever watches himself

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.stack.port}/api/v1"

    @property
    def settings(self) -> Settings:
        return Settings(databases_dir=self.stack.home / "databases", bus_url=self.bus)

    @property
    def bus(self) -> str:
        return (self.stack.home / "bus.url").read_text()

    @property
    def store(self) -> str:
        return (self.stack.home / "store.url").read_text()

    def lock(self, what: str) -> asyncio.Lock:
        """One thing is broken in one way at a time."""
        return self.locks.setdefault(what, asyncio.Lock())

    async def plant(self, *bugs: str) -> None:
        """The processes that they are for start again with them; none: nobody has any."""
        self.stack.bugs = bugs
        await asyncio.to_thread(self._up)

    def _up(self) -> None:
        try:
            self.stack.up()
        except SystemExit as end:
            raise RuntimeError(str(end)) from end

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        """As the service itself has it, but straight, and without patience for locks."""
        url = self.settings.database(name).replace("+asyncpg", "")
        connection = await asyncpg.connect(url, server_settings={"lock_timeout": "1s"})
        try:
            yield connection
        finally:
            await connection.close()

    async def sum_of(self, metric: str) -> float:
        """Of all processes; the metric may be said with the beginning of its labels."""
        async with AsyncClient(timeout=20) as http:
            asked = [http.get(f"http://127.0.0.1:{port + 10}/metrics") for port in self.stack.processes().values()]
            answers = await asyncio.gather(*asked)
        said = "\n".join(answer.raise_for_status().text for answer in answers)
        return sum(float(line.split()[-1]) for line in said.splitlines() if line.startswith(metric))

    async def control(self, *words: str) -> str:
        conf = self.stack.home / "supervisor.conf"
        process = await asyncio.create_subprocess_exec(
            "supervisorctl", "-c", conf, *words, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        return said.decode().strip()

    async def rabbitmqctl(self, *words: str) -> None:
        port, folder = self.stack.port, self.stack.home / "rabbit"
        env = {
            **os.environ, "HOME": str(folder), "ERL_EPMD_PORT": str(port + 22), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            RABBIT.with_name("rabbitmqctl"), "-q", "-n", f"artel{port}@localhost", *words, env=env
        )
        assert await process.wait() == 0, words

    async def pid(self, name: str) -> int:
        """Waits for it to be there."""
        async with asyncio.timeout(90):
            while True:
                said = await self.control("pid", name)
                if said.isdigit() and int(said):
                    return int(said)

    async def tree(self, name: str) -> list[int]:
        return family(await self.pid(name))

    async def is_up(self, name: str) -> None:
        """As its supervisor has it; and a server is up when it listens."""
        async with asyncio.timeout(90):
            while " RUNNING " not in await self.control("status", name):
                pass
            while name in SERVERS and not await listens(self.stack.port + SERVERS[name]):  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.2)

    def heal(self) -> None:
        for way in self.ways.values():
            way.heal()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True


def family(pid: int) -> list[int]:
    """The process and all that it has started, and they."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parent = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def helpers(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        with suppress(OSError):
            title = Path(f"/proc/{pid}/cmdline").read_bytes().strip(b"\0 ")
            if title.removeprefix(b"postgres: ") in HELPERS:
                found.append(pid)
    return found


def send(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, what)


@asynccontextmanager
async def hall(folder: Path) -> AsyncIterator[Hall]:
    port = free_ports(ALL_PORTS)
    names = Wired(port, folder / "stack").processes()
    ways = {(name, server): Detour("127.0.0.1", port + far) for name in names for server, far in SERVERS.items()}
    ways |= {("gateway", name): Detour("127.0.0.1", at) for name, at in names.items()}
    for way in ways.values():
        await way.open()
    stack = Wired(port, folder / "stack", ways={line: way.port for line, way in ways.items()})
    made = Hall(stack, ways)
    try:
        await made.plant()
        yield made
    finally:
        await asyncio.to_thread(end, stack)
        for way in ways.values():
            await way.close()


def end(stack: Wired) -> None:
    """What was stopped cannot hear that it is to end."""
    pids = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    for entry in pids:
        with suppress(OSError):
            if str(stack.home).encode() in (entry / "environ").read_bytes():
                send([int(entry.name)], signal.SIGCONT)
    stack.down()
    if stack.disk.is_mount():
        subprocess.run(["umount", stack.disk], check=True)
    shutil.rmtree(stack.home, ignore_errors=True)
