"""What there is to tell, by kind: facts as the event had them. The words are made when somebody reads them."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict

Kind = Literal[
    "session_added",
    "game_finished",
    "session_finished",
    "friend_requested",
    "friend_accepted",
    "identity_changed",
    "export_ready",
    "deletion_asked",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

Outcome = Literal["won", "lost", "draw", "none"]  # none: abandoned


class News(BaseModel):
    model_config = ConfigDict(frozen=True)

    kind: ClassVar[Kind]
    matters: ClassVar[tuple[str, ...]]
    """The fields whose change makes an entry that was read unread again."""

    def same_to_me(self, before: dict[str, Any]) -> bool:
        now = self.model_dump(mode="json")
        return all(now[name] == before.get(name) for name in self.matters)


class SessionAddedData(News):
    kind = "session_added"
    matters = ()

    session_id: str
    session_name: str  # empty: it has none
    game_kind: str  # americana, moscow, dynamic, kolkhoz
    organizer: str | None  # by name; None: does not play


class GameFinishedData(News):
    kind = "game_finished"
    matters = ("outcome", "score", "points", "money")

    session_id: str
    session_name: str
    game_kind: str
    game_id: str
    number: int
    outcome: Outcome
    score: int  # balls, of the side in a duel
    against: int | None  # the other side's; None in a kolkhoz
    points: int | str | None  # a kolkhoz only; "8/3" where they do not divide
    money: int | None  # None: none moved
    currency: str | None
    winners: Sequence[str]  # names


class Counterparty(BaseModel):
    model_config = ConfigDict(frozen=True)

    player_id: str
    name: str
    amount: int


class SessionFinishedData(News):
    kind = "session_finished"
    matters = ("balance", "pay", "receive")

    session_id: str
    session_name: str
    game_kind: str
    games: int
    balance: int | None  # None: played for points
    currency: str | None
    pay: Sequence[Counterparty]
    receive: Sequence[Counterparty]


class FriendData(News):
    matters = ("request_id",)

    request_id: str
    user_id: str
    name: str


class FriendRequestedData(FriendData):
    kind = "friend_requested"


class FriendAcceptedData(FriendData):
    kind = "friend_accepted"


class IdentityChangedData(News):
    kind = "identity_changed"
    matters = ("linked",)

    provider: str  # telegram, google
    linked: bool


class ExportReadyData(News):
    kind = "export_ready"
    matters = ("export_id",)

    export_id: str
    until: AwareDatetime  # so long it may be fetched


OF_ONESELF: Final[tuple[Kind, ...]] = ("identity_changed", "export_ready", "deletion_asked")
"""Of nobody else: a subject of these is one user's."""


def deletion_of(user_id: str) -> str:
    """The subject of it."""
    return f"deletion:{user_id}"


class DeletionAskedData(News):
    kind = "deletion_asked"
    matters = ("deletes_at",)

    deletes_at: AwareDatetime  # so long it may be taken back


NEWS: Final[dict[str, type[News]]] = {
    news.kind: news
    for news in (
        SessionAddedData,
        GameFinishedData,
        SessionFinishedData,
        FriendRequestedData,
        FriendAcceptedData,
        IdentityChangedData,
        ExportReadyData,
        DeletionAskedData,
    )
}
