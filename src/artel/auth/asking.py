"""Before two accounts become one, game is asked whether they ever sat together: auth hears of that only afterwards.

From its answer on game lets nobody sit in one session as both, until they are one or stay two. Of each account at most
one question is open, and each ends: it is answered, or given up after a while, and then no answer counts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update

from artel.auth import merging, people, tokens
from artel.auth.audit import Where
from artel.auth.tables import merges, users
from artel.contracts.auth import UserMergeAsked, UserMergeDropped
from artel.contracts.game import UserMergeAnswered
from artel.kernel.database import Database, Tx
from artel.kernel.errors import Problem, unavailable
from artel.kernel.events import Event, new_id, now
from artel.kernel.outbox import emit
from artel.kernel.service import Reaction
from artel.kernel.sql import delete_some

LOOK_SECONDS, LOOKS = 0.05, 100
"""How often, and how many times, whoever wants it looks for what has become of it."""
LOST = timedelta(seconds=15)
"""Then surely nobody looks any more, whatever the clocks say: the process in which he did has died."""
KEPT = timedelta(days=1)


def ask(tx: Tx, user_id: str, into_id: str, *, sid: str, link_id: str, here: Where) -> str | None:
    """What `outcome` is of, one and the same for all who ask meanwhile; None: it was done before. Errors as of
    `merging.merge`, and 409 `merging`: one of them is becoming one with a third."""
    if merging.fit(tx, user_id, into_id) is None:
        return None
    open_ones = and_(_about(user_id, into_id), merges.c.state == "asked")
    _give_up(tx, and_(open_ones, _lost()))
    known = tx.execute(select(merges).where(open_ones)).first()
    if known is None:
        wanted = {"user_id": user_id, "into_id": into_id, "sid": sid, "link_id": link_id}
        return _ask(tx, {**wanted, **here._asdict()})
    if (known.user_id, known.into_id) != (user_id, into_id):
        raise Problem(409, "merging", "One of these accounts becomes another just now; try again in a moment.")
    return str(known.id)


def _about(*user_ids: str) -> ColumnElement[bool]:
    return or_(merges.c.user_id.in_(user_ids), merges.c.into_id.in_(user_ids))


def _ask(tx: Tx, wanted: Mapping[str, str]) -> str:
    merge_id = new_id()
    tx.execute(insert(merges).values(id=merge_id, **wanted, asked_at=now(), state="asked"))
    sides = {"user_ids": _ever(tx, wanted["user_id"]), "into_ids": _ever(tx, wanted["into_id"])}
    emit(tx, UserMergeAsked(merge_id=merge_id, **sides))
    return merge_id


def _ever(tx: Tx, user_id: str) -> Sequence[str]:
    """Him, and whoever became him: game may not have heard of that yet."""
    return [user_id, *tx.execute(select(users.c.id).where(users.c.merged_into == user_id)).scalars()]


async def outcome(database: Database, merge_id: str) -> None:
    """Waits until it is done. Raises what it was refused for; 503: no answer came, and none counts any more."""
    for _ in range(LOOKS):
        if await database.read(_is_done, merge_id):
            return
        await asyncio.sleep(LOOK_SECONDS)
    await database.write(_give_up, _is_open(merge_id))
    await database.read(_is_done, merge_id)


def _is_done(tx: Tx, merge_id: str) -> bool:
    row = tx.execute(select(merges).where(merges.c.id == merge_id)).one_or_none()
    if row is None or row.state == "given_up":
        raise unavailable("Whether these two ever played together could not be found out. Nothing was changed.")
    if row.state == "refused":
        raise Problem(**row.refusal)
    return bool(row.state == "done")


def _lost() -> ColumnElement[bool]:
    return merges.c.asked_at < now() - LOST


def refuse(tx: Tx, link_id: str) -> None:
    """Who was to be given away by it stays: what is not done yet will not be."""
    _give_up(tx, and_(merges.c.link_id == link_id, merges.c.state == "asked"))


def _give_up(tx: Tx, open_ones: ColumnElement[bool]) -> None:
    tx.execute(update(merges).where(open_ones).values(state="given_up"))


def _is_open(merge_id: str) -> ColumnElement[bool]:
    return and_(merges.c.id == merge_id, merges.c.state == "asked")


def hear(tx: Tx, event: UserMergeAnswered) -> None:
    row = tx.execute(select(merges).where(merges.c.id == event.merge_id)).one_or_none()
    if row:
        people.hold(tx, row.user_id, row.into_id)  # before the row, as whoever asks
        _give_up(tx, and_(_is_open(event.merge_id), _lost()))
    still = tx.execute(select(merges).where(_is_open(event.merge_id)).with_for_update()).one_or_none()
    refusal = _merge(tx, still, met=event.met) if still else {}
    if still:
        ended = {"state": "done", "refusal": None} if refusal is None else {"state": "refused", "refusal": refusal}
        tx.execute(update(merges).where(merges.c.id == still.id).values(ended))
    if refusal is not None:
        emit(tx, UserMergeDropped(merge_id=event.merge_id))


def _merge(tx: Tx, wanted: Row[Any], *, met: bool) -> Mapping[str, Any] | None:
    """Why not, or None. A refusal comes before anything is changed."""
    try:
        _require_wanted(tx, wanted.sid, met=met)
        merging.merge(tx, wanted.user_id, wanted.into_id, Where(wanted.address, wanted.user_agent))
    except Problem as problem:
        return {"status": problem.status, "code": problem.code, "detail": problem.detail}
    return None


def _require_wanted(tx: Tx, sid: str, *, met: bool) -> None:
    if met:
        raise merging.users_met()
    if not tokens.is_alive(tx, sid):
        raise Problem(403, "sign_in_again", "This sign-in has ended meanwhile. Nothing was changed.")


REACTIONS: Mapping[type[Event], Reaction] = {UserMergeAnswered: hear}


def forget(tx: Tx, *user_ids: str) -> None:
    tx.execute(delete(merges).where(_about(*user_ids)))


def sweep(tx: Tx, limit: int) -> int:
    """Those of long ago; how many."""
    return delete_some(tx, merges, merges.c.asked_at < now() - KEPT, merges.c.asked_at, limit)
