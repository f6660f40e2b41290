"""What holds for every evening, whatever happens in it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artel.engine.events import parse_event
from artel.engine.kolkhoz import KolkhozGame
from artel.engine.refusal import CODES, Refusal
from artel.engine.replay import replay_case, replay_line
from artel.engine.rules import BREAKS, ORDERS, QUEUES, STARTERS, parse_rules, rules_to_json
from artel.engine.session import Session
from engine.random_evenings import Evening
from engine.table import SEED, Json


def evening(seed: int) -> Json:
    """A random evening whose events are all accepted, with a queue or an order of its own."""
    chance = Random(seed)
    case = Evening(chance).played()
    try:
        parse_rules(case["rules"])
    except Refusal:
        return evening(seed + 1)
    if case["rules"]["game"] == "kolkhoz":
        varied: Json = {"order": ORDERS, "starter": STARTERS, "legs": (1, 2)}
    else:
        queues = [{"type": queue} for queue in QUEUES]
        varied = {"queue": queues, "breaks": BREAKS, "format": ("1x1", "1x1", "2x2")}
    case["rules"] |= {key: chance.choice(values) for key, values in varied.items()}
    session = opened(case)
    case["events"] = [event for event in case["events"] if accepted(session, event)]
    return {"id": "evening", **case}


evenings = st.integers(0, 2**32).map(evening)


def opened(case: Json) -> Session:
    return Session(parse_rules(case["rules"]), case["players"])


def played(case: Json, events: list[Any]) -> Session:
    session = opened(case)
    for event in events:
        session.take(event)
    return session


def accepted(session: Session, event: object) -> bool:
    """Was it new, too?"""
    try:
        return session.take(event)
    except Refusal:
        return False


def snapshot(session: Session) -> Json:
    """All that can be asked."""
    return {
        **session.result(),
        "state": session.state,
        "version": session.version,
        "players": [(player, session.is_in(player), session.is_paused(player)) for player in session.players],
        "turn": session.running and session.running.turn,
        **waiting(session),
    }


def waiting(session: Session) -> Json:
    return {"queue": session.queue(), "next": session.next(SEED)}


def check_money(session: Session) -> None:
    assert all(sum(game.money.values()) == 0 for game in session.games)
    balances = session.balances()
    assert sum(balances.values()) == 0
    for transfer in session.transfers():
        assert transfer["amount"] > 0
        balances[transfer["from"]] += transfer["amount"]
        balances[transfer["to"]] -= transfer["amount"]
    assert not any(balances.values())


@given(evenings)
@settings(deadline=None, max_examples=40)
def test_money_adds_up_after_every_event(case: Json) -> None:
    session = opened(case)
    for event in case["events"]:
        session.take(event)
        check_money(session)


@given(evenings)
@settings(deadline=None, max_examples=25)
def test_what_a_kolkhoz_stands_at_is_what_it_would_pay(case: Json) -> None:
    session = opened(case)
    for number, event in enumerate(case["events"], 1):
        session.take(event)
        if not isinstance(session.running, KolkhozGame):
            continue
        stands = session.running.stands()
        ended = played(case, [*case["events"][:number], {"id": "now", "type": "end", "reason": "timeout"}])
        assert stands == ended.games[-1].money
        assert session.running.money == dict.fromkeys(stands, 0), "asking moves nothing"


@given(evenings)
@settings(deadline=None, max_examples=25)
def test_every_beginning_is_an_evening(case: Json) -> None:
    session = opened(case)
    for number, event in enumerate(case["events"], 1):
        session.take(event)
        assert replay_case({**case, "events": case["events"][:number]}) == {"id": "evening", **session.result()}


@given(evenings)
@settings(deadline=None, max_examples=40)
def test_a_retry_changes_nothing(case: Json) -> None:
    session = played(case, case["events"])
    before = snapshot(session)
    assert not any(session.take(event) for event in case["events"])
    assert snapshot(session) == before


@given(evenings)
@settings(deadline=None, max_examples=40)
def test_the_short_way_is_the_long_way(case: Json) -> None:
    short, long = opened(case), opened(case)
    for event in case["events"]:
        assert short.take(event) == long.apply(parse_event(event))
    assert snapshot(short) == snapshot(long)


def without(case: Json, session: Session, target: Json) -> Session | None:
    """By the letter: the log without undos, undone events and the target, replayed; None where that is impossible."""
    kept = [
        event
        for event in case["events"]
        if event["type"] != "undo" and event is not target and not session.is_undone(event["id"])
    ]
    other = opened(case)
    return other if all(accepted(other, event) for event in kept) else None


@given(evenings)
@settings(deadline=None, max_examples=40)
def test_an_undo_is_the_log_without_the_event(case: Json) -> None:
    """Every event of the evening is undone, and that undo taken back again."""
    session = played(case, case["events"])
    before, mark = snapshot(session), session.mark()
    for event in case["events"]:
        if event["type"] in {"undo", "join", "leave"} or session.is_undone(event["id"]):
            continue
        expected = without(case, session, event)
        undo = {"id": "the undo", "type": "undo", "target": event["id"]}
        if expected:
            assert session.take(undo)
            assert session.result() == expected.result()
            assert waiting(session) == waiting(expected)
            assert session.state == expected.state
            session.restore(mark)
        else:
            with pytest.raises(Refusal, match="undo_conflict"):
                session.take(undo)
        assert snapshot(session) == before


@given(evenings, st.data())
@settings(deadline=None, max_examples=40)
def test_a_restore_is_exact(case: Json, data: st.DataObject) -> None:
    events = case["events"]
    at = data.draw(st.integers(0, len(events)))
    session = played(case, events[:at])
    before, mark = snapshot(session), session.mark()
    for _ in range(2):
        for event in events[at:]:
            session.take(event)
        assert snapshot(session) == snapshot(played(case, events))
        session.restore(mark)
        assert snapshot(session) == before
        assert not any(session.event(event["id"]) for event in events[at:])


def ways_to_end(session: Session) -> Iterator[Json]:
    yield {"reason": "abandoned"}
    for side in session.running.sides if session.running else ():
        yield {"reason": "concede", "player": side[0]}


@given(evenings)
@settings(deadline=None, max_examples=40)
def test_what_is_drawn_can_be_started(case: Json) -> None:
    session = opened(case)
    for number, event in enumerate(case["events"]):
        session.take(event)
        drawn = session.next(SEED)
        if drawn is None:
            continue
        assert drawn == session.next(SEED)
        mark = session.mark()
        if session.running:
            check_known_in_advance(session, drawn)
        elif not case["rules"].get("handicap"):  # one may put both at their targets, and nothing else can be drawn
            assert session.take({"id": f"drawn {number}", "type": "start", **drawn})
        session.restore(mark)


def check_known_in_advance(session: Session, drawn: Json) -> None:
    """What is said while a game runs is so however the game ends."""
    mark = session.mark()
    for way in ways_to_end(session):
        session.take({"id": "the end", "type": "end", **way})
        assert session.next(SEED) == drawn
        session.restore(mark)


@given(evenings)
@settings(deadline=None, max_examples=30)
def test_the_same_log_draws_the_same(case: Json) -> None:
    """Whether one asked after every event or only at the end."""
    often, once = opened(case), played(case, case["events"])
    for event in case["events"]:
        often.take(event)
        often.next(SEED)
    assert waiting(often) == waiting(once)


@given(evenings)
@settings(deadline=None, max_examples=40)
def test_rules_written_out_are_the_same_rules(case: Json) -> None:
    rules = parse_rules(case["rules"])
    written = rules_to_json(rules)
    assert parse_rules(json.loads(json.dumps(written))) == rules
    assert rules_to_json(parse_rules(written)) == written
    assert replay_case({**case, "rules": written}) == replay_case(case)


words = st.sampled_from(["id", "type", "player", "start", "ball", "A", "game", "kolkhoz", "order", "sides", "balls"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def changed(value: Any, path: tuple[Any, ...], to: object) -> Any:
    if not path:
        return to
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], to)
    return copy


@given(evenings, anything, st.data())
@settings(deadline=None, max_examples=40)
def test_nothing_but_a_refusal_whatever_stands_where(case: Json, value: object, data: st.DataObject) -> None:
    case = {**case, "events": case["events"][:20]}
    everywhere = list(places(case))
    for path in data.draw(st.lists(st.sampled_from(everywhere), min_size=5, max_size=5)):
        check_answer(replay_case(changed(case, path, value)))


@given(anything)
@settings(deadline=None, max_examples=100)
def test_nothing_but_a_refusal_for_any_json(value: object) -> None:
    check_answer(replay_case(value))
    check_answer(replay_line(json.dumps(value)))
    for read in (parse_event, parse_rules):
        with suppress(Refusal):
            read(value)


@given(st.text())
@settings(deadline=None)
def test_nothing_but_a_refusal_for_any_text(text: str) -> None:
    assert replay_line(text)["error"]["code"] == "malformed"


def check_answer(answer: Json) -> None:
    assert answer["id"] is None or isinstance(answer["id"], str)
    if "error" in answer:
        assert answer["error"]["code"] in CODES
        assert answer["error"]["detail"]
