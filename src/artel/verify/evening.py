"""One session: what its log makes true, beside what game, stats and notification have kept of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select

from artel.contracts.game import GameEvent, GameFinished, GameReopened, SessionEvent, SessionFinished, SessionReopened
from artel.game.announce import NAME
from artel.game.retold import Retold, retell
from artel.game.tables import sessions as made
from artel.kernel.database import Database, Tx
from artel.stats.reactions import REACTIONS
from artel.stats.tables import claims, endings, flows, games, lines, metadata, session_players, sessions
from artel.verify.difference import Difference, compare
from artel.verify.inboxes import Inboxes
from artel.verify.pages import pages
from artel.verify.shadow import Shadow

Rows = dict[str, list[Mapping[str, Any]]]

NAMES: Mapping[Table, Mapping[str, str]] = {
    sessions: {"id": "session"},
    session_players: {"player_id": "player"},
    claims: {"player_id": "player"},
    endings: {"session_id": "session"},
    games: {"key": "game"},
    lines: {"game_key": "game", "player_id": "player"},
    flows: {"game_key": "game", "player_id": "player", "other_player_id": "other player"},
}
BESIDE = (sessions, session_players)  # what may have been told by something beside the log


class Evenings:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._databases = databases
        self._stats = Shadow(metadata, REACTIONS)
        self._inboxes = Inboxes(databases["notification"])

    async def keys(self) -> AsyncIterator[str]:
        async for page in pages(self._databases["game"], made.c.id):
            for session_id in page:
                yield session_id

    async def look(self, session_id: str) -> list[Difference]:
        retold = await self._databases["game"].read(retell, session_id)
        if retold is None:
            return []  # a stray: another look finds what is left of it
        own = [Difference("game", each.table, each.where, each.found, each.expected) for each in retold.faults]
        return own + await self._compare_stats(retold) + await self._inboxes.look(retold)

    async def _compare_stats(self, retold: Retold) -> list[Difference]:
        keys = [f"{retold.meta.id}.{start}" for start in retold.starts]
        heard = [_as_today(retold, event) for event in newest(retold.told)]
        expected = self._stats.after(heard, lambda tx: _rows(tx, retold.meta.id, keys))
        found = await self._databases["stats"].read(_rows, retold.meta.id, keys)
        expected["claims"] = _claims(retold)
        if not _is_from_the_log(found, expected):
            expected |= _beside_the_log(retold, found, expected)
        told: list[Difference] = []
        for table, names in NAMES.items():
            ignored = ["version"] if table is claims else []
            rows = found[table.name], expected[table.name]
            told += compare("stats", table.name, names, *rows, ignored=ignored, about={"session": retold.meta.id})
        return told

    def close(self) -> None:
        self._stats.close()
        self._inboxes.close()


def newest(told: Sequence[SessionEvent]) -> list[SessionEvent]:
    """The last word on each game and on the end, and the last of all."""
    last: dict[str, SessionEvent] = {}
    for event in told:
        if isinstance(event, GameFinished | GameReopened):
            last[_game(event)] = event
        elif isinstance(event, SessionFinished | SessionReopened):
            last["end"] = event
        last["any"] = event
    return [event for event in told if any(event is kept for kept in last.values())]


def _game(event: GameEvent) -> str:
    return f"game {event.game_id}"


def _as_today(retold: Retold, event: SessionEvent) -> SessionEvent:
    """With the players as who they turned out to be."""
    users = retold.meta.users
    players = [player.model_copy(update={"user_id": users.get(player.id)}) for player in event.players]
    return event.model_copy(update={"players": players})


def _rows(tx: Tx, session_id: str, keys: Sequence[str]) -> Rows:
    found: Rows = {}
    for table in NAMES:
        if "session_id" in table.c and table is not games:
            here = table.c.session_id == session_id
        else:
            here = table.c.id == session_id if table is sessions else _key(table).in_(keys)
        found[table.name] = [dict(row) for row in tx.execute(select(table).where(here)).mappings()]
    return found


def _key(table: Table) -> Any:
    return table.c.key if table is games else table.c.game_key


def _claims(retold: Retold) -> list[Mapping[str, Any]]:
    """Of each guest that was ever somebody, and each seat whose user became another or nobody: who he is, or that he is
    nobody."""
    who = {row.player_id: None for row in retold.claimed if row.state in {"accepted", "unclaimed"}}
    who |= {row.player_id: row.user_id for row in retold.claimed if row.state == "accepted"}
    who |= {seat.id: seat.user_id for seat in retold.seats if seat.followed}
    session = {"session_id": retold.meta.id, "version": None}
    return [{**session, "player_id": player, "user_id": user_id} for player, user_id in sorted(who.items())]


def _is_from_the_log(found: Rows, expected: Rows) -> bool:
    """Whether what stats heard last of the session itself was said by its log."""
    moments = [[(row["version"], row["at"]) for row in rows["sessions"]] for rows in (found, expected)]
    return bool(moments[1]) and (moments[0] == moments[1] or moments[0] < moments[1])


def _beside_the_log(retold: Retold, found: Rows, expected: Rows) -> Rows:
    """The session was made, somebody came, or a guest was claimed: of that only the outcome is known, and not what
    people were called at that moment."""
    known = found["sessions"][0] if found["sessions"] else None
    play, rules = retold.sheet, retold.sheet.play.rules
    row = {"id": retold.meta.id, "version": 0, "at": None, "name": retold.meta.name, "kind": rules.game}
    row["currency"] = rules.currency
    if known:
        row |= {name: known[name] for name in ("at", "name")}
        row["version"] = min(known["version"], play.version)
    names = {player["player_id"]: player["name"] for player in found["session_players"]}
    inside = {player["player_id"] for player in expected["session_players"]}
    seats = retold.meta.players
    there = [at for at, seat in enumerate(seats) if seat.initial or seat.id in inside or seat.id in names]
    players: list[Mapping[str, Any]] = [  # all seats that there were at that moment
        {
            "session_id": retold.meta.id,
            "player_id": seat.id,
            "user_id": seat.user_id,
            "name": names.get(seat.id) if seat.user_id else seat.name[:NAME],  # a guest's changes by a word to all
        }
        for seat in seats[: max(there, default=-1) + 1]
    ]
    return {"sessions": [row], "session_players": players}
