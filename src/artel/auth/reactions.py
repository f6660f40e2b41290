"""Who ever sat in one session, as game tells it. Who has left the table has sat there all the same."""

from collections.abc import Mapping

from sqlalchemy import func, select

from artel.auth.tables import seats, users
from artel.contracts.game import (
    GuestClaimed,
    GuestEvent,
    GuestUnclaimed,
    SessionCreated,
    SessionEvent,
    SessionPlayerJoined,
)
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.service import Reaction
from artel.kernel.sql import put_new


def keep_seats(tx: Tx, event: SessionEvent) -> None:
    named = {player.user_id for player in event.players if player.user_id}
    if isinstance(event, GuestEvent):
        named.add(event.user_id)
    known = tx.execute(select(seats.c.user_id).where(seats.c.session_id == event.session_id)).scalars()
    new = named.difference(known)
    if not new:
        return
    # Who is about to become another is waited for, or waits, and then sees this seat.
    found = select(users.c.id, func.coalesce(users.c.merged_into, users.c.id).label("now"))
    found = found.where(users.c.id.in_(new), users.c.deleted_at.is_(None)).order_by(users.c.id)
    later = users.alias()
    deleted = select(later.c.id).where(later.c.deleted_at.is_not(None))
    found = found.where(users.c.merged_into.is_(None) | users.c.merged_into.not_in(deleted))
    for row in tx.execute(found.with_for_update(read=True)).all():
        for user_id in sorted({row.id, row.now}):
            put_new(tx, seats, {"session_id": event.session_id, "user_id": user_id})


REACTIONS: Mapping[type[Event], Reaction] = {
    SessionCreated: keep_seats,
    SessionPlayerJoined: keep_seats,
    GuestClaimed: keep_seats,
    GuestUnclaimed: keep_seats,
}
