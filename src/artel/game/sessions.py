"""Sessions beside their play: made, found, changed. Functions take the transaction first."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Row, Select, insert, select

from artel.contracts.game import SessionCreated
from artel.engine.presets import BY_ID
from artel.engine.rules import Rules
from artel.game.announce import about
from artel.game.caps import CODE_LIVES, PLAYERS
from artel.game.merging import require_apart
from artel.game.meta import Meta, load_meta
from artel.game.moments import read
from artel.game.people import meet, names, require_acquaintance, touch
from artel.game.rules import read_rules
from artel.game.schemas import NewSession, SessionChange, TemplateRef
from artel.game.sheet import Sheet
from artel.game.tables import events, members, players, sessions
from artel.game.views import session_json
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, forbidden, not_found
from artel.kernel.events import new_id, now
from artel.kernel.gone import who_now
from artel.kernel.http import bad_field
from artel.kernel.outbox import emit
from artel.kernel.sql import older, put_new
from artel.kernel.token import Caller

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 O, no 1 I L."""
CODE_LENGTH = 6


@dataclass(frozen=True)
class Draft:
    """A new session that fits, before it is known whether all its people may be in it."""

    id: str
    digest: str
    body: NewSession
    rules: Rules
    whole_rules: dict[str, Any]
    seats: Sequence[tuple[str, str | None, str | None]]  # player id, user id, name of a guest


def draft(caller: Caller, body: NewSession) -> Draft:
    seats = [(player.id or new_id(), player.user_id, player.guest_name) for player in body.players]
    if body.organizer_plays:
        seats.insert(0, (body.organizer_player_id or new_id(), caller.user_id, None))
    elif body.organizer_player_id:
        raise bad_field("organizer_player_id", "the organizer does not play")
    _require_different(seats)
    if isinstance(body.scorers, list):
        _require_scorers(body.scorers, {caller.user_id, *(user for _, user, _ in seats if user)})
    rules, whole = read_rules(body.rules, [player for player, _, _ in seats])
    if body.template:
        _require_same_game(body.template, rules)
    digest = sha256(orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Draft(body.id or new_id(), digest, body, rules, whole, seats)


def _require_different(seats: Sequence[tuple[str, str | None, str | None]]) -> None:
    people = [user for _, user, _ in seats if user]
    if len({player for player, _, _ in seats}) < len(seats) or len(set(people)) < len(people):
        raise bad_field("players", "the same player twice")
    if len(seats) > PLAYERS:
        raise bad_field("players", f"at most {PLAYERS} players")


def _require_scorers(scorers: Sequence[str], inside: set[str] | frozenset[str]) -> None:
    if not inside.issuperset(scorers) or len(set(scorers)) < len(scorers):
        raise bad_field("scorers", "must be members of the session, each once")


def _require_same_game(template: TemplateRef, rules: Rules) -> None:
    """Of a preset, which comes with the program; what is in the templates of people is not known here."""
    preset = BY_ID.get(template.id)
    if preset and preset.rules.game != rules.game:
        raise bad_field("template.id", f"is a template of {preset.rules.game}, and the rules are of {rules.game}")


def create(tx: Tx, caller: Caller, made: Draft) -> dict[str, Any]:
    """The answer: *Session*."""
    meet(tx, caller)
    if not _insert(tx, caller, made):
        return _again(tx, caller, made)
    _insert_people(tx, caller, made)
    meta = load_meta(tx, made.id)
    assert meta  # noqa: S101 inserted just now
    emit(tx, SessionCreated(**about(meta, made.rules, [player.id for player in meta.players], 0)))
    answer: dict[str, Any] = orjson.loads(orjson.dumps(session_json(Sheet(meta, made.rules))))
    return answer


def _insert(tx: Tx, caller: Caller, made: Draft) -> bool:
    """False if there is one of this id already."""
    template = made.body.template
    row = {
        "id": made.id,
        "created_by": caller.user_id,
        "digest": made.digest,
        "name": made.body.name,
        "rules": made.whole_rules,
        "template_id": template and template.id,
        "template_version": template and template.version,
        "organizer_id": caller.user_id,
        "scorers": made.body.scorers,
        "state": "open",
        "code_until": now() + CODE_LIVES,
        "seed": secrets.token_bytes(16),
        "share_money": False,
        "stamp": 1,
        "created_at": now(),
        "updated_at": now(),
    }
    while not put_new(tx, sessions, {**row, "code": new_code()}):
        if tx.execute(select(sessions.c.id).where(sessions.c.id == made.id)).one_or_none():
            return False
    return True


def new_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def _again(tx: Tx, caller: Caller, made: Draft) -> dict[str, Any]:
    row = tx.execute(select(sessions).where(sessions.c.id == made.id)).one()
    if (row.created_by, row.digest) != (caller.user_id, made.digest):
        raise Problem(409, "id_taken", "This id is taken: make another.")
    return {"again": made.id}


def _insert_people(tx: Tx, caller: Caller, made: Draft) -> None:
    users = [user for _, user, _ in made.seats if user]
    left = who_now(tx, users)
    for user in users:
        if user != caller.user_id:
            require_acquaintance(tx, caller.user_id, user)
    if left:
        raise not_found()
    called = names(tx, users)
    rows = [
        seat_row(made.id, player, position, user, called[user] if user else guest or "", initial=True)
        for position, (player, user, guest) in enumerate(made.seats)
    ]
    if rows:
        tx.execute(insert(players), rows)
    inside = dict.fromkeys([caller.user_id, *users])
    tx.execute(insert(members), [{"session_id": made.id, "user_id": user, "joined_at": now()} for user in inside])
    require_apart(tx, made.id)


def seat_row(
    session_id: str, player: str, position: int, user: str | None, name: str, *, initial: bool = False
) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "id": player,
        "position": position,
        "user_id": user,
        "name": name,
        "initial": initial,
        "wish_version": 0,
    }


