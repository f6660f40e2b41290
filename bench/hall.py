"""An evening at many tables through the gateway, as people spend it: they create, come by the code, play, take back,
look at statistics and inboxes, lose their connections and come back.

`python -m bench.hall` is the client: it reads what to do from standard input as JSON and prints what it saw. What
is asked is planned beforehand: how long an answer took is counted from when it was due, not from when there was time.
"""

import asyncio
import gc
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from random import Random
from typing import Any, Final, NamedTuple

import uvloop

from bench.crowd import QUEUE
from bench.evening import RULES, ids
from bench.load import share
from bench.machine import busy_seconds
from bench.phones import Phone, Watch, in_turn, own_address, until
from bench.running import as_process, raise_limit

AT_A_TABLE: Final = 3
TAPS: Final = "POST /sessions/{id}/events"
SOCKET: Final = "WS /sessions/{id}/live"
STROKES: Final = {"ball": 10, "miss": 8, "foul": 1}
TAKEN_BACK, BROKEN_OFF = 0.05, 0.01
LOOKS: Final = {
    "GET /sessions/{id}": 4,
    "GET /sessions": 3,
    "GET /sessions/{id}/events?after={known}": 1,
    "GET /stats/players/{user}": 3,
    "GET /stats/history": 2,
    "GET /stats/leaderboard": 2,
    "GET /stats/head-to-head?a={user}&b={other}": 1,
    "GET /friends": 2,
    "GET /notifications": 3,
    "GET /users/me": 1,
    "GET /templates": 1,
    SOCKET: 3,  # it was lost
}
FRAME: Final = re.compile(rb'\{"type":"event","version":(\d+),')
COMING = 5  # taps' pauses, until a table is complete
ARRIVED, LEAVES = 0.5, 0.9  # of the evening: until then everybody has come, and from then on they go


class Plan(NamedTuple):
    """Seconds of the whole evening, from tap to tap at a table, and from look to look of a phone."""

    tables: int
    seconds: float
    tap: float
    look: float


class Route(NamedTuple):
    """Times in milliseconds; `repeated`: so often somebody was told to come back."""

    name: str
    asked: int
    p50: float
    p99: float
    worst: float
    repeated: int


@dataclass(frozen=True)
class Seen:
    routes: list[Route]
    refused: dict[str, int]
    seconds: float
    taps: int
    frames: int
    gaps: int  # frames that did not come, where later ones did
    lost: dict[str, int]  # sockets that nobody gave up, by their codes
    machine: float  # cores that were busy, with whatever
    client: float


def measure(port: int, plan: Plan) -> Seen:
    seen = json.loads(as_process("bench.hall", json.dumps({"port": port, "plan": plan}).encode()))
    return Seen(**seen | {"routes": [Route(*route) for route in seen["routes"]]})


class AnswerError(Exception):
    """By an answer that nobody should get."""


@dataclass
class Hall:
    took: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    repeated: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    gaps: int = 0

    def answered(self, route: str, due: float) -> None:
        self.took[route.partition("?")[0]].append(int((time.perf_counter() - due) * 1e9))

    def refuse(self, route: str, why: str) -> AnswerError:
        self.refused[f"{route} {why}"] += 1
        return AnswerError(route)


@dataclass
class Person:
    phone: Phone
    user: str
    watch: Watch | None = None
    known: int = 0  # the version


