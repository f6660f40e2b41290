"""What game tells. Money is in minor units of `currency`; a result is one element of the engine's `games`."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from artel.kernel.events import Event
from artel.kernel.gone import as_now

NAMELESS: Final = "Игрок"
"""Of somebody whose name is not known yet, or not any more."""


class Player(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str  # the session's own
    user_id: str | None  # None: a guest
    name: str


class Tally(BaseModel):
    """What one player did in one game; `best_series` is the longest run of balls in one visit."""

    model_config = ConfigDict(frozen=True)

    balls: int = 0
    own: int = 0
    lucky: int = 0
    fouls: int = 0
    misses: int = 0
    best_series: int = 0


class SessionEvent(Event):
    topic: ClassVar[str] = "artel.session.abstract.v1"

    session_id: str
    session_version: int
    session_name: str
    organizer_id: str
    players: list[Player]  # everybody who was ever in, in the order of first entry
    kind: str  # americana, moscow, dynamic, kolkhoz
    currency: str

    @property
    def subject(self) -> str:
        return self.session_id

    def as_now(self, gone: Mapping[str, str | None]) -> Self:
        """As it would be said by now of users who are no more (`gone`: who they are). Whoever is nobody has no name."""
        users = as_now({player.id: player.user_id for player in self.players}, gone)
        players = [player.model_copy(update={"user_id": users[player.id]}) for player in self.players]
        for place, player in enumerate(self.players):
            if player.user_id and gone.get(player.user_id, "") is None:
                players[place] = players[place].model_copy(update={"name": NAMELESS})
        organizer = gone.get(self.organizer_id) or self.organizer_id
        return self.model_copy(update={"players": players, "organizer_id": organizer})


class SessionCreated(SessionEvent):
    topic: ClassVar[str] = "artel.session.created.v1"


class SessionPlayerJoined(SessionEvent):
    topic: ClassVar[str] = "artel.session.player_joined.v1"

    player_id: str
    by: str | None = None  # the user who put him in, himself if he came by code; None: not known


class GuestEvent(SessionEvent):
    """`claim_version` counts on with every change of the session's people: of two, the higher one holds."""

    topic: ClassVar[str] = "artel.guest.abstract.v1"

    player_id: str
    user_id: str  # who he turned out to be, or not to be
    claim_version: int


class GuestClaimed(GuestEvent):
    topic: ClassVar[str] = "artel.guest.claimed.v1"


class GuestUnclaimed(GuestEvent):
    topic: ClassVar[str] = "artel.guest.unclaimed.v1"


class GameEvent(SessionEvent):
    topic: ClassVar[str] = "artel.game.abstract.v1"

    game_id: str  # the id of its `start`
    number: int


class GameStarted(GameEvent):
    topic: ClassVar[str] = "artel.game.started.v1"

    lineup: list[str]  # player ids, the breaker's first place is in `breaker`
    breaker: str


class GameFinished(GameEvent):
    """Also published again, with a higher `session_version`, when an undo changes a game that had ended."""

    topic: ClassVar[str] = "artel.game.finished.v1"

    result: dict[str, Any]  # number, state, reason, scores, sides or order, winners, points, money, balls_left
    tallies: dict[str, Tally]
    handicapped: bool
    started_at: AwareDatetime
    finished_at: AwareDatetime


class GameReopened(GameEvent):
    """An undo took back the end of this game: forget its result until it is finished again."""

    topic: ClassVar[str] = "artel.game.reopened.v1"


class SessionFinished(SessionEvent):
    """Also published again when a payment or an undo changes the balances of a finished session."""

    topic: ClassVar[str] = "artel.session.finished.v1"

    games: int
    balances: dict[str, int]
    transfers: list[dict[str, Any]]  # from, to, amount
    money: bool  # False: played for points, nobody owes anybody


class UserMergeAnswered(Event):
    """`met`: they have sat in one session, and cannot be the same person."""

    topic: ClassVar[str] = "artel.user.merge_answered.v1"

    merge_id: str
    met: bool

    @property
    def subject(self) -> str:
        return self.merge_id


class SessionReopened(SessionEvent):
    topic: ClassVar[str] = "artel.session.reopened.v1"


class SessionSettled(SessionEvent):
    """Finished, and every balance is 0."""

    topic: ClassVar[str] = "artel.session.settled.v1"
