"""From a POST until its frame on the sockets of those who look on, beside the floor: bare frames from one protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from bench.evening import PREFIX, Caller, Table
from bench.looking_on import Door, Fan, Pace, look_on
from bench.postgres import Postgres, make_floor
from bench.stack import OF_GATEWAY, Stack, with_driver
from bench.stage import Server, artel, floor
from bench.write_path import HOT_SECONDS

BARE: Final = Door("/live", "artel.v1")
FLOOR: Final = "floor"
SLOWEST: Final = 3
"""Times the floor's p99."""
MOST: Final = 0.6
"""Of the floor's most frames a second."""
POSTERS: Final = 16
"""Who post at once, where it is asked how many frames a second there can be."""


class Crowd(NamedTuple):
    lookers: int
    events_a_second: float


CROWDS: Final = (Crowd(8, 50), Crowd(200, 20))


class Plan(NamedTuple):
    rounds: int
    seconds: float


@dataclass(frozen=True)
class Row:
    on: str
    fans: tuple[Fan, ...]

    @property
    def best(self) -> Fan:
        return min(self.fans, key=lambda fan: fan.p50)

    @property
    def most(self) -> Fan:
        return max(self.fans, key=lambda fan: fan.most)


def on_postgres(postgres: Postgres, plan: Plan) -> list[Row]:
    with postgres.databases("artel_fan") as databases:
        game = databases.format(service="game")
        make_floor(game)
        with artel(ARTEL_DATABASE_URL=with_driver(databases)) as server, floor(game) as beside:
            return _in_turns({"PostgreSQL": server, FLOOR: beside}, plan)


def on_sqlite(plan: Plan) -> list[Row]:
    with artel() as server:
        return _in_turns({"SQLite": server}, plan)


def on_stack(system: Stack, plan: Plan) -> list[Row]:
    game = system.databases.format(service="game")
    make_floor(game)
    with system.gateway(**OF_GATEWAY) as port, floor(game) as beside:
        servers = {"game": system.games[0].port, "game, through the gateway": port}
        return _in_turns({name: system.with_people(port) for name, port in servers.items()} | {FLOOR: beside}, plan)


def of_floor(rows: Sequence[Row], on: str, lookers: int) -> tuple[float, float]:
    """p99 and most frames a second, beside the floor's of the same round: the medians."""
    ours, bare = (
        next(row.fans for row in rows if row.on == each and row.best.lookers == lookers) for each in (on, FLOOR)
    )
    rounds = list(zip(ours, bare, strict=True))
    return median(fan.p99 / under.p99 for fan, under in rounds), median(fan.most / under.most for fan, under in rounds)


def _in_turns(servers: Mapping[str, Server], plan: Plan) -> list[Row]:
    return [row for crowd in CROWDS for row in _of(crowd, servers, plan)]


def _of(crowd: Crowd, servers: Mapping[str, Server], plan: Plan) -> list[Row]:
    turns = [[_round(crowd, each, plan) for each in servers.values()] for _ in range(plan.rounds)]
    return [Row(name, fans) for name, fans in zip(servers, zip(*turns, strict=True), strict=True)]


def _round(crowd: Crowd, server: Server, plan: Plan) -> Fan:
    table = server.hot(1)[0]
    doors = _doors(server, table, crowd.lookers) if table.token else [BARE] * crowd.lookers
    pace = Pace(crowd.events_a_second, plan.seconds, POSTERS, min(plan.seconds, HOT_SECONDS))
    return look_on(table, doors, pace, server.pid)


def _doors(server: Server, table: Table, number: int) -> list[Door]:
    caller = Caller(server.port)
    tickets = (caller.ticket(table) for _ in range(number))
    return [Door(f"{PREFIX}/sessions/{table.session}/live", f"artel.v1, ticket.{ticket}") for ticket in tickets]
