"""The path of a tap over HTTP: events a second and how long each took, beside the floor of this machine.

For 1, 16 and 64 writers in as many sessions: pgbench's single INSERT, the floor F0 (bench/floor.py), the whole
composition in one process on PostgreSQL and on SQLite; in turns, several rounds. Everything shares this machine's
cores, the client too, so the CPU time by process says more than the rate. PostgreSQL must be durable: asserted.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import uvloop
from uuid_utils import uuid7

from measure import (
    Connection,
    Meter,
    Program,
    Spell,
    artel,
    busy_seconds,
    call,
    connect,
    family,
    free_port,
    interpreter,
    machine,
    other_cores,
    program,
    request,
    save,
    show,
)
from servers import look_for_postgres, servers, start_postgres

SERVICES = ("auth", "game", "stats", "friends", "template", "notification")
RULES = {"game": "americana", "stake": {"per": "ball", "amount": 5000}}
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
CONVINCING = 0.6  # of pgbench: a slower floor would flatter whoever stands beside it
WARM_UP_SECONDS = 0.5
PGBENCH_ROW = "INSERT INTO floor (session, body) VALUES ('/api/v1/sessions', :'body') RETURNING id;"


class Evening:
    """A session with two at the table, and its events one after another, game after game."""

    def __init__(self, token: str, session: str, players: list[str]) -> None:
        self._token = token
        self._path = f"/api/v1/sessions/{session}/events"
        self._players = players
        self.requests = self._requests()

    def _requests(self) -> Iterator[bytes]:
        while True:
            start = str(uuid7())
            yield self._request({"id": start, "type": "start"})
            for turn in range(15):
                player = self._players[turn % 2]
                yield self._request({"id": str(uuid7()), "type": "ball", "player": player, "game": start})
                if turn < 14:
                    yield self._request({"id": str(uuid7()), "type": "miss", "player": player, "game": start})

    def _request(self, event: dict[str, Any]) -> bytes:
        return request(self._path, event, self._token)


async def evening(port: int, number: int) -> tuple[Connection, Evening]:
    connection = await connect(port)
    token = (await call(connection, "/auth/dev", {"name": f"Bench {number}"}))["access_token"]
    session = await call(connection, "/sessions", {"rules": RULES, "players": [{"guest_name": "Guest"}]}, token)
    return connection, Evening(token, session["id"], [player["id"] for player in session["players"]])


async def write(connection: Connection, requests: Iterator[bytes], until: float, latencies: list[float]) -> None:
    while (began := time.perf_counter()) < until:
        status, answer = await connection.send(next(requests))
        if status not in {200, 201}:
            raise SystemExit(f"{status} {answer.decode()[:500]}")
        latencies.append(time.perf_counter() - began)


async def load(port: int, writers: int, seconds: float, meter: Meter) -> Spell:
    """`writers` connections in closed loops, each in a session of its own."""
    tables = await asyncio.gather(*(evening(port, number) for number in range(writers)))
    return await drive([(connection, table.requests) for connection, table in tables], seconds, meter)


async def drive(writers: list[tuple[Connection, Iterator[bytes]]], seconds: float, meter: Meter) -> Spell:
    for span in (WARM_UP_SECONDS, seconds):
        latencies: list[float] = []
        began, cpu, busy = time.perf_counter(), meter.read(), busy_seconds()
        until = began + span
        await asyncio.gather(*(write(*writer, until, latencies) for writer in writers))
        took = time.perf_counter() - began
        spent = {name: used - cpu[name] for name, used in meter.read().items()}
    others = other_cores(busy_seconds() - busy, spent, took)
    for connection, _ in writers:
        connection.transport.close()
    return Spell(took, latencies, spent, others)


async def floor_load(port: int, writers: int, seconds: float, meter: Meter) -> Spell:
    """The same requests to the floor, which does not look into them."""
    tables = [Evening("x" * 600, str(uuid7()), [str(uuid7()), str(uuid7())]) for _ in range(writers)]
    connections = await asyncio.gather(*(connect(port) for _ in tables))
    pairs = zip(connections, tables, strict=True)
    return await drive([(connection, table.requests) for connection, table in pairs], seconds, meter)


def pgbench(binaries: Path, url: str, folder: Path, writers: int, seconds: float) -> float:
    """Transactions a second of the single INSERT, nothing else around it."""
    script = folder / "insert.sql"
    script.write_text(
        f"\\set body 'x'\n{PGBENCH_ROW}\n".replace("\\set body 'x'\n", "").replace(":'body'", f"'{'x' * 110}'")
    )
    command = [
        "pgbench",
        "-n",
        "-M",
        "prepared",
        "-c",
        str(writers),
        "-j",
        "1",
        "-T",
        str(round(seconds)),
        "-f",
        str(script),
    ]
    command[0] = str(binaries / "pgbench")
    run = subprocess.run([*command, url], check=True, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    assert found, run.stdout
    return float(found[1])


async def prepare(url: str) -> dict[str, str]:
    """A database for each service and one for the floor; what PostgreSQL promises about a power cut."""
    connection = await asyncpg.connect(url)
    try:
        for name in (*SERVICES, "floor"):
            await connection.execute(f'DROP DATABASE IF EXISTS "bench_{name}" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "bench_{name}"')
        durable = {name: str(await connection.fetchval(f"SHOW {name}")) for name in DURABLE}
        version = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    assert set(durable.values()) == {"on"}, f"this PostgreSQL may lose what it confirmed: {durable}"
    return {**durable, "server_version": str(version)}


def postmaster(url: str) -> int:
    """The process that listens there, if it is this machine's."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    for stat in Path("/proc").glob("[0-9]*/cmdline"):
        words = stat.read_bytes().split(b"\0")
        if Path(words[0].decode(errors="replace")).name == "postgres" and f"port={port}".encode() in words:
            return int(stat.parent.name)
    return 0


