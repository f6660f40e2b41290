"""What is told outside of the app: a row for each chat, made with what it tells of, and gone when it was told.

A letter goes to the chat that its user has as of the version of his profile in which it happened. Whoever hears of that
version later than of what happened keeps the letter for a minute, and then takes the chat that he knows.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update

from artel.kernel.database import Tx
from artel.kernel.events import born, new_id, now
from artel.kernel.sql import insert_all
from artel.notification import chats
from artel.notification.news import NEWS, Kind, News
from artel.notification.tables import letters

TOO_LATE = timedelta(days=1)
"""Since it happened: what could not be told for so long is not told in a heap when it can."""
PATIENCE = timedelta(minutes=1)
LEASE = timedelta(minutes=1)
"""Longer than Telegram is waited for. Who dies meanwhile leaves a letter that goes once more: it may come twice."""


class Letter(NamedTuple):
    """One to be sent now; `ended`: why it will never be, and then there is no chat."""

    id: str
    user_id: str
    news: News
    language: str
    chat: int
    tries: int
    ended: str = ""


def write(tx: Tx, user_id: str, news: News, at: datetime, *, version: int = 0, also: int | None = None) -> None:
    """To the chat that he has as of `version`, and to the chat `also`, which may be his no more."""
    if at <= now() - TOO_LATE:
        return
    chats.hold(tx, user_id)
    row = {"user_id": user_id, "kind": news.kind, "data": news.model_dump(mode="json"), "at": at, "version": version}
    known = chats.of(tx, user_id)
    new = [{"chat": also, "besides": None, "due": now()}] if also is not None else []
    if known is None or known.version < version:
        new.append({"chat": None, "besides": also, "due": now() + PATIENCE})
    elif chats.is_open(known) and known.telegram_id not in {None, also}:
        new.append({"chat": known.telegram_id, "besides": also, "due": now()})
    insert_all(tx, letters, [{**row, **each, "id": new_id(), "tries": 0} for each in new])


def address(tx: Tx, user_id: str) -> None:
    """Those that wait for what is known of him now."""
    known = chats.of(tx, user_id)
    if known is None:
        return
    waiting = and_(letters.c.user_id == user_id, letters.c.chat.is_(None), letters.c.version <= known.version)
    if known.telegram_id is None:
        tx.execute(delete(letters).where(waiting))
    else:
        tx.execute(delete(letters).where(waiting, letters.c.besides == known.telegram_id))
        tx.execute(update(letters).where(waiting).values(chat=known.telegram_id, due=now()))


def take_back(tx: Tx, user_id: str, kind: Kind, version: int) -> None:
    """What has not gone yet is not true any more."""
    his = and_(letters.c.user_id == user_id, letters.c.kind == kind, letters.c.version < version)
    tx.execute(delete(letters).where(his))


def move(tx: Tx, user_id: str, into_id: str) -> None:
    """What was on its way to a chat still goes there."""
    his = and_(letters.c.user_id == user_id, letters.c.chat.is_not(None))
    tx.execute(update(letters).where(his).values(user_id=into_id))


# Sending


def _due() -> ColumnElement[bool]:
    """What a newer release has written of is left to it."""
    return and_(letters.c.due <= now(), letters.c.kind.in_(NEWS))


def is_due(tx: Tx) -> bool:
    return tx.execute(select(letters.c.id).where(_due()).limit(1)).one_or_none() is not None


def claim(tx: Tx) -> Letter | None:
    """The first that is due: nobody else has it until it is settled, or its lease has run out."""
    due = select(letters).where(_due()).order_by(letters.c.due, letters.c.id).limit(1)
    row = tx.execute(due.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    letter = _addressed(row, chats.of(tx, row.user_id))
    if letter.ended:
        finish(tx, letter)
    else:
        tx.execute(update(letters).where(letters.c.id == row.id).values(due=now() + LEASE, tries=letter.tries))
    return letter


def _addressed(row: Row[Any], known: Row[Any] | None) -> Letter:
    chat = row.chat
    if chat is None and known is not None and chats.is_open(known):
        chat = known.telegram_id
    ended = "given_up" if row.at <= now() - TOO_LATE else "no_chat" if chat in {None, row.besides} else ""
    news, language = NEWS[row.kind].model_validate(row.data), known.language if known else "ru"
    return Letter(row.id, row.user_id, news, language, chat or 0, row.tries + 1, ended)


def finish(tx: Tx, letter: Letter) -> None:
    tx.execute(delete(letters).where(letters.c.id == letter.id))


def close(tx: Tx, letter: Letter) -> int:
    """Nobody hears in its chat: how many letters that have not gone it was."""
    chats.close(tx, letter.chat)
    return tx.execute(delete(letters).where(or_(letters.c.chat == letter.chat, letters.c.id == letter.id))).rowcount


def put_off(tx: Tx, letter: Letter, seconds: float, *, tried: bool = True) -> None:
    """`tried`: one more try of this letter, and not of the bot, has failed."""
    later = {"due": now() + timedelta(seconds=seconds), "tries": letter.tries - (not tried)}
    tx.execute(update(letters).where(letters.c.id == letter.id).values(later))


class Waiting(NamedTuple):
    """`oldest`: when the first was written, in seconds since 1970; 0 where there is none."""

    many: int
    oldest: float


def waiting(tx: Tx) -> Waiting:
    many, first = tx.execute(select(func.count(), func.min(letters.c.id))).one()
    return Waiting(many, born(first) if first else 0.0)
