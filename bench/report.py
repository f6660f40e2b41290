"""The figures, for reading."""

from collections.abc import Sequence
from typing import Final

from bench import crowd, fanout, hall
from bench.following import Lag
from bench.load import Seen
from bench.production import AT_ONE_TABLE, BOOK, F0, FAIR, GAME, LOADS, OF_BOOK, OF_MANY_TABLES, WITHIN, ratio
from bench.production import OF_FLOOR as PRODUCTION
from bench.production import Row as OneWay
from bench.write_path import CONVINCING, GAMES_AN_EVENING, Load, Memory, OnPostgres, Row

SERVER_US: Final = 350
POSTGRES_US: Final = 120
MEMORY_MB: Final = 250
OF_FLOOR: Final = {Load(16): 0.6, Load(64): 0.9}
ORDINARILY: Final = ", on an ordinary disk"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    print(f"\n{title}")
    for row in (columns, *rows):
        first, *others = (cell.ljust(width) if not at else cell.rjust(width)
                          for at, (cell, width) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
        print("  ".join([first, *others]).rstrip())


def write_path(title: str, rows: Sequence[Row]) -> None:
    if not rows:
        print(f"\n{title}: not measured, this disk cannot be held back")
        return
    columns = ["writers", "", "events/s", "median", "of F0", "median", "p50 ms", "p99 ms"]
    columns += ["server us", "PostgreSQL us", "client us", "others", "behind s"]
    table(title, columns, [line for row in rows for line in _lines(row)])


def _lines(row: Row) -> list[list[str]]:
    ours = [f"{row.load}", "artel", f"{row.best.per_second:.0f}", f"{row.median:.0f}"]
    lines = [[*ours, _ratio(row.ratio), _ratio(row.median_ratio), *_figures(row.best)]]
    if row.floor:
        under = row.best_floor
        what = f"F0, {under.per_second / row.pgbench:.2f} of pgbench's {row.pgbench:.0f}"
        lines.append(["", what, f"{under.per_second:.0f}", "", "", "", *_figures(under)])
    return lines


def _figures(seen: Seen) -> list[str]:
    postgres = "" if seen.postgres_us is None else f"{seen.postgres_us:.0f}"
    return [f"{seen.p50:.2f}", f"{seen.p99:.2f}", f"{seen.server_us:.0f}", postgres, f"{seen.client_us:.0f}",
            f"{seen.other_cores:.2f}", f"{seen.behind:.1f}"]  # fmt: skip


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def fan_out(rows: Sequence[fanout.Row]) -> None:
    columns = ["looking on", "", "events", "p50 ms", "p99 ms", "201 to last p50", "p99", "server us/frame"]
    columns += ["most frames/s", "client"]
    table("POST to frame", columns, [_fan_line(row) for row in rows])


def _fan_line(row: fanout.Row) -> list[str]:
    fan = row.best
    times = (fan.p50, fan.p99, fan.last_p50, fan.last_p99)
    return [f"{fan.lookers}", row.on, f"{fan.events}", *(f"{time:.2f}" for time in times), f"{fan.us_a_frame:.0f}",
            f"{row.most.most:.0f}", f"{row.most.client:.2f}"]  # fmt: skip


def fan_targets(rows: Sequence[fanout.Row]) -> None:
    lines = []
    for lookers, on in ((row.best.lookers, row.on) for row in rows if row.on != fanout.FLOOR):
        slow, most = fanout.of_floor(rows, on, lookers)
        name = f"{on}, {lookers} looking on"
        lines.append([f"{name}: p99, times the floor's", f"{slow:.2f}", f"<= {fanout.SLOWEST}",
                      _verdict(slow <= fanout.SLOWEST)])  # fmt: skip
        lines.append([f"{name}: most frames/s, of the floor's", f"{most:.2f}", f">= {fanout.MOST}",
                      _verdict(most >= fanout.MOST)])  # fmt: skip
    table("Targets", ["", "is", "wanted", ""], lines)


def looking_on(seen: crowd.Seen) -> None:
    columns = ["sockets at one process", "", "KB a socket", "processor ms a second", "opened a second", "ms to open"]
    rows = [
        [f"none, {seen.tables} tables", "", f"{seen.table_kb:.0f} a table", f"{seen.empty_ms:.0f}", "", ""],
        [
            f"{seen.idle}",
            "idle",
            f"{seen.idle_kb:.1f}",
            f"{seen.idle_ms:.0f}",
            f"{seen.opened_a_second:.0f}",
            f"{seen.opening_ms:.2f}",
        ],
        [f"and {seen.busy}", "busy", f"{seen.busy_kb:.1f}", f"{seen.busy_ms:.0f}", "", ""],
    ]
    table("Looking on, tables of ten", columns, rows)
    times = [f"{time:.1f}" for time in (seen.tap_p50, seen.tap_p99, seen.p50, seen.p99, seen.worst)]
    columns = ["frames/s", "201 p50 ms", "p99 ms", "tap to frame p50 ms", "p99 ms", "worst ms", "missing", "client"]
    table(
        f"{seen.taps} taps at the busy ones, at planned times, with all of them looking on",
        columns,
        [[f"{seen.frames_a_second:.0f}", *times, f"{seen.missing}", f"{seen.client:.2f}"]],
    )
    table("Targets", ["", "is", "wanted", ""], [_most("sockets that were closed", seen.closed, 0),
                                                _most("frames that did not come", seen.missing, 0)])  # fmt: skip


def evening(plan: hall.Plan, seen: hall.Seen, lags: Sequence[Lag]) -> None:
    asked = sum(route.asked for route in seen.routes)
    about = (
        f"{plan.tables} tables of {hall.AT_A_TABLE} through the gateway, limits as shipped: {asked / seen.seconds:.0f} "
        f"requests/s, {seen.taps / seen.seconds:.0f} of them taps, {seen.frames / seen.seconds:.0f} frames/s; "
        f"{seen.machine:.1f} cores busy, {seen.client:.2f} of them the client"
    )
    routes = [
        [route.name, f"{route.asked}", f"{route.p50:.1f}", f"{route.p99:.1f}", f"{route.worst:.0f}",
         f"{route.repeated}"] for route in sorted(seen.routes)
    ]  # fmt: skip
    table(about, ["from when it was due", "asked", "p50 ms", "p99 ms", "worst ms", "told to repeat"], routes)
    followers = [
        [lag.service, f"{lag.events}", f"{lag.p50:.0f}", f"{lag.p99:.0f}", f"{lag.worst:.0f}", f"{lag.after:.1f}"]
        for lag in lags
    ]
    table("Behind play", ["", "events", "p50 ms", "p99 ms", "worst ms", "s after the last tap"], followers)
    for why, count in (seen.refused | seen.lost).items():
        print(f"{count} times: {why}")
    table("Targets", ["", "is", "wanted", ""], [
        _most("refused", sum(seen.refused.values()), 0),
        _most("sockets that were closed", sum(seen.lost.values()), 0),
        _most("frames that did not come", seen.gaps, 0),
        _most("events that were not taken in", sum(lag.missing for lag in lags), 0),
    ])  # fmt: skip


def memory(seen: Memory) -> None:
    print(
        f"\nMemory of the one process on SQLite: {seen.fresh:.0f} MB fresh, {seen.evening:.0f} MB after an evening of "
        f"{GAMES_AN_EVENING} games, {seen.most:.0f} MB at most under the load above"
    )


def targets(there: OnPostgres, seen: Memory) -> None:
    """What was promised, and whether this run shows it."""
    rows = [_ratio_target(row, "") for row in there.rows if row.load in OF_FLOOR]
    rows += [_ratio_target(row, ORDINARILY) for row in there.held_back]
    for row in there.rows:
        if row.load in OF_FLOOR:
            rows.append(_most(f"server us an event, {row.load} writers", row.best.server_us, SERVER_US))
            if row.best.postgres_us is not None:
                rows.append(_most(f"PostgreSQL us an event, {row.load} writers", row.best.postgres_us, POSTGRES_US))
    rows.append(_most("MB after an evening", seen.evening, MEMORY_MB))
    table("Targets", ["", "is", "wanted", ""], rows)


def _ratio_target(row: Row, on: str) -> list[str]:
    name, wanted = f"of F0, {row.load} writers{on}", OF_FLOOR[row.load]
    if row.ratio is None:
        return [name, "", f">= {wanted}", f"nothing to compare with: F0 is below {CONVINCING} of pgbench"]
    return [name, f"{row.ratio:.2f}", f">= {wanted}", _verdict(row.ratio >= wanted)]


def _most(name: str, value: float, most: float) -> list[str]:
    return [name, f"{value:.0f}", f"<= {most}", _verdict(value <= most)]


def _verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def production(title: str, rows: Sequence[OneWay]) -> None:
    if not rows:
        print(f"\n{title}: not measured, this disk cannot be held back")
        return
    columns = ["writers", "", "events/s", "of F0", "by the book x", "p50 ms", "p99 ms", "server us", "PostgreSQL us"]
    columns += ["others us", "behind s"]
    table(title, columns, [_way(row, rows) for row in rows])


def production_targets(rows: Sequence[OneWay], slow: Sequence[OneWay]) -> None:
    targets = []
    for where, on in ((rows, ""), (slow, ORDINARILY)):
        if where:
            targets += [_of(where, GAME, writers, F0, wanted, on=on) for writers, wanted in PRODUCTION.items()]
            targets += [_of(where, GAME, writers, BOOK, OF_BOOK, on=on) for writers in PRODUCTION]
    for way in WITHIN.values():
        targets += [_of(rows, way, writers, F0, wanted) for writers, wanted in PRODUCTION.items()]
    fair = ratio(rows, BOOK, 16, F0)
    targets.append(
        ["by the book of F0, 16 writers", f"{fair:.3f}", f">= {FAIR}", "fair" if fair >= FAIR else "NOT FAIR"]
    )
    targets += [_at_one_table(rows, way) for way in AT_ONE_TABLE]
    table("Targets", ["", "is", "wanted", ""], targets)


def _way(row: OneWay, rows: Sequence[OneWay]) -> list[str]:
    best = row.best
    ratios = (f"{ratio(rows, row.way, row.writers, beside):.2f}" for beside in (F0, BOOK))
    postgres = "" if best.postgres_us is None else f"{best.postgres_us:.0f}"
    return [f"{row.writers}", row.way, f"{best.per_second:.0f}", *ratios, f"{best.p50:.2f}", f"{best.p99:.2f}",
            f"{best.server_us:.0f}", postgres, f"{row.others_us:.0f}", f"{best.behind:.1f}"]  # fmt: skip


def _of(rows: Sequence[OneWay], way: str, writers: int, beside: str, wanted: float, *, on: str = "") -> list[str]:
    found = ratio(rows, way, writers, beside)
    return [f"{way}, times {beside}, {writers} writers{on}", f"{found:.2f}", f">= {wanted}", _verdict(found >= wanted)]


def _at_one_table(rows: Sequence[OneWay], way: str) -> list[str]:
    writers = LOADS[-1]
    found = ratio(rows, AT_ONE_TABLE[way], writers, way)
    name = f"{way}: at one table, of what it is at {writers}"
    return [name, f"{found:.2f}", f">= {OF_MANY_TABLES}", _verdict(found >= OF_MANY_TABLES)]
