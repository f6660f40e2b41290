"""What game knows of people: names, who is whose friend, who has blocked whom. Learnt from events alone."""

from collections.abc import Sequence

from sqlalchemy import Column, and_, exists, select, update

from artel.contracts.auth import UserExportRequested, UserRegistered, UserUpdated
from artel.contracts.export import telling
from artel.contracts.friends import FriendAccepted, FriendEvent, FriendRemoved, UserBlocked, UserUnblocked
from artel.contracts.game import NAMELESS
from artel.game.tables import members, players, sessions, ties, users
from artel.game.takeout import CHAPTERS
from artel.kernel.database import Tx
from artel.kernel.errors import not_found
from artel.kernel.events import Event, now
from artel.kernel.gone import who_now
from artel.kernel.service import Reaction
from artel.kernel.sql import put_new, put_newest
from artel.kernel.token import Caller, unauthenticated


def meet(tx: Tx, caller: Caller) -> None:
    """His name is in his token: known even before auth's event is."""
    if who_now(tx, [caller.user_id]):
        raise unauthenticated("This account is gone; sign in again.", "signed_out")
    put_new(tx, users, {"id": caller.user_id, "name": caller.name[:64], "version": 0})


def names(tx: Tx, user_ids: Sequence[str]) -> dict[str, str]:
    found = tx.execute(select(users.c.id, users.c.name).where(users.c.id.in_(user_ids)))
    known: dict[str, str] = {row.id: row.name for row in found}
    return {user_id: known.get(user_id, NAMELESS) for user_id in user_ids}


def require_acquaintance(tx: Tx, user_id: str, other_id: str) -> None:
    """404 unless they are friends or were in one session, and neither has blocked the other. Both questions are asked
    of everybody, so that not even their number tells which it is."""
    low, high = sorted((user_id, other_id))
    tie = tx.execute(select(ties).where(ties.c.low_id == low, ties.c.high_id == high)).one_or_none()
    met = _met(tx, user_id, other_id)
    blocked = tie and (tie.low_blocks or tie.high_blocks)
    if blocked or not ((tie and tie.friends) or met):
        raise not_found("There is nobody of that id among your friends and those you played with.")


def _met(tx: Tx, user_id: str, other_id: str) -> bool:
    mine, theirs = members.alias(), members.alias()
    both = and_(mine.c.user_id == user_id, theirs.c.user_id == other_id, mine.c.session_id == theirs.c.session_id)
    return bool(tx.execute(select(exists(select(mine.c.session_id).select_from(mine).join(theirs, both)))).scalar_one())


def keep_name(tx: Tx, user: UserRegistered | UserUpdated) -> None:
    if who_now(tx, [user.user_id]):
        return
    name = user.display_name[:64]
    if not put_newest(tx, users, {"id": user.user_id, "name": name, "version": user.version}):
        return
    renamed = update(players).where(players.c.user_id == user.user_id, players.c.name != name).values(name=name)
    touched = [row.session_id for row in tx.execute(renamed.returning(players.c.session_id))]
    for session_id in sorted(touched):  # in one order, so that two renamings never wait for each other
        touch(tx, session_id)


def touch(tx: Tx, session_id: str, **values: object) -> None:
    """Every change beside the log counts up the stamp, by which other processes see it; it also locks the session."""
    changed = update(sessions).where(sessions.c.id == session_id)
    tx.execute(changed.values(stamp=sessions.c.stamp + 1, updated_at=now(), **values))


def keep_friendship(tx: Tx, event: FriendAccepted | FriendRemoved) -> None:
    _flag(tx, event, "friends", isinstance(event, FriendAccepted))


def keep_block(tx: Tx, event: UserBlocked | UserUnblocked) -> None:
    blocks = isinstance(event, UserBlocked)
    _flag(tx, event, "low_blocks" if event.user_id < event.other_id else "high_blocks", blocks)
    if blocks:
        _flag(tx, event, "friends", False)


def _flag(tx: Tx, event: FriendEvent, flag: str, value: bool) -> None:
    low, high = sorted((event.user_id, event.other_id))
    nothing = {column.name: 0 if column.name.endswith("_version") else False for column in ties.c}
    put_new(tx, ties, {**nothing, "low_id": low, "high_id": high})
    version: Column[int] = ties.c[f"{flag}_version"]
    here = and_(ties.c.low_id == low, ties.c.high_id == high, version < event.version)
    tx.execute(update(ties).where(here).values({flag: value, version.name: event.version}))


REACTIONS: dict[type[Event], Reaction] = {
    UserRegistered: keep_name,
    UserUpdated: keep_name,
    UserExportRequested: telling("game", CHAPTERS),
    FriendAccepted: keep_friendship,
    FriendRemoved: keep_friendship,
    UserBlocked: keep_block,
    UserUnblocked: keep_block,
}
