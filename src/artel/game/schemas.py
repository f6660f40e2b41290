"""Bodies and answers. Answers of the path of the taps are made of bytes that are ready; these models describe them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from artel.engine.presets import BY_ID
from artel.game.caps import PLAYERS
from artel.game.told import GAME_ID, MINOR, Money, RulesIn, RulesOut
from artel.kernel.http import UUID_TEXT, Body, Id, NewId, Text

Scorers = Literal["everyone", "organizer"] | Annotated[list[Id], Field(max_length=PLAYERS)]


def template_id(value: str) -> str:
    """Whether there is one of somebody's own, only the service that keeps it knows."""
    if value not in BY_ID and not UUID_TEXT.fullmatch(value):
        raise ValueError("must be the id of a template: a UUID in lower case, or the name of a preset")
    return value


class TemplateRef(Body):
    """What the rules were taken from. Amounts and what is agreed on for particular players may differ from it."""

    id: Annotated[str, AfterValidator(template_id)] = Field(description="a UUID, or the name of a preset")
    version: Annotated[int, Field(ge=1, lt=2**31)] = Field(description="of a preset always 1")

    @model_validator(mode="after")
    def _a_preset_has_one(self) -> "TemplateRef":
        if self.id in BY_ID and self.version != 1:
            raise ValueError("a preset has no version but 1")
        return self


class NewPlayer(Body):
    """Either a user or the name of a guest."""

    id: NewId | None = Field(None, description="made by the client, so that the rules can name this player")
    user_id: Id | None = None
    guest_name: Text | None = None

    @model_validator(mode="after")
    def _either(self) -> "NewPlayer":
        if (self.user_id is None) == (self.guest_name is None):
            raise ValueError("either user_id or guest_name")
        return self


class NewSession(Body):
    id: NewId | None = Field(None, description="made by the client; the same request again gives the same session")
    name: Text | None = None
    rules: RulesIn
    template: TemplateRef | None = None
    players: Annotated[list[NewPlayer], Field(max_length=PLAYERS)] = Field(default_factory=list)
    organizer_plays: bool = True
    organizer_player_id: NewId | None = None
    scorers: Scorers = "everyone"


class SessionChange(Body):
    """What is not there stays as it is; a name of null takes the name away."""

    name: Text | None = None
    scorers: Scorers = "everyone"
    organizer_id: Id = ""


class Join(Body):
    code: Annotated[str, Field(min_length=1, max_length=32)]


class Share(Body):
    money: bool = False


class Claiming(Body):
    code: Annotated[str, Field(min_length=1, max_length=32)] | None = Field(
        None, description="the session's, for whoever is no member yet"
    )


WAITS = "comes, or goes if he is not `active`, with the next event but an undo; the log does not say so yet"


class PlayerOut(BaseModel):
    id: str
    user_id: str | None
    name: str
    active: bool
    paused: bool
    waits: bool = Field(description=WAITS)


class GameOut(BaseModel):
    """As in a result, with its start's id and the breaker; `turn` while it runs."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description=GAME_ID)
    number: int
    state: Literal["running", "ended"]
    reason: Literal["target", "rack_empty", "concede", "timeout", "draw", "abandoned"] | None
    scores: dict[str, int]
    sides: list[list[str]] | None = Field(None, description="of a duel")
    order: list[str] | None = Field(None, description="the circle of a kolkhoz")
    winners: list[str]
    points: dict[str, int | str] = Field(
        description="by the id of the player; a fraction is a text, as `8/3`; of a duel there are none"
    )
    money: Money
    balls_left: int
    breaker: str
    turn: str | None


class NextOut(BaseModel):
    sides: list[list[str]] | None = None
    order: list[str] | None = None
    breaker: str


class TransferOut(BaseModel):
    sender: str = Field(alias="from")
    to: str
    amount: int = Field(description=MINOR)


class TableOut(BaseModel):
    version: int
    state: Literal["open", "finished"]
    players: list[PlayerOut]
    game: GameOut | None = Field(description="the running one, else the last")
    next: NextOut | None
    queue: list[str]
    balances: Money
    transfers: list[TransferOut]
    games_version: int = Field(description="when it has moved, an undo reached an older game: fetch the session")


class SessionHead(BaseModel):
    id: str
    code: str | None
    name: str | None
    state: Literal["open", "finished"]
    version: int
    epoch: str
    organizer_id: str
    scorers: Literal["everyone", "organizer"] | list[str]
    template: TemplateRef | None
    players: list[PlayerOut]
    next: NextOut | None
    balances: Money
    transfers: list[TransferOut]
    created_at: AwareDatetime
    updated_at: AwareDatetime


class SessionItem(SessionHead):
    """A session in a list: its rules are not there to say what its money is in."""

    currency: str


class SessionOut(SessionHead):
    rules: RulesOut
    games: list[GameOut]
    games_version: int
    queue: list[str]


class LineOut(BaseModel):
    """One event of the log: what was posted, and which, by whom and when."""

    model_config = ConfigDict(extra="allow")

    version: int
    id: str
    type: str
    game: str | None = None
    by: str
    at: AwareDatetime
    client_at: AwareDatetime | None = None


class PostedOut(BaseModel):
    version: int
    events: list[LineOut]
    table: TableOut


class LogOut(BaseModel):
    items: list[LineOut]
    version: int
    epoch: str


class KindLeft(BaseModel):
    id: str
    value: int
    count: int
    left: int = Field(description="still on the table")


class SharedGame(BaseModel):
    """As for members, its money only where it was said to be shown."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description=GAME_ID)
    number: int
    scores: dict[str, int]
    rack: list[KindLeft] | None = Field(None, description="of the last game, if it is a kolkhoz")
    stands: Money | None = Field(
        None,
        description="of the last game, if it is a kolkhoz for money and money is shown: what each would get if it "
        f"ended now, {MINOR}",
    )


class SharedPlayer(BaseModel):
    id: str
    name: str
    active: bool
    paused: bool
    waits: bool = Field(description=WAITS)


class SharedOut(BaseModel):
    """The scoreboard; the money only where it was said to be shown."""

    name: str | None
    kind: str
    currency: str
    epoch: str
    version: int
    state: Literal["open", "finished"]
    players: list[SharedPlayer]
    game: SharedGame | None
    games: list[SharedGame]
    next: NextOut | None
    queue: list[str]
    games_version: int
    balances: Money | None = Field(None, description=f"null: not shown; else {MINOR}")
    transfers: list[TransferOut] | None = None
    updated_at: AwareDatetime


class ShareOut(BaseModel):
    url: str


class TicketOut(BaseModel):
    ticket: str
    expires_in: int


class ClaimOut(BaseModel):
    id: str
    session_id: str
    player_id: str
    user_id: str
    name: str
    state: Literal["pending", "accepted", "declined", "withdrawn", "unclaimed"]
    created_at: AwareDatetime


class CaseOut(BaseModel):
    """What `artel replay` reads."""

    id: str
    rules: RulesOut
    players: list[str]
    events: list[dict[str, Any]]
