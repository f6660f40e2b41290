"""kill -9 at fifty random moments of played evenings: nothing acknowledged is lost, nothing counts twice.

A real process on SQLite files. Three tables play as fast as they can while people sign in, make friends and keep
templates; in the middle of it the process is killed and started again, and everybody repeats the request that
got no answer, as phones do. In the end game, stats and notification are compared with a replay of the exported
log by the engine alone, the others with what was acknowledged.
"""

import asyncio
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from httpx2 import AsyncClient, TransportError

from artel.compose import SERVICES
from artel.kernel.events import new_id
from artel.verify import verify
from artel_testing import installation
from playing import RULES, Company, Somebody, Table, agrees, figures, replayed, told
from servers import free_port

EVENINGS = 5
KILLS_AN_EVENING = 10
TABLES = 3
LONGEST_SECONDS = 1.2  # of play before a kill


@dataclass
class Process:
    """`artel run` on these files, again and again on the same port."""

    data: Path
    port: int = field(default_factory=free_port)
    admin: int = field(default_factory=free_port)
    command: Sequence[str] = ("-m", "artel.cli", "run")
    log_level: str = "error"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
            "ARTEL_DATA_DIR": str(self.data), "ARTEL_PORT": str(self.port), "ARTEL_ADMIN_PORT": str(self.admin),
            "ARTEL_EVENT_BURST": "1000000", "ARTEL_EVENT_RATE": "1000000", "ARTEL_LOG_LEVEL": self.log_level,
        }  # fmt: skip
        words = (self.data / "words.log").open("ab")
        process = await asyncio.create_subprocess_exec(
            sys.executable, *self.command, env=env, stdout=asyncio.subprocess.PIPE, stderr=words
        )
        words.close()
        try:
            assert process.stdout
            assert b"open at" in await process.stdout.readline(), (self.data / "words.log").read_text()
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@dataclass
class Chores:
    """What is not play: each thing is asked for until it is acknowledged, then remembered."""

    company: Company
    owner: Somebody
    pending: Callable[[], Awaitable[None]] | None = None
    templates: list[str] = field(default_factory=list)
    friends: list[str] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)

    async def go_on(self) -> None:
        while True:
            await self.one()

    async def one(self) -> None:
        if self.pending is None:
            # One keeps at most 200 templates, and a fast machine gets there.
            ways = [self._template, self._friend] if len(self.templates) < 150 else [self._friend]
            self.pending = self.company.random.choice(ways)()
        await self.pending()
        self.pending = None

    def _template(self) -> Callable[[], Awaitable[None]]:
        name, key = f"Правила {new_id()}", new_id()

        async def keep() -> None:
            headers = {"authorization": f"Bearer {self.owner.token}", "idempotency-key": key}
            body = {"name": name, "rules": {"game": "kolkhoz", "price": 100}}
            answer = await self.company.http.post("/templates", json=body, headers=headers)
            assert answer.status_code == 201, answer.text
            self.templates.append(name)

        return keep

    def _friend(self) -> Callable[[], Awaitable[None]]:
        name = f"Друг {new_id()[-12:]}"

        async def befriend() -> None:
            friend = await self.company.sign_in(name)
            assert self.people.setdefault(name, friend.id) == friend.id
            # Friends knows a newcomer as soon as auth has told of him.
            asked = await self.company.call(friend, "POST", "/friends/requests", {"user_id": self.owner.id})
            if asked.status_code == 404:
                return
            if asked.status_code == 409:  # it was accepted before the answer was lost
                assert asked.json()["code"] == "already_friends", asked.text
            else:
                assert asked.is_success, asked.text
                accept = f"/friends/requests/{asked.json()['id']}/accept"
                answer = await self.company.call(self.owner, "POST", accept)
                assert answer.is_success or answer.status_code in {404, 409}, answer.text
            self.friends.append(friend.id)

        return befriend


@dataclass
class Play:
    table: Table
    pending: dict[str, Any] | None = None
    sent: set[str] = field(default_factory=set)

    async def go_on(self) -> None:
        while True:
            self.pending = self.pending or self.table.move()
            self.sent.add(self.pending["id"])
            answer = await self.table.post(self.pending)
            assert answer.status_code in {200, 201, 403, 409}, answer.text
            self.pending = None