class Bench:
    def __init__(self, stack: ExitStack, folder: Path, url: str, seconds: float) -> None:
        self.url = url
        self.seconds = seconds
        self.folder = folder
        found = look_for_postgres()
        assert found
        self.binaries = found.parent
        self.base = url.rpartition("/")[0]
        self.postmaster = postmaster(url)
        self.facts = asyncio.run(prepare(url))
        floor = [sys.executable, str(Path(__file__).with_name("floor.py")), f"{self.base}/bench_floor"]
        port = free_port()
        self.floor = stack.enter_context(program([*floor, str(port)], port))
        asyncpg_url = f"{self.base}/bench_{{service}}".replace("postgresql://", "postgresql+asyncpg://")
        self.postgres = stack.enter_context(artel(folder / "on-postgres", asyncpg_url))
        self.sqlite = stack.enter_context(artel(folder / "on-sqlite"))

    def meter(self, server: Program) -> Meter:
        meter = Meter({"server": lambda: [server.pid], "client": lambda: [os.getpid()]})
        if self.postmaster and server is not self.sqlite:
            meter.of["postgres"] = lambda: family(self.postmaster)
        return meter

    def round(self, writers: int) -> dict[str, Any]:
        """One turn of everything, close together, so that a noisy neighbour disturbs all alike."""
        bare = pgbench(self.binaries, f"{self.base}/bench_floor", self.folder, writers, self.seconds)
        floor = uvloop.run(floor_load(self.floor.port, writers, self.seconds, self.meter(self.floor)))
        spells = {"F0": floor}
        for name, server in (("postgresql", self.postgres), ("sqlite", self.sqlite)):
            spells[name] = uvloop.run(load(server.port, writers, self.seconds, self.meter(server)))
        return {"pgbench": bare, **spells}


def memory_mb(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def summary(writers: int, rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The median round of each, by its rate, and what it is of the floor."""
    bare = median(turn["pgbench"] for turn in rounds)
    rows: list[dict[str, Any]] = [{"writers": writers, "what": "pgbench INSERT", "rate": round(bare)}]
    middle = {
        name: sorted((turn[name] for turn in rounds), key=lambda spell: spell.rate)[len(rounds) // 2]
        for name in rounds[0]
        if name != "pgbench"
    }
    convincing = middle["F0"].rate >= CONVINCING * bare
    for name, spell in middle.items():
        row = {"writers": writers, "what": name, **spell.row()}
        if name == "F0":
            row["of pgbench"] = round(spell.rate / bare, 2)
        else:
            row["of F0"] = round(spell.rate / middle["F0"].rate, 2) if convincing else "F0 too slow"
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 16, 64])
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="artel-bench-")))
        url = os.environ.get("ARTEL_BENCH_POSTGRES_URL") or start_postgres(stack.enter_context(servers()))
        bench = Bench(stack, folder, url, arguments.seconds)
        print(f"{interpreter()}\n{machine()}\nPostgreSQL {bench.facts}")
        print("the limit of events a user is set to a million; metrics are on; one process serves all")
        rows: list[dict[str, Any]] = []
        for writers in arguments.writers:
            rows += summary(writers, [bench.round(writers) for _ in range(arguments.rounds)])
        show("events over HTTP, a second", rows)
        memory = {
            name: memory_mb(server.pid) for name, server in (("postgresql", bench.postgres), ("sqlite", bench.sqlite))
        }
        print(f"\nresident memory after it, MB: {memory}")
        save("write_path", rows=rows, postgres=bench.facts, memory_mb=memory, seconds=arguments.seconds)


if __name__ == "__main__":
    main()