class Table:
    def __init__(self, hall: Hall, plan: Plan, number: int, people: Sequence[Person]) -> None:
        self._hall = hall
        self._plan = plan
        self._people = people
        self._random = Random(number)
        self._begin = number / plan.tables * ARRIVED * plan.seconds
        self._session: dict[str, Any] = {}
        self._state: dict[str, Any] = {}
        self._last = ""  # what may be taken back
        self._ids = ids()

    async def evening(self, opens: float) -> None:
        """`opens`: when the hall does."""
        begin, closes = opens + self._begin, opens + self._plan.seconds
        leaves = closes - self._random.random() * (1 - LEAVES) * self._plan.seconds
        try:
            with suppress(AnswerError):
                await self._come(begin)
                looking = (self._look_around(person, begin, closes) for person in self._people)
                await asyncio.gather(self._play(begin, leaves), *looking)
        finally:
            for person in self._people:
                self._hang_up(person)

    # What they do

    async def _come(self, due: float) -> None:
        """A step each half of a pause: who waits for somebody else's answer does not count that for his own."""
        first, *others = self._people
        steps = count(due, self._plan.tap / 2)
        await self._do(first, next(steps), "GET /templates")
        asked = {"rules": RULES | QUEUE, "players": []}
        self._session = await self._do(first, next(steps), "POST /sessions", asked)
        await self._look_on(first, next(steps))
        for person in others:
            await self._do(person, next(steps), "POST /sessions/join", {"code": self._session["code"]})
            await self._look_on(person, next(steps))
        wanted = {"user_id": others[0].user}
        request = (await self._do(first, next(steps), "POST /friends/requests", wanted))["id"]
        await self._do(others[0], next(steps), "POST /friends/requests/{request}/accept", {}, request=request)

    async def _play(self, begin: float, leaves: float) -> None:
        async for due in self._moments(begin + COMING * self._plan.tap, leaves, self._plan.tap):
            await self._tap(due, self._move())
        if self._running:
            await self._tap(leaves, self._event("end", game=self._running["id"], reason="timeout"))
        await self._tap(leaves, self._event("finish"))

    async def _look_around(self, person: Person, begin: float, closes: float) -> None:
        async for due in self._moments(begin + COMING * self._plan.tap, closes, self._plan.look):
            look = self._random.choices(list(LOOKS), list(LOOKS.values()))[0]
            with suppress(AnswerError):
                if look == SOCKET:
                    self._hang_up(person)
                    await self._look_on(person, due)
                    continue
                answer = await self._do(person, due, look)
                if look == "GET /notifications" and answer["unread"]:
                    upto = {"up_to": answer["items"][0]["updated_at"]}
                    await self._do(person, time.perf_counter(), "POST /notifications/read", upto)

    async def _moments(self, begin: float, end: float, pause: float) -> AsyncIterator[float]:
        due = begin + self._random.random() * pause
        while due < end:
            yield due
            due += self._random.uniform(0.5, 1.5) * pause

    # Taps

    @property
    def _running(self) -> dict[str, Any] | None:
        game: dict[str, Any] | None = self._state.get("game")
        return game if game and game["state"] == "running" else None

    def _move(self) -> dict[str, Any]:
        game, chance = self._running, self._random.random()
        if game is None:
            return self._event("start")
        if self._last and chance < TAKEN_BACK:
            return self._event("undo", target=self._last)
        if chance > 1 - BROKEN_OFF:
            return self._event("end", game=game["id"], reason="timeout")
        kind = self._random.choices(list(STROKES), list(STROKES.values()))[0]
        return self._event(kind, game=game["id"], player=self._random.choice(list(game["scores"])))

    def _event(self, kind: str, **about: str) -> dict[str, Any]:
        return {"id": next(self._ids), "type": kind, **about}

    async def _tap(self, due: float, event: dict[str, Any]) -> None:
        answer = await self._do(self._random.choice(self._people), due, TAPS, event)
        self._state = answer["table"]
        self._last = event["id"] if event["type"] in STROKES and self._running else ""

    # How they ask

    async def _do(self, person: Person, due: float, route: str, said: Any = None, **names: str) -> Any:
        method, _, path = route.partition(" ")
        other = next(each.user for each in self._people if each is not person)
        about = {"id": self._session.get("id"), "user": person.user, "other": other, "known": person.known, **names}
        await until(due)
        try:
            answer = await person.phone.patiently(method, path.format(**about), said)
        except (OSError, TimeoutError) as error:
            raise self._hall.refuse(route, repr(error)) from error
        self._hall.answered(route, due)
        self._hall.repeated[route] += answer.repeats
        if answer.status >= 400:
            raise self._hall.refuse(route, f"{answer.status} {answer.body[:200].decode()}")
        return answer.json()

    async def _look_on(self, person: Person, due: float) -> None:
        """From the version that he knows, if any."""
        session = self._session
        ticket = (await self._do(person, due, "POST /sessions/{id}/live-ticket"))["ticket"]
        query = f"?after={person.known}&epoch={session['epoch']}"
        due = time.perf_counter()
        try:
            watch = await person.phone.look_on(session["id"], ticket, lambda frame: self._hear(person, frame), query)
        except (OSError, TimeoutError) as error:
            raise self._hall.refuse(SOCKET, repr(error)) from error
        self._hall.answered(SOCKET, due)
        person.watch = watch

    def _hang_up(self, person: Person) -> None:
        if person.watch and person.watch.closed.done():
            self._hall.lost[f"{person.watch.closed.result()}"] += 1
        elif person.watch:
            person.watch.close()
        person.watch = None

    def _hear(self, person: Person, frame: bytes) -> None:
        found = FRAME.match(frame)
        if found:
            version = int(found[1])
            self._hall.frames += 1
            self._hall.gaps += version - person.known - 1
            person.known = version


async def spend(port: int, plan: Plan) -> Seen:
    hall, companies = Hall(), dict[int, list[Person]]()
    await in_turn((_sign_in(port, number, companies) for number in range(plan.tables)), 16)
    await asyncio.sleep(1)  # until everybody has heard of them
    gc.freeze()
    tables = [Table(hall, plan, number, companies[number]) for number in range(plan.tables)]
    opens, busy, used = time.perf_counter(), busy_seconds(), time.process_time()
    await asyncio.gather(*(table.evening(opens) for table in tables))
    passed = time.perf_counter() - opens
    return Seen(
        routes=[_route(name, sorted(took), hall.repeated[name]) for name, took in hall.took.items()],
        refused=dict(hall.refused), seconds=passed, taps=len(hall.took[TAPS]), frames=hall.frames, gaps=hall.gaps,
        lost=dict(hall.lost), machine=(busy_seconds() - busy) / passed, client=(time.process_time() - used) / passed,
    )  # fmt: skip


async def _sign_in(port: int, number: int, companies: dict[int, list[Person]]) -> None:
    companies[number] = []
    for place in range(AT_A_TABLE):
        phone = Phone(port, own_address(number))
        said = await phone.expect(200, "POST", "/auth/dev", {"name": f"Вечер {number} {place}"})
        phone.token = said["access_token"]
        companies[number].append(Person(phone, said["user"]["id"]))


def _route(name: str, took: Sequence[int], repeated: int) -> Route:
    return Route(name, len(took), share(took, 0.5), share(took, 0.99), share(took, 1), repeated)


def main() -> None:
    asked = json.load(sys.stdin)
    raise_limit()
    gc.disable()
    print(json.dumps(asdict(uvloop.run(spend(asked["port"], Plan(*asked["plan"]))))))


if __name__ == "__main__":
    main()
