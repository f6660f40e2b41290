"""From a POST until its frame on the sockets of those who look on, beside the floor: bare frames from one protocol."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from bench.evening import PREFIX, Caller, Table
from bench.looking_on import Door, Fan, look_on
from bench.postgres import Postgres, make_floor
from bench.stage import Server, artel, floor

BARE: Final = Door("/live", "artel.v1")


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


def on_postgres(postgres: Postgres, plan: Plan) -> list[Row]:
    with postgres.databases("artel_fan") as databases:
        url = databases.replace("postgresql://", "postgresql+asyncpg://", 1)
        make_floor(databases.format(service="game"))
        with artel(ARTEL_DATABASE_URL=url) as server, floor(databases.format(service="game")) as beside:
            return [row for crowd in CROWDS for row in _in_turns(crowd, server, beside, plan)]


def on_sqlite(plan: Plan) -> list[Row]:
    with artel() as server:
        return [Row("SQLite", tuple(_round(crowd, server, plan) for _ in range(plan.rounds))) for crowd in CROWDS]


def _in_turns(crowd: Crowd, server: Server, beside: Server, plan: Plan) -> list[Row]:
    turns = [[_round(crowd, each, plan) for each in (server, beside)] for _ in range(plan.rounds)]
    names = ("PostgreSQL", "floor")
    return [Row(name, fans) for name, fans in zip(names, zip(*turns, strict=True), strict=True)]


def _round(crowd: Crowd, server: Server, plan: Plan) -> Fan:
    table = server.hot(1)[0]
    doors = _doors(server, table, crowd.lookers) if table.token else [BARE] * crowd.lookers
    return look_on(table, doors, crowd.events_a_second, plan.seconds, server.pid)


def _doors(server: Server, table: Table, number: int) -> list[Door]:
    caller = Caller(server.port)
    tickets = (caller.ticket(table) for _ in range(number))
    return [Door(f"{PREFIX}/sessions/{table.session}/live", f"artel.v1, ticket.{ticket}") for ticket in tickets]
