"""Somebody wants to be deleted: he is signed out at once, may think again for two weeks, and then is nobody."""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, delete, not_, select

from artel.auth import asking, audit, exports, people, tokens
from artel.auth.audit import NOWHERE, Where
from artel.auth.ended import KEPT_SECONDS
from artel.auth.tables import identities, seats, sign_ins, users
from artel.contracts.auth import UserDeleted, UserDeletionAsked, UserDeletionTakenBack
from artel.kernel import idempotency
from artel.kernel.database import Database, Tx
from artel.kernel.events import now
from artel.kernel.outbox import emit
from artel.kernel.service import Context
from artel.kernel.sql import delete_some

log = structlog.get_logger()
MAY_RETURN = timedelta(days=14)
LOOK_SECONDS = 60
AT_ONCE = 100
"""Users looked for at a time; each is a transaction of his own."""
ROWS_AT_ONCE = 1000


def ask(tx: Tx, user_id: str, here: Where) -> datetime:
    """When it will be done. To ask again does not put it off, and ends what sign-ins there are since."""
    people.hold(tx, user_id)
    user = people.get(tx, user_id)
    at: datetime = user.deletes_at or now() + MAY_RETURN
    if user.deletes_at is None:
        told = people.announce(tx, user_id, deletes_at=at)
        emit(tx, UserDeletionAsked(user_id=user_id, version=told.version, deletes_at=at))
        audit.note(tx, here, "deletion_asked", user_id=user_id)
    tokens.sign_out_everywhere(tx, user_id)
    return at


def take_back(tx: Tx, user_id: str, here: Where) -> None:
    people.hold(tx, user_id)
    if people.get(tx, user_id).deletes_at is not None:
        told = people.announce(tx, user_id, deletes_at=None)
        emit(tx, UserDeletionTakenBack(user_id=user_id, version=told.version))
        audit.note(tx, here, "deletion_taken_back", user_id=user_id)


def due(tx: Tx) -> list[str]:
    """Without those who are blocked: to begin anew would be a way out of it."""
    found = select(users.c.id).where(_is_due()).order_by(users.c.deletes_at).limit(AT_ONCE)
    return list(tx.execute(found).scalars())


def _is_due() -> ColumnElement[bool]:
    return and_(users.c.deletes_at <= now(), users.c.blocked_at.is_(None), people.HERE)


def delete_user(tx: Tx, user_id: str) -> bool:
    """False: he has thought again, or it is done."""
    people.hold(tx, user_id)
    if tx.execute(select(users.c.id).where(users.c.id == user_id, _is_due())).one_or_none() is None:
        return False
    people.hold_identities(tx, user_id)
    tx.execute(delete(identities).where(identities.c.user_id == user_id))
    tokens.end_for_good(tx, user_id)
    his = [user_id, *tx.execute(select(users.c.id).where(users.c.merged_into == user_id)).scalars()]
    tx.execute(delete(seats).where(seats.c.user_id.in_(his)))
    asking.forget(tx, *his)
    people.clear(tx, user_id, deletes_at=None, deleted_at=now())
    exports.forget(tx, user_id)
    idempotency.forget(tx, user_id)
    audit.note(tx, NOWHERE, "deleted", user_id=user_id)
    audit.forget(tx, his)
    version = tx.execute(select(users.c.version).where(users.c.id == user_id)).scalar_one()
    emit(tx, UserDeleted(user_id=user_id, version=version))
    return True


def sweep(tx: Tx, limit: int) -> int:
    """The sign-ins of those who are no more, once all access tokens of theirs have run out; how many."""
    dead = select(users.c.id).where(users.c.id == sign_ins.c.user_id, not_(people.HERE))
    told = sign_ins.c.revoked_at < now() - timedelta(seconds=KEPT_SECONDS)
    return delete_some(tx, sign_ins, and_(told, dead.exists()), sign_ins.c.revoked_at, limit)


async def delete_due(database: Database) -> None:
    """Any number of processes may be at it."""
    while any([await _delete(database, user_id) for user_id in await database.read(due)]):
        pass
    for old in (sweep, tokens.sweep, audit.sweep, asking.sweep):
        while await database.write(old, ROWS_AT_ONCE) == ROWS_AT_ONCE:
            pass


async def _delete(database: Database, user_id: str) -> bool:
    """One that fails keeps nobody else."""
    try:
        return await database.write(delete_user, user_id)
    except Exception as error:  # noqa: BLE001 whatever it is, the next round finds him again
        log.warning("who is to be deleted still is here", user_id=user_id, error=error)
        return False


async def deleting(auth: Context) -> None:
    """For ever."""
    while True:
        try:
            await delete_due(auth.database)
        except Exception as error:  # noqa: BLE001 an outage passes, and the next round finds all that is due
            log.warning("who is to be deleted still is here", error=error)
        await asyncio.sleep(LOOK_SECONDS)
