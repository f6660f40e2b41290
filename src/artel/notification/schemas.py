from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, model_validator

from artel.kernel.http import Body, Id, Page
from artel.notification.news import (
    DeletionAskedData,
    ExportReadyData,
    FriendAcceptedData,
    FriendRequestedData,
    GameFinishedData,
    IdentityChangedData,
    Kind,
    SessionAddedData,
    SessionFinishedData,
)


class NotificationCommon(BaseModel):
    id: str
    title: str
    body: str
    read: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime  # of the correction that is shown


class SessionAddedNotification(NotificationCommon):
    kind: Literal["session_added"]
    data: SessionAddedData


class GameFinishedNotification(NotificationCommon):
    kind: Literal["game_finished"]
    data: GameFinishedData


class SessionFinishedNotification(NotificationCommon):
    kind: Literal["session_finished"]
    data: SessionFinishedData


class FriendRequestedNotification(NotificationCommon):
    kind: Literal["friend_requested"]
    data: FriendRequestedData


class FriendAcceptedNotification(NotificationCommon):
    kind: Literal["friend_accepted"]
    data: FriendAcceptedData


class IdentityChangedNotification(NotificationCommon):
    kind: Literal["identity_changed"]
    data: IdentityChangedData


class ExportReadyNotification(NotificationCommon):
    kind: Literal["export_ready"]
    data: ExportReadyData


class DeletionAskedNotification(NotificationCommon):
    kind: Literal["deletion_asked"]
    data: DeletionAskedData


NotificationOut = Annotated[
    SessionAddedNotification
    | GameFinishedNotification
    | SessionFinishedNotification
    | FriendRequestedNotification
    | FriendAcceptedNotification
    | IdentityChangedNotification
    | ExportReadyNotification
    | DeletionAskedNotification,
    Field(discriminator="kind"),
]


class NotificationsPage(Page[NotificationOut]):
    """Notifications by pages, the newest first; `unread` counts all of them."""

    unread: int


def _written(value: object) -> object:
    """RFC 3339 only: a bare number would be read as seconds."""
    if not isinstance(value, str) or "T" not in value.upper():
        raise ValueError("must be a time such as 2026-11-22T18:30:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of bounds") from error


Moment = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_written, json_schema_input_type=datetime),
    AfterValidator(_in_utc),
]


class NotificationsRead(Body):
    """Either `ids` or `up_to`. Ids that are not the caller's own are passed over."""

    ids: Annotated[list[Id], Field(max_length=100)] | None = None
    up_to: Moment | None = Field(None, description="whatever has not changed after this moment")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.ids is None) == (self.up_to is None):
            raise ValueError("give either ids or up_to")
        return self


class UnreadOut(BaseModel):
    unread: int


class NotificationPreferences(BaseModel):
    """Every kind there is, and whether it comes."""

    kinds: dict[Kind, bool]


class NotificationPreferencesChange(Body):
    """Kinds that are left out stay as they are."""

    kinds: dict[Kind, bool]
