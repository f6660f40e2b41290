"""`artel serve` on real servers: started in any order, each service waits for what it stands on, and ends in order."""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import uvicorn
from httpx2 import AsyncClient, TransportError
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from artel.auth.keys import ensure_key
from artel.compose import SERVICES
from artel.kernel.migrations import migrate
from artel.kernel.settings import Settings
from artel.serving import serve
from detour import detour, moved
from playing import RULES, Company, agrees, figures, replayed, told
from servers import free_port

COME_BACK = 1012
StandIn = Callable[[Callable[[uvicorn.Server], None]], None]


async def comes(true: Callable[[], Awaitable[bool]]) -> None:
    """Asks until it is so."""
    async with asyncio.timeout(60):
        while True:
            if await true():
                return
            await asyncio.sleep(0.02)  # and leaves the processors to whom it asks


@dataclass
class Serving:
    """One process with some of the services."""

    process: Process
    port: int
    said: str = ""
    http: AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = AsyncClient(base_url=f"http://127.0.0.1:{self.port}/api/v1", timeout=30)

    async def hear(self) -> bool:
        """Its next line; False when it has said its last."""
        assert self.process.stderr
        line = await self.process.stderr.readline()
        self.said += line.decode()
        return bool(line)

    async def says(self, *words: str) -> None:
        async with asyncio.timeout(60):
            while not all(word in self.said for word in words):
                assert await self.hear(), self.said

    async def life(self) -> list[tuple[str, object]]:
        """What it has said of its beginning and its end, when it is over."""
        while await self.hear():
            pass
        lines = [json.loads(line) for line in self.said.splitlines()]
        of_it = [line for line in lines if line["message"] in {"started", "ended"}]
        assert all(line["process.pid"] == self.process.pid and line["service.version"] for line in of_it)
        return [(line["message"], line.get("artel.address") or line["artel.why"]) for line in of_it]

    async def is_ready(self) -> None:
        async def answers() -> bool:
            assert self.process.returncode is None, self.said
            try:
                return (await self.http.get(f"http://127.0.0.1:{self.port}/readyz")).is_success
            except TransportError:
                return False

        await comes(answers)


@dataclass
class House:
    """The addresses of servers."""

    env: Mapping[str, str]
    databases: str

    @asynccontextmanager
    async def serving(self, *names: str, port: int = 0) -> AsyncIterator[Serving]:
        port = port or free_port()
        env = {**os.environ, **self.env, "ARTEL_PORT": str(port), "ARTEL_ADMIN_PORT": str(free_port())}
        command = [sys.executable, "-m", "artel.cli", "serve", *names]
        process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)
        made = Serving(process, port)
        try:
            async with made.http:
                yield made
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def migrate(self, *names: str) -> None:
        for name in names:
            await asyncio.to_thread(migrate, name, self.databases.replace("{service}", name))


@pytest.fixture
def house(tmp_path: Path, postgres_urls: str, broker: str, redis_url: str) -> House:
    ensure_key(tmp_path / "keys")
    env = {
        "ARTEL_KEYS_DIR": str(tmp_path / "keys"), "ARTEL_DATABASE_URL": postgres_urls, "ARTEL_BUS_URL": broker,
        "ARTEL_STORE_URL": redis_url, "ARTEL_DEV_LOGIN": "1", "ARTEL_EVENT_BURST": "1000000",
    }  # fmt: skip
    return House(env, postgres_urls)


async def test_services_start_in_any_order_and_nothing_said_meanwhile_is_lost(house: House) -> None:
    bus_port, store_port = free_port(), free_port()
    bus, store = house.env["ARTEL_BUS_URL"], house.env["ARTEL_STORE_URL"]
    early = House(
        {**house.env, "ARTEL_BUS_URL": moved(bus, bus_port), "ARTEL_STORE_URL": moved(store, store_port)},
        house.databases,
    )
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(early.serving("auth", "game"))
        await first.says("the bus", "the store", "the database of game", "`artel migrate game`")
        await house.migrate(*SERVICES)
        for port, to in ((bus_port, bus), (store_port, store)):
            await stack.enter_async_context(detour(port, to))
        await first.is_ready()

        company = Company(first.http, Random(3))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0], guests=["Гость"])
        await table.play(60)
        await table.finish()
        session, case = await table.whole(), await table.exported()
        agrees(session, replayed(case))

        late = await stack.enter_async_context(house.serving("stats", "friends", "template", "notification"))
        await late.is_ready()
        followers, expected = Company(late.http, Random(3)), figures(case, session)

        async def counted() -> bool:
            return told(await followers.ok(anya, "GET", f"/stats/players/{anya.id}")) == expected[anya.id]

        async def noticed() -> bool:
            items = (await followers.ok(boris, "GET", "/notifications", limit=100))["items"]
            return {"game_finished", "session_finished"} <= {item["kind"] for item in items}

        await comes(counted)
        await comes(noticed)


