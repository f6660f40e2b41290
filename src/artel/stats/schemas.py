from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from artel.kernel.http import Body, Id

Kind: TypeAlias = Literal["americana", "moscow", "dynamic", "kolkhoz"]
PeriodName: TypeAlias = Literal["all", "year", "month", "week", "day"]
By: TypeAlias = Literal["rating", "wins", "balance"]
Outcome: TypeAlias = Literal["win", "loss", "draw", "abandoned"]

PERIODS: dict[PeriodName, timedelta | None] = {
    "all": None,
    "year": timedelta(days=365),
    "month": timedelta(days=30),
    "week": timedelta(days=7),
    "day": timedelta(days=1),
}


def _blank_is_none(value: object) -> object:
    """`?game=&period=` asks for nothing in particular."""
    return value or None


Blank = BeforeValidator(_blank_is_none)
Game = Annotated[Kind | None, Blank]
Period = Annotated[PeriodName | None, Blank]
Ranking = Annotated[By | None, Blank]
Player = Annotated[Id | None, Blank]
Currency = Annotated[Annotated[str, Field(pattern="^[A-Z]{3}$")] | None, Blank]
Scope = Annotated[Annotated[str, Field(pattern="^(all|friends|group:[0-9a-f-]{36})$")] | None, Blank]


class Figures(BaseModel):
    """Money is what was won and lost at the table, in minor units; expenses and payments are no game's."""

    games: int
    wins: int
    losses: int
    draws: int
    abandoned: int
    balls: int
    own: int
    fouls: int
    misses: int
    best_series: int
    balance: dict[str, int] | None = Field(description="by currency; null: not for the caller to see")


class RatingPoint(BaseModel):
    at: AwareDatetime
    game_id: str
    rating: float


class KindFigures(Figures):
    """`rating` is null before the first rated game, and says little while `provisional`."""

    game: Kind
    rating: float | None
    rated_games: int
    provisional: bool
    rating_history: list[RatingPoint] = Field(description="the last 100 in the period, the oldest first")


class PlayerFigures(Figures):
    user_id: str
    display_name: str
    period: PeriodName
    kinds: list[KindFigures]


class LeaderOut(BaseModel):
    """`rating`, and `balance` with its currency, only where they were asked for."""

    rank: int
    user_id: str
    display_name: str
    games: int
    wins: int
    rating: float | None
    provisional: bool | None
    balance: int | None
    currency: str | None


class HistoryPlayer(BaseModel):
    """Null where the caller may not know: who, or how much money. A guest is nobody's user."""

    user_id: str | None
    display_name: str | None
    side: int
    score: int
    points: str | None = Field(description="kolkhoz: an integer or a fraction in lowest terms")
    place: int | None
    outcome: Outcome
    money: int | None


class HistorySession(BaseModel):
    """The evening; only for those who were there. `balance` is the player's at its end, expenses included."""

    id: str
    name: str | None
    finished: bool
    balance: int | None


class HistoryItem(BaseModel):
    game_id: str
    game: Kind
    number: int
    reason: str
    started_at: AwareDatetime
    finished_at: AwareDatetime
    currency: str
    outcome: Outcome
    score: int
    money: int | None
    rating_change: float | None
    session: HistorySession | None
    players: list[HistoryPlayer]


class Meetings(BaseModel):
    """`games`: both were in; `partners`: on one side. A win is a better place: in kolkhoz by points."""

    games: int
    partners: int
    a_wins: int
    b_wins: int
    draws: int
    balance: dict[str, int] | None = Field(description="what a got from b, by currency; null: not for the caller")


class KindMeetings(Meetings):
    game: Kind


class HeadToHead(Meetings):
    a: str
    b: str
    kinds: list[KindMeetings]


class FlowOut(BaseModel):
    """Above 0: the player got it from this person."""

    user_id: str
    display_name: str
    net: dict[str, int]


class Flows(BaseModel):
    """`items`, `guests` and `others` together are the player's balance. `others`: users the caller may not know."""

    player: str
    items: list[FlowOut]
    guests: dict[str, int]
    others: dict[str, int]


class TraceComparison(BaseModel):
    """One player met; `expected` and `actual` are between 0 and 1. Null: somebody the caller may not know."""

    user_id: str | None
    display_name: str | None
    rating: float
    expected: float
    actual: float
    change: float


class TraceItem(BaseModel):
    game_id: str
    game: Kind
    finished_at: AwareDatetime
    number: int = Field(description="1, 2, 3 … among the rated games of this kind")
    before: float
    after: float
    change: float
    comparisons: list[TraceComparison]


class StatsPreferences(Body):
    listed: bool = Field(description="in leaderboards for everybody")
