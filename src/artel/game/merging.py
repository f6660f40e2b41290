"""Two accounts want to become one: whether they ever sat in one session is for game to say, and to keep so.

Auth asks, and from the answer until it is done or dropped nobody sits down as both. Whoever seats somebody and whoever
answers are one after the other, under the lock of `artel.kernel.gone`, so no seat is missed that came just before.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, delete, exists, insert, not_, select, union_all

from artel.contracts.auth import UserMergeAsked, UserMergeDropped
from artel.contracts.game import UserMergeAnswered
from artel.game.tables import claims, leavers, merging, players
from artel.kernel.database import Tx
from artel.kernel.errors import Problem
from artel.kernel.events import Event
from artel.kernel.gone import LOCK, gone
from artel.kernel.outbox import emit
from artel.kernel.service import Reaction
from artel.kernel.sql import lock

SAT = union_all(
    select(players.c.session_id, players.c.user_id),
    select(claims.c.session_id, claims.c.user_id).where(claims.c.state.in_(["accepted", "unclaimed"])),
).subquery()
"""Who ever sat where. Whoever claimed a guest and gave him up again has sat there all the same."""


def answer(tx: Tx, event: UserMergeAsked) -> None:
    lock(tx, LOCK)
    met = _met(tx, event.user_ids, event.into_ids)
    if not met:
        rows = [*_side(event.user_ids, keeps=False), *_side(event.into_ids, keeps=True)]
        tx.execute(insert(merging), [{"merge_id": event.merge_id, **row} for row in rows])
    emit(tx, UserMergeAnswered(merge_id=event.merge_id, met=met))


def _side(user_ids: Sequence[str], *, keeps: bool) -> list[dict[str, Any]]:
    return [{"user_id": user_id, "account_id": user_ids[0], "keeps": keeps} for user_id in user_ids]


def dropped(tx: Tx, event: UserMergeDropped) -> None:
    tx.execute(delete(merging).where(merging.c.merge_id == event.merge_id))


def followed(tx: Tx, user_id: str) -> None:
    """His sessions are another's now. A merge is over when those of all who went with it are: of the account, and of
    whoever became it before, in whatever order game has heard of them."""
    his = select(merging.c.merge_id).where(merging.c.user_id == user_id, ~merging.c.keeps)
    ended = and_(merging.c.user_id.in_(select(gone.c.user_id)), merging.c.user_id.not_in(select(leavers.c.user_id)))
    going = select(merging.c.merge_id).where(merging.c.merge_id.in_(his), ~merging.c.keeps, not_(ended))
    over = merging.c.merge_id.in_(his.except_(going))
    tx.execute(delete(merging).where(over))


REACTIONS: dict[type[Event], Reaction] = {UserMergeAsked: answer, UserMergeDropped: dropped}


def require_apart(tx: Tx, session_id: str) -> None:
    """After somebody was seated there. 409 `merging`: he would sit in it as two accounts that become one just now."""
    keeper, other, one, two = merging.alias(), merging.alias(), SAT.alias(), SAT.alias()
    pair = and_(keeper.c.merge_id == other.c.merge_id, keeper.c.keeps, ~other.c.keeps)
    here = and_(one.c.session_id == session_id, two.c.session_id == session_id)
    both = and_(one.c.user_id == keeper.c.user_id, two.c.user_id == other.c.user_id)
    if tx.execute(select(exists().where(pair, here, both))).scalar_one():
        raise Problem(409, "merging", "Two accounts of one person become one just now; try again in a moment.")


def _met(tx: Tx, user_ids: Collection[str], other_ids: Collection[str]) -> bool:
    one, two = SAT.alias(), SAT.alias()
    there = and_(one.c.user_id.in_(user_ids), two.c.user_id.in_(other_ids), one.c.session_id == two.c.session_id)
    return bool(tx.execute(select(exists().where(there))).scalar_one())