# Found


def mine(tx: Tx, user_id: str, state: str | None, limit: int, after: tuple[datetime, str] | None) -> Sequence[Row[Any]]:
    """Ids and when they were made, the newest first."""
    found: Select[Any] = (
        select(sessions.c.id, sessions.c.created_at)
        .join(members, members.c.session_id == sessions.c.id)
        .where(members.c.user_id == user_id, members.c.removed_at.is_(None))
    )
    if state:
        found = found.where(sessions.c.state == state)
    if after:
        found = found.where(older(sessions.c.created_at, sessions.c.id, after))
    return tx.execute(found.order_by(sessions.c.created_at.desc(), sessions.c.id.desc()).limit(limit)).all()


def by_code(tx: Tx, code: str) -> str | None:
    """The session that this code opens now."""
    row = tx.execute(select(sessions).where(sessions.c.code == code, sessions.c.state == "open")).one_or_none()
    if row is None:
        return None
    last = select(events.c.body).where(events.c.session_id == row.id).order_by(events.c.version.desc()).limit(1)
    body = tx.execute(last).scalar_one_or_none()
    alive_until = max(row.code_until, read(orjson.loads(body)["at"]) + CODE_LIVES if body else row.code_until)
    return str(row.id) if now() < alive_until else None


# Changed


def as_organizer(tx: Tx, session_id: str, caller: Caller) -> Meta:
    """The session, locked, if the caller is its organizer; 404 for strangers, 403 for other members."""
    tx.execute(select(sessions.c.id).where(sessions.c.id == session_id).with_for_update())
    meta = load_meta(tx, session_id)
    if meta is None or caller.user_id not in meta.members:
        raise not_found()
    if caller.user_id != meta.organizer_id:
        raise forbidden("That is for the organizer to do.")
    return meta


def require_open(tx: Tx, session_id: str) -> None:
    state = tx.execute(select(sessions.c.state).where(sessions.c.id == session_id)).scalar_one()
    if state == "finished":
        raise Problem(409, "session_finished", "The session is over; nobody joins any more.")


def change(tx: Tx, session_id: str, caller: Caller, body: SessionChange) -> None:
    meta = as_organizer(tx, session_id, caller)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    if "scorers" in changes and isinstance(changes["scorers"], list):
        _require_scorers(changes["scorers"], meta.members)
    if "organizer_id" in changes and changes["organizer_id"] not in meta.members:
        raise bad_field("organizer_id", "must be a member of the session")
    if changes:
        touch(tx, session_id, **changes)


def renew_code(tx: Tx, session_id: str, caller: Caller) -> dict[str, Any]:
    as_organizer(tx, session_id, caller)
    require_open(tx, session_id)
    code = free_code(tx)
    touch(tx, session_id, code=code, code_until=now() + CODE_LIVES)
    return {"code": code}


def free_code(tx: Tx) -> str:
    """One that no session has."""
    code = new_code()
    while tx.execute(select(sessions.c.id).where(sessions.c.code == code)).one_or_none():
        code = new_code()
    return code
