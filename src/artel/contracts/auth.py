"""What auth tells: people and what they want to be called."""

from typing import ClassVar

from artel.kernel.events import Event


class UserEvent(Event):
    topic: ClassVar[str] = "artel.user.abstract.v1"

    user_id: str
    version: int  # of the profile: 1, 2, 3 …

    @property
    def subject(self) -> str:
        return self.user_id


class UserRegistered(UserEvent):
    topic: ClassVar[str] = "artel.user.registered.v1"

    display_name: str
    username: str | None = None
    avatar_url: str | None = None
    language: str = "ru"
    telegram_id: int | None = None  # for notification alone


class UserUpdated(UserEvent):
    topic: ClassVar[str] = "artel.user.updated.v1"

    display_name: str
    username: str | None = None
    avatar_url: str | None = None
    language: str = "ru"
    telegram_id: int | None = None  # for notification alone


class IdentityLinked(UserEvent):
    topic: ClassVar[str] = "artel.user.identity_linked.v1"

    provider: str  # telegram, google


class IdentityUnlinked(UserEvent):
    topic: ClassVar[str] = "artel.user.identity_unlinked.v1"

    provider: str


class UserMerged(UserEvent):
    """There is no such user any more: he is `into_id`, who was never in one session with him."""

    topic: ClassVar[str] = "artel.user.merged.v1"

    into_id: str


class UserDeleted(UserEvent):
    """Whatever anybody keeps about him goes; where it cannot, it is about nobody."""

    topic: ClassVar[str] = "artel.user.deleted.v1"
