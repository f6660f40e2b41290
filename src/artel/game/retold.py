"""A session told again from its log, with the engine: what it should have announced beside what it did."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row, select, tuple_

from artel.contracts import published
from artel.contracts.game import SessionEvent
from artel.engine.events import parse_event
from artel.engine.refusal import Refusal
from artel.engine.rules import parse_rules
from artel.game.announce import facts, public_events
from artel.game.listing import summary_row
from artel.game.meta import Meta, load_meta
from artel.game.moments import read
from artel.game.sheet import ADDED, Sheet
from artel.game.tables import claims, cursors, events, players, sessions, summaries
from artel.kernel.database import Tx
from artel.kernel.gone import known

CIRCUMSTANCES: Final = frozenset({"session_name", "organizer_id", "players"})
"""What depends on the moment at which it was said, and not on the log."""
AS_OF_NOW: Final = frozenset({"code", "epoch"})
"""What is looked at anew whenever a summary is shown."""
PUBLISHED: Final = "published"


@dataclass(frozen=True)
class Fault:
    """Something of game's own that is not what the log gives."""

    table: str
    where: dict[str, Any]
    found: Any
    expected: Any


@dataclass
class Retold:
    """`told` is all that the log made public, in its order: the facts are the engine's, the circumstances (when, and
    who was called what) those of the moment."""

    meta: Meta
    sheet: Sheet
    created_by: str
    seats: Sequence[Row[Any]]
    claimed: Sequence[Row[Any]]
    told: list[SessionEvent] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    """The id of every game that ever began, undone ones too."""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, table: str, found: Any, expected: Any, **where: Any) -> None:
        self.faults.append(Fault(table, {"session": self.meta.id, **where}, found, expected))


def retell(tx: Tx, session_id: str) -> Retold | None:
    meta = load_meta(tx, session_id)
    if meta is None:
        return None
    row = tx.execute(select(sessions).where(sessions.c.id == session_id)).one()
    seats = tx.execute(select(players).where(players.c.session_id == session_id).order_by(players.c.position)).all()
    claimed = tx.execute(select(claims).where(claims.c.session_id == session_id).order_by(claims.c.id)).all()
    retold = Retold(meta, Sheet(meta, parse_rules(meta.rules)), row.created_by, seats, claimed)
    if _replay(retold, tx.execute(_log(session_id)).all()):
        _check_state(retold, row)
        _check_summary(tx, retold)
    _check_published(tx, retold)
    retold.told = _as_now(tx, retold.told)
    return retold


def _as_now(tx: Tx, told: Sequence[SessionEvent]) -> list[SessionEvent]:
    said = {player.user_id for event in told for player in event.players if player.user_id}
    gone = known(tx, said | {event.organizer_id for event in told})
    return [event.as_now(gone) for event in told]


def _log(session_id: str) -> Any:
    return select(events).where(events.c.session_id == session_id).order_by(events.c.version)


def _replay(retold: Retold, lines: Sequence[Row[Any]]) -> bool:
    """False where the log breaks off: what stands behind that may mean anything."""
    for version, line in enumerate(lines, 1):
        try:
            _follow(retold, version, line)
        except (Refusal, ValueError, LookupError, TypeError) as broken:
            retold.fault("events", str(broken) or repr(broken), "what the engine takes", version=line.version)
            return False
    return True


def _follow(retold: Retold, version: int, line: Row[Any]) -> None:
    value = orjson.loads(line.body)
    if (line.version, value["version"], value["id"]) != (version, version, line.id):
        raise ValueError(f"version {value['version']} and id {value['id']} where {version} and {line.id} belong")
    sheet, event = retold.sheet, parse_event({key: part for key, part in value.items() if key not in ADDED})
    before = facts(sheet, event)
    sheet.add(event, line.body.encode())
    if event.type == "start":
        retold.starts.append(event.id)
    derived = _session_events(public_events(sheet, event, before))
    kept = _kept(line.announce)
    found, expected = ([_facts(each) for each in told] for told in (kept or [], derived))
    if found != expected:
        retold.fault("events.announce", line.announce if kept is None else found, expected, version=version)
    retold.told += [_as_said(each, kept or [], read(value["at"])) for each in derived]


def _session_events(told: Sequence[object]) -> list[SessionEvent]:
    return [each for each in told if isinstance(each, SessionEvent)]


def _kept(announce: str | None) -> list[SessionEvent] | None:
    """None if nobody could read it."""
    topics = {event.topic: event for event in published()}
    try:
        return _session_events([topics[topic].read(body) for _, topic, body in orjson.loads(announce or "[]")])
    except (ValueError, LookupError, TypeError):
        return None


def _facts(event: SessionEvent) -> dict[str, Any]:
    said = event.model_dump(mode="json", exclude=set(CIRCUMSTANCES))
    return {"topic": event.topic, **said, "players": [player.id for player in event.players]}


def _as_said(derived: SessionEvent, kept: Sequence[SessionEvent], at: datetime) -> SessionEvent:
    """Where nothing of it is kept, as it would be said today of that moment."""
    said = next((each for each in kept if each.topic == derived.topic), None)
    if said is None:
        return derived.model_copy(update={"at": at})
    return derived.model_copy(update={name: getattr(said, name) for name in (*CIRCUMSTANCES, "event_id", "at")})


def _check_state(retold: Retold, row: Row[Any]) -> None:
    state = retold.sheet.play.state
    if row.state != state:
        retold.fault("sessions", {"state": row.state}, {"state": state})
    if state == "finished" and row.code is not None:
        retold.fault("sessions", {"code": row.code}, {"code": None})


def _check_summary(tx: Tx, retold: Retold) -> None:
    """One that is older than the session is not used any more, whatever it says."""
    kept = tx.execute(select(summaries).where(summaries.c.session_id == retold.meta.id)).one_or_none()
    if kept is None:
        return
    fresh = summary_row(retold.sheet)
    age = {name: getattr(kept, name) for name in ("version", "stamp")}
    if age["version"] > fresh["version"] or age["stamp"] > fresh["stamp"]:
        retold.fault("summaries", age, {name: fresh[name] for name in age})
    elif age == {name: fresh[name] for name in age}:
        found, expected = (_shown(body) for body in (kept.body, fresh["body"]))
        if found != expected:
            retold.fault("summaries", found, expected)


def _shown(body: str) -> dict[str, Any]:
    try:
        return {key: value for key, value in orjson.loads(body).items() if key not in AS_OF_NOW}
    except ValueError:
        return {"body": body}


def _check_published(tx: Tx, retold: Retold) -> None:
    """What is still ahead of the relay's cursor; on a live system it will not be there a moment later."""
    cursor = select(cursors.c.xid, cursors.c.session_id, cursors.c.version).where(cursors.c.name == "relay")
    after = tuple_(*tx.execute(cursor).one())
    place = tuple_(events.c.xid, events.c.session_id, events.c.version)
    mine = select(events.c.version).where(events.c.session_id == retold.meta.id, events.c.announce.is_not(None))
    for version in tx.execute(mine.where(place > after).order_by(events.c.version)).scalars():
        retold.fault("events.announce", "not published", PUBLISHED, version=version)
