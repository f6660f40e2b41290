"""`python -m bench`: the engine's figures, then those of the whole over HTTP, as a table and as JSON."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from bench import RESULTS, ROOT, crowd, fanout, following, hall, production, report, write_path
from bench.disk import ORDINARY, Disk, ordinary
from bench.evening import EVENTS_A_GAME, MIX
from bench.machine import busy_seconds, cores, interpreter
from bench.postgres import postgres
from bench.running import raise_limit
from bench.stack import SET_FAR_AWAY, started
from bench.stage import LIMITS

ENGINE = ROOT / "bench" / "engine.py"


@dataclass(frozen=True)
class Plan:
    writing: write_path.Plan
    fan: fanout.Plan
    crowd: crowd.Plan
    hall: hall.Plan


FULL = Plan(
    write_path.Plan(rounds=3, seconds=2.5),
    fanout.Plan(rounds=2, seconds=3),
    crowd.Plan(idle=1000, busy=200, pause=1, idle_seconds=20, busy_seconds=15),
    hall.Plan(tables=500, seconds=240, tap=4, look=40),
)
QUICK = Plan(
    write_path.Plan(rounds=1, seconds=0.8),
    fanout.Plan(rounds=1, seconds=1),
    crowd.Plan(idle=50, busy=20, pause=1, idle_seconds=2, busy_seconds=2),
    hall.Plan(tables=50, seconds=10, tap=0.5, look=3),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fraction of the time; too short to quote")
    parser.add_argument("--only", choices=["engine", "http", "production", "live", "evening"])
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    # Where a file is on a disk: /tmp is memory on some systems.
    tempfile.tempdir = os.environ.get("TMPDIR") or "/var/tmp"  # noqa: S108 folders in it have names of their own
    failed = 0
    plan = QUICK if arguments.quick else FULL
    if arguments.only in {None, "engine"} and ENGINE.exists():
        failed = subprocess.run([sys.executable, str(ENGINE)], check=False, cwd=ROOT).returncode
    if arguments.only in {None, "http"}:
        over_http(plan)
    if arguments.only in {None, "production"}:
        in_production(plan)
    if arguments.only in {None, "live"}:
        live(plan)
    if arguments.only in {None, "evening"}:
        evening(plan)
    return failed


def over_http(plan: Plan) -> None:
    _introduce()
    sqlite = write_path.on_sqlite(plan.writing)
    report.write_path("POST of an event to its 201, SQLite, one process with all six services", sqlite.rows)
    report.memory(sqlite.memory)
    found: dict[str, Any] = {"interpreter": asdict(interpreter()), "sqlite": asdict(sqlite)}
    fans = fanout.on_sqlite(plan.fan)
    with ordinary(Path(tempfile.gettempdir())) as disk, postgres() as server:
        if server:
            there = write_path.on_postgres(server, plan.writing, disk)
            said = ", ".join(f"{name} {value}" for name, value in there.promises.items())
            report.write_path(f"The same on PostgreSQL {server.version} ({said}), in turns with the floor", there.rows)
            report.write_path(_on_ordinary(disk), there.held_back)
            fans += fanout.on_postgres(server, plan.fan)
            found["postgres"] = asdict(there) | {"version": server.version}
            report.targets(there, sqlite.memory)
    report.fan_out(fans)
    _keep("http", found | {"fan_out": [asdict(row) for row in fans]})


def in_production(plan: Plan) -> None:
    _introduce()
    with ordinary(Path(tempfile.gettempdir())) as disk, postgres() as server:
        if server:
            rows, slow = production.on_stack(server, plan.writing, disk)
            report.production("In production: services apart, RabbitMQ, Redis, metrics, logs, traces", rows)
            report.production(_on_ordinary(disk), slow)
            report.production_targets(rows, slow)
            found = {"rows": [asdict(row) for row in rows], "held_back": [asdict(row) for row in slow]}
            _keep("production", {"interpreter": asdict(interpreter()), **found})


def _on_ordinary(disk: Disk | None) -> str:
    what = f"The same on an ordinary disk: {ORDINARY} writes a second"
    return f"{what}, an fdatasync of {disk.held_us:.0f} us, not of {disk.free_us:.0f}" if disk else what


def live(plan: Plan) -> None:
    """On the real stack: who looks on, and how many can."""
    _introduce()
    raise_limit()
    with postgres() as server:
        if server:
            with started(server, "artel_live", SET_FAR_AWAY) as system:
                fans = fanout.on_stack(system, plan.fan)
                report.fan_out(fans)
                report.fan_targets(fans)
                looking = crowd.measure(system.games[0][:2], system.others["auth"].port, plan.crowd)
            report.looking_on(looking)
            found = {"fan_out": [asdict(row) for row in fans], "crowd": asdict(looking)}
            _keep("live", {"interpreter": asdict(interpreter()), **found})


def evening(plan: Plan) -> None:
    """On the real stack, with all limits as they are shipped."""
    _introduce(limits={})
    raise_limit()
    with postgres() as server:
        if server:
            with started(server, "artel_evening", {}, games=2) as system, system.gateway(games=2) as port:
                seen = hall.measure(port, plan.hall)
                lags = following.lags(system.databases, time.time())
            report.evening(plan.hall, seen, lags)
            found = {"seen": asdict(seen), "lags": [lag._asdict() for lag in lags]}
            _keep("evening", {"interpreter": asdict(interpreter()), **found})


def _introduce(limits: Mapping[str, str] = LIMITS) -> None:
    before = busy_seconds()
    time.sleep(1)
    print(f"\nInterpreter   {interpreter()}")
    print(
        f"Machine       {cores()} cores, {busy_seconds() - before:.2f} of them busy with other things before this run"
    )
    print(
        f"Events        американка, games of {EVENTS_A_GAME} events: {MIX}; hot: misses of one running game\n"
        f"Limits        {', '.join(f'{name}={value}' for name, value in limits.items()) or 'as shipped'}; metrics on; "
        "all on 127.0.0.1"
    )


def _keep(what: str, found: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{what}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(found, indent=2, default=str) + "\n")
    print(f"\n{path.relative_to(ROOT)}")


def _leave(_signum: int, _frame: object) -> NoReturn:
    """By the same way out as Ctrl-C: what was started is ended."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
