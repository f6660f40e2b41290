"""A tap in production: services in processes of their own, RabbitMQ, Redis, the gateway; metrics, logs and traces as
they are shipped. Beside it, in turns: F0, the same with shared commits, and the same by the book.
"""

import http.client
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from artel.gateway import Place, write
from bench.evening import PREFIX, USERS, Caller, Table, ids
from bench.load import Seen, measure
from bench.machine import seconds_until_rest
from bench.postgres import SERVICES, Postgres, make_floor
from bench.running import ARTEL, running, wait_until_ready
from bench.stage import LIMITS, Server, floor, serving
from bench.write_path import WARM_SECONDS, Plan
from collector import collecting
from servers import Servers, find_program, free_port, servers, start_rabbit, start_redis

LOADS: Final = (1, 16, 64)
OF_FLOOR: Final = {16: 0.7, 64: 1.0}
OF_BOOK: Final = 10
FAIR: Final = 0.045
"""Of F0: a book that is slower was read badly."""
F0: Final = "F0"
BOOK: Final = "by the book"
GAME: Final = "game"
FREE: Final = "1000000"


class Way(NamedTuple):
    """Where taps are posted; `pid` is whose processor time is told, what is between comes under others."""

    name: str
    pid: int
    tables: Callable[[int], Sequence[Table]]  # so many new ones


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


def on_stack(postgres: Postgres, plan: Plan) -> list[Row]:
    with ExitStack() as stack:
        run = stack.enter_context(servers())
        databases = stack.enter_context(postgres.databases("artel_stack"))
        make_floor(databases.format(service="game"))
        ways = list(_ways(stack, run, databases))
        return [row for writers in LOADS for row in _in_turns(ways, writers, plan, postgres.postmaster)]


def ratio(rows: Sequence[Row], way: str, writers: int, beside: str) -> float:
    """The median of each round to the one beside it."""
    found = {row.way: row.rounds for row in rows if row.writers == writers}
    pairs = zip(found[way], found[beside], strict=True)
    return median(ours.per_second / theirs.per_second for ours, theirs in pairs)


def _in_turns(ways: Sequence[Way], writers: int, plan: Plan, postmaster: int | None) -> list[Row]:
    turns = [[_round(way, writers, plan, postmaster) for way in ways] for _ in range(plan.rounds)]
    return [Row(way.name, writers, seen) for way, seen in zip(ways, zip(*turns, strict=True), strict=True)]


def _round(way: Way, writers: int, plan: Plan, postmaster: int | None) -> Seen:
    seen = measure(way.tables(writers), plan.seconds, WARM_SECONDS, way.pid, postmaster)
    return replace(seen, behind=seconds_until_rest(way.pid))


# What is measured


def _ways(stack: ExitStack, run: Servers, databases: str) -> Iterator[Way]:
    game = databases.format(service="game")
    for name, kind in ((F0, "alone"), ("F0, shared commits", "grouped")):
        bare = stack.enter_context(floor(game, kind))
        yield Way(name, bare.pid, bare.tables)
    port, pid = stack.enter_context(serving("/", "-m", "bench.by_the_book", _asyncpg(game), "{port}"))
    yield Way(BOOK, pid, lambda number: [_book_table(port) for _ in range(number)])
    yield from _stack(stack, run, _asyncpg(databases))


def _stack(stack: ExitStack, run: Servers, databases: str) -> Iterator[Way]:
    collector = stack.enter_context(collecting())
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artel-bench-")))
    env = {
        "ARTEL_DATABASE_URL": databases, "ARTEL_BUS_URL": start_rabbit(run), "ARTEL_STORE_URL": start_redis(run),
        "ARTEL_KEYS_DIR": f"{folder}/keys", "ARTEL_OTLP_URL": collector.url, "ARTEL_DEV_LOGIN": "1",
        "ARTEL_SIGN_IN_BURST": FREE, **LIMITS,
    }  # fmt: skip
    for command in (["keys", "rotate"], ["migrate"]):
        subprocess.run([ARTEL, *command], check=True, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    cli = ("/readyz", "-m", "artel.cli", "serve")
    one, two = (stack.enter_context(serving(*cli, "game", **env)) for _ in range(2))
    followers = [name for name in SERVICES if name != "game"]
    rest, _ = stack.enter_context(serving(*cli, *followers, **env))
    others = dict.fromkeys(followers, (rest,))
    alone = stack.enter_context(
        gateway(run, folder / "one", {**others, "game": (one[0],)}, folder / "keys", collector.url)
    )
    pair = stack.enter_context(
        gateway(run, folder / "two", {**others, "game": (one[0], two[0])}, folder / "keys", collector.url)
    )
    caller = Caller(alone)
    tokens = tuple(caller.sign_in(f"Бенч {number}") for number in range(USERS))
    through = Server(alone, one[1], tokens)
    yield Way(GAME, one[1], lambda number: [replace(table, port=one[0]) for table in through.tables(number)])
    yield Way("game, through the gateway", one[1], through.tables)
    yield Way("two of game, through the gateway", one[1], Server(pair, one[1], tokens).tables)


@contextmanager
def gateway(
    run: Servers, folder: Path, upstreams: dict[str, tuple[int, ...]], keys: Path, collector: str
) -> Iterator[int]:
    """Its port. As it is shipped, but for its limits: all come from one address, more often than people."""
    port, web, said = free_port(), folder / "web", folder / "said"
    web.mkdir(parents=True)
    addresses = {name: [f"127.0.0.1:{each}" for each in ports] for name, ports in upstreams.items()}
    write(
        folder,
        Place(
            f"127.0.0.1:{port}", addresses, keys / "jwks.json", web, folder,
            user_rate=int(FREE), address_rate=int(FREE), collector=collector,
        ),
    )  # fmt: skip
    conf, tiring = folder / "nginx.conf", "keepalive_timeout 65s;"
    conf.write_text(conf.read_text().replace(tiring, f"{tiring} keepalive_requests {FREE};"))
    user = " user root;" if os.geteuid() == 0 else ""
    command = [find_program("nginx")(run), "-c", str(conf), "-g", f"daemon off;{user}"]
    with said.open("wb") as words, running(command, words):
        wait_until_ready(port, "/healthz", said)
        yield port


def _book_table(port: int) -> Table:
    session = next(ids())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"{PREFIX}/sessions/{session}")
    token = connection.getresponse().read().decode().strip('"')
    return Table(port, session, ("0193c0de-0000-7000-8000-00000000000a", "0193c0de-0000-7000-8000-00000000000b"), token)


def _asyncpg(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
