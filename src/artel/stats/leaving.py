"""Somebody is no more: he became another, or was deleted. All that is known of him follows at once, as if it had been
said so from the beginning; game then says the same of each evening."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, and_, delete, exists, select, update

from artel.contracts.auth import UserDeleted, UserMerged
from artel.contracts.game import NAMELESS
from artel.kernel import gone
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.service import Reaction
from artel.stats.replay import replay
from artel.stats.tables import flows, games, lines, listings, people, privacies, session_players


def merged(tx: Tx, event: UserMerged) -> None:
    if gone.note(tx, event.user_id, event.into_id):
        into_id = gone.known(tx, [event.user_id])[event.user_id]
        _leave(tx, event.user_id, into_id)


def deleted(tx: Tx, event: UserDeleted) -> None:
    if gone.note(tx, event.user_id, None):
        _leave(tx, event.user_id, None)


REACTIONS: Mapping[type[Event], Reaction] = {UserMerged: merged, UserDeleted: deleted}


def _leave(tx: Tx, user_id: str, into_id: str | None) -> None:
    tx.execute(delete(people).where(people.c.id == user_id))
    tx.execute(delete(privacies).where(privacies.c.user_id == user_id))
    _follow_listing(tx, user_id, into_id)
    played = select(lines.c.game_key, lines.c.kind).where(lines.c.user_id == user_id)
    changed = tx.execute(played).all()
    if into_id is None:
        _become_guests(tx, user_id, select(session_players.c.session_id).where(session_players.c.user_id == user_id))
        seats = update(session_players).where(session_players.c.user_id == user_id)
        tx.execute(seats.values(user_id=None, name=NAMELESS))  # until game says what they are called
    else:
        _become(tx, user_id, into_id)
    for kind in sorted({row.kind for row in changed}):
        replay(tx, kind, [row.game_key for row in changed if row.kind == kind])


def _follow_listing(tx: Tx, user_id: str, into_id: str | None) -> None:
    """Whoever has not said whether he wants to be seen has said it as the one that he was."""
    known = exists(select(listings.c.user_id).where(listings.c.user_id == into_id))
    if into_id and not tx.execute(select(known)).scalar_one():
        tx.execute(update(listings).where(listings.c.user_id == user_id).values(user_id=into_id))
    tx.execute(delete(listings).where(listings.c.user_id == user_id))


def _become(tx: Tx, user_id: str, into_id: str) -> None:
    """Where both sit, which only a race can bring about, the one who goes becomes a guest."""
    theirs = select(session_players.c.session_id).where(session_players.c.user_id == into_id)
    _become_guests(tx, user_id, theirs)
    here = and_(session_players.c.user_id == user_id, session_players.c.session_id.in_(theirs))
    tx.execute(update(session_players).where(here).values(user_id=None))
    for table in (session_players, lines, flows):
        tx.execute(update(table).where(table.c.user_id == user_id).values(user_id=into_id))
    tx.execute(update(flows).where(flows.c.other_id == user_id).values(other_id=into_id))


def _become_guests(tx: Tx, user_id: str, sessions: Select[Any]) -> None:
    """His lines in these sessions are a guest's: what he paid is still paid, but a game with a guest rates nobody."""
    his = and_(lines.c.user_id == user_id, lines.c.session_id.in_(sessions))
    keys = select(lines.c.game_key).where(his)
    tx.execute(update(games).where(games.c.key.in_(keys)).values(rated=False))
    tx.execute(delete(flows).where(flows.c.user_id == user_id, flows.c.game_key.in_(keys)))
    tx.execute(update(flows).where(flows.c.other_id == user_id, flows.c.game_key.in_(keys)).values(other_id=None))
    tx.execute(update(lines).where(his).values(user_id=None))
