"""What notification keeps about somebody, for himself."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, Select, select

from artel.kernel.takeout import Rows
from artel.notification.news import NEWS
from artel.notification.tables import chats, entries, letters, preferences
from artel.notification.texts import text


def _entries(user_id: str) -> Select[Any]:
    columns = ("id", "kind", "data", "read", "shown", "created_at", "updated_at")
    return select(*(entries.c[name] for name in columns)).where(entries.c.user_id == user_id)


def _as_read(row: Row[Any], _user_id: str) -> Mapping[str, Any]:
    """With the words it has on the screen, in both languages."""
    news = NEWS[row.kind].model_validate(row.data)
    return {**row._asdict(), "text": {"ru": text(news, "ru"), "en": text(news, "en")}}


def _preferences(user_id: str) -> Select[Any]:
    return select(preferences.c.kind, preferences.c.enabled).where(preferences.c.user_id == user_id)


def _chats(user_id: str) -> Select[Any]:
    columns = (chats.c.user_id, chats.c.telegram_id, chats.c.language, chats.c.closed_at)
    return select(*columns).where(chats.c.user_id == user_id)


def _letters(user_id: str) -> Select[Any]:
    """On their way to Telegram."""
    columns = ("id", "kind", "data", "at", "chat", "due", "tries")
    return select(*(letters.c[name] for name in columns)).where(letters.c.user_id == user_id)


CHAPTERS: Final = (
    Rows("notifications.json", _entries, [entries.c.id], _as_read),
    Rows("preferences.json", _preferences, [preferences.c.kind]),
    Rows("telegram.json", _chats, [chats.c.user_id]),
    Rows("letters.json", _letters, [letters.c.id]),
)