async def until_killed(work: Awaitable[None]) -> None:
    try:
        await work
    except TransportError:
        return  # the process is gone


async def crash(process: Process, company: Company, work: list[Play | Chores]) -> None:
    random = company.random
    async with process.running() as server:
        tasks = [asyncio.create_task(until_killed(each.go_on())) for each in work]
        if random.random() < 0.9:  # else it may be killed while it starts
            await company.http.get("/templates")  # 401 is an answer too
        # Not to wait for something: it is the random moment.
        done, _ = await asyncio.wait(tasks, timeout=random.uniform(0, LONGEST_SECONDS))
        server.send_signal(signal.SIGKILL)
        await server.wait()
        await asyncio.gather(*tasks)
        assert not done, "somebody stopped before the kill"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(EVENINGS))
async def test_killed_at_ten_random_moments(tmp_path: Path, number: int) -> None:
    random, process = Random(1000 + number), Process(tmp_path)
    async with AsyncClient(base_url=process.address, timeout=60) as http:
        company = Company(http, random)
        async with process.running() as server:
            people = [await company.sign_in(name) for name in ("Аня", "Борис", "Вера")]
            rules = random.sample(RULES, TABLES)
            tables = [await company.sit_down(people[0], people[1:], each, guests=["Гость"]) for each in rules]
            server.send_signal(signal.SIGKILL)
            await server.wait()
        plays, chores = [Play(table) for table in tables], Chores(company, people[0])
        for _ in range(KILLS_AN_EVENING):
            await crash(process, company, [*plays, chores])

    for service in SERVICES:
        with sqlite3.connect(tmp_path / f"{service}.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
    async with installation(tmp_path) as house:
        company.http = house.http
        await house.drain()
        await compare(company, people, plays)
        await compare_chores(company, chores)
        assert [str(difference) async for difference in verify(house.settings)] == []


async def compare(company: Company, people: list[Somebody], plays: list[Play]) -> None:
    expected: dict[str, Counter[str]] = {somebody.id: Counter() for somebody in people}
    finished: Counter[str] = Counter()
    for play in plays:
        table = play.table
        session, case = await table.whole(), await table.exported()
        await the_log_is_what_was_acknowledged(company, play, session)
        agrees(session, replayed(case))
        for user, counted in figures(case, session).items():
            expected[user].update(counted)
            finished[user] += counted["games"]
    for somebody in people:
        shown = await company.ok(somebody, "GET", f"/stats/players/{somebody.id}")
        assert told(shown) == expected[somebody.id]
        kinds = Counter([item["kind"] for item in await everything(company, somebody, "/notifications")])
        assert kinds["game_finished"] == finished[somebody.id]


async def the_log_is_what_was_acknowledged(company: Company, play: Play, session: dict[str, Any]) -> None:
    """Every acknowledged event stands where it was said to stand, and nothing that nobody sent."""
    log: list[dict[str, Any]] = []
    while len(log) < session["version"]:
        path = f"/sessions/{session['id']}/events"
        log += (await company.ok(play.table.people[0], "GET", path, after=len(log), limit=1000))["items"]
    assert [event["version"] for event in log] == list(range(1, session["version"] + 1))
    ids = [event["id"] for event in log]
    assert len(set(ids)) == len(ids)
    assert {event["id"] for event in log if event["type"] != "join"} <= play.sent
    for event in play.table.acknowledged:
        assert log[event["version"] - 1] == event
    assert len(play.table.acknowledged) > KILLS_AN_EVENING, "hardly anything was played"


async def compare_chores(company: Company, chores: Chores) -> None:
    own = [item["name"] for item in await everything(company, chores.owner, "/templates") if item["owner"] == "me"]
    assert all(own.count(name) == 1 for name in chores.templates)
    assert len(own) <= len(chores.templates) + 1  # one may have been made and not acknowledged
    friends = {item["user_id"] for item in await everything(company, chores.owner, "/friends")}
    assert set(chores.friends) <= friends
    for name, user in chores.people.items():
        assert (await company.sign_in(name)).id == user


async def everything(company: Company, who: Somebody, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await company.ok(who, "GET", path, limit=100, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = page["next_cursor"]
