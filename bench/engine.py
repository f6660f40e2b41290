"""What the engine can do on this machine: `python bench/engine.py`, with any interpreter, nothing installed.

Times are processor time. The ratio to parsing is of whole runs in turns, so that both see the same machine.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

sys.path.append(str(Path(__file__).parents[1] / "src"))  # after what `make compiled` has made, if that is named
sys.path.insert(0, str(Path(__file__).parents[1]))

from artel.cli_replay import encoded
from artel.engine.events import parse_event
from artel.engine.refusal import Refusal
from artel.engine.replay import replay_line
from artel.engine.rules import parse_rules
from artel.engine.session import Session
from bench.machine import interpreter, most_resident_mb

Json = dict[str, Any]
ROOT: Final = Path(__file__).parents[1]
VECTORS: Final = ROOT / "tests/engine/vectors/scoring.jsonl"
LONG: Final = 10_000
"""Events of a long session."""
FRIENDS: Final = ["Аня", "Боря", "Вова", "Гена"]
DOZEN: Final = [f"player-{number}" for number in range(12)]


# Evenings as people play them


def evenings(amount: int) -> Iterator[Json]:
    """Half duels with a game about every 15 events, half kolkhoz with one about every 22."""
    chance = Random(7)
    for number in range(amount):
        yield _evening(f"evening-{number}", chance, duel=number % 2 == 0)


def _evening(name: str, chance: Random, *, duel: bool) -> Json:
    rules: Json = {"game": "moscow", "stake": {"per": "game", "amount": 30000}} if duel else {"game": "kolkhoz"}
    session = Session(parse_rules(rules), FRIENDS)
    events: list[Json] = []
    ids = count(1)
    for _ in range(chance.randint(6, 14)):
        draw = session.next(b"sixteen bytes of")
        assert draw
        _add(events, session, {"id": f"{name}-{next(ids)}", "type": "start", **draw})
        while session.running:
            _add(events, session, {"id": f"{name}-{next(ids)}", **_stroke(chance, session, duel=duel)})
    _add(events, session, {"id": f"{name}-{next(ids)}", "type": "expense", "payer": FRIENDS[0], "amount": 180000})
    return {"id": name, "rules": rules, "players": FRIENDS, "events": events}


def _stroke(chance: Random, session: Session, *, duel: bool) -> Json:
    assert session.running
    kind = chance.choices(("ball", "miss", "foul"), (16, 6, 2))[0]
    stroke: Json = {"type": kind, "player": session.running.turn}
    if kind == "ball" and duel and chance.random() < 0.15:
        stroke["own"] = True
    return stroke


def _add(events: list[Json], session: Session, event: Json) -> None:
    session.take(event)
    events.append(event)


def vectors() -> list[Json]:
    return [json.loads(line)["case"] for line in VECTORS.read_text("utf-8").splitlines()]


# Figures


def main() -> None:
    build = interpreter()
    print(f"Python {build.version} ({build.path}), profile-guided: {build.profiled}")
    print(f"{'':44}{'found':>18}{'':>24}  wanted")
    some = list(evenings(60))
    replay("evenings", some)
    replay("the vectors: short, odd, often refused", vectors())
    whole_command(some)
    append()
    undo()


def show(what: str, found: str, more: str = "", wanted: str = "") -> None:
    print(f"{what:44}{found:>18}{more:>24}  {wanted}".rstrip())


def seconds(work: Callable[[Any], object], over: Iterable[Any]) -> float:
    """Of processor time."""
    began = time.process_time()
    for each in over:
        work(each)
    return time.process_time() - began


def _replay(line: str) -> None:
    encoded(replay_line(line))


def replay(title: str, cases: Sequence[Json]) -> None:
    """In turns with parsing, so that both meet the same machine."""
    lines = [json.dumps(case, ensure_ascii=False) for case in cases]
    events = sum(map(_played, cases))
    parsing = replaying = 0.0
    for _ in range(5):
        for at in range(0, len(lines), 10):
            parsing += seconds(json.loads, lines[at : at + 10])
            replaying += seconds(_replay, lines[at : at + 10])
    show(title, f"{5 * events / replaying:,.0f} events/s", f"{replaying / parsing:.1f} x parsing", "100,000; 8 x")


def _played(case: Json) -> int:
    """Events up to the one that is refused."""
    at = replay_line(json.dumps(case)).get("error", {}).get("event")
    return len(case["events"]) if at is None else int(at) + 1


def whole_command(cases: Sequence[Json]) -> None:
    """As a process, from its start to its end; then with ten times as many cases."""
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    events = sum(len(case["events"]) for case in cases)
    few, many = (_command(lines * times) for times in (5, 50))
    show("artel replay as a process", f"{50 * events / many[0]:,.0f} events/s", wanted="100,000")
    show("its memory", f"{few[1]:.1f} MB", f"{many[1]:.1f} MB of 10 x", "the same")


def _command(lines: str) -> tuple[float, float]:
    """Seconds of processor time, and the most memory it had."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as file:
        file.write(lines)
        file.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "artel.cli_replay", file.name],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
        )
        most = 0.0
        while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            with suppress(StopIteration):  # it is about to end
                most = most_resident_mb(process.pid)
            time.sleep(0.005)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
    return used.ru_utime + used.ru_stime, most


