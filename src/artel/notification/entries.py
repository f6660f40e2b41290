"""One entry a user and subject, whatever the order in which events come and however often.

All that was heard of a subject is kept as moments. The highest version holds, of equal ones the latest; an entry
dates from the first moment after the last one that took it away.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, delete, false, func, select, true, update

from artel.kernel.database import Tx
from artel.kernel.events import new_id
from artel.kernel.sql import insert_all, lock, older, put_new
from artel.notification.meters import told
from artel.notification.news import News
from artel.notification.preferences import who_wants
from artel.notification.tables import entries, moments

OF_IT = moments.c.subject == bindparam("subject")
LAST_GONE = select(func.coalesce(func.max(moments.c.version), 0)).where(OF_IT, moments.c.live == false())
# The last that took it away, if one did, and all after it.
MOMENTS = select(moments).where(OF_IT, moments.c.version >= LAST_GONE.scalar_subquery())
ENTRIES = select(entries).where(entries.c.subject == bindparam("subject"))
CHANGE = update(entries).where(entries.c.id == bindparam("entry_id"))


class Heard(NamedTuple):
    """How a moment stands among all that are known of its subject."""

    alone: bool
    newest: bool
    since: datetime | None  # when it was first told what still holds; None: nothing does


def tell(
    tx: Tx, subject: str, version: int, at: datetime, news: Mapping[str, News], *, quiet: bool = False
) -> Heard | None:
    """`news` is by user, of one kind, and all there is to tell of the subject: whoever is not in it any more loses his
    entry. `quiet`: what is new calls nobody. What was heard before may come with other names, and gives None."""
    heard = _hear(tx, subject, version, at, live=True)
    if heard is None:
        _correct(tx, subject, version, at, news)
    if heard and heard.newest:
        before = {} if heard.alone else {row.user_id: row for row in tx.execute(ENTRIES, {"subject": subject})}
        _hide(tx, subject, [user_id for user_id in before if user_id not in news])
        if news:
            _put(tx, before, {"subject": subject, "updated_at": at}, news, quiet=quiet)
    if heard and not heard.alone:
        _date(tx, subject, heard.since)
    return heard


def _correct(tx: Tx, subject: str, version: int, at: datetime, news: Mapping[str, News]) -> None:
    """If that is still what holds: the words change, and nobody is called."""
    newest = max((moment.version, moment.at) for moment in tx.execute(MOMENTS, {"subject": subject}))
    for row in tx.execute(ENTRIES, {"subject": subject}).all() if newest == (version, at) else ():
        if row.user_id in news:
            data = news[row.user_id].model_dump(mode="json")
            tx.execute(update(entries).where(entries.c.id == row.id).values(data=data))


def forget(tx: Tx, subject: str, version: int, at: datetime) -> None:
    """There will never be anything to tell of it again: what was told before goes too, and what comes late does not
    show."""
    _hear(tx, subject, version, at, live=False)
    tx.execute(delete(entries).where(entries.c.subject == subject))


def take_away(tx: Tx, subject: str, version: int, at: datetime) -> None:
    heard = _hear(tx, subject, version, at, live=False)
    if heard and heard.newest:
        tx.execute(update(entries).where(entries.c.subject == subject).values(shown=False))
    if heard:
        _date(tx, subject, heard.since)


def _hear(tx: Tx, subject: str, version: int, at: datetime, *, live: bool) -> Heard | None:
    """None for a repeat: all that follows from it is there. From here to the end of the transaction nobody else
    changes the subject."""
    lock(tx, f"subject.{subject}")
    if not put_new(tx, moments, {"subject": subject, "version": version, "at": at, "live": live}):
        return None
    known = tx.execute(MOMENTS, {"subject": subject}).all()
    gone = max((moment.version for moment in known if not moment.live), default=None)
    told = [moment.at for moment in known if moment.live and (gone is None or moment.version > gone)]
    newest = max((moment.version, moment.at) for moment in known)
    return Heard(len(told) == len(known) == 1, newest == (version, at), min(told, default=None))


def _hide(tx: Tx, subject: str, user_ids: Sequence[str]) -> None:
    if user_ids:
        theirs = update(entries).where(entries.c.subject == subject, entries.c.user_id.in_(user_ids))
        tx.execute(theirs.values(shown=False))


def _put(
    tx: Tx, before: Mapping[str, Row[Any]], common: Mapping[str, Any], news: Mapping[str, News], *, quiet: bool
) -> None:
    kind = next(iter(news.values())).kind
    wanted = who_wants(tx, kind, news)
    calls = {user for user in wanted if user not in before or not news[user].same_to_me(before[user].data)}
    calls = set() if quiet else calls
    told(tx, kind, len(calls))
    rows = {user: {**common, "kind": kind, "data": item.model_dump(mode="json")} for user, item in news.items()}
    fresh = {"created_at": common["updated_at"], "read": quiet}
    new = [
        {**row, **fresh, "id": new_id(), "user_id": user, "shown": user in wanted}
        for user, row in rows.items()
        if user not in before
    ]
    insert_all(tx, entries, new)
    # What is on the screen must be true, even of a kind that was switched off since; but it calls nobody again.
    changed = [
        {**row, "entry_id": was.id, "shown": was.shown or user in wanted, "read": was.read and user not in calls}
        for user, row in rows.items()
        if (was := before.get(user))
    ]
    if changed:
        tx.execute(CHANGE, changed)


def _date(tx: Tx, subject: str, since: datetime | None) -> None:
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
