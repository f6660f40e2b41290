"""What may be posted: the wire form of every event, and its reading.

The engine reads events; the models here describe the same form for the OpenAPI document and, when the engine has
refused one, find the fields that are wrong.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

import orjson
from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from artel.engine.events import Event, Expense, Payment, Stroke, parse_event
from artel.engine.form import is_id
from artel.engine.refusal import Refusal
from artel.game.caps import EVENTS_A_BATCH, MONEY, PLAYERS, TEXT, UNDOS_A_BATCH
from artel.kernel.errors import Problem
from artel.kernel.http import Body, bad_field

EventId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
PlayerId = Annotated[str, Field(min_length=1, max_length=64)]
Amount = Annotated[int, Field(ge=1, le=MONEY)]


class _Posted(Body):
    id: EventId = Field(description="made by the client; the same id again changes nothing")
    client_at: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        None, description="when it was tapped, by the phone's clock; only shown"
    )


class _InGame(_Posted):
    game: EventId = Field(description="the id of the start it belongs to")


class StartForm(_Posted):
    """Without `sides` and `order` it takes exactly what `next` shows."""

    type: Literal["start"]
    sides: (
        Annotated[list[Annotated[list[PlayerId], Field(min_length=1, max_length=2)]], Field(min_length=2, max_length=2)]
        | None
    ) = None
    order: Annotated[list[PlayerId], Field(min_length=2, max_length=12)] | None = None
    breaker: PlayerId | None = None


class BallForm(_InGame):
    type: Literal["ball"]
    player: PlayerId
    ball: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    own: bool | None = None
    lucky: bool | None = None


class FoulForm(_InGame):
    type: Literal["foul"]
    player: PlayerId
    reason: Annotated[str, Field(max_length=TEXT)] | None = None


class MissForm(_InGame):
    type: Literal["miss"]
    player: PlayerId


class EndForm(_InGame):
    type: Literal["end"]
    reason: Literal["concede", "timeout", "draw", "abandoned"]
    player: PlayerId | None = Field(None, description="who concedes; only then")


class PresenceForm(_Posted):
    type: Literal["leave", "pause", "resume"]
    player: PlayerId


class UndoForm(_Posted):
    type: Literal["undo"]
    target: EventId


class ExpenseForm(_Posted):
    type: Literal["expense"]
    payer: PlayerId
    amount: Amount
    split: Literal["equal", "minus_players", "minus_proportional"] | None = None
    among: Annotated[list[PlayerId], Field(min_length=1, max_length=PLAYERS)] | None = None


class PaymentForm(_Posted):
    model_config = ConfigDict(extra="forbid", strict=True, validate_by_name=False, validate_by_alias=True)

    type: Literal["payment"]
    debtor: PlayerId = Field(alias="from")
    creditor: PlayerId = Field(alias="to")
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
RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


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
        json.loads(body, object_pairs_hook=_no_key_twice)  # orjson would take the last of two
    except (ValueError, RecursionError) as error:
        raise bad_field("body", f"not JSON: {error}") from error
    if isinstance(value, dict) and "events" in value:
        return _read_batch(value)
    return [_read(value, "")]


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
        client_at = _moment(value.pop("client_at"))
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
        if event.reason and len(event.reason) > TEXT:
            raise Refusal("invalid_event", f"reason must be at most {TEXT} characters")
    elif isinstance(event, Expense | Payment) and event.amount > MONEY:
        raise Refusal("invalid_event", f"amount must be at most {MONEY}")


def _moment(value: Any) -> str:
    """RFC 3339, as UTC."""
    try:
        if not RFC_3339.fullmatch(value):
            raise Refusal("invalid_event", "client_at must be a time with its offset, RFC 3339")
        moment = datetime.fromisoformat(value)
        return value if value.endswith("Z") else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, TypeError, OverflowError) as error:
        raise Refusal("invalid_event", "client_at must be a time that there is") from error


def _wrong_fields(given: Any, where: str, detail: str) -> list[dict[str, str]]:
    try:
        EVENT_FORM.validate_python(given)
    except ValidationError as error:
        return [
            {"field": ".".join([*filter(None, [where]), *map(str, item["loc"][1:])]) or "body", "message": item["msg"]}
            for item in error.errors(include_url=False, include_input=False)
        ]
    return [{"field": where or "body", "message": detail}]
