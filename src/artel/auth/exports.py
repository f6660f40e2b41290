"""Somebody wants all that is kept about him: every service tells its part in pages, which wait here to be fetched.

A page asks for the next one, so that nobody ever holds more than one in memory, and of a page that comes twice the
second is passed over. What is late is given up: he may ask again.
"""

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import orjson
import structlog
from sqlalchemy import Row, and_, delete, insert, or_, select, update

from artel.auth import audit, people
from artel.auth.audit import Where
from artel.auth.tables import export_pages, exports
from artel.auth.takeout import CHAPTERS
from artel.contracts.auth import UserExportReady, UserExportRequested
from artel.contracts.export import ASKED, UserExportPart, telling
from artel.kernel.database import Database, Tx
from artel.kernel.errors import Problem, not_found, rate_limited
from artel.kernel.events import Event, new_id, now
from artel.kernel.outbox import emit
from artel.kernel.service import Context, Reaction
from artel.kernel.sql import delete_some, put_new
from artel.kernel.takeout import Piece

log = structlog.get_logger()
PATIENCE = timedelta(hours=1)
CLOCKS = timedelta(minutes=10)
"""By so much processes may differ in what time it is. What is late for one may still become whole by another."""
KEPT = timedelta(days=7)
DAY = timedelta(days=1)
A_DAY = 3
"""Of one user, but for those that failed."""
PAUSE_SECONDS = 600
AT_ONCE = 100
"""Pages that go in one transaction."""

Export = Row[Any]
State: TypeAlias = Literal["preparing", "ready", "failed"]


def state_of(export: Export) -> State:
    if export.ready_at:
        return "ready"
    return "preparing" if export.created_at > now() - PATIENCE else "failed"


def until(export: Export) -> datetime:
    """So long it is kept."""
    made: datetime = export.created_at
    return made + KEPT


def of_user(tx: Tx, user_id: str) -> Sequence[Export]:
    """The newest first, as long as they are kept."""
    mine = select(exports).where(exports.c.user_id == user_id, exports.c.created_at > now() - KEPT)
    return tx.execute(mine.order_by(exports.c.created_at.desc(), exports.c.id.desc())).all()


def get(tx: Tx, user_id: str, export_id: str) -> Export:
    export = next((export for export in of_user(tx, user_id) if export.id == export_id), None)
    if export is None:
        raise not_found()
    return export


def request(tx: Tx, user_id: str, here: Where) -> Export:
    """The one that is being prepared, or else a new one. 404 for whoever is no more."""
    people.hold(tx, user_id)  # nor will be meanwhile: what he has asked for goes with him
    people.get(tx, user_id)
    known = of_user(tx, user_id)
    if known and state_of(known[0]) == "preparing":
        return known[0]
    counted = [each.created_at for each in known if state_of(each) == "ready" and each.created_at > now() - DAY]
    if len(counted) >= A_DAY:
        raise rate_limited((counted[A_DAY - 1] + DAY - now()).total_seconds())
    export_id = new_id()
    tx.execute(insert(exports).values(id=export_id, user_id=user_id, created_at=now()))
    audit.note(tx, here, "export_requested", user_id=user_id)
    emit(tx, *(UserExportRequested(export_id=export_id, user_id=user_id, service=each) for each in ASKED))
    return get(tx, user_id, export_id)


def keep_part(tx: Tx, part: UserExportPart) -> None:
    """One part of an export at a time, so that the last one sees all others."""
    wanted = select(exports).where(exports.c.id == part.export_id, exports.c.user_id == part.user_id)
    export = tx.execute(wanted.with_for_update()).one_or_none()
    if export is None or state_of(export) != "preparing":
        return
    pieces = zlib.compress(orjson.dumps([piece.model_dump() for piece in part.pieces]))
    key = {"export_id": part.export_id, "service": part.service, "page": part.page}
    if not put_new(tx, export_pages, {**key, "last": part.after is None, "pieces": pieces}):
        return
    if part.after is not None:
        about = {**key, "user_id": part.user_id, "page": part.page + 1}
        emit(tx, UserExportRequested(**about, after=part.after))
    elif _whole(tx, part.export_id) >= set(ASKED):
        _ready(tx, export)


def _ready(tx: Tx, export: Export) -> None:
    tx.execute(update(exports).where(exports.c.id == export.id).values(ready_at=now()))
    number = next(iter(people.in_telegram(tx, export.user_id)), None)
    emit(tx, UserExportReady(export_id=export.id, user_id=export.user_id, until=until(export), telegram_id=number))


def _whole(tx: Tx, export_id: str) -> set[str]:
    """Which services have said all they have to say."""
    last = select(export_pages.c.service).where(export_pages.c.export_id == export_id, export_pages.c.last)
    return set(tx.execute(last).scalars())


REACTIONS: Mapping[type[Event], Reaction] = {
    UserExportRequested: telling("auth", CHAPTERS),
    UserExportPart: keep_part,
}


def fetch(tx: Tx, user_id: str, export_id: str, here: Where) -> Export:
    export = get(tx, user_id, export_id)
    if state_of(export) != "ready":
        raise Problem(409, "export_not_ready", "This export is not there to be fetched: see its state.")
    audit.note(tx, here, "export_fetched", user_id=user_id)
    return export


def forget(tx: Tx, user_id: str) -> None:
    """All of somebody's; a part that is on its way waits for it, and then finds nothing."""
    his = select(exports.c.id).where(exports.c.user_id == user_id)
    ids = list(tx.execute(his.with_for_update()).scalars())
    tx.execute(delete(export_pages).where(export_pages.c.export_id.in_(ids)))
    tx.execute(delete(exports).where(exports.c.id.in_(ids)))


def told(tx: Tx, export_id: str, service: str, page: int) -> tuple[list[Piece], bool]:
    """What is on a page, and whether it is the last one. LookupError: it is gone."""
    this = and_(export_pages.c.export_id == export_id, export_pages.c.service == service, export_pages.c.page == page)
    row = tx.execute(select(export_pages).where(this)).one_or_none()
    if row is None:
        raise LookupError("this export has just grown old")
    return [Piece(**piece) for piece in orjson.loads(zlib.decompress(row.pieces))], row.last


async def tidy(database: Database) -> None:
    """What is late or old goes."""
    while await database.write(_tidy):
        pass


def _tidy(tx: Tx) -> int:
    late = and_(exports.c.ready_at.is_(None), exports.c.created_at <= now() - PATIENCE - CLOCKS)
    old = select(exports.c.id).where(or_(late, exports.c.created_at <= now() - KEPT))
    gone = delete_some(tx, export_pages, export_pages.c.export_id.in_(old), export_pages.c.export_id, AT_ONCE)
    if not gone:
        empty = ~select(export_pages.c.page).where(export_pages.c.export_id == exports.c.id).exists()
        tx.execute(delete(exports).where(exports.c.created_at <= now() - KEPT, empty))
    return gone


async def tidying(auth: Context) -> None:
    """For ever."""
    while True:
        try:
            await tidy(auth.database)
        except Exception as error:  # noqa: BLE001 an outage passes, and the next round finds it
            log.warning("old exports could not be removed", error=error)
        await asyncio.sleep(PAUSE_SECONDS)
