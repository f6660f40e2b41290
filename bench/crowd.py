"""How many can look on at one process of game: many at tables where nothing happens, beside those at tables in play.

`python -m bench.crowd` is the client: it reads what to do from standard input as JSON and prints what it saw.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final, NamedTuple

import uvloop

from bench.evening import RULES, body, ids, misses
from bench.load import ID, SILENCE_SECONDS, share
from bench.looking_on import EVENT
from bench.machine import family_seconds, resident_mb, seconds_until_rest
from bench.phones import Phone, Watch, in_turn, own_address, until
from bench.running import as_process, raise_limit

AT_A_TABLE: Final = 10  # two play, the others wait for their turn
COMPANIES: Final = 10  # of so many people; the tables are theirs by turns
AT_ONCE: Final = 16
QUEUE: Final = {"queue": {"type": "round_robin"}}
KB: Final = 1024


class Plan(NamedTuple):
    """`idle` and `busy` tables; at each busy one somebody taps once in `pause` seconds."""

    idle: int
    busy: int
    pause: float
    idle_seconds: float  # a sign of life goes out every 20
    busy_seconds: float


@dataclass(frozen=True)
class Seen:
    """Memory is the process's own, beside it the kernel keeps some. Times in milliseconds, from when a tap was due."""

    idle: int
    busy: int
    tables: int
    table_kb: float
    idle_kb: float  # a socket
    busy_kb: float
    opened_a_second: float
    opening_ms: float  # of processor time, a socket with its ticket
    empty_ms: float  # of processor time in a second: the tables without any socket
    idle_ms: float
    busy_ms: float
    taps: int
    tap_p50: float  # until its 201
    tap_p99: float
    frames_a_second: float
    p50: float  # until the frame
    p99: float
    worst: float
    missing: int  # frames
    closed: int  # sockets
    client: float  # of a core


def measure(game: tuple[int, int], auth: int, plan: Plan) -> Seen:
    """`game`: its port and its process; `auth`: where people sign in."""
    asked = json.dumps({"game": game, "auth": auth, "plan": plan}).encode()
    return Seen(**json.loads(as_process("bench.crowd", asked)))


@dataclass(frozen=True)
class Table:
    session: str
    people: Sequence[Phone]
    players: Sequence[str]


class Crowd:
    def __init__(self, port: int, pid: int) -> None:
        self.pid = pid
        self.watches: list[Watch] = []
        self.delays: list[int] = []
        self.answers: list[int] = []
        self._port = port
        self._due: dict[bytes, int] = {}

    # Who sits where

    async def company(self, number: int, auth: int) -> tuple[list[Phone], list[str]]:
        """People who know each other, since they sat together once; and their ids."""
        people, users = [], []
        for place in range(AT_A_TABLE):
            said = await Phone(auth).expect(200, "POST", "/auth/dev", {"name": f"Зритель {number} {place}"})
            people.append(Phone(self._port, own_address(number), said["access_token"]))
            users.append(said["user"]["id"])
        first = await people[0].expect(201, "POST", "/sessions", {"rules": RULES | QUEUE, "players": []})
        for phone in people[1:]:
            await phone.expect(200, "POST", "/sessions/join", {"code": first["code"]})
        return people, users

    async def sit_down(self, people: Sequence[Phone], users: Sequence[str], tables: list[Table]) -> None:
        asked = {"rules": RULES | QUEUE, "players": [{"user_id": user} for user in users[1:]]}
        session = await people[0].expect(201, "POST", "/sessions", asked)
        tables.append(Table(session["id"], people, [player["id"] for player in session["players"]]))

    async def open(self, tables: Sequence[Table]) -> None:
        await in_turn((self._look_on(table, phone) for table in tables for phone in table.people), AT_ONCE)

    async def _look_on(self, table: Table, phone: Phone) -> None:
        ticket = (await phone.expect(200, "POST", f"/sessions/{table.session}/live-ticket"))["ticket"]
        self.watches.append(await phone.look_on(table.session, ticket, self._hear))

    def _hear(self, frame: bytes) -> None:
        found = EVENT.search(frame, 0, 200)
        due = self._due.get(found[1]) if found else None
        if due:
            self.delays.append(time.perf_counter_ns() - due)

    # Those who play

    async def start(self, table: Table, playing: list[tuple[Table, Iterator[bytes]]]) -> None:
        game = next(ids())
        await self._post(table, body({"id": game, "type": "start"}))
        playing.append((table, misses(game, (table.players[0], table.players[1]))))

    async def play(self, playing: Sequence[tuple[Table, Iterator[bytes]]], pause: float, seconds: float) -> None:
        """At the times that were planned, however long the answers take."""
        begin, random = time.perf_counter(), Random(len(playing))
        firsts = [begin + random.uniform(0, pause) for _ in playing]
        games = (self._play(*game, first, pause, seconds) for game, first in zip(playing, firsts, strict=True))
        await asyncio.gather(*games)

    async def _play(self, table: Table, taps: Iterator[bytes], due: float, pause: float, seconds: float) -> None:
        end = due + seconds
        while due < end:
            tap, planned = next(taps), int(due * 1e9)
            self._due[tap[ID]] = planned
            await until(due)
            await self._post(table, tap)
            self.answers.append(time.perf_counter_ns() - planned)
            due += pause

    async def _post(self, table: Table, event: bytes) -> None:
        answer = await table.people[0].ask("POST", f"/sessions/{table.session}/events", event)
        if answer.status != 201:
            raise RuntimeError(f"a tap: {answer.status} {answer.body.decode()}")

    async def missing(self) -> int:
        """How many frames did not come, however long one waits."""
        expected = len(self.answers) * AT_A_TABLE
        for _ in range(100):
            if len(self.delays) < expected:
                await asyncio.sleep(SILENCE_SECONDS / 100)
        return expected - len(self.delays)

    # What it costs

    def memory_kb(self) -> float:
        return resident_mb(self.pid) * KB

    async def rest(self) -> None:
        await asyncio.to_thread(seconds_until_rest, self.pid)

    async def work_ms(self, seconds: float) -> float:
        before = family_seconds(self.pid)
        await asyncio.sleep(seconds)
        return (family_seconds(self.pid) - before) / seconds * 1e3


