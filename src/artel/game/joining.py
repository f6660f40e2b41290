"""Who comes to a session and who goes. The log's join or leave follows when no game runs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from artel.contracts.game import SessionPlayerJoined
from artel.engine.rules import parse_rules
from artel.game.announce import about
from artel.game.caps import PLAYERS
from artel.game.merging import require_apart
from artel.game.meta import Meta, Player, heads, load_meta
from artel.game.people import meet, names, require_acquaintance, touch
from artel.game.schemas import NewPlayer
from artel.game.sessions import as_organizer, free_code, require_open, seat_row
from artel.game.sheet import Sheet
from artel.game.tables import members, players, sessions
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, not_found
from artel.kernel.events import new_id, now
from artel.kernel.gone import require_here
from artel.kernel.http import bad_field
from artel.kernel.outbox import emit
from artel.kernel.token import Caller


class Inside:
    """What the log says of the players at one version: taken from memory before the transaction begins."""

    def __init__(self, sheet: Sheet) -> None:
        self.version = sheet.version
        self._in = {player for player in sheet.play.players if sheet.play.is_in(player)}
        self._waiting = {player.id: player.wish for player in sheet.wishes()}

    def coming(self, player: Player) -> bool:
        """In, or about to be."""
        waits = self._waiting.get(player.id)
        return waits == "join" or (player.id in self._in and waits != "leave")

    def sits(self, player: Player) -> bool:
        return player.id in self._in


def join(tx: Tx, session_id: str, caller: Caller, inside: Inside) -> None:
    """By the code; again changes nothing."""
    meet(tx, caller)
    meta = locked(tx, session_id)
    player = meta.player_of(caller.user_id)
    if caller.user_id in meta.members and player and inside.coming(player):
        return
    admit(tx, session_id, caller.user_id)
    _seat(tx, meta, caller.user_id, NewPlayer(user_id=caller.user_id), inside)


def add_player(tx: Tx, session_id: str, caller: Caller, body: NewPlayer, inside: Inside) -> dict[str, Any]:
    """By the organizer. Gives the id of the player."""
    meta = as_organizer(tx, session_id, caller)
    require_open(tx, session_id)
    if body.user_id:
        if body.user_id != caller.user_id:
            require_acquaintance(tx, caller.user_id, body.user_id)
        admit(tx, session_id, body.user_id)
    return {"player_id": _seat(tx, meta, caller.user_id, body, inside)}


def locked(tx: Tx, session_id: str) -> Meta:
    tx.execute(select(sessions.c.id).where(sessions.c.id == session_id).with_for_update())
    meta = load_meta(tx, session_id)
    if meta is None:
        raise not_found()
    return meta


def admit(tx: Tx, session_id: str, user_id: str) -> None:
    require_here(tx, user_id)
    here = and_(members.c.session_id == session_id, members.c.user_id == user_id)
    if not tx.execute(update(members).where(here).values(removed_at=None)).rowcount:
        tx.execute(insert(members).values(session_id=session_id, user_id=user_id, joined_at=now()))


def _seat(tx: Tx, meta: Meta, by: str, wanted: NewPlayer, inside: Inside) -> str:
    known = meta.player_of(wanted.user_id) if wanted.user_id else _same(meta, wanted)
    if known and inside.coming(known):
        touch(tx, meta.id)
        return known.id
    player_id = known.id if known else _new_seat(tx, meta, wanted)
    wish = {"wish": "join", "wish_by": by, "wish_version": inside.version}
    here = and_(players.c.session_id == meta.id, players.c.id == player_id)
    tx.execute(update(players).where(here).values(wish))
    touch(tx, meta.id)
    _tell(tx, meta.id, player_id, by)
    return player_id


def _same(meta: Meta, wanted: NewPlayer) -> Player | None:
    """A guest that was added before: the same request once more."""
    known = next((player for player in meta.players if player.id == wanted.id), None)
    if known and (known.user_id or known.name != wanted.guest_name):
        raise Problem(409, "id_taken", "This id is taken: make another.")
    return known


def _new_seat(tx: Tx, meta: Meta, wanted: NewPlayer) -> str:
    if len(meta.players) >= PLAYERS:
        raise bad_field("players", f"at most {PLAYERS} players")
    player_id = wanted.id or new_id()
    if any(player.id == player_id for player in meta.players):
        raise Problem(409, "id_taken", "This id is taken: make another.")
    name = wanted.guest_name or names(tx, [wanted.user_id or ""])[wanted.user_id or ""]
    last = tx.execute(select(func.max(players.c.position)).where(players.c.session_id == meta.id)).scalar_one()
    position = 0 if last is None else last + 1
    tx.execute(insert(players).values(seat_row(meta.id, player_id, position, wanted.user_id, name)))
    require_apart(tx, meta.id)
    return player_id


def _tell(tx: Tx, session_id: str, player_id: str, by: str) -> None:
    meta = load_meta(tx, session_id)
    assert meta  # noqa: S101 it is locked by this transaction
    everybody = [player.id for player in meta.players]
    version = heads(tx, [session_id])[session_id].version
    said = about(meta, parse_rules(meta.rules), everybody, version)
    emit(tx, SessionPlayerJoined(**said, player_id=player_id, by=by))


def remove_member(tx: Tx, session_id: str, caller: Caller, user_id: str, inside: Inside) -> None:
    """He knows the code, so it opens nothing any more, not even if the session is over and is taken up again; those
    who stay see another one, which lives as long as the old one would have."""
    meta = as_organizer(tx, session_id, caller)
    if user_id not in meta.members:
        raise not_found()
    if user_id == meta.organizer_id:
        raise Problem(409, "organizer_stays", "The organizer cannot go: make somebody else the organizer first.")
    gone = and_(members.c.session_id == session_id, members.c.user_id == user_id)
    tx.execute(update(members).where(gone).values(removed_at=now()))
    player = meta.player_of(user_id)
    if player:
        wish: Mapping[str, Any] = {"wish": None}
        if inside.sits(player):
            wish = {"wish": "leave", "wish_by": caller.user_id, "wish_version": inside.version}
        here = and_(players.c.session_id == session_id, players.c.id == player.id)
        tx.execute(update(players).where(here).values(wish))
    scorers = meta.scorers if isinstance(meta.scorers, str) else [user for user in meta.scorers if user != user_id]
    touch(tx, session_id, scorers=scorers, code=free_code(tx))
