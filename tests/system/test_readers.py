"""Those who look on, by thousands, at a real process: they come and go, come back all at once, and fall silent."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from httpx2 import AsyncClient, Limits
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from artel.serving import PING_SECONDS
from detour import Detour
from playing import RULES, Company, Table
from system.test_crash import Process
from system.test_serving import comes

VISITS = 2000
WARM = 500
AT_ONCE = 50
BACK_AT_ONCE = 500
TABLES = 10
LEAK_MB = 25  # a thousand sockets that stay take twice that
HASTE = 2  # seconds in place of PING_SECONDS
HASTY = f"""import artel.serving as serving, sys
assert serving.PING_SECONDS == {PING_SECONDS}
serving.PING_SECONDS = {HASTE}
from artel.cli import main
sys.argv = ["artel", "run"]
sys.exit(main())"""


@dataclass
class Hall:
    company: Company
    process: Process
    server: asyncio.subprocess.Process
    tables: list[Table] = field(default_factory=list)

    async def sockets(self) -> float:
        """As the process counts them."""
        answer = await self.company.http.get(f"http://127.0.0.1:{self.process.admin}/metrics")
        line = next(line for line in answer.text.splitlines() if line.startswith("artel_game_sockets{"))
        return float(line.split()[-1])

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.server.pid}/fd").iterdir()))

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    async def nobody_looks_on(self) -> None:
        async def none() -> bool:
            return await self.sockets() == 0

        await comes(none)


def asking(process: Process) -> AsyncClient:
    """It lets go of what is idle before the server does: a request that meets its end would have to be repeated."""
    return AsyncClient(base_url=process.address, timeout=60, limits=Limits(max_connections=100, keepalive_expiry=1))


@asynccontextmanager
async def open_hall(process: Process, tables: int = 1) -> AsyncIterator[Hall]:
    async with process.running() as server, asking(process) as http:
        company = Company(http, Random(5))
        people = [await company.sign_in(name) for name in ("Аня", "Борис")]
        seated = [await company.sit_down(people[0], people[1:], RULES[0], guests=["Гость"]) for _ in range(tables)]
        yield Hall(company, process, server, seated)


async def ticket(table: Table) -> str:
    path = f"/sessions/{table.id}/live-ticket"
    return str((await table.company.ok(table.company.random.choice(table.people), "POST", path))["ticket"])


async def visit(hall: Hall, number: int) -> None:
    """Until the first frame begins. Every second one is gone without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hall.process.port)
    lines = [
        f"GET /api/v1/sessions/{hall.tables[0].id}/live HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: artel.v1, ticket.{await ticket(hall.tables[0])}", "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    assert await reader.read(1)
    if number % 2:
        writer.write(bytes([0x88, 0x80, 0, 0, 0, 0]))  # a close frame
        await reader.read()
    writer.transport.abort()


async def visits(hall: Hall, count: int) -> None:
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await visit(hall, number)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    await hall.nobody_looks_on()


@pytest.mark.timeout(300)
async def test_thousands_come_and_go(tmp_path: Path) -> None:
    await come_and_go(tmp_path, VISITS)


async def come_and_go(folder: Path, count: int) -> None:
    """All that a visit takes is given back: the socket, the descriptor, the memory, the place among those present."""
    async with open_hall(Process(folder)) as hall:
        await visits(hall, WARM)
        descriptors, megabytes = hall.descriptors(), hall.megabytes()
        await visits(hall, count - WARM)
        assert hall.descriptors() < descriptors + 2 * AT_ONCE, "beside those of whoever asks for tickets"
        assert hall.megabytes() < megabytes + LEAK_MB
        async with looking(hall.tables[0], hall.process.port) as socket:
            assert json.loads(await socket.recv())["type"] == "snapshot"
            presence = json.loads(await socket.recv())
            assert len(presence["online"]) == 1


@asynccontextmanager
async def looking(table: Table, port: int, after: int | None = None) -> AsyncIterator[ClientConnection]:
    known = "" if after is None else f"?after={after}&epoch={table.session['epoch']}"
    live = f"ws://127.0.0.1:{port}/api/v1/sessions/{table.id}/live{known}"
    protocols = [Subprotocol("artel.v1"), Subprotocol(f"ticket.{await ticket(table)}")]
    async with connect(live, subprotocols=protocols, open_timeout=60, ping_interval=None) as socket:
        yield socket


@pytest.mark.timeout(300)
async def test_five_hundred_come_back_at_once(tmp_path: Path) -> None:
    """One kill cuts them all off, and they come back together; meanwhile it is played on. Each is shown what he has
    missed, once and in order, and nobody who writes is turned away."""
    process = Process(tmp_path)
    async with open_hall(process, TABLES) as hall:
        tables = hall.tables
        for table in tables:
            await table.play(5)
        places = [tables[number % TABLES] for number in range(BACK_AT_ONCE)]
        known = [int(table.state["version"]) for table in places]
        looked_on = [asyncio.create_task(until_cut_off(table, process.port)) for table in places]

        async def all_are_here() -> bool:
            return await hall.sockets() == BACK_AT_ONCE

        await comes(all_are_here)
        hall.server.send_signal(signal.SIGKILL)
        await asyncio.gather(*looked_on)
    async with process.running(), asking(process) as http:
        hall.company.http = http
        begun = time.monotonic()
        coming = [
            asyncio.create_task(shown_to_the_end(table, process.port, after))
            for table, after in zip(places, known, strict=True)
        ]
        waits = await asyncio.gather(*(written(table) for table in tables))
        shown = await asyncio.gather(*coming)
        seconds, longest = time.monotonic() - begun, max(map(max, waits))
        sys.stderr.write(f"shown all after {seconds:.2f} s; who wrote waited at most {longest:.2f} s\n")
        for table, after, events in zip(places, known, shown, strict=True):
            assert events == (await events_of(table))[after:]


async def until_cut_off(table: Table, port: int) -> None:
    async with looking(table, port) as socket:
        await the_end(socket)


async def the_end(socket: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass


async def written(table: Table) -> list[float]:
    """How long each move waited, in seconds."""
    waits = []
    for _ in range(10):
        begun = time.monotonic()
        await table.play(1)
        waits.append(time.monotonic() - begun)
    await table.finish()
    return waits


async def shown_to_the_end(table: Table, port: int, after: int) -> list[dict[str, Any]]:
    shown = []
    async with looking(table, port, after) as socket:
        async for text in socket:
            frame = json.loads(text)
            assert frame["type"] != "snapshot"
            if frame["type"] == "event":
                shown.append(frame["event"])
                if frame["event"]["type"] == "finish":
                    break
    return shown


async def events_of(table: Table) -> list[dict[str, Any]]:
    path = f"/sessions/{table.id}/events"
    found: list[dict[str, Any]] = (await table.company.ok(table.people[0], "GET", path, limit=1000))["items"]
    return found


async def test_who_is_silent_is_let_go(tmp_path: Path) -> None:
    """His network is gone without a word: no FIN, no RST, and nothing he would answer with arrives. As on a server,
    only with less patience."""
    process = Process(tmp_path, command=("-c", HASTY))
    async with open_hall(process) as hall:
        way = Detour("127.0.0.1", process.port)
        await way.open()
        try:
            async with looking(hall.tables[0], way.port) as silent, looking(hall.tables[0], process.port) as other:
                async with asyncio.timeout(30):
                    while await hall.sockets() != 2:
                        pass
                way.stall()
                async with asyncio.timeout(30):
                    while await hall.sockets() == 2:
                        pass
                assert await hall.sockets() == 1
                await (await other.ping())  # he has been asked as often, and has answered
                way.heal()
                await the_end(silent)
                assert silent.close_code == 1011
        finally:
            await way.close()
        await hall.nobody_looks_on()
