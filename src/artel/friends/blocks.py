"""Whoever is blocked meets silence: every answer about the blocker is that of a user who does not exist."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from artel.contracts.friends import UserBlocked, UserUnblocked
from artel.friends.friendships import part
from artel.friends.people import SHOWN, either_way, has_blocked, next_version, open_pair_with
from artel.friends.schemas import BlockOut
from artel.friends.tables import blocks, people, requests
from artel.kernel.database import Tx
from artel.kernel.errors import not_found
from artel.kernel.events import now
from artel.kernel.http import bad_field
from artel.kernel.outbox import emit
from artel.kernel.sql import older
from artel.kernel.token import Caller


def block(tx: Tx, caller: Caller, other_id: str) -> dict[str, Any]:
    """`new` is False where the block was there already."""
    if other_id == caller.user_id:
        raise bad_field("user_id", "nobody blocks himself")
    there = open_pair_with(tx, caller.user_id, other_id)
    new = not has_blocked(tx, caller.user_id, other_id)
    if new and not there:
        raise not_found()
    if new:
        _block(tx, caller, other_id)
    row = tx.execute(_mine(caller.user_id).where(blocks.c.other_id == other_id)).one()
    return {"new": new, "block": BlockOut.model_validate(row, from_attributes=True).model_dump(mode="json")}


def _block(tx: Tx, caller: Caller, other_id: str) -> None:
    part(tx, caller.user_id, other_id)
    tx.execute(delete(requests).where(either_way(requests.c.asker_id, requests.c.other_id, caller.user_id, other_id)))
    tx.execute(insert(blocks).values(user_id=caller.user_id, other_id=other_id, since=now()))
    version = next_version(tx, caller.user_id, other_id)
    emit(tx, UserBlocked(user_id=caller.user_id, other_id=other_id, version=version))


def unblock(tx: Tx, caller: Caller, other_id: str) -> None:
    open_pair_with(tx, caller.user_id, other_id)  # who has blocked him may be unblocked all the same
    gone = delete(blocks).where(blocks.c.user_id == caller.user_id, blocks.c.other_id == other_id)
    if tx.execute(gone).rowcount == 0:
        raise not_found()
    version = next_version(tx, caller.user_id, other_id)
    emit(tx, UserUnblocked(user_id=caller.user_id, other_id=other_id, version=version))


def blocked_by(tx: Tx, user_id: str, limit: int, seen: tuple[datetime, str] | None = None) -> list[BlockOut]:
    found = _mine(user_id).order_by(blocks.c.since.desc(), blocks.c.other_id.desc()).limit(limit)
    if seen:
        found = found.where(older(blocks.c.since, blocks.c.other_id, seen))
    return [BlockOut.model_validate(row, from_attributes=True) for row in tx.execute(found)]


def _mine(user_id: str) -> Any:
    columns = select(people.c.id.label("user_id"), *SHOWN, blocks.c.since)
    return columns.join(people, people.c.id == blocks.c.other_id).where(blocks.c.user_id == user_id)
