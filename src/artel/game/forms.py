"""What may be posted: the wire form of every event, and its reading.

The engine reads events; the models here describe the same form for the OpenAPI document and, when the engine has
refused one, find the fields that are wrong.
"""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

import orjson
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from artel.engine.events import Event, Expense, Payment, Stroke, parse_event
from artel.engine.form import is_id
from artel.engine.refusal import Refusal
from artel.game.caps import EVENTS_A_BATCH, MONEY, PLAYERS, TEXT, UNDOS_A_BATCH
from artel.game.moments import tapped_at
from artel.game.told import MINOR, SPLIT
from artel.kernel.errors import Problem
from artel.kernel.http import Body, bad_field, plain

EventId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Id64 = Annotated[str, Field(min_length=1, max_length=64)]
Side = Annotated[list[Id64], Field(min_length=1, max_length=2)]
Amount = Annotated[int, Field(ge=1, le=MONEY, description=MINOR)]


def _different(players: list[str]) -> list[str]:
    if len(set(players)) < len(players):
        raise ValueError("the same player twice")
    return players


def _optional(stand_in: Any = None, description: str | None = None) -> Any:
    """A key that may be left out, and is not null when it is there."""
    return Field(stand_in, description=description, json_schema_extra=lambda schema: schema.pop("default", None))


class _Posted(Body):
    id: EventId = Field(description="made by the client; the same id again changes nothing")
    client_at: Annotated[AwareDatetime, Field(strict=False)] = _optional(
        description="when it was tapped, by the phone's clock; only shown"
    )


class _InGame(_Posted):
    game: Id64 = Field(description="the id of the game: that of the `start` which began it")


class StartForm(_Posted):
    """Begins a game, whose id is that of this event. Without `sides` and `order` it takes exactly what `next` shows."""

    type: Literal["start"]
    sides: Annotated[list[Side], Field(min_length=2, max_length=2)] = _optional([])
    order: Annotated[list[Id64], Field(min_length=2, max_length=12)] = _optional([])
    breaker: Id64 = _optional("")

    @model_validator(mode="after")
    def _who_plays(self) -> Self:
        people = self.order or [player for side in self.sides for player in side]
        if self.order and self.sides:
            raise ValueError("either sides or order")
        if len(set(people)) < len(people):
            raise ValueError("the same player twice")
        if people and self.breaker and self.breaker not in people:
            raise ValueError("the breaker must be one of the players")
        return self


class BallForm(_InGame):
    type: Literal["ball"]
    player: Id64
    ball: Id64 = _optional("", "kolkhoz: the kind, by default the first")
    own: bool = _optional(False)
    lucky: bool = _optional(False)


class FoulForm(_InGame):
    type: Literal["foul"]
    player: Id64
    reason: Annotated[str, Field(max_length=TEXT), AfterValidator(plain)] = _optional(
        "", "what people read: one line, without control and format characters"
    )


class MissForm(_InGame):
    type: Literal["miss"]
    player: Id64


class EndForm(_InGame):
    type: Literal["end"]
    reason: Literal["concede", "timeout", "draw", "abandoned"]
    player: Id64 = _optional("", "who concedes, and only then")

    @model_validator(mode="after")
    def _who_concedes(self) -> Self:
        if (self.reason == "concede") != bool(self.player):
            raise ValueError("player says who concedes, and belongs to concede only")
        return self


class PresenceForm(_Posted):
    type: Literal["leave", "pause", "resume"]
    player: Id64


class UndoForm(_Posted):
    type: Literal["undo"]
    target: Id64


class ExpenseForm(_Posted):
    """The payer has paid it for others, as for the table: he gets it, and they bear it."""

    type: Literal["expense"]
    payer: Id64
    amount: Amount
    split: Literal["equal", "minus_players", "minus_proportional"] = _optional("equal", SPLIT)
    among: Annotated[list[Id64], Field(min_length=1, max_length=PLAYERS), AfterValidator(_different)] = _optional(
        [], "who bears it, the payer too; by default everybody who is in"
    )


class PaymentForm(_Posted):
    model_config = ConfigDict(extra="forbid", strict=True, validate_by_name=False, validate_by_alias=True)

    type: Literal["payment"]
    debtor: Id64 = Field(alias="from", description="who has paid a debt, outside the app: his balance rises")
    creditor: Id64 = Field(alias="to")
    amount: Amount


class FinishForm(_Posted):
    type: Literal["finish"]


EventForm = Annotated[
    StartForm
    | BallForm
    | FoulForm
    | MissForm
    | EndForm
    | PresenceForm
    | UndoForm
    | ExpenseForm
    | PaymentForm
    | FinishForm,
    Field(discriminator="type"),
]


class BatchForm(Body):
    """All or nothing."""

    events: Annotated[list[EventForm], Field(min_length=1, max_length=EVENTS_A_BATCH)] = Field(
        description=f"at most {UNDOS_A_BATCH} of them undos"
    )


EVENT_FORM: TypeAdapter[Any] = TypeAdapter(EventForm)
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
    if isinstance(value, list):
        return sum([each.__class__ is str or _words(each) for each in value])
    return isinstance(value, str)


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
            422, "invalid_body", refusal.detail, errors=_wrong_fields(given, where, refusal.detail)
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


def _wrong_fields(given: Any, where: str, detail: str) -> list[dict[str, str]]:
    try:
        EVENT_FORM.validate_python(given)
    except ValidationError as error:
        return [
            {"field": ".".join([*filter(None, [where]), *_place(item)]) or "body", "message": item["msg"]}
            for item in error.errors(include_url=False, include_input=False)
        ]
    return [{"field": where or "body", "message": detail}]


def _place(item: ErrorDetails) -> list[str]:
    return ["type"] if item["type"].startswith("union_tag") else [str(part) for part in item["loc"][1:]]