async def test_an_end_while_it_waits_is_an_end_too(tmp_path: Path) -> None:
    """As the first process of a container it would be deaf to a signal that nobody handles."""
    ensure_key(tmp_path / "keys")
    port = free_port()
    alone = House({"ARTEL_DATA_DIR": str(tmp_path), "ARTEL_BUS_URL": f"amqp://127.0.0.1:{port}"}, "")
    async with alone.serving("auth") as waiting:
        await waiting.says("the bus")
        waiting.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(waiting.process.wait(), 30) == 0
        assert await waiting.life() == [("ended", "asked to while it waited")]
    said = [json.loads(line) for line in waiting.said.splitlines()]
    assert {line["message"] for line in said} <= {"waiting", "ended"}, "a sentence for each thing, and no library's"
    reasons = [line["artel.why"] for line in said if line.get("artel.what") == "the bus"]
    assert reasons == [f"RabbitMQ lets nobody in: [Errno 111] Connect call failed ('127.0.0.1', {port})"]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Serves with something else in the server's place."""
    for name in ("_frozen", "configure_logs"):  # they are for a whole process
        monkeypatch.setattr(f"artel.serving.{name}", lambda *given: given[0])

    def serve_with(run: Callable[[uvicorn.Server], None]) -> None:
        monkeypatch.setattr("uvicorn.Server.run", lambda server, sockets: run(server) if sockets else None)
        with socket.socket() as listening:
            serve(listening, Settings(data_dir=tmp_path), ["auth"], grace=1)

    before = signal.getsignal(signal.SIGTERM)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        yield serve_with
    finally:
        signal.signal(signal.SIGTERM, before)
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def test_an_end_between_the_wait_and_the_start_is_heard(stand_in: StandIn) -> None:
    heard: list[bool] = []

    def run(server: uvicorn.Server) -> None:
        signal.raise_signal(signal.SIGTERM)
        heard.append(server.should_exit)

    stand_in(run)
    assert heard == [True]


@pytest.mark.parametrize(("started", "why"), [(False, "it could not start"), (True, "it failed")])
def test_an_end_that_nobody_has_asked_for_is_told(stand_in: StandIn, started: bool, why: str) -> None:
    def run(server: uvicorn.Server) -> None:
        server.started = started
        sys.exit(3)  # so uvicorn ends

    with capture_logs() as said, pytest.raises(SystemExit):
        stand_in(run)
    assert [(line["log_level"], line.get("why")) for line in said if line["event"] == "ended"] == [("error", why)]


def test_sockets_are_as_many_as_the_system_allows(stand_in: StandIn) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
    limits: list[tuple[int, int]] = []
    stand_in(lambda _: limits.append(resource.getrlimit(resource.RLIMIT_NOFILE)))
    assert limits == [(most, most)]


def test_an_idle_connection_is_given_up_by_the_gateway_first(stand_in: StandIn) -> None:
    kept: list[int] = []
    stand_in(lambda server: kept.append(server.config.timeout_keep_alive))
    assert kept[0] > 60, "so long nginx keeps one to whoever is behind it"


async def test_an_end_answers_what_is_under_way_and_sends_phones_to_another(house: House) -> None:
    await house.migrate("auth", "game")
    async with house.serving("auth", "game") as leaving, house.serving("auth", "game") as staying:
        for each in (leaving, staying):
            await each.is_ready()
        company = Company(leaving.http, Random(5))
        anya = await company.sign_in("Аня")
        table = await company.sit_down(anya, [], RULES[0], guests=["Гость"])
        live = f"/api/v1/sessions/{table.id}/live"
        ticket = (await company.ok(anya, "POST", f"/sessions/{table.id}/live-ticket"))["ticket"]
        subprotocols = [Subprotocol("artel.v1"), Subprotocol(f"ticket.{ticket}")]
        reader, writer = await asyncio.open_connection("127.0.0.1", leaving.port)
        async with connect(f"ws://127.0.0.1:{leaving.port}{live}", subprotocols=subprotocols) as phone:
            # Half a request: it has begun, so it will be answered.
            body = b'{"rules":{"game":"americana"},"players":[{"guest_name":"A"}]}'
            head = (
                f"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {anya.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body[:10])
            await writer.drain()
            await company.ok(anya, "GET", f"/sessions/{table.id}")  # by now it was read
            leaving.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(phone.wait_closed(), 30)
            assert phone.close_code == COME_BACK
            writer.write(body[10:])
            answer = await asyncio.wait_for(reader.readline(), 30)
            assert answer.startswith(b"HTTP/1.1 201 ")
        assert await asyncio.wait_for(leaving.process.wait(), 30) == 0
        at = f"127.0.0.1:{leaving.port}"
        assert await leaving.life() == [("started", at), ("ended", "SIGTERM asked it to")]
        assert (await Company(staying.http, Random(5)).ok(anya, "GET", f"/sessions/{table.id}"))["id"] == table.id
        writer.close()
