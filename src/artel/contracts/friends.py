"""What friends tells. `version` counts the changes between two people, in either direction."""

from typing import ClassVar

from artel.kernel.events import Event


class FriendEvent(Event):
    topic: ClassVar[str] = "artel.friend.abstract.v1"

    user_id: str  # who did it
    other_id: str
    version: int
    quiet: bool = False  # nothing new to the two of them: one of them was another before

    @property
    def subject(self) -> str:
        return ".".join(sorted((self.user_id, self.other_id)))


class FriendRequested(FriendEvent):
    topic: ClassVar[str] = "artel.friend.requested.v1"

    request_id: str
    name: str  # of who asks


class FriendAccepted(FriendEvent):
    topic: ClassVar[str] = "artel.friend.accepted.v1"

    request_id: str
    name: str  # of who accepted


class FriendRemoved(FriendEvent):
    """A friendship ended, or a request was declined or taken back."""

    topic: ClassVar[str] = "artel.friend.removed.v1"

    final: bool = False  # one of them is no more: nothing need be kept of the two


class UserBlocked(FriendEvent):
    """Ends a friendship too."""

    topic: ClassVar[str] = "artel.user.blocked.v1"


class UserUnblocked(FriendEvent):
    topic: ClassVar[str] = "artel.user.unblocked.v1"


class GroupChanged(Event):
    """The whole group as it is now. A group is its owner's alone to see."""

    topic: ClassVar[str] = "artel.group.changed.v1"

    group_id: str
    owner_id: str
    version: int
    name: str
    members: list[str]
    deleted: bool = False

    @property
    def subject(self) -> str:
        return self.group_id
