"""Somebody is no more: he became another, who has his templates from now on; or he was deleted, and they with him. What
somebody copied is his own."""

from collections.abc import Mapping

from sqlalchemy import delete, select, update

from artel.contracts.auth import UserDeleted, UserMerged
from artel.kernel import gone, idempotency
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.service import Reaction
from artel.kernel.sql import put_new
from artel.template.tables import favourites, shares, templates, versions


def merged(tx: Tx, event: UserMerged) -> None:
    if gone.note(tx, event.user_id, event.into_id):
        _leave(tx, event.user_id, gone.known(tx, [event.user_id])[event.user_id])


def deleted(tx: Tx, event: UserDeleted) -> None:
    if gone.note(tx, event.user_id, None):
        _leave(tx, event.user_id, None)
    idempotency.forget(tx, event.user_id)


REACTIONS: Mapping[type[Event], Reaction] = {UserMerged: merged, UserDeleted: deleted}


def _leave(tx: Tx, user_id: str, into_id: str | None) -> None:
    his = templates.c.owner_id == user_id
    if into_id is None:
        for table in (favourites, shares, versions):
            own = select(templates.c.id).where(his)
            tx.execute(delete(table).where(table.c.template_id.in_(own)))
        tx.execute(delete(templates).where(his))
    else:
        tx.execute(update(templates).where(his).values(owner_id=into_id))
        marked = select(favourites.c.template_id).where(favourites.c.user_id == user_id)
        for template_id in tx.execute(marked).scalars().all():
            put_new(tx, favourites, {"user_id": into_id, "template_id": template_id})
    tx.execute(delete(favourites).where(favourites.c.user_id == user_id))
