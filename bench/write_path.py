"""The path of a tap over HTTP: POST of an event until its 201, beside the floor F0 of the same machine and database.

Rounds alternate between the server and the floor, so that what disturbs one disturbs the other. Everything shares
this machine's cores, the client too: ratios and processor time say more than rates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, NamedTuple

from bench.disk import ORDINARY, Disk
from bench.evening import EVENTS_A_GAME, Caller
from bench.load import Seen, measure
from bench.machine import most_resident_mb, resident_mb, seconds_until_rest
from bench.postgres import Postgres, make_floor, require_promises
from bench.stage import Server, artel, floor

WARM_SECONDS: Final = 0.5
CONVINCING: Final = 0.6
"""Of pgbench: beside a slower floor anybody looks fast."""
GAMES_AN_EVENING: Final = 24
HOT_SECONDS: Final = 0.8
"""Not longer at one table: a session holds 20,000 events."""


class Load(NamedTuple):
    """So many writers, each at a table of his own, or all at one."""

    writers: int
    hot: bool = False

    def __str__(self) -> str:
        return f"{self.writers} hot" if self.hot else f"{self.writers}"


LOADS: Final = (Load(1), Load(16), Load(64), Load(16, hot=True))
HELD_BACK: Final = (Load(16), Load(64))


class Plan(NamedTuple):
    rounds: int
    seconds: float


@dataclass(frozen=True)
class Row:
    """All rounds of one load, in turns with those of the floor."""

    load: Load
    rounds: tuple[Seen, ...]
    floor: tuple[Seen, ...] = ()
    pgbench: float = 0  # single INSERTs a second by as many clients

    @property
    def best(self) -> Seen:
        return _best(self.rounds)

    @property
    def best_floor(self) -> Seen:
        return _best(self.floor)

    @property
    def median(self) -> float:
        return median(seen.per_second for seen in self.rounds)

    @property
    def convincing(self) -> bool:
        return self.best_floor.per_second >= CONVINCING * self.pgbench

    @property
    def ratio(self) -> float | None:
        """Best to best; None where there is no floor, or none that convinces."""
        return self.best.per_second / self.best_floor.per_second if self.floor and self.convincing else None

    @property
    def median_ratio(self) -> float | None:
        """Of each round to the floor's round beside it."""
        if self.ratio is None:
            return None
        return median(seen.per_second / under.per_second for seen, under in zip(self.rounds, self.floor, strict=True))


@dataclass(frozen=True)
class Memory:
    """Of the one process on SQLite, in MB."""

    fresh: float
    evening: float
    most: float  # while 64 tables were played at once, faster than people can


@dataclass(frozen=True)
class OnPostgres:
    rows: list[Row]
    promises: dict[str, str]
    held_back: list[Row]
    """The same on an ordinary disk; none where the disk cannot be held back."""


@dataclass(frozen=True)
class OnSqlite:
    rows: list[Row]
    memory: Memory


def on_postgres(postgres: Postgres, plan: Plan, disk: Disk | None) -> OnPostgres:
    with postgres.databases("artel_bench") as databases:
        game = databases.format(service="game")
        url = databases.replace("postgresql://", "postgresql+asyncpg://", 1)
        make_floor(game)
        with artel(ARTEL_DATABASE_URL=url) as server, floor(game) as beside:
            promises = require_promises(game)
            pair = server, beside
            rows = [_beside(load, pair, game, postgres, plan) for load in LOADS]
            slow = []
            if disk and postgres.ours:
                disk.hold(ORDINARY)
                slow = [_beside(load, pair, game, postgres, plan) for load in HELD_BACK]
                disk.hold(0)
    return OnPostgres(rows, promises, slow)


def on_sqlite(plan: Plan) -> OnSqlite:
    with artel() as server:
        fresh = resident_mb(server.pid)
        play_an_evening(server)
        evening = resident_mb(server.pid)
        rows = [Row(load, tuple(_round(load, server, plan) for _ in range(plan.rounds))) for load in LOADS]
        return OnSqlite(rows, Memory(fresh, evening, most_resident_mb(server.pid)))


def _beside(load: Load, pair: tuple[Server, Server], database: str, postgres: Postgres, plan: Plan) -> Row:
    bare = postgres.pgbench(database, load.writers, max(1, round(plan.seconds)))
    turns = [[_round(load, each, plan, postgres.postmaster) for each in pair] for _ in range(plan.rounds)]
    seen, under = zip(*turns, strict=True)
    return Row(load, seen, under, bare)


def _round(load: Load, server: Server, plan: Plan, postmaster: int | None = None) -> Seen:
    tables = server.hot(load.writers) if load.hot else server.tables(load.writers)
    seconds_until_rest(server.pid)
    seconds = min(plan.seconds, HOT_SECONDS) if load.hot else plan.seconds
    seen = measure(tables, seconds, WARM_SECONDS, server.pid, postmaster)
    return replace(seen, behind=seconds_until_rest(server.pid))


def play_an_evening(server: Server) -> None:
    """Of two, at one table, tap by tap."""
    caller = Caller(server.port)
    table = server.tables(1)[0]
    bodies = table.bodies()
    for _ in range(GAMES_AN_EVENING * EVENTS_A_GAME):
        caller.post(table, next(bodies))


def _best(rounds: Sequence[Seen]) -> Seen:
    return max(rounds, key=lambda seen: seen.per_second)
