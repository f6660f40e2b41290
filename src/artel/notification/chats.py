"""Who has which chat in Telegram, as auth tells it; whether anybody hears there, Telegram says."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from artel.contracts.auth import UserRegistered, UserUpdated
from artel.kernel.database import Tx
from artel.kernel.events import now
from artel.kernel.sql import lock, put_newest
from artel.notification.tables import chats

CLOSED = timedelta(days=1)


def of(tx: Tx, user_id: str) -> Row[Any] | None:
    return tx.execute(select(chats).where(chats.c.user_id == user_id)).one_or_none()


def is_open(known: Row[Any]) -> bool:
    """A chat that was closed is tried again some time: he may have let the bot in since, which nobody tells."""
    return bool(known.closed_at is None or known.closed_at <= now() - CLOSED)


def hold(tx: Tx, user_id: str) -> None:
    """Until the transaction ends nobody else changes his chat, or writes to it."""
    lock(tx, f"chat.{user_id}")


def keep(tx: Tx, told: UserRegistered | UserUpdated) -> None:
    """The newest version holds; each opens a chat that was closed, because he may have let the bot in again."""
    if isinstance(told, UserUpdated) and told.telegram_id is None and told.privacy is None:
        _keep_language(tx, told)
        return
    row = {"user_id": told.user_id, "version": told.version, "language": told.language}
    put_newest(tx, chats, {**row, "telegram_id": told.telegram_id, "closed_at": None})


def _keep_language(tx: Tx, told: UserUpdated) -> None:
    """Of a process that is so old that it says nothing of Telegram: what was known of that stays."""
    older = update(chats).where(chats.c.user_id == told.user_id, chats.c.version < told.version)
    tx.execute(older.values(version=told.version, language=told.language, closed_at=None))


def close(tx: Tx, telegram_id: int) -> None:
    """Nobody hears there until auth tells of him again, or for a day."""
    tx.execute(update(chats).where(chats.c.telegram_id == telegram_id).values(closed_at=now()))
