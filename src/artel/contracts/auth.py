"""What auth tells: people, what they want to be called, and what others may see of them."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict

from artel.kernel.events import Event

Onlookers: TypeAlias = Literal["known", "friends", "nobody"]
"""`known`: friends, and whoever was in one evening with him."""


class Privacy(BaseModel):
    """What others have to keep to; by whom he is found is auth's own affair."""

    model_config = ConfigDict(frozen=True)

    figures: Onlookers = "known"  # who sees his figures
    hide_money: bool = False  # from whoever does see them


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
    privacy: Privacy | None = None  # None: nothing is said of it, and what was said before holds


class IdentityLinked(UserEvent):
    topic: ClassVar[str] = "artel.user.identity_linked.v1"

    provider: str  # telegram, google
    telegram_id: int | None = None  # for notification alone: of the account of Telegram that this is about


class IdentityUnlinked(UserEvent):
    topic: ClassVar[str] = "artel.user.identity_unlinked.v1"

    provider: str
    telegram_id: int | None = None  # for notification alone: of the account of Telegram that this is about


class UserDeletionAsked(UserEvent):
    """He is here until then, and may think again."""

    topic: ClassVar[str] = "artel.user.deletion_asked.v1"

    deletes_at: AwareDatetime


class UserDeletionTakenBack(UserEvent):
    topic: ClassVar[str] = "artel.user.deletion_taken_back.v1"


class UserMergeAsked(Event):
    """May these become one? Game answers, and from then on nobody sits in one session as both, until the one is merged
    or it is dropped. Of each account its id, and then those of whoever became it before."""

    topic: ClassVar[str] = "artel.user.merge_asked.v1"

    merge_id: str
    user_ids: list[str]
    into_ids: list[str]

    @property
    def subject(self) -> str:
        return self.merge_id


class UserMergeDropped(Event):
    """They stay two after all."""

    topic: ClassVar[str] = "artel.user.merge_dropped.v1"

    merge_id: str

    @property
    def subject(self) -> str:
        return self.merge_id


class UserMerged(UserEvent):
    """There is no such user any more: he is `into_id`, who was never in one session with him."""

    topic: ClassVar[str] = "artel.user.merged.v1"

    into_id: str


class UserDeleted(UserEvent):
    """Whatever anybody keeps about him goes; where it cannot, it is about nobody."""

    topic: ClassVar[str] = "artel.user.deleted.v1"


class UserExportRequested(Event):
    """Somebody wants all that is kept about him, and it is the turn of this page of this service."""

    topic: ClassVar[str] = "artel.user.export_requested.v1"

    export_id: str
    user_id: str
    service: str
    page: int = 1
    after: str | None = None  # as the page before said it

    @property
    def subject(self) -> str:
        return self.export_id


class UserExportReady(Event):
    """All parts are there, to be fetched by their owner until then."""

    topic: ClassVar[str] = "artel.user.export_ready.v1"

    export_id: str
    user_id: str
    until: AwareDatetime
    telegram_id: int | None = None  # for notification alone

    @property
    def subject(self) -> str:
        return self.export_id
