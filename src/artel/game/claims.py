"""A guest turns out to be somebody: a claim, which the organizer accepts or declines, and which can be taken back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, insert, select, update

from artel.contracts.game import GuestClaimed, GuestUnclaimed
from artel.engine.rules import parse_rules
from artel.game.announce import about
from artel.game.joining import admit, locked
from artel.game.merging import require_apart
from artel.game.meta import Meta, Player, heads
from artel.game.moments import written
from artel.game.people import meet, touch
from artel.game.sessions import as_organizer
from artel.game.tables import claims, players
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, forbidden, not_found
from artel.kernel.events import new_id, now
from artel.kernel.outbox import emit
from artel.kernel.token import Caller

Claim = Row[Any]


def claim(tx: Tx, session_id: str, caller: Caller, player_id: str, played: frozenset[str]) -> dict[str, Any]:
    """`played` are the players that the log knows. The same claim again is the same claim."""
    meet(tx, caller)
    meta = locked(tx, session_id)
    _require_free(meta, player_id, caller.user_id, played)
    mine = and_(claims.c.session_id == session_id, claims.c.player_id == player_id, claims.c.user_id == caller.user_id)
    waiting = select(claims).where(mine, claims.c.state == "pending")
    row = tx.execute(waiting).one_or_none()
    if row is None:
        made = {"id": new_id(), "session_id": session_id, "player_id": player_id, "user_id": caller.user_id}
        tx.execute(insert(claims).values(**made, name=caller.name[:64], state="pending", created_at=now()))
        touch(tx, session_id)
        row = tx.execute(waiting).one()
    return claim_json(row)


def _require_free(meta: Meta, player_id: str, user_id: str, played: frozenset[str]) -> Player:
    """The guest, if this user can be him: nobody sits in one session twice."""
    guest = next((player for player in meta.players if player.id == player_id), None)
    if guest is None:
        raise not_found()
    seat = meta.player_of(user_id)
    if guest.user_id or (seat and seat.id in played):
        raise Problem(409, "claim_conflict", "These two are both in this session: they cannot be the same person.")
    return guest


def accept(tx: Tx, session_id: str, caller: Caller, claim_id: str, played: frozenset[str]) -> dict[str, Any]:
    meta = as_organizer(tx, session_id, caller)
    row = _pending(tx, session_id, claim_id)
    guest = _require_free(meta, row.player_id, row.user_id, played)
    seat = meta.player_of(row.user_id)
    if seat:  # he came by the code while a game ran, and waits for a seat that he does not need
        _rename(tx, session_id, seat.id, {"user_id": None, "wish": None})
    admit(tx, session_id, row.user_id)
    _rename(tx, session_id, guest.id, {"user_id": row.user_id, "name": row.name, "guest_name": guest.name})
    require_apart(tx, session_id)
    others = and_(claims.c.session_id == session_id, claims.c.player_id == guest.id, claims.c.state == "pending")
    tx.execute(update(claims).where(others, claims.c.id != claim_id).values(state="declined", decided_at=now()))
    decided = _decide(tx, row, "accepted")
    after = _touched(tx, session_id)
    emit(tx, GuestClaimed(**what_is_said(tx, after, guest.id, row.user_id)))
    return decided


def decline(tx: Tx, session_id: str, caller: Caller, claim_id: str) -> dict[str, Any]:
    as_organizer(tx, session_id, caller)
    decided = _decide(tx, _pending(tx, session_id, claim_id), "declined")
    touch(tx, session_id)
    return decided


def take_back(tx: Tx, session_id: str, caller: Caller, player_id: str) -> None:
    """By who claimed, or by the organizer once it was accepted: the player is a guest again."""
    meta = locked(tx, session_id)
    if caller.user_id not in meta.members:
        raise not_found()
    of_player = and_(claims.c.session_id == session_id, claims.c.player_id == player_id)
    rows = tx.execute(select(claims).where(of_player, claims.c.state.in_(["pending", "accepted"]))).all()
    row = next((row for row in rows if row.state == "accepted"), None)
    row = next((row for row in rows if row.user_id == caller.user_id), row)
    if row is None:
        raise not_found()
    if caller.user_id not in {row.user_id, meta.organizer_id}:
        raise forbidden("That is for who claimed, or for the organizer, to take back.")
    _decide(tx, row, "withdrawn" if row.state == "pending" else "unclaimed")
    if row.state == "accepted":
        guest = next(player for player in meta.players if player.id == player_id)
        _rename(tx, session_id, player_id, {"user_id": None, "name": guest.guest_name, "guest_name": None})
    after = _touched(tx, session_id)
    if row.state == "accepted":
        emit(tx, GuestUnclaimed(**what_is_said(tx, after, player_id, row.user_id)))


def seen(tx: Tx, session_id: str, caller: Caller, *, organizer: bool, limit: int, after: str | None) -> Sequence[Claim]:
    """All of them for the organizer, his own for anybody else; the oldest first."""
    found = select(claims).where(claims.c.session_id == session_id).order_by(claims.c.id).limit(limit)
    if not organizer:
        found = found.where(claims.c.user_id == caller.user_id)
    if after:
        found = found.where(claims.c.id > after)
    return tx.execute(found).all()


def claim_json(row: Claim) -> dict[str, Any]:
    said: dict[str, Any] = {
        name: getattr(row, name) for name in ("id", "session_id", "player_id", "user_id", "name", "state")
    }
    return {**said, "created_at": written(row.created_at)}


def _pending(tx: Tx, session_id: str, claim_id: str) -> Claim:
    row = tx.execute(select(claims).where(claims.c.id == claim_id, claims.c.session_id == session_id)).one_or_none()
    if row is None:
        raise not_found()
    if row.state != "pending":
        raise Problem(409, "claim_decided", f"This claim is {row.state} already.")
    return row


def _decide(tx: Tx, row: Claim, state: str) -> dict[str, Any]:
    tx.execute(update(claims).where(claims.c.id == row.id).values(state=state, decided_at=now()))
    return {**claim_json(row), "state": state}


def _rename(tx: Tx, session_id: str, player_id: str, values: dict[str, Any]) -> None:
    here = and_(players.c.session_id == session_id, players.c.id == player_id)
    tx.execute(update(players).where(here).values(values))


def _touched(tx: Tx, session_id: str) -> Meta:
    touch(tx, session_id)
    return locked(tx, session_id)


def what_is_said(tx: Tx, meta: Meta, player_id: str, user_id: str) -> dict[str, Any]:
    """Of a change of who this player is."""
    version = heads(tx, [meta.id])[meta.id].version
    everybody = [player.id for player in meta.players]
    said = about(meta, parse_rules(meta.rules), everybody, version)
    return {**said, "player_id": player_id, "user_id": user_id, "claim_version": meta.stamp}
