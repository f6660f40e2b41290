"""What may be posted: the wire form of every event.

The engine reads events; the models here describe the same form for the OpenAPI document and, when the engine has
refused one, find the fields that are wrong.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from artel.game.caps import EVENTS_A_BATCH, MONEY, PLAYERS, TEXT, UNDOS_A_BATCH
from artel.game.told import MINOR, SPLIT
from artel.kernel.http import Body, plain

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


def wrong_fields(given: Any, where: str, detail: str) -> list[dict[str, str]]:
    """Of what the engine has refused: each by its place, or the whole with the words of the engine."""
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
