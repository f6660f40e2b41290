"""Evenings that go on whatever happens: what got no answer is asked again, and who was cut off comes back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2
from httpx2 import AsyncClient, TransportError

from artel.kernel.events import new_id
from faults.hall import Hall
from onlookers import Board, Phone
from playing import RULES, Company, Somebody
from system.test_crash import Chores, Play

PASSING = {429, 502, 503, 504}
LOST = 404  # a table at which one has sat: it is for the checker to tell
PATIENCE_SECONDS = 180
PACE_SECONDS = 0.6  # between two moves of one phone, at most
LOST_ANSWERS = 0.1  # of all, on the last of their way
TOGETHER = 3
BOARDS = 4  # tables at which somebody looks on by a link as well
MOVES, CHORES = 12, 3  # of each table and of each kind: less is no evening


class Repeating(httpx2.AsyncHTTPTransport):
    """As a phone does: the same request again, until somebody has answered it; and now and then once more, as if the
    answer had not come. What has a key is always asked twice."""

    def __init__(self, random: Random) -> None:
        super().__init__(limits=httpx2.Limits(max_connections=200))
        self._random = random
        self.repeated: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if "idempotency-key" in request.headers or self._random.random() < LOST_ANSWERS:
            await self._answered(request)
        return await self._answered(request)

    async def _answered(self, request: httpx2.Request) -> httpx2.Response:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await super().handle_async_request(request)
                    await answer.aread()
                except TransportError as error:
                    self.repeated[type(error).__name__] += 1
                else:
                    if not (answer.status_code in PASSING or b'"in_progress"' in answer.content):
                        return answer
                    self.repeated[str(answer.status_code)] += 1
                await asyncio.sleep(self._random.uniform(0.05, 0.5))


@dataclass
class Evening:
    """`plays` are the phones that write, one at a table; `phones` look on, one at each; `boards` at some, by a link."""

    company: Company
    people: list[Somebody]
    plays: list[Play]
    phones: list[Phone]
    boards: list[Board]
    chores: Chores
    repeated: Counter[str]
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    playing: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def has_begun(self) -> bool:
        """Each table is under way, and there are templates and friends; or somebody cannot go on."""
        if any(task.done() for task in self.playing):
            return True
        moves = min(len(play.table.acknowledged) for play in self.plays)
        return moves >= MOVES and len(self.chores.templates) >= CHORES and len(self.chores.friends) >= CHORES

    async def finished(self) -> None:
        """Everybody ends what he was at, and the evening; the phones look on."""
        self.enough.set()
        await asyncio.gather(*self.playing)
        for play in self.plays:
            game = play.table.running
            if game:
                await self._post(play, {"type": "end", "game": game["id"], "reason": "timeout"})
            await self._post(play, {"type": "finish"})

    async def _post(self, play: Play, event: dict[str, Any]) -> None:
        event["id"] = new_id()
        play.sent.add(event["id"])
        answer = await play.table.post(event)
        assert answer.is_success or answer.status_code in {LOST, 409}, answer.text  # what is lost is not its to tell


async def at_a_table(play: Play, enough: asyncio.Event, random: Random) -> None:
    while not enough.is_set():
        play.pending = play.table.move()
        play.sent.add(play.pending["id"])
        answer = await play.table.post(play.pending)
        if answer.status_code == LOST:
            return
        assert answer.status_code in {200, 201, 403, 409}, answer.text
        await asyncio.sleep(random.uniform(0, PACE_SECONDS))  # it is how fast people play


@asynccontextmanager
async def evening(hall: Hall, clients: int, random: Random) -> AsyncIterator[Evening]:
    """While it is open they play."""
    transport = Repeating(random)
    async with AsyncClient(base_url=hall.url, timeout=20, transport=transport) as http:
        company = Company(http, random)
        count = max(TOGETHER, clients // 3)
        people = [await company.sign_in(f"Игрок {random.getrandbits(64):x}") for _ in range(count)]
        plays = [await sit_down(company, people, random) for _ in range(clients)]
        phones = [Phone(play.table, hall.stack.port) for play in plays]
        boards = [Board(play.table, hall.stack.port, await link(play)) for play in plays[:BOARDS]]
        made = Evening(company, people, plays, phones, boards, Chores(company, people[0]), transport.repeated)
        looks = [phone.look() for phone in phones] + [board.look() for board in boards]
        looking = [asyncio.create_task(each) for each in looks]
        made.playing = [asyncio.create_task(at_a_table(play, made.enough, random)) for play in plays]
        made.playing.append(asyncio.create_task(until(made.enough, made.chores)))
        try:
            yield made
        finally:
            for task in (*looking, *made.playing):
                task.cancel()
            await asyncio.gather(*looking, *made.playing, return_exceptions=True)


async def sit_down(company: Company, people: list[Somebody], random: Random) -> Play:
    first, *others = random.sample(people, TOGETHER)
    return Play(await company.sit_down(first, others, random.choice(RULES), guests=["Гость"]))


async def link(play: Play) -> str:
    path = f"/sessions/{play.table.id}/share"
    made = await play.table.company.ok(play.table.people[0], "POST", path, {"money": True})
    return str(made["url"]).partition("#")[2]


async def until(enough: asyncio.Event, chores: Chores) -> None:
    """The chore that is under way is brought to its end."""
    while not enough.is_set():
        await chores.one()
        await asyncio.sleep(chores.company.random.uniform(0, PACE_SECONDS))
