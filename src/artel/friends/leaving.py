"""Somebody is no more: he became another, who has his friends, blocks and groups from now on; or he was deleted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select, update

from artel.contracts.auth import UserDeleted, UserMerged
from artel.contracts.friends import FriendAccepted, FriendRemoved, FriendRequested, UserBlocked, UserUnblocked
from artel.contracts.game import NAMELESS
from artel.friends import groups
from artel.friends.friendships import are_friends, befriend, part
from artel.friends.people import either_way, has_blocked, hold_pair, next_version
from artel.friends.tables import blocks, friendships, members, pairs, people, requests
from artel.friends.tables import groups as groups_table
from artel.kernel import gone, idempotency
from artel.kernel.database import Tx
from artel.kernel.events import Event, new_id, now
from artel.kernel.outbox import emit
from artel.kernel.service import Reaction
from artel.kernel.sql import put_new


def merged(tx: Tx, event: UserMerged) -> None:
    if gone.note(tx, event.user_id, event.into_id):
        _leave(tx, event.user_id, gone.known(tx, [event.user_id])[event.user_id])


def deleted(tx: Tx, event: UserDeleted) -> None:
    if gone.note(tx, event.user_id, None):
        _leave(tx, event.user_id, None)
    idempotency.forget(tx, event.user_id)


REACTIONS: Mapping[type[Event], Reaction] = {UserMerged: merged, UserDeleted: deleted}


@dataclass(frozen=True)
class Tie:
    """What was between the one who goes and another."""

    since: datetime | None  # None: no friends
    blocks: bool
    blocked: bool
    request: Row[Any] | None  # the last one


def _leave(tx: Tx, user_id: str, into_id: str | None) -> None:
    others = _others(tx, user_id)
    both = {tuple(sorted((one, other))) for one in (user_id, into_id) if one for other in others if one != other}
    for low, high in sorted(both):
        hold_pair(tx, low, high)
    ties = {other: _tie(tx, user_id, other) for other in others}
    for other, tie in ties.items():
        _dissolve(tx, user_id, other, tie)
        if into_id and other != into_id:
            _adopt(tx, user_id, into_id, other, tie)
    _leave_groups(tx, user_id, into_id)
    tx.execute(delete(people).where(people.c.id == user_id))


def _others(tx: Tx, user_id: str) -> list[str]:
    """Whoever ever had to do with him."""
    found = select(pairs.c.low_id, pairs.c.high_id).where(or_(pairs.c.low_id == user_id, pairs.c.high_id == user_id))
    return sorted({row.low_id if row.high_id == user_id else row.high_id for row in tx.execute(found)})


def _tie(tx: Tx, user_id: str, other_id: str) -> Tie:
    here = and_(friendships.c.user_id == user_id, friendships.c.other_id == other_id)
    last = select(requests).where(either_way(requests.c.asker_id, requests.c.other_id, user_id, other_id))
    return Tie(
        since=tx.execute(select(friendships.c.since).where(here)).scalar_one_or_none(),
        blocks=has_blocked(tx, user_id, other_id),
        blocked=has_blocked(tx, other_id, user_id),
        request=tx.execute(last.order_by(requests.c.created_at.desc(), requests.c.id.desc()).limit(1)).one_or_none(),
    )


def _dissolve(tx: Tx, user_id: str, other_id: str, tie: Tie) -> None:
    """Others hear that there is nothing between the two, and never will be."""
    for table, one, other in (
        (friendships, friendships.c.user_id, friendships.c.other_id),
        (blocks, blocks.c.user_id, blocks.c.other_id),
        (requests, requests.c.asker_id, requests.c.other_id),
    ):
        tx.execute(delete(table).where(either_way(one, other, user_id, other_id)))
    for blocker, blocked in ((user_id, other_id),) * tie.blocks + ((other_id, user_id),) * tie.blocked:
        version = next_version(tx, blocker, blocked)
        emit(tx, UserUnblocked(user_id=blocker, other_id=blocked, version=version))
    version = next_version(tx, user_id, other_id)
    emit(tx, FriendRemoved(user_id=user_id, other_id=other_id, version=version, final=True))


def _adopt(tx: Tx, user_id: str, into_id: str, other_id: str, tie: Tie) -> None:
    """The keeper has it too; a block of either wins over a friendship with either."""
    if tie.blocks or tie.blocked:
        _adopt_blocks(tx, into_id, other_id, tie)
        return
    if has_blocked(tx, into_id, other_id) or has_blocked(tx, other_id, into_id) or are_friends(tx, into_id, other_id):
        return
    if tie.since:
        asker = into_id if tie.request is None or tie.request.asker_id == user_id else other_id
        answerer = other_id if asker == into_id else into_id
        _withdraw(tx, into_id, other_id)
        request_id = _request(tx, asker, answerer, "accepted")
        befriend(tx, into_id, other_id, tie.since)
        said = {"request_id": request_id, "name": _name(tx, answerer), "quiet": True}
        version = next_version(tx, asker, answerer)
        emit(tx, FriendAccepted(user_id=answerer, other_id=asker, version=version, **said))
    elif tie.request is not None and tie.request.state == "pending" and not _waits(tx, into_id, other_id):
        asks = tie.request.asker_id == user_id
        _request(tx, *((into_id, other_id) if asks else (other_id, into_id)), "pending")


def _adopt_blocks(tx: Tx, into_id: str, other_id: str, tie: Tie) -> None:
    part(tx, into_id, other_id)
    tx.execute(delete(requests).where(either_way(requests.c.asker_id, requests.c.other_id, into_id, other_id)))
    for blocker, blocked in ((into_id, other_id),) * tie.blocks + ((other_id, into_id),) * tie.blocked:
        if put_new(tx, blocks, {"user_id": blocker, "other_id": blocked, "since": now()}):
            version = next_version(tx, blocker, blocked)
            emit(tx, UserBlocked(user_id=blocker, other_id=blocked, version=version))


def _request(tx: Tx, asker_id: str, other_id: str, state: str) -> str:
    request_id = new_id()
    row = {"id": request_id, "asker_id": asker_id, "other_id": other_id, "state": state, "created_at": now()}
    tx.execute(insert(requests).values(row))
    said = {"request_id": request_id, "name": _name(tx, asker_id), "quiet": state != "pending"}
    version = next_version(tx, asker_id, other_id)
    emit(tx, FriendRequested(user_id=asker_id, other_id=other_id, version=version, **said))
    return request_id


def _pending(one_id: str, other_id: str) -> Any:
    between = either_way(requests.c.asker_id, requests.c.other_id, one_id, other_id)
    return and_(between, requests.c.state == "pending")


def _waits(tx: Tx, one_id: str, other_id: str) -> bool:
    return tx.execute(select(requests.c.id).where(_pending(one_id, other_id))).first() is not None


def _withdraw(tx: Tx, one_id: str, other_id: str) -> None:
    tx.execute(update(requests).where(_pending(one_id, other_id)).values(state="withdrawn"))


def _name(tx: Tx, user_id: str) -> str:
    found = tx.execute(select(people.c.display_name).where(people.c.id == user_id)).scalar_one_or_none()
    return found or NAMELESS


def _leave_groups(tx: Tx, user_id: str, into_id: str | None) -> None:
    """His own are the keeper's; in those of others the keeper is in his place, where he is a friend."""
    own = tx.execute(_held(groups_table.c.owner_id == user_id)).scalars().all()
    inside = tx.execute(_held(groups_table.c.id.in_(_groups_with(user_id)))).scalars().all()
    if into_id is None:
        for group_id in own:
            groups.delete_group(tx, user_id, group_id)
    else:
        tx.execute(update(groups_table).where(groups_table.c.owner_id == user_id).values(owner_id=into_id))
        for group_id in inside:
            owner = select(groups_table.c.owner_id).where(groups_table.c.id == group_id)
            if are_friends(tx, tx.execute(owner).scalar_one(), into_id):
                put_new(tx, members, {"group_id": group_id, "user_id": into_id})
        _only_friends(tx, into_id, own)
    tx.execute(delete(members).where(members.c.user_id == user_id))
    for group_id in sorted({*inside, *(own if into_id else ())}):
        groups.tell(tx, group_id)


def _held(where: Any) -> Any:
    return select(groups_table.c.id).where(where).order_by(groups_table.c.id).with_for_update()


def _groups_with(user_id: str) -> Any:
    return select(members.c.group_id).where(members.c.user_id == user_id)


def _only_friends(tx: Tx, owner_id: str, group_ids: Iterable[str]) -> None:
    """Some of those in these groups may be no friends of who has them now."""
    theirs = select(friendships.c.other_id).where(friendships.c.user_id == owner_id)
    for group_id in group_ids:
        strangers = and_(members.c.group_id == group_id, members.c.user_id.not_in(theirs))
        tx.execute(delete(members).where(strangers))
