"""Two processes of every service behind the gateway, on real servers; one after the other is killed in mid-play.

Phones repeat what got no answer, and look on through sockets that they open again where they stopped. In the end the
logs are compared with what was acknowledged, with what the phones saw, and with what statistics say.
"""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from httpx2 import AsyncClient, TransportError
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from artel.compose import SERVICES
from playing import RULES, Company, Somebody, Table, agrees, figures, replayed, told
from servers import free_port
from system.test_crash import Play, the_log_is_what_was_acknowledged
from system.test_gateway import running
from system.test_serving import House, Serving, comes, house

__all__ = ["house"]  # a fixture

KILLS = 4
PASSING = {429, 503}


@dataclass
class Phone:
    """Looks on at a table, whoever serves it."""

    table: Table
    port: int
    seen: list[dict[str, Any]] = field(default_factory=list)
    again: int = 0

    async def look(self) -> None:
        while True:
            with suppress(TransportError, WebSocketException, OSError, AssertionError):
                await self._look()
            self.again += 1

    async def _look(self) -> None:
        who = self.table.people[-1]
        ticket = (await self.table.company.ok(who, "POST", f"/sessions/{self.table.id}/live-ticket"))["ticket"]
        where = f"after={len(self.seen)}&epoch={self.table.session['epoch']}"
        live = f"ws://127.0.0.1:{self.port}/api/v1/sessions/{self.table.id}/live?{where}"
        async with connect(live, subprotocols=[Subprotocol("artel.v1"), Subprotocol(f"ticket.{ticket}")]) as socket:
            async for text in socket:
                frame = json.loads(text)
                assert frame["type"] != "snapshot"
                if frame["type"] == "event":
                    self.seen.append(frame)


async def ids(table: Table, version: int) -> list[str]:
    found: list[str] = []
    while len(found) < version:
        path = f"/sessions/{table.id}/events"
        page = await table.company.ok(table.people[0], "GET", path, after=len(found), limit=1000)
        found += [event["id"] for event in page["items"]]
    return found


async def play(table: Play, enough: asyncio.Event) -> None:
    """Each move until it has an answer."""
    while not enough.is_set():
        table.pending = table.table.move()
        table.sent.add(table.pending["id"])
        while True:
            with suppress(TransportError):
                answer = await table.table.post(table.pending)
                if answer.status_code not in PASSING:
                    break
        assert answer.status_code in {200, 201, 403, 409}, answer.text


async def nothing_is_lost(
    company: Company, people: Sequence[Somebody], tables: Sequence[Play], phones: Sequence[Phone]
) -> None:
    """What was acknowledged, what the phones saw and what statistics say is what the logs give."""
    expected: dict[str, Counter[str]] = {somebody.id: Counter() for somebody in people}
    for each, phone in zip(tables, phones, strict=True):
        session, case = await each.table.whole(), await each.table.exported()
        await the_log_is_what_was_acknowledged(company, each, session)
        agrees(session, replayed(case))
        for user, counted in figures(case, session).items():
            expected[user].update(counted)

        async def caught_up(phone: Phone = phone, version: int = session["version"]) -> bool:
            await company.call(people[0], "GET", "/users/me")
            return len(phone.seen) >= version

        await comes(caught_up)
        assert [frame["version"] for frame in phone.seen] == list(range(1, session["version"] + 1))
        assert [frame["event"]["id"] for frame in phone.seen] == await ids(each.table, session["version"])
    for somebody in people:

        async def counted_all(who: Somebody = somebody) -> bool:
            answer = await company.call(who, "GET", f"/stats/players/{who.id}")
            return answer.is_success and told(answer.json()) == expected[who.id]

        await comes(counted_all)


@dataclass
class Pair:
    """Two processes with all services each, on ports that stay."""

    house: House
    ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    stacks: list[AsyncExitStack] = field(default_factory=lambda: [AsyncExitStack(), AsyncExitStack()])
    alive: list[Serving] = field(default_factory=list)

    async def start(self, which: int) -> Serving:
        made = await self.stacks[which].enter_async_context(self.house.serving(*SERVICES, port=self.ports[which]))
        await made.is_ready()
        return made

    async def replace(self, which: int) -> None:
        self.alive[which].process.send_signal(signal.SIGKILL)
        await self.stacks[which].aclose()
        self.alive[which] = await self.start(which)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        try:
            self.alive = list(await asyncio.gather(self.start(0), self.start(1)))
            yield
        finally:
            for stack in self.stacks:
                await stack.aclose()


@pytest.mark.timeout(300)
async def test_one_of_two_dies_again_and_again(house: House, nginx: str, tmp_path: Path) -> None:
    await house.migrate(*SERVICES)
    pair, random = Pair(house), Random(21)
    upstreams = {name: [f"127.0.0.1:{port}" for port in pair.ports] for name in SERVICES}
    rates = {"user_rate": 10_000, "address_rate": 10_000}
    async with (
        pair.open(),
        running(nginx, tmp_path / "gateway", upstreams, tmp_path / "keys", **rates) as (port, http),
        AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30) as api,
    ):
        assert (await http.get("/readyz")).status_code == 200
        company = Company(api, random)
        people = [await company.sign_in(name) for name in ("Аня", "Борис", "Вера")]
        chosen = random.sample(RULES, 3)
        tables = [Play(await company.sit_down(people[0], people[1:], rules, guests=["Гость"])) for rules in chosen]
        phones = [Phone(each.table, port) for each in tables]
        looking = [asyncio.create_task(phone.look()) for phone in phones]
        for number in range(KILLS):
            enough = asyncio.Event()
            playing = [asyncio.create_task(play(each, enough)) for each in tables]
            done, _ = await asyncio.wait(playing, timeout=random.uniform(0.1, 1))  # not for something: a random moment
            assert not done
            await pair.replace(number % 2)
            enough.set()
            await asyncio.gather(*playing)

        await nothing_is_lost(company, people, tables, phones)
        assert sum(phone.again for phone in phones) >= 1, "no phone was ever cut off"
        for task in looking:
            task.cancel()