# Long sessions


def append() -> None:
    """To a short and to a long session, in turns."""
    sessions = [_of_games(size) for size in (10, LONG)]
    spent = [0.0, 0.0]
    for round_ in range(60):
        events = [parse_event({"id": f"{round_}-{each}", "type": "miss", "player": DOZEN[0]}) for each in range(200)]
        for place, session in enumerate(sessions):
            mark = session.mark()
            spent[place] += seconds(session.apply, events)
            session.restore(mark)
    short, long = (each / 60 / 200 * 1e6 for each in spent)
    show(f"append to a session of {LONG:,} events", f"{long:.2f} us", f"{long / short:.2f} x that of 10", "1.5 x")


def undo() -> None:
    """The worst of undos of events from the first to the last, whether they are taken or refused."""
    for title, session in _shapes().items():
        ids = [f"e{at}" for at in range(1, session.version + 1)]
        worst = after = 0.0
        for target in [*ids[:40], *ids[:: LONG // 60], *ids[-20:]]:
            mark = session.mark()
            event = parse_event({"id": "the undo", "type": "undo", "target": target})
            worst = max(worst, seconds(partial(_try, session), [event]))
            after = max(after, seconds(Session.balances, [session]))
            session.restore(mark)
        show(f"undo, {title}", f"{worst * 1000:.2f} ms", f"{after * 1000:.2f} ms to add up", "10 ms")


def _try(session: Session, event: Any) -> None:
    with suppress(Refusal):
        session.apply(event)


def _shapes() -> dict[str, Session]:
    return {
        "many games": _of_games(LONG),
        "one game of misses": _of_strokes("miss", {"game": "kolkhoz"}),
        "one game of fouls that all are paid for": _of_strokes(
            "foul", {"game": "kolkhoz", "price": 100, "foul": {"mode": "pay_all"}}
        ),
        "one duel of fouls": _of_strokes("foul", {"game": "moscow", "foul": "offender_loses", "debt": True}),
        "payments": _of_money({"type": "payment", "from": DOZEN[0], "to": DOZEN[1], "amount": 7}),
        "expenses of those in the red": _of_money(
            {"type": "expense", "payer": DOZEN[0], "amount": 700, "split": "minus_proportional"}
        ),
    }


def _session(rules: Json, events: Iterator[Json]) -> Session:
    """Events are e1, e2, e3…"""
    session = Session(parse_rules(rules), DOZEN)
    for number, event in enumerate(events, 1):
        session.take({"id": f"e{number}", **event})
    return session


def _of_games(events: int) -> Session:
    """Of kolkhoz with a game every 12 events; the last one runs."""
    start: Json = {"type": "start", "order": DOZEN}
    game: list[Json] = [
        start,
        *({"type": "ball", "player": player} for player in DOZEN[:10]),
        {"type": "end", "reason": "timeout"},
    ]
    return _session({"game": "kolkhoz", "price": 100}, (game[at % 12] for at in range(events - events % 12 + 3)))


def _of_strokes(kind: str, rules: Json) -> Session:
    duel = rules["game"] != "kolkhoz"
    start: Json = {"type": "start", **({"sides": [DOZEN[:2], DOZEN[2:4]]} if duel else {"order": DOZEN})}
    strokes = ({"type": kind, "player": DOZEN[at % 4]} for at in range(LONG))
    return _session(rules, iter([start, *strokes]))


def _of_money(event: Json) -> Session:
    return _session({"game": "kolkhoz"}, iter([event] * LONG))


if __name__ == "__main__":
    main()
