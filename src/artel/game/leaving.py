"""Somebody is no more: he became another, or was deleted. His sessions follow, a few at a time, whoever finds them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Table, and_, delete, exists, select, union, update

from artel.contracts.auth import UserDeleted, UserMerged
from artel.contracts.game import NAMELESS, GameFinished, GuestClaimed, GuestUnclaimed, SessionFinished
from artel.game import merging
from artel.game.claims import what_is_said
from artel.game.joining import locked
from artel.game.meta import Meta
from artel.game.people import names, touch
from artel.game.tables import claims, events, leavers, members, players, sessions, summaries, users
from artel.kernel import gone, idempotency
from artel.kernel.database import Tx
from artel.kernel.events import Event, new_id
from artel.kernel.outbox import awaken, emit
from artel.kernel.service import Reaction
from artel.kernel.sql import put_new

AT_ONCE = 20
"""Sessions in one transaction: somebody may have thousands."""
RETOLD = {event.topic: event for event in (GameFinished, SessionFinished)}
"""What others keep names of."""


def merged(tx: Tx, event: UserMerged) -> None:
    _leave(tx, event.user_id, event.into_id)


def deleted(tx: Tx, event: UserDeleted) -> None:
    _leave(tx, event.user_id, None)
    idempotency.forget(tx, event.user_id)


def _leave(tx: Tx, user_id: str, into_id: str | None) -> None:
    if gone.note(tx, user_id, into_id):
        tx.execute(delete(users).where(users.c.id == user_id))
        put_new(tx, leavers, {"user_id": user_id})
        awaken(tx)


REACTIONS: dict[type[Event], Reaction] = {UserMerged: merged, UserDeleted: deleted}


def is_behind(tx: Tx) -> bool:
    return bool(tx.execute(select(exists(select(leavers.c.user_id)))).scalar_one())


def follow(tx: Tx) -> Sequence[str] | None:
    """The sessions that have followed just now; None if nobody's have to, or another process is at it."""
    next_one = select(leavers.c.user_id).order_by(leavers.c.user_id).limit(1).with_for_update(skip_locked=True)
    user_id = tx.execute(next_one).scalar_one_or_none()
    if user_id is None:
        return None
    into_id = gone.who_now(tx, [user_id])[user_id]
    found = tx.execute(_naming(user_id)).scalars().all()
    for session_id in found:
        _follow(tx, locked(tx, session_id), user_id, into_id)
    if len(found) < AT_ONCE:
        tx.execute(delete(leavers).where(leavers.c.user_id == user_id))
        merging.followed(tx, user_id)  # not before: he would sit down beside a seat that is about to be his
    return found


def _naming(user_id: str) -> Any:
    tables = (members, players, claims)
    found = union(*(select(each.c.session_id).where(each.c.user_id == user_id) for each in tables)).subquery()
    return select(found.c.session_id).order_by(found.c.session_id).limit(AT_ONCE)


def _follow(tx: Tx, meta: Meta, user_id: str, into_id: str | None) -> None:
    seat = meta.player_of(user_id)
    to_seat = None if into_id is None or meta.player_of(into_id) else into_id
    if seat:
        _change(tx, players, _seat(meta, seat.id), _seat_of(tx, meta, user_id, into_id, to_seat))
    heir = into_id or _heir(tx, meta, user_id)
    _change(tx, players, and_(players.c.session_id == meta.id, players.c.wish_by == user_id), {"wish_by": heir})
    _follow_claims(tx, meta, user_id, to_seat)
    _follow_members(tx, meta, user_id, into_id)
    creator = {"created_by": into_id} if into_id else {}
    _change(tx, sessions, and_(sessions.c.id == meta.id, sessions.c.created_by == user_id), creator)
    organizer = heir if meta.organizer_id == user_id else meta.organizer_id
    touch(tx, meta.id, organizer_id=organizer, scorers=_scorers(meta, user_id, into_id))
    after = locked(tx, meta.id)
    if into_id is None:
        _forget_names(tx, after, seat.id if seat else None)
    if seat:
        kind = GuestClaimed if to_seat else GuestUnclaimed
        emit(tx, kind(**what_is_said(tx, after, seat.id, to_seat or user_id)))


def _change(tx: Tx, table: Table, where: ColumnElement[bool], values: Mapping[str, Any]) -> None:
    if values:
        tx.execute(update(table).where(where).values(**values))


def _seat(meta: Meta, player_id: str) -> ColumnElement[bool]:
    return and_(players.c.session_id == meta.id, players.c.id == player_id)


