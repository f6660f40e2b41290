"""What game keeps about somebody, for himself: the evenings he may look at, as `artel replay` reads them, and beside
them what they are called, who was there and when he said what. Of the others no more than their names at the table.

The log of an evening he was removed from is not his to see any more; that he was in it is in here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Row, Select, and_, select

from artel.game.export import bare
from artel.game.tables import claims, events, members, players, sessions
from artel.kernel.database import Tx
from artel.kernel.takeout import Place, Rows, json_line

AT_ONCE = 200
"""Lines of a log that are in memory."""


def _own(user_id: str) -> Select[Any]:
    """Ids of the sessions he may look at."""
    return select(members.c.session_id).where(members.c.user_id == user_id, members.c.removed_at.is_(None))


class Cases:
    """A line an evening, as `GET /sessions/{id}/export` gives it."""

    file = "evenings.jsonl"

    def tell(self, tx: Tx, user_id: str, place: Place, room: int) -> tuple[str, Place]:
        """A place is a session and the version up to which its log is told."""
        text: list[str] = []
        session_id, version = place or ("", None)
        while room > 0:
            if version is None:
                following = _own(user_id).where(members.c.session_id > session_id).order_by(members.c.session_id)
                session_id = tx.execute(following.limit(1)).scalar()
                if session_id is None:
                    return "".join(text), None
                said, version = _head(tx, session_id), 0
            else:
                said, version = _lines(tx, session_id, version)
            text.append(said)
            room -= len(said.encode())
        return "".join(text), [session_id, version]


def _head(tx: Tx, session_id: str) -> str:
    rules = tx.execute(select(sessions.c.rules).where(sessions.c.id == session_id)).scalar_one()
    initial = select(players.c.id).where(players.c.session_id == session_id, players.c.initial)
    ids = list(tx.execute(initial.order_by(players.c.position)).scalars())
    return json_line({"id": session_id, "rules": rules, "players": ids})[:-1] + ',"events":['


def _lines(tx: Tx, session_id: str, version: int) -> tuple[str, int | None]:
    found = select(events.c.version, events.c.body).where(events.c.session_id == session_id, events.c.version > version)
    rows = tx.execute(found.order_by(events.c.version).limit(AT_ONCE)).all()
    said = ",".join(json_line(bare(orjson.loads(row.body))) for row in rows)
    begun = "," if version and rows else ""
    if len(rows) < AT_ONCE:
        return f"{begun}{said}]}}\n", None
    return begun + said, rows[-1].version


def _sessions(user_id: str) -> Select[Any]:
    columns = ("id", "name", "state", "template_id", "template_version", "organizer_id", "created_at")
    here = and_(members.c.session_id == sessions.c.id, members.c.user_id == user_id)
    found = select(*(sessions.c[name] for name in columns), members.c.joined_at, members.c.removed_at)
    return found.join(members, here)


def _session(row: Row[Any], user_id: str) -> Mapping[str, Any]:
    said = row._asdict()
    return {**said, "organizer": said.pop("organizer_id") == user_id}


def _players(user_id: str) -> Select[Any]:
    """At his tables, and of others that he himself was there."""
    mine = players.c.session_id.in_(_own(user_id)) | (players.c.user_id == user_id)
    columns = (players.c.session_id, players.c.id, players.c.name, players.c.guest_name, players.c.user_id)
    return select(*columns).where(mine)


def _player(row: Row[Any], user_id: str) -> Mapping[str, Any]:
    me = row.user_id == user_id
    own = {"guest_name": row.guest_name} if me else {}
    return {"session_id": row.session_id, "player_id": row.id, "name": row.name, "me": me, **own}


def _log(user_id: str) -> Select[Any]:
    found = select(events.c.session_id, events.c.version, events.c.body)
    return found.where(events.c.session_id.in_(_own(user_id)))


def _entry(row: Row[Any], user_id: str) -> Mapping[str, Any]:
    """When it was, and whether he was the one who said it."""
    said = orjson.loads(row.body)
    times = {key: said[key] for key in ("at", "client_at") if key in said and said["by"] == user_id}
    return {"session_id": row.session_id, "version": row.version, "id": said["id"], "at": said["at"],
            "by_me": said["by"] == user_id, **times}  # fmt: skip


def _claims(user_id: str) -> Select[Any]:
    columns = ("id", "session_id", "player_id", "name", "state", "created_at", "decided_at")
    return select(*(claims.c[name] for name in columns)).where(claims.c.user_id == user_id)


CHAPTERS: Final[Sequence[Any]] = (
    Cases(),
    Rows("sessions.json", _sessions, [sessions.c.id], _session),
    Rows("players.json", _players, [players.c.session_id, players.c.id], _player),
    Rows("log.json", _log, [events.c.session_id, events.c.version], _entry),
    Rows("claims.json", _claims, [claims.c.id]),
)
