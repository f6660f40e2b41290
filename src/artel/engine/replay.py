"""One line of a replay: a case in, its result or its first refusal out."""

import json
from typing import Any, Final

from artel.engine.form import are_ids
from artel.engine.refusal import Refusal, refuse
from artel.engine.rules import parse_rules
from artel.engine.session import Session

_COLONS: Final = ('":', " :", "\t:", "\n:", "\r:")
_KEYS: Final = {"id", "rules", "players", "events"}


def replay_line(line: str) -> dict[str, Any]:
    try:
        case = _strict(line)
    except Refusal as refusal:
        return _error(None, refusal, None)
    return replay_case(case)


def replay_case(value: object) -> dict[str, Any]:
    """{"id", "games", "balances", "transfers"} or {"id", "error": {"code", "event", "detail"}}."""
    case_id = value.get("id") if isinstance(value, dict) else None
    if not isinstance(case_id, str):
        case_id = None
    try:
        rules, players, events = _case(value)
        session = Session(parse_rules(rules), players)
    except Refusal as refusal:
        return _error(case_id, refusal, None)
    for at, event in enumerate(events):
        try:
            session.take(event)
        except Refusal as refusal:
            return _error(case_id, refusal, at)
    return {"id": case_id, **session.result()}


def _case(value: object) -> tuple[object, list[str], list[object]]:
    if not isinstance(value, dict) or value.keys() != _KEYS or not isinstance(value["id"], str):
        refuse("malformed", "a case has the keys id, rules, players and events")
    if not are_ids(value["players"]):
        refuse("malformed", "players must be a list of different ids")
    if not isinstance(value["events"], list):
        refuse("malformed", "events must be a list")
    return value["rules"], value["players"], value["events"]


def _error(case_id: str | None, refusal: Refusal, at: int | None) -> dict[str, Any]:
    return {"id": case_id, "error": {"code": refusal.code, "event": at, "detail": refusal.detail}}


def _strict(line: str) -> object:
    """Refuses NaN, the infinities, and a key that comes twice in one object."""
    try:
        value = _FAST.decode(line)
        keys = _keys(value)
        if keys == line.count(":") or keys == sum(map(line.count, _COLONS)):
            return value
        return _SLOW.decode(line)
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed", "not JSON") from error


def _keys(value: object) -> int:
    """The keys of a case and its rules and its events. Every key of the text has a colon of its own, after a quote or
    after space: where there are as many such colons as keys, no key came twice. Else the slow reading will tell."""
    if not isinstance(value, dict) or not isinstance(value.get("events"), list):
        return -1
    events = value["events"]
    if set(map(type, events)) - {dict}:
        return -1
    found = len(value) + sum(map(len, events))
    inside = [value.get("rules")]
    while inside:
        each = inside.pop()
        if type(each) is dict:
            found += len(each)
            inside += each.values()
        elif type(each) is list:
            inside += each
    return found


def _constant(name: str) -> object:
    raise ValueError(name)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


_FAST: Final = json.JSONDecoder(parse_constant=_constant)
_SLOW: Final = json.JSONDecoder(parse_constant=_constant, object_pairs_hook=_pairs)
