"""Asking and answering. Whoever has been blocked is answered as if there were no such user."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, insert, select, update

from artel.contracts.friends import FriendAccepted, FriendRemoved, FriendRequested
from artel.friends.friendships import are_friends, befriend, part
from artel.friends.people import SHOWN, either_way, has_blocked, meet, next_version, open_pair, open_pair_with
from artel.friends.schemas import Direction, FriendRequestOut
from artel.friends.tables import people, requests
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, forbidden, not_found
from artel.kernel.events import new_id, now
from artel.kernel.http import bad_field
from artel.kernel.outbox import emit
from artel.kernel.sql import older
from artel.kernel.token import Caller


def ask(tx: Tx, caller: Caller, other_id: str) -> dict[str, Any]:
    """`new` is True if a request was made; asking again, or asking who has asked, makes none."""
    if other_id == caller.user_id:
        raise bad_field("user_id", "nobody is his own friend")
    meet(tx, caller)
    there = open_pair_with(tx, caller.user_id, other_id)
    if has_blocked(tx, caller.user_id, other_id):  # first: it must not depend on what the other did
        raise Problem(409, "blocked", "You have blocked this person; unblock first.")
    if not there:
        raise not_found()
    last = _last_between(tx, caller.user_id, other_id)
    if are_friends(tx, caller.user_id, other_id) or (_is_pending(last) and last.asker_id == caller.user_id):
        return _asked(tx, caller, last.id, new=False)
    if _is_pending(last):
        accept(tx, caller, last.id)
        return _asked(tx, caller, last.id, new=False)
    return _asked(tx, caller, _request(tx, caller, other_id), new=True)


def _last_between(tx: Tx, one_id: str, other_id: str) -> Any:
    """Between friends there is always one: the request that made them friends."""
    between = select(requests).where(either_way(requests.c.asker_id, requests.c.other_id, one_id, other_id))
    return tx.execute(between.order_by(requests.c.created_at.desc(), requests.c.id.desc()).limit(1)).one_or_none()


def _is_pending(request: Any) -> bool:
    return request is not None and request.state == "pending"


def _request(tx: Tx, caller: Caller, other_id: str) -> str:
    request_id = new_id()
    row = {"id": request_id, "asker_id": caller.user_id, "other_id": other_id, "state": "pending", "created_at": now()}
    tx.execute(insert(requests).values(row))
    version = next_version(tx, caller.user_id, other_id)
    emit(
        tx,
        FriendRequested(
            user_id=caller.user_id, other_id=other_id, version=version, request_id=request_id, name=caller.name
        ),
    )
    return request_id


def _asked(tx: Tx, caller: Caller, request_id: str, *, new: bool) -> dict[str, Any]:
    return {"new": new, "request": shown(tx, caller, request_id).model_dump(mode="json")}


def accept(tx: Tx, caller: Caller, request_id: str) -> None:
    request = _to_answer(tx, caller, request_id, "accepted")
    if request is None:
        return
    befriend(tx, request.asker_id, request.other_id)
    version = next_version(tx, request.asker_id, request.other_id)
    emit(
        tx,
        FriendAccepted(
            user_id=caller.user_id, other_id=request.asker_id, version=version, request_id=request_id, name=caller.name
        ),
    )


def decline(tx: Tx, caller: Caller, request_id: str) -> None:
    """The asker is not told; the others learn that there is nothing between the two any more."""
    request = _to_answer(tx, caller, request_id, "declined")
    if request is not None:
        _nothing_between(tx, caller.user_id, request.asker_id)


def _to_answer(tx: Tx, caller: Caller, request_id: str, answer: str) -> Row[Any] | None:
    """The request, now answered; None if this very answer was given before."""
    request = _mine(tx, caller, request_id)
    open_pair(tx, request.asker_id, request.other_id)
    request = _mine(tx, caller, request_id)
    if request.asker_id == caller.user_id:
        raise forbidden("Whoever was asked answers.")
    if request.state == answer:
        return None
    if request.state != "pending":
        raise Problem(409, "request_closed", "This request has been answered or taken back.")
    tx.execute(update(requests).where(requests.c.id == request_id).values(state=answer))
    return request


def _mine(tx: Tx, caller: Caller, request_id: str) -> Row[Any]:
    request = tx.execute(select(requests).where(requests.c.id == request_id)).one_or_none()
    if request is None or caller.user_id not in {request.asker_id, request.other_id}:
        raise not_found()
    return request


def remove(tx: Tx, caller: Caller, other_id: str) -> None:
    """Ends a friendship, or takes back a request of one's own."""
    there = open_pair_with(tx, caller.user_id, other_id)
    last = _last_between(tx, caller.user_id, other_id)
    friends = are_friends(tx, caller.user_id, other_id)
    if not there:
        raise not_found()
    if friends:
        part(tx, caller.user_id, other_id)
    elif _is_pending(last) and last.asker_id == caller.user_id:
        tx.execute(update(requests).where(requests.c.id == last.id).values(state="withdrawn"))
    else:
        raise not_found()
    _nothing_between(tx, caller.user_id, other_id)


def _nothing_between(tx: Tx, user_id: str, other_id: str) -> None:
    emit(tx, FriendRemoved(user_id=user_id, other_id=other_id, version=next_version(tx, user_id, other_id)))


def shown(tx: Tx, caller: Caller, request_id: str) -> FriendRequestOut:
    return _out(tx.execute(_seen_by(caller).where(requests.c.id == request_id)).one())


def waiting(
    tx: Tx, caller: Caller, direction: Direction, limit: int, seen: tuple[datetime, str] | None = None
) -> list[FriendRequestOut]:
    """Pending requests, the newest first."""
    mine = requests.c.other_id if direction == "incoming" else requests.c.asker_id
    found = _seen_by(caller).where(mine == caller.user_id, requests.c.state == "pending")
    if seen:
        found = found.where(older(requests.c.created_at, requests.c.id, seen))
    newest = found.order_by(requests.c.created_at.desc(), requests.c.id.desc()).limit(limit)
    return [_out(row) for row in tx.execute(newest)]


def _seen_by(caller: Caller) -> Select[Any]:
    other_id = case((requests.c.asker_id == caller.user_id, requests.c.other_id), else_=requests.c.asker_id)
    direction = case((requests.c.asker_id == caller.user_id, "outgoing"), else_="incoming")
    columns = (requests.c.id, requests.c.state, requests.c.created_at, direction.label("direction"))
    return select(*columns, people.c.id.label("user_id"), *SHOWN).join(people, people.c.id == other_id)


def _out(row: Row[Any]) -> FriendRequestOut:
    return FriendRequestOut.model_validate(row, from_attributes=True)
