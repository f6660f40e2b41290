"""What happens in an evening, checked for form: everything that can be seen without knowing the evening.

What is in none of these tuples is a key that the type does not take. None stands for a key that was not there.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn

from artel.engine.form import LONGEST_ID, are_ids, is_id, is_whole
from artel.engine.refusal import refuse


class Stroke(NamedTuple):
    """ball, foul, miss"""

    id: str
    type: str
    player: str
    ball: str | None = None
    own: bool | None = None
    lucky: bool | None = None
    reason: str | None = None


new_stroke = partial(tuple.__new__, Stroke)
"""The fastest way to make one: from a tuple of all its fields."""


class Start(NamedTuple):
    """A duel has `sides`, a kolkhoz an `order`; which of them belongs here is the session's to know."""

    id: str
    type: str
    sides: tuple[tuple[str, ...], ...]
    order: tuple[str, ...]
    breaker: str | None = None


new_start = partial(tuple.__new__, Start)


class End(NamedTuple):
    id: str
    type: str
    reason: str
    player: str | None = None


new_end = partial(tuple.__new__, End)


class Presence(NamedTuple):
    """join, leave, pause, resume"""

    id: str
    type: str
    player: str
    name: str | None = None


class Expense(NamedTuple):
    id: str
    type: str
    payer: str
    amount: int
    split: str | None = None
    among: tuple[str, ...] | None = None


class Payment(NamedTuple):
    """`debtor` and `creditor` are the keys from and to."""

    id: str
    type: str
    debtor: str
    creditor: str
    amount: int


new_payment = partial(tuple.__new__, Payment)


class Undo(NamedTuple):
    id: str
    type: str
    target: str


new_undo = partial(tuple.__new__, Undo)


class Finish(NamedTuple):
    id: str
    type: str


Event = Stroke | Start | End | Presence | Expense | Payment | Undo | Finish

Said = Event | tuple[Any, ...]
"""What a log keeps: of a stroke, as most are, only the fields, and the last four only where they say something."""


def event_of(said: Said) -> Event:
    return said if isinstance(said, Event) else Stroke(*said)


Json = Mapping[str, Any]

END_REASONS: Final = ("concede", "timeout", "draw", "abandoned")
FEWEST_PLAYERS: Final = 2
MOST_PLAYERS: Final = 12
"""Of a kolkhoz."""
SPLITS: Final = ("equal", "minus_players", "minus_proportional")


def parse_event(value: object) -> Event:
    """Refusal `invalid_event`: unknown type or key, a missing key, a value of the wrong type."""
    if not isinstance(value, dict):
        _wrong("an event must be an object")
    try:
        read = _READERS[value["type"]]
    except (KeyError, TypeError):
        _wrong("unknown type of event")
    return read(value)


def _wrong(detail: str) -> NoReturn:
    refuse("invalid_event", detail)


def _id(value: Json, key: str = "id") -> str:
    found = value.get(key)
    if type(found) is not str or not 0 < len(found) <= LONGEST_ID:
        _wrong(f"{key} must be a string of 1 to {LONGEST_ID} characters")
    return found


def _amount(value: Json) -> int:
    found = value.get("amount")
    if not is_whole(found) or found < 1:
        _wrong("amount must be a whole number from 1")
    return found


def _only(value: Json, keys: frozenset[str]) -> None:
    """Not needed where every key is asked for, and as many are there and not null as there are keys."""
    if not value.keys() <= keys:
        _wrong(f"{value['type']} has keys that it does not take")
    if None in value.values():
        _wrong("nothing may be null")


_STROKE: Final = frozenset(("id", "type", "player"))
_BALL: Final = _STROKE | {"ball", "own", "lucky"}
_FOUL: Final = _STROKE | {"reason"}
_JOIN: Final = _STROKE | {"name"}
_START: Final = frozenset(("id", "type", "sides", "order", "breaker"))
_END: Final = _FOUL
_EXPENSE: Final = frozenset(("id", "type", "payer", "amount", "split", "among"))
_PAYMENT: Final = frozenset(("id", "type", "from", "to", "amount"))
_UNDO: Final = frozenset(("id", "type", "target"))
_FINISH: Final = frozenset(("id", "type"))


def _stroke(value: Json) -> Stroke:
    event_id, player = _id(value), _id(value, "player")
    if len(value) == len(_STROKE):
        return new_stroke((event_id, value["type"], player, None, None, None, None))
    return new_stroke((event_id, value["type"], player, *more_of_stroke(value)))


More = tuple[str | None, bool | None, bool | None, str | None]
"""What may be said of a stroke but who made it: ball, own, lucky, reason."""


