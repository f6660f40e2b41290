"""A tap in production: services in processes of their own, RabbitMQ, Redis, the gateway; metrics, logs and traces as
they are shipped. Beside it, in turns: F0, the same with shared commits, and the same by the book.
"""

import http.client
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, NamedTuple

from bench.disk import ORDINARY, Disk
from bench.evening import PREFIX, Table, ids
from bench.load import Seen, measure
from bench.machine import seconds_until_rest
from bench.postgres import Postgres, make_floor
from bench.stack import OF_GATEWAY, SET_FAR_AWAY, Stack, started, with_driver
from bench.stage import floor, serving
from bench.write_path import HOT_SECONDS, WARM_SECONDS, Plan

LOADS: Final = (1, 16, 64)
OF_FLOOR: Final = {16: 0.7, 64: 1.0}
OF_BOOK: Final = 10
FAIR: Final = 0.045
"""Of F0: a book that is slower was read badly."""
OF_MANY_TABLES: Final = 0.5
F0: Final = "F0"
BOOK: Final = "by the book"
GAME: Final = "game"
GATEWAY: Final = "game, through the gateway"
HELD_BACK: Final = (F0, BOOK, GAME, GATEWAY)
WITHIN: Final = {GAME: "game, within a game", GATEWAY: "the same through the gateway, within a game"}
"""Beside floors and books that nobody follows: what a tap alone takes, where no game ends and so nothing follows."""
AT_ONE_TABLE: Final = {GAME: "game, at one table", GATEWAY: "the same through the gateway"}


class Way(NamedTuple):
    """Where taps are posted; `pid` is whose processor time is told, what is between comes under others."""

    name: str
    pid: int
    tables: Callable[[int], Sequence[Table]]  # so many new ones
    loads: Sequence[int] = LOADS
    longest: float = 60  # seconds of a round, at most


@dataclass(frozen=True)
class Row:
    way: str
    writers: int
    rounds: tuple[Seen, ...]

    @property
    def best(self) -> Seen:
        return max(self.rounds, key=lambda seen: seen.per_second)

    @property
    def others_us(self) -> float:
        """Of the gateway, of RabbitMQ, of the services that follow: whoever was busy meanwhile."""
        return self.best.other_cores * 1e6 / self.best.per_second


def on_stack(postgres: Postgres, plan: Plan, disk: Disk | None) -> tuple[list[Row], list[Row]]:
    """On the disk as it is, and on an ordinary one, where it can be held back."""
    with ExitStack() as stack:
        system = stack.enter_context(started(postgres, "artel_stack", SET_FAR_AWAY, games=2))
        ways = list(_ways(stack, system))
        turns = Turns(plan, postgres.postmaster, [program.pid for program in (*system.games, *system.others.values())])
        rows = [row for writers in LOADS for row in turns.take(ways, writers)]
        slow = []
        if disk and postgres.ours:
            disk.hold(ORDINARY)
            few = [way for way in ways if way.name in HELD_BACK]
            slow = [row for writers in OF_FLOOR for row in turns.take(few, writers)]
            disk.hold(0)
        return rows, slow


def ratio(rows: Sequence[Row], way: str, writers: int, beside: str) -> float:
    """The median of each round to the one beside it."""
    found = {row.way: row.rounds for row in rows if row.writers == writers}
    pairs = zip(found[way], found[beside], strict=True)
    return median(ours.per_second / theirs.per_second for ours, theirs in pairs)


class Turns(NamedTuple):
    """Nobody's begins before all `processes` are at rest: what follows from one's taps, and from the making of tables,
    would be taken from the next."""

    plan: Plan
    postmaster: int | None
    processes: Sequence[int]

    def take(self, ways: Sequence[Way], writers: int) -> list[Row]:
        ways = [way for way in ways if writers in way.loads]
        turns = [[self._round(way, writers) for way in ways] for _ in range(self.plan.rounds)]
        return [Row(way.name, writers, seen) for way, seen in zip(ways, zip(*turns, strict=True), strict=True)]

    def _round(self, way: Way, writers: int) -> Seen:
        tables = way.tables(writers)
        pids = {way.pid, *self.processes}
        seconds_until_rest(*pids)
        seconds = min(self.plan.seconds, way.longest)
        seen = measure(tables, seconds, WARM_SECONDS, way.pid, self.postmaster)
        return replace(seen, behind=seconds_until_rest(*pids))


# What is measured


def _ways(stack: ExitStack, system: Stack) -> Iterator[Way]:
    game = system.databases.format(service="game")
    make_floor(game)
    for name, kind in ((F0, "alone"), ("F0, shared commits", "grouped")):
        bare = stack.enter_context(floor(game, kind))
        yield Way(name, bare.pid, bare.tables)
    port, pid = stack.enter_context(serving("/", "-m", "bench.by_the_book", with_driver(game), "{port}"))
    yield Way(BOOK, pid, lambda number: [_book_table(port) for _ in range(number)])
    ports = {GAME: system.games[0].port, GATEWAY: stack.enter_context(system.gateway(**OF_GATEWAY))}
    servers = {name: system.with_people(port) for name, port in ports.items()}
    for name, server in servers.items():
        yield Way(name, server.pid, server.tables)
        yield Way(WITHIN[name], server.pid, server.begun)
    pair = system.with_people(stack.enter_context(system.gateway(games=2, **OF_GATEWAY)))
    yield Way("two of game, through the gateway", pair.pid, pair.tables)
    for name, server in servers.items():
        yield Way(AT_ONE_TABLE[name], server.pid, server.hot, LOADS[-1:], HOT_SECONDS)


def _book_table(port: int) -> Table:
    session = next(ids())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"{PREFIX}/sessions/{session}")
    token = connection.getresponse().read().decode().strip('"')
    return Table(port, session, ("0193c0de-0000-7000-8000-00000000000a", "0193c0de-0000-7000-8000-00000000000b"), token)
