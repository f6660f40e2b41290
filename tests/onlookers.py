"""Phones that look on and play whoever serves them, and what must be true of an evening in the end."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from httpx2 import TransportError
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from playing import Company, Somebody, Table, agrees, figures, replayed, told
from system.test_crash import Play, the_log_is_what_was_acknowledged
from system.test_serving import comes

PASSING = {429, 503}


@dataclass
class Phone:
    """Looks on at a table, whoever serves it."""

    table: Table
    port: int
    seen: list[dict[str, Any]] = field(default_factory=list)
    again: int = 0
    codes: list[int | None] = field(default_factory=list)  # why each socket closed

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
            try:
                async for text in socket:
                    frame = json.loads(text)
                    assert frame["type"] != "snapshot"
                    if frame["type"] == "event":
                        self.seen.append(frame)
            finally:
                self.codes.append(socket.close_code)


@dataclass
class Board:
    """Looks on by a link, at what is no member's to see: how it stands to begin with, then table by table."""

    table: Table
    port: int
    token: str
    shown: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    async def look(self) -> None:
        while True:
            with suppress(TransportError, WebSocketException, OSError, AssertionError):
                await self._look()
            await asyncio.sleep(1)  # many come by links from one address, and doors are counted by it

    async def asked(self) -> dict[str, Any]:
        return await self._ask("GET", "/shared")

    async def _ask(self, method: str, path: str) -> dict[str, Any]:
        answer = await self.table.company.http.request(method, path, headers={"x-share-token": self.token})
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def _look(self) -> None:
        ticket = (await self._ask("POST", "/shared/live-ticket"))["ticket"]
        live = f"ws://127.0.0.1:{self.port}/api/v1/shared/live"
        async with connect(live, subprotocols=[Subprotocol("artel.v1"), Subprotocol(f"ticket.{ticket}")]) as socket:
            first = True
            async for text in socket:
                frame = json.loads(text)
                if frame["type"] in {"snapshot", "table"}:
                    self._take(frame, first)
                    first = False

    def _take(self, frame: dict[str, Any], first: bool) -> None:
        version = self.shown.get("version", 0)
        table = frame["session"] if frame["type"] == "snapshot" else frame["table"]
        follows = table["version"] >= version if first else table["version"] == version + 1
        if first != (frame["type"] == "snapshot") or not follows:
            self.wrong.append(f"{frame['type']} {table['version']} after {version}")
        self.shown.update((key, value) for key, value in table.items() if key != "games")


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