def more_of_stroke(value: Json) -> More:
    if value["type"] != "ball":
        return None, None, None, _reason(value)
    ball, own, lucky = value.get("ball"), value.get("own"), value.get("lucky")
    if len(value) + (ball, own, lucky).count(None) != len(_BALL):
        _only(value, _BALL)
    if not (ball is None or is_id(ball)):
        _wrong("ball must be the id of a kind")
    if not (own is None or isinstance(own, bool)) or not (lucky is None or isinstance(lucky, bool)):
        _wrong("own and lucky must be true or false")
    return ball, own, lucky, None


def _reason(value: Json) -> str | None:
    _only(value, _FOUL if value["type"] == "foul" else _STROKE)
    reason = value.get("reason")
    if not (reason is None or isinstance(reason, str)):
        _wrong("reason must be a text")
    return reason


def _start(value: Json) -> Start:
    sides, order, breaker = value.get("sides"), value.get("order"), value.get("breaker")
    if len(value) + (value.get("id"), sides, order, breaker).count(None) != len(_START):
        _only(value, _START)
    if (sides is None) == (order is None):
        _wrong("start takes either sides or order")
    if sides is None:
        members = order = _order(order)
        sides = ()
    else:
        sides, order = _sides(sides), ()
        members = sides[0] + sides[1]
    if not (breaker is None or breaker in members):
        _wrong("breaker must be one of the players")
    return new_start((_id(value), "start", sides, order, breaker))


def _sides(sides: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(sides, list) or len(sides) != 2:
        _wrong("sides must be two lists of players")
    one, other = sides
    if not isinstance(one, list) or not isinstance(other, list):
        _wrong("sides must be two lists of players")
    if not (1 <= len(one) <= 2 and 1 <= len(other) <= 2 and are_ids(one + other)):
        _wrong("sides must be one or two players each, all different")
    return tuple(one), tuple(other)


def _order(order: object) -> tuple[str, ...]:
    if not are_ids(order) or not FEWEST_PLAYERS <= len(order) <= MOST_PLAYERS:
        _wrong(f"order must be {FEWEST_PLAYERS} to {MOST_PLAYERS} different players")
    return tuple(order)


def _end(value: Json) -> End:
    reason, player = value.get("reason"), value.get("player")
    if len(value) + (value.get("id"), player, reason).count(None) != len(_END):
        _only(value, _END)
    if not isinstance(reason, str) or reason not in END_REASONS:
        _wrong(f"reason must be one of {', '.join(END_REASONS)}")
    if (reason == "concede") != (player is not None):
        _wrong("player says who concedes, and belongs to concede only")
    return new_end((_id(value), "end", reason, None if player is None else _id(value, "player")))


def _presence(value: Json) -> Presence:
    if len(value) != len(_STROKE):
        _only(value, _JOIN if value["type"] == "join" else _STROKE)
    name = value.get("name")
    if not (name is None or isinstance(name, str)):
        _wrong("name must be a text")
    return Presence(_id(value), value["type"], _id(value, "player"), name)


def _expense(value: Json) -> Expense:
    _only(value, _EXPENSE)
    split = value.get("split")
    if "split" in value and (not isinstance(split, str) or split not in SPLITS):
        _wrong(f"split must be one of {', '.join(SPLITS)}")
    return Expense(_id(value), "expense", _id(value, "payer"), _amount(value), split, _among(value))


def _among(value: Json) -> tuple[str, ...] | None:
    if "among" not in value:
        return None
    among = value["among"]
    if not are_ids(among) or not among:
        _wrong("among must be one or more different players")
    return tuple(among)


def _payment(value: Json) -> Payment:
    if len(value) != len(_PAYMENT):
        _only(value, _PAYMENT)
    return new_payment((_id(value), "payment", _id(value, "from"), _id(value, "to"), _amount(value)))


def _undo(value: Json) -> Undo:
    if len(value) != len(_UNDO):
        _only(value, _UNDO)
    return new_undo((_id(value), "undo", _id(value, "target")))


def _finish(value: Json) -> Finish:
    _only(value, _FINISH)
    return Finish(_id(value), "finish")


_READERS: Final[dict[str, Callable[[Json], Event]]] = {
    "join": _presence,
    "leave": _presence,
    "pause": _presence,
    "resume": _presence,
    "start": _start,
    "ball": _stroke,
    "foul": _stroke,
    "miss": _stroke,
    "end": _end,
    "undo": _undo,
    "expense": _expense,
    "payment": _payment,
    "finish": _finish,
}
