"""A friendship is two rows, one from each side."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from artel.friends import groups
from artel.friends.people import SHOWN, either_way
from artel.friends.schemas import FriendOut
from artel.friends.tables import friendships, people
from artel.kernel.database import Tx
from artel.kernel.events import now
from artel.kernel.sql import older


def are_friends(tx: Tx, user_id: str, other_id: str) -> bool:
    row = select(friendships).where(friendships.c.user_id == user_id, friendships.c.other_id == other_id)
    return tx.execute(row).one_or_none() is not None


def befriend(tx: Tx, one_id: str, other_id: str, since: datetime | None = None) -> None:
    since = since or now()
    sides = ((one_id, other_id), (other_id, one_id))
    tx.execute(insert(friendships), [{"user_id": user, "other_id": other, "since": since} for user, other in sides])


def part(tx: Tx, one_id: str, other_id: str) -> None:
    """No friends any more, and out of each other's groups."""
    tx.execute(delete(friendships).where(either_way(friendships.c.user_id, friendships.c.other_id, one_id, other_id)))
    low, high = sorted((one_id, other_id))  # one order for all, so that no two wait for each other
    groups.leave(tx, owner_id=low, user_id=high)
    groups.leave(tx, owner_id=high, user_id=low)


def friends_of(tx: Tx, user_id: str, limit: int, seen: tuple[datetime, str] | None = None) -> list[FriendOut]:
    """The newest friendship first."""
    found = (
        select(people.c.id.label("user_id"), *SHOWN, friendships.c.since)
        .join(people, people.c.id == friendships.c.other_id)
        .where(friendships.c.user_id == user_id)
        .order_by(friendships.c.since.desc(), friendships.c.other_id.desc())
        .limit(limit)
    )
    if seen:
        found = found.where(older(friendships.c.since, friendships.c.other_id, seen))
    return [FriendOut.model_validate(row, from_attributes=True) for row in tx.execute(found)]
