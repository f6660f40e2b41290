from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from artel.kernel.http import Body, Id, Page, Text

Direction = Literal["incoming", "outgoing"]


class FriendAsk(Body):
    user_id: Id


class BlockAsk(Body):
    user_id: Id


class GroupNew(Body):
    name: Text
    members: Annotated[list[Id], Field(max_length=100, default_factory=list)]


class GroupChange(Body):
    name: Text


class Acquaintance(BaseModel):
    """Somebody the caller has to do with."""

    user_id: str
    display_name: str
    username: str | None
    avatar_url: str | None


class FriendOut(Acquaintance):
    since: AwareDatetime


class FriendRequestOut(Acquaintance):
    """The other side of a request, seen by the caller."""

    id: str
    direction: Direction
    state: Literal["pending", "accepted", "declined", "withdrawn"]
    created_at: AwareDatetime


class FriendsPage(Page[FriendOut]):
    """Friends by pages; beside them the newest 100 requests that wait for an answer."""

    incoming: list[FriendRequestOut]
    outgoing: list[FriendRequestOut]


class BlockOut(Acquaintance):
    since: AwareDatetime


class GroupOut(BaseModel):
    """Seen by its owner alone."""

    id: str
    name: str
    members: list[Acquaintance]
    created_at: AwareDatetime