def _seat_of(tx: Tx, meta: Meta, user_id: str, into_id: str | None, to_seat: str | None) -> Mapping[str, Any]:
    """Of the keeper; or a guest's: without a name, or, where the keeper sits there too, with the one it had."""
    if to_seat:
        return {"user_id": to_seat, "name": names(tx, [to_seat])[to_seat], "followed": True}
    number, seat = next((at, seat) for at, seat in enumerate(meta.players, 1) if seat.user_id == user_id)
    wish = seat.wish if seat.wish == "leave" else None
    nobody = {"user_id": None, "guest_name": None, "wish": wish, "followed": True}
    return nobody if into_id else {**nobody, "name": f"{NAMELESS} {number}"}


def _heir(tx: Tx, meta: Meta, user_id: str) -> str:
    """Who organizes from now on: the one who has been in longest. Where nobody is left it does not matter."""
    inside = select(members.c.user_id).where(members.c.session_id == meta.id, members.c.removed_at.is_(None))
    others = inside.where(members.c.user_id != user_id).order_by(members.c.joined_at, members.c.user_id)
    if meta.organizer_id != user_id:
        return meta.organizer_id
    return tx.execute(others.limit(1)).scalar_one_or_none() or user_id


def _follow_claims(tx: Tx, meta: Meta, user_id: str, to_seat: str | None) -> None:
    """Whoever claims is to be seated; the keeper may have claimed the same guest."""
    his = and_(claims.c.session_id == meta.id, claims.c.user_id == user_id)
    if to_seat is None:
        tx.execute(delete(claims).where(his))
        return
    known = select(claims.c.player_id).where(
        claims.c.session_id == meta.id, claims.c.user_id == to_seat, claims.c.state == "pending"
    )
    tx.execute(delete(claims).where(his, claims.c.state == "pending", claims.c.player_id.in_(known)))
    _change(tx, claims, his, {"user_id": to_seat, "name": names(tx, [to_seat])[to_seat]})


def _follow_members(tx: Tx, meta: Meta, user_id: str, into_id: str | None) -> None:
    """The keeper is in where either was; whoever was sent away once is known all the same to those who were there."""
    here = members.c.session_id == meta.id
    for row in tx.execute(select(members).where(here, members.c.user_id == user_id)).all() if into_id else ():
        put_new(tx, members, {**row._asdict(), "user_id": into_id})
        if row.removed_at is None:
            _change(tx, members, and_(here, members.c.user_id == into_id), {"removed_at": None})
    tx.execute(delete(members).where(here, members.c.user_id == user_id))


def _scorers(meta: Meta, user_id: str, into_id: str | None) -> str | Sequence[str]:
    if isinstance(meta.scorers, str):
        return meta.scorers
    left = [into_id if scorer == user_id else scorer for scorer in meta.scorers]
    return list(dict.fromkeys(scorer for scorer in left if scorer))


# What was announced holds names. It may be told once more, so it must not hold those of nobody.


def _forget_names(tx: Tx, meta: Meta, player_id: str | None) -> None:
    """And those who keep results hear of the same ones again, with what the players are called by now."""
    tx.execute(delete(summaries).where(summaries.c.session_id == meta.id))
    here = events.c.session_id == meta.id
    rows = tx.execute(select(events.c.version, events.c.announce).where(here, events.c.announce.is_not(None))).all()
    told = {row.version: [(e, t, orjson.loads(body)) for e, t, body in orjson.loads(row.announce)] for row in rows}
    said = {player["user_id"] for row in told.values() for _, _, each in row for player in each["data"]["players"]}
    left = {user_id for user_id, into in gone.known(tx, said - {None}).items() if into is None}
    called = {player.id: player.name for player in meta.players}
    for version, row in told.items():
        changed = [each for each in row if _unname(each[2]["data"]["players"], called, left, player_id)]
        if changed:
            announce = orjson.dumps([(e, t, orjson.dumps(body).decode()) for e, t, body in row]).decode()
            _change(tx, events, and_(here, events.c.version == version), {"announce": announce})
            _tell_again(tx, changed)


def _unname(said: Sequence[dict[str, Any]], called: Mapping[str, str], left: set[str], player_id: str | None) -> bool:
    before = [dict(player) for player in said]
    for player in said:
        if player["user_id"] in left or (player["id"] == player_id and player["user_id"] is None):
            player |= {"user_id": None, "name": called[player["id"]]}
    return before != list(said)


def _tell_again(tx: Tx, told: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
    again = [RETOLD[topic].read(orjson.dumps(body)) for _, topic, body in told if topic in RETOLD]
    emit(tx, *(event.model_copy(update={"event_id": new_id()}) for event in again))
