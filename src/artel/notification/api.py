from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import TypeAdapter
from sqlalchemy import Row

from artel.kernel.caller import CallerDep
from artel.kernel.database import Tx
from artel.kernel.http import Paging, PagingDep
from artel.kernel.service import Context, context_of
from artel.kernel.token import Caller
from artel.notification import entries, preferences
from artel.notification.news import NEWS
from artel.notification.schemas import (
    NotificationOut,
    NotificationPreferences,
    NotificationPreferencesChange,
    NotificationsPage,
    NotificationsRead,
    UnreadOut,
)
from artel.notification.texts import language, text

NotificationDep = Annotated[Context, Depends(context_of("notification"))]
NOTIFICATION: Final[TypeAdapter[NotificationOut]] = TypeAdapter(NotificationOut)

router = APIRouter()


@router.get("/notifications", tags=["notifications"])
async def list_notifications(notification: NotificationDep, caller: CallerDep, paging: PagingDep) -> NotificationsPage:
    """My notifications, the newest first, in the language of the caller's token."""
    return await notification.database.read(_notifications_page, caller, paging)


def _notifications_page(tx: Tx, caller: Caller, paging: Paging) -> NotificationsPage:
    rows = entries.inbox(tx, caller.user_id, paging.limit + 1, paging.moment_and_id())
    page = paging.page(rows, lambda row: [row.created_at.isoformat(), row.id])
    items = [_shown(row, caller.lang) for row in page.items]
    return NotificationsPage(items=items, next_cursor=page.next_cursor, unread=entries.unread(tx, caller.user_id))


def _shown(row: Row[Any], tag: str) -> NotificationOut:
    """An entry as its reader sees it; `tag` is BCP 47."""
    data = NEWS[row.kind].model_validate(row.data)
    title, body = text(data, language(tag))
    common = {name: getattr(row, name) for name in ("id", "kind", "read", "created_at", "updated_at")}
    return NOTIFICATION.validate_python({**common, "title": title, "body": body, "data": data})


@router.post("/notifications/read", tags=["notifications"])
async def mark_notifications_read(
    notification: NotificationDep, caller: CallerDep, body: NotificationsRead
) -> UnreadOut:
    left = await notification.database.write(entries.mark_read, caller.user_id, body.ids, body.up_to)
    return UnreadOut(unread=left)


@router.get("/notifications/preferences", tags=["notifications"])
async def get_notification_preferences(notification: NotificationDep, caller: CallerDep) -> NotificationPreferences:
    kinds = await notification.database.read(preferences.kinds_of, caller.user_id)
    return NotificationPreferences(kinds=kinds)


@router.put("/notifications/preferences", tags=["notifications"])
async def put_notification_preferences(
    notification: NotificationDep, caller: CallerDep, body: NotificationPreferencesChange
) -> NotificationPreferences:
    """A kind that is switched off makes no entries from then on; those that are there stay."""
    kinds = await notification.database.write(preferences.choose, caller.user_id, body.kinds)
    return NotificationPreferences(kinds=kinds)
