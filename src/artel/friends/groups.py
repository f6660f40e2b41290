"""Groups of friends: its owner's alone to see; who stops being a friend is out of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from artel.contracts.friends import GroupChanged
from artel.friends.people import SHOWN
from artel.friends.schemas import Acquaintance, GroupOut
from artel.friends.tables import friendships, groups, members, people
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, not_found
from artel.kernel.events import new_id, now
from artel.kernel.gone import require_here
from artel.kernel.outbox import emit
from artel.kernel.sql import lock, put_new

MOST_GROUPS = 100
MOST_MEMBERS = 100


def create(tx: Tx, owner_id: str, name: str, user_ids: Sequence[str]) -> dict[str, Any]:
    require_here(tx, owner_id)
    lock(tx, f"groups.{owner_id}")
    count = tx.execute(select(func.count()).select_from(groups).where(groups.c.owner_id == owner_id)).scalar_one()
    if count >= MOST_GROUPS:
        raise Problem(409, "too_many", f"At most {MOST_GROUPS} groups.")
    group_id = new_id()
    row = {"id": group_id, "owner_id": owner_id, "name": name, "version": 0, "created_at": now()}
    tx.execute(insert(groups).values(row))
    for user_id in sorted(set(user_ids)):
        _hold_friend(tx, owner_id, user_id)
        put_new(tx, members, {"group_id": group_id, "user_id": user_id})
    tell(tx, group_id)
    return get(tx, owner_id, group_id).model_dump(mode="json")


def rename(tx: Tx, owner_id: str, group_id: str, name: str) -> GroupOut:
    _locked(tx, owner_id, group_id)
    tx.execute(update(groups).where(groups.c.id == group_id).values(name=name))
    tell(tx, group_id)
    return get(tx, owner_id, group_id)


def delete_group(tx: Tx, owner_id: str, group_id: str) -> None:
    row = _locked(tx, owner_id, group_id)
    tx.execute(delete(groups).where(groups.c.id == group_id))
    emit(
        tx,
        GroupChanged(
            group_id=group_id, owner_id=owner_id, version=row.version + 1, name=row.name, members=[], deleted=True
        ),
    )


def put_member(tx: Tx, owner_id: str, group_id: str, user_id: str) -> None:
    _hold_friend(tx, owner_id, user_id)
    _locked(tx, owner_id, group_id)
    if not put_new(tx, members, {"group_id": group_id, "user_id": user_id}):
        return
    if len(_member_ids(tx, group_id)) > MOST_MEMBERS:
        raise Problem(409, "too_many", f"At most {MOST_MEMBERS} people a group.")
    tell(tx, group_id)


def _hold_friend(tx: Tx, owner_id: str, user_id: str) -> None:
    """404 unless a friend; he stays one until this is done. Held before any group, as in `part`."""
    friend = select(friendships).where(friendships.c.user_id == owner_id, friendships.c.other_id == user_id)
    if tx.execute(friend.with_for_update()).one_or_none() is None:
        raise not_found("There is no such friend.")


def remove_member(tx: Tx, owner_id: str, group_id: str, user_id: str) -> None:
    _locked(tx, owner_id, group_id)
    gone = delete(members).where(members.c.group_id == group_id, members.c.user_id == user_id)
    if tx.execute(gone).rowcount == 0:
        raise not_found()
    tell(tx, group_id)


def leave(tx: Tx, owner_id: str, user_id: str) -> None:
    """Out of all groups of this owner."""
    of_owner = select(groups.c.id).join(members, members.c.group_id == groups.c.id)
    found = of_owner.where(groups.c.owner_id == owner_id, members.c.user_id == user_id).order_by(groups.c.id)
    for group_id in tx.execute(found.with_for_update(of=groups)).scalars().all():
        tx.execute(delete(members).where(members.c.group_id == group_id, members.c.user_id == user_id))
        tell(tx, group_id)


def _locked(tx: Tx, owner_id: str, group_id: str) -> Row[Any]:
    mine = select(groups).where(groups.c.id == group_id, groups.c.owner_id == owner_id)
    row = tx.execute(mine.with_for_update()).one_or_none()
    if row is None:
        raise not_found()
    return row


def tell(tx: Tx, group_id: str) -> None:
    raised = update(groups).where(groups.c.id == group_id).values(version=groups.c.version + 1)
    row = tx.execute(raised.returning(groups.c.owner_id, groups.c.version, groups.c.name)).one()
    emit(
        tx,
        GroupChanged(
            group_id=group_id,
            owner_id=row.owner_id,
            version=row.version,
            name=row.name,
            members=_member_ids(tx, group_id),
        ),
    )


def _member_ids(tx: Tx, group_id: str) -> list[str]:
    found = select(members.c.user_id).where(members.c.group_id == group_id).order_by(members.c.user_id)
    return list(tx.execute(found).scalars())


def get(tx: Tx, owner_id: str, group_id: str) -> GroupOut:
    mine = select(groups).where(groups.c.id == group_id, groups.c.owner_id == owner_id)
    row = tx.execute(mine).one_or_none()
    if row is None:
        raise not_found()
    return _out(row, _members(tx, [group_id]))


def of_owner(tx: Tx, owner_id: str, limit: int, after: str | None = None) -> list[GroupOut]:
    """In the order they were made."""
    found = select(groups).where(groups.c.owner_id == owner_id).order_by(groups.c.id).limit(limit)
    if after:
        found = found.where(groups.c.id > after)
    rows = tx.execute(found).all()
    people_in = _members(tx, [row.id for row in rows])
    return [_out(row, people_in) for row in rows]


def _members(tx: Tx, group_ids: Sequence[str]) -> list[Row[Any]]:
    found = select(members.c.group_id, members.c.user_id, *SHOWN).join(people, people.c.id == members.c.user_id)
    named = found.where(members.c.group_id.in_(group_ids)).order_by(people.c.display_name, people.c.id)
    return list(tx.execute(named))


def _out(group: Row[Any], rows: Sequence[Row[Any]]) -> GroupOut:
    mine = [Acquaintance.model_validate(row, from_attributes=True) for row in rows if row.group_id == group.id]
    return GroupOut(id=group.id, name=group.name, members=mine, created_at=group.created_at)
