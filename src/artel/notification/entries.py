"""One entry a user and subject, whatever the order in which events come and however often.

All that was heard of a subject is kept as moments. The highest version holds, of equal ones the latest; an entry
dates from the first moment after the last one that took it away.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, false, func, insert, select, true, update

from artel.kernel.database import Tx
from artel.kernel.events import new_id
from artel.kernel.sql import lock, older, put_new
from artel.notification.meters import told
from artel.notification.news import News
from artel.notification.preferences import wants
from artel.notification.tables import entries, moments


def tell(tx: Tx, subject: str, version: int, at: datetime, news: Mapping[str, News]) -> None:
    """`news` is by user, and all there is to tell of the subject: whoever is not in it any more loses his entry."""
    if _is_newest(tx, subject, version, at, live=True):
        before = {row.user_id: row for row in tx.execute(select(entries).where(entries.c.subject == subject))}
        _hide(tx, subject, [user_id for user_id in before if user_id not in news])
        for user_id, item in sorted(news.items()):
            _put(tx, before.get(user_id), {"user_id": user_id, "subject": subject, "updated_at": at}, item)
    _date(tx, subject)


def take_away(tx: Tx, subject: str, version: int, at: datetime) -> None:
    if _is_newest(tx, subject, version, at, live=False):
        tx.execute(update(entries).where(entries.c.subject == subject).values(shown=False))
    _date(tx, subject)


def _is_newest(tx: Tx, subject: str, version: int, at: datetime, *, live: bool) -> bool:
    """False for a repeat, too. From here to the end of the transaction nobody else changes the subject."""
    lock(tx, f"subject.{subject}")
    new = put_new(tx, moments, {"subject": subject, "version": version, "at": at, "live": live})
    of_it = select(moments.c.version, moments.c.at).where(moments.c.subject == subject)
    newest = tx.execute(of_it.order_by(moments.c.version.desc(), moments.c.at.desc()).limit(1)).one()
    return new and (newest.version, newest.at) == (version, at)


def _hide(tx: Tx, subject: str, user_ids: Sequence[str]) -> None:
    if user_ids:
        theirs = update(entries).where(entries.c.subject == subject, entries.c.user_id.in_(user_ids))
        tx.execute(theirs.values(shown=False))


def _put(tx: Tx, before: Row[Any] | None, row: dict[str, Any], item: News) -> None:
    wanted = wants(tx, row["user_id"], item.kind)
    row = {**row, "kind": item.kind, "data": item.model_dump(mode="json")}
    if before is None:
        row |= {"id": new_id(), "read": False, "shown": wanted, "created_at": row["updated_at"]}
        if wanted:
            told(tx, item.kind)
        tx.execute(insert(entries).values(row))
        return
    # What is on the screen must be true, even of a kind that was switched off since; but it calls nobody again.
    row["shown"] = before.shown or wanted
    if wanted and not item.same_to_me(before.data):
        row["read"] = False
        told(tx, item.kind)
    tx.execute(update(entries).where(entries.c.id == before.id).values(row))


def _date(tx: Tx, subject: str) -> None:
    of_it = select(func.max(moments.c.version)).where(moments.c.subject == subject)
    taken_away = tx.execute(of_it.where(moments.c.live == false())).scalar_one()
    first = select(func.min(moments.c.at)).where(moments.c.subject == subject, moments.c.live == true())
    if taken_away is not None:
        first = first.where(moments.c.version > taken_away)
    since = tx.execute(first).scalar_one()
    if since is not None:
        tx.execute(update(entries).where(entries.c.subject == subject).values(created_at=since))


def inbox(tx: Tx, user_id: str, limit: int, seen: tuple[datetime, str] | None) -> Sequence[Row[Any]]:
    """The newest first."""
    mine = select(entries).where(entries.c.user_id == user_id, entries.c.shown == true())
    if seen:
        mine = mine.where(older(entries.c.created_at, entries.c.id, seen))
    newest = mine.order_by(entries.c.created_at.desc(), entries.c.id.desc()).limit(limit)
    return tx.execute(newest).all()


def unread(tx: Tx, user_id: str) -> int:
    mine = (entries.c.user_id == user_id, entries.c.shown == true(), entries.c.read == false())
    return tx.execute(select(func.count()).select_from(entries).where(*mine)).scalar_one()


def mark_read(tx: Tx, user_id: str, ids: Sequence[str] | None, up_to: datetime | None) -> int:
    """How many stay unread."""
    mine = update(entries).where(entries.c.user_id == user_id, entries.c.shown == true(), entries.c.read == false())
    if ids is not None:
        mine = mine.where(entries.c.id.in_(ids))
    if up_to is not None:
        mine = mine.where(entries.c.updated_at <= up_to)
    tx.execute(mine.values(read=True))
    return unread(tx, user_id)