async def watch(asked: dict[str, Any]) -> Seen:
    plan, crowd = Plan(*asked["plan"]), Crowd(*asked["game"])
    fresh, tables = crowd.memory_kb(), list[Table]()
    companies = [await crowd.company(number, asked["auth"]) for number in range(COMPANIES)]
    number = plan.idle + plan.busy
    await in_turn((crowd.sit_down(*companies[at % COMPANIES], tables) for at in range(number)), AT_ONCE)
    await crowd.rest()
    table_kb = (crowd.memory_kb() - fresh) / number
    empty_ms = await crowd.work_ms(plan.idle_seconds / 4)
    idle = await _look_on(crowd, tables[: plan.idle])
    idle_ms = await crowd.work_ms(plan.idle_seconds)
    busy = await _look_on(crowd, tables[plan.idle :])
    return Seen(
        idle=plan.idle * AT_A_TABLE, busy=plan.busy * AT_A_TABLE, tables=number, table_kb=table_kb,
        idle_kb=idle.kb, busy_kb=busy.kb, opened_a_second=idle.a_second,
        opening_ms=idle.ms, empty_ms=empty_ms, idle_ms=idle_ms,
        **await _play(crowd, tables[plan.idle :], plan),
    )  # fmt: skip


class Opened(NamedTuple):
    a_second: float
    ms: float  # of processor time, each
    kb: float  # each


async def _look_on(crowd: Crowd, tables: Sequence[Table]) -> Opened:
    sockets, memory = len(tables) * AT_A_TABLE, crowd.memory_kb()
    began, spent = time.perf_counter(), family_seconds(crowd.pid)
    await crowd.open(tables)
    passed = time.perf_counter() - began
    await crowd.rest()
    spent = family_seconds(crowd.pid) - spent
    return Opened(sockets / passed, spent / sockets * 1e3, (crowd.memory_kb() - memory) / sockets)


async def _play(crowd: Crowd, tables: Sequence[Table], plan: Plan) -> dict[str, Any]:
    playing: list[tuple[Table, Iterator[bytes]]] = []
    await in_turn((crowd.start(table, playing) for table in tables), AT_ONCE)
    gc.freeze()
    before = time.perf_counter(), family_seconds(crowd.pid), time.process_time()
    await crowd.play(playing, plan.pause, plan.busy_seconds)
    after = time.perf_counter(), family_seconds(crowd.pid), time.process_time()
    passed, spent, client = (late - early for early, late in zip(before, after, strict=True))
    missing = await crowd.missing()
    answers, delays = sorted(crowd.answers), sorted(crowd.delays)
    return {
        "busy_ms": spent / passed * 1e3, "client": client / passed,
        "taps": len(answers), "tap_p50": share(answers, 0.5), "tap_p99": share(answers, 0.99),
        "frames_a_second": len(delays) / passed,
        "p50": share(delays, 0.5), "p99": share(delays, 0.99), "worst": share(delays, 1),
        "missing": missing, "closed": sum(each.closed.done() for each in crowd.watches),
    }  # fmt: skip


def main() -> None:
    asked = json.load(sys.stdin)
    raise_limit()
    gc.disable()
    print(json.dumps(asdict(uvloop.run(watch(asked)))))


if __name__ == "__main__":
    main()
