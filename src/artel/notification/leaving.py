"""Somebody is no more: he became another, who has his inbox from now on; or he was deleted."""

from sqlalchemy import delete, or_, select, update

from artel.contracts.auth import UserDeleted, UserMerged
from artel.contracts.game import GuestUnclaimed
from artel.kernel import gone
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.service import Reaction
from artel.kernel.sql import put_new
from artel.notification import letters
from artel.notification.news import OF_ONESELF, deletion_of
from artel.notification.tables import chats, entries, moments, preferences
from artel.notification.tables import letters as letters_table


def merged(tx: Tx, event: UserMerged) -> None:
    if gone.note(tx, event.user_id, event.into_id):
        into_id = gone.known(tx, [event.user_id])[event.user_id]
        if into_id:
            _move(tx, event.user_id, into_id)
            letters.move(tx, event.user_id, into_id)
        _clear(tx, event.user_id)


def deleted(tx: Tx, event: UserDeleted) -> None:
    if gone.note(tx, event.user_id, None):
        _clear(tx, event.user_id)


def _move(tx: Tx, user_id: str, into_id: str) -> None:
    """What it says of friends comes from them anew; what the keeper has chosen holds."""
    known = select(entries.c.subject).where(entries.c.user_id == into_id)
    of_play = entries.c.kind.in_(("session_added", "game_finished", "session_finished"))
    moved = update(entries).where(entries.c.user_id == user_id, of_play, entries.c.subject.not_in(known))
    tx.execute(moved.values(user_id=into_id))
    for row in tx.execute(select(preferences).where(preferences.c.user_id == user_id)).all():
        put_new(tx, preferences, {**row._asdict(), "user_id": into_id})


def _clear(tx: Tx, user_id: str) -> None:
    """What was heard of him alone names him; of play and friends it is what keeps late words out."""
    his = select(entries.c.subject).where(entries.c.user_id == user_id, entries.c.kind.in_(OF_ONESELF))
    asked = moments.c.subject == deletion_of(user_id)  # may have been taken back before it was heard of
    tx.execute(delete(moments).where(or_(moments.c.subject.in_(his), asked)))
    for table in (entries, preferences, chats, letters_table):
        tx.execute(delete(table).where(table.c.user_id == user_id))


def rename_organizer(tx: Tx, event: GuestUnclaimed) -> None:
    """He may have been the one who is a guest now: whoever was put into the evening reads who organizes it."""
    name = next((player.name for player in event.players if player.user_id == event.organizer_id), None)
    subjects = [f"session_added:{event.session_id}:{player.id}" for player in event.players]
    for row in tx.execute(select(entries).where(entries.c.subject.in_(subjects))).all():
        tx.execute(update(entries).where(entries.c.id == row.id).values(data={**row.data, "organizer": name}))


REACTIONS: dict[type[Event], Reaction] = {
    UserMerged: merged,
    UserDeleted: deleted,
    GuestUnclaimed: rename_organizer,
}
