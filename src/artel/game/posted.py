"""What was posted, read: the engine's events, with what the log keeps of them."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from artel.engine.events import Event, Expense, Payment, Stroke, parse_event
from artel.engine.form import is_id
from artel.engine.refusal import Refusal
from artel.game.caps import EVENTS_A_BATCH, MONEY, TEXT, UNDOS_A_BATCH
from artel.game.forms import wrong_fields
from artel.game.moments import tapped_at
from artel.kernel.errors import Problem
from artel.kernel.http import bad_field, plain

IN_GAME: Final = frozenset(("ball", "foul", "miss", "end"))
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Drawn(NamedTuple):
    """A start that takes what `next` shows."""

    id: str
    type: str
    breaker: str | None


class Posted(NamedTuple):
    """`value` is what the log keeps of it: the event without `game` and `client_at`."""

    event: Event | Drawn
    value: dict[str, Any]
    game: str | None
    client_at: str | None


def read_posted(body: bytes) -> list[Posted]:
    """One event, or {"events": [...]}. Problem `invalid_body` otherwise."""
    try:
        value = orjson.loads(body)
        if _is_odd(body, value):
            json.loads(body, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise bad_field("body", f"not JSON: {error}") from error
    if isinstance(value, dict) and "events" in value:
        return _read_batch(value)
    return [_read(value, "")]


def _is_odd(body: bytes, value: Any) -> bool:
    """May a key stand twice in it, of which orjson would take the last? Told by counting, because it is told of
    every tap: where nothing is escaped, every key and every string has two quotes, and no other has any."""
    return b"\\" in body or body.count(b'"') != 2 * _words(value)


def _words(value: Any) -> int:
    """Its keys and strings."""
    if isinstance(value, dict):
        return len(value) + _words(list(value.values()))
    if not isinstance(value, list):
        return isinstance(value, str)
    words = 0
    for each in value:
        words += 1 if each.__class__ is str else _words(each)
    return words


def _no_key_twice(pairs: Sequence[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice in one object")


def _read_batch(value: dict[str, Any]) -> list[Posted]:
    values = value["events"]
    unknown = next((key for key in value if key != "events"), None)
    if unknown is not None:
        raise bad_field(unknown, "there is no such field")
    if not isinstance(values, list) or not 1 <= len(values) <= EVENTS_A_BATCH:
        raise bad_field("events", f"must be a list of 1 to {EVENTS_A_BATCH} events")
    read = [_read(each, f"events.{place}") for place, each in enumerate(values)]
    if sum(posted.event.type == "undo" for posted in read) > UNDOS_A_BATCH:
        raise bad_field("events", f"at most {UNDOS_A_BATCH} undos at once")
    return read


def _read(value: Any, where: str) -> Posted:
    given = dict(value) if isinstance(value, dict) else value
    try:
        return _read_event(value)
    except Refusal as refusal:
        raise Problem(
            422, "invalid_body", refusal.detail, errors=wrong_fields(given, where, refusal.detail)
        ) from refusal


def _read_event(value: Any) -> Posted:
    """Takes `game` and `client_at` out of `value`."""
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        raise Refusal("invalid_event", "an event is an object with a type")
    if kind == "join":
        raise Refusal("invalid_event", "players are added under /players, or join by code")
    game = client_at = None
    if kind in IN_GAME:
        game = value.pop("game", None)
        if not is_id(game):
            raise Refusal("invalid_event", "game must be the id of the start it belongs to")
    if "client_at" in value:
        client_at = tapped_at(value.pop("client_at"))
    event = _drawn(value) if kind == "start" and not ("sides" in value or "order" in value) else parse_event(value)
    _check_caps(event)
    return Posted(event, value, game, client_at)


def _drawn(value: dict[str, Any]) -> Drawn:
    """Its form is that of a start with anybody in it."""
    breaker = value.get("breaker", "nobody")
    event = parse_event({**value, "order": [breaker, "somebody else"]})
    return Drawn(event.id, "start", value.get("breaker"))


def _check_caps(event: Event | Drawn) -> None:
    if CONTROL.search(event.id):
        raise Refusal("invalid_event", "id must have no control characters")
    if isinstance(event, Stroke):
        if event.reason:
            _check_reason(event.reason)
    elif isinstance(event, Expense | Payment) and event.amount > MONEY:
        raise Refusal("invalid_event", f"amount must be at most {MONEY}")


def _check_reason(text: str) -> None:
    """The engine takes any text. People are shown it, so it is as plain as a name; none at all is none."""
    if len(text) > TEXT:
        raise Refusal("invalid_event", f"reason must be at most {TEXT} characters")
    try:
        plain(text)
    except ValueError as error:
        raise Refusal("invalid_event", f"reason: {error}") from error
