"""Rows of sessions and games that game has never heard of."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Table, select, tuple_

from artel.auth.tables import seats
from artel.game.tables import events, sessions, summaries
from artel.kernel.database import Database, Tx
from artel.notification.news import NEWS
from artel.notification.tables import entries, moments
from artel.stats.tables import claims, endings, flows, games, lines, session_players
from artel.stats.tables import sessions as stats_sessions
from artel.verify.difference import Difference
from artel.verify.pages import pages


class Kept(NamedTuple):
    """A column of others that names a session, perhaps with a game of it."""

    service: str
    table: Table
    column: Column[Any]


KEPT = (
    Kept("auth", seats, seats.c.session_id),
    Kept("game", summaries, summaries.c.session_id),
    Kept("stats", stats_sessions, stats_sessions.c.id),
    Kept("stats", session_players, session_players.c.session_id),
    Kept("stats", claims, claims.c.session_id),
    Kept("stats", endings, endings.c.session_id),
    Kept("stats", games, games.c.key),
    Kept("stats", lines, lines.c.game_key),
    Kept("stats", flows, flows.c.game_key),
    Kept("notification", entries, entries.c.subject),
    Kept("notification", moments, moments.c.subject),
)
KINDS = tuple(f"{kind}:" for kind in NEWS)
UNKNOWN = "nothing: game knows of no such thing"
Page = tuple[Kept, Sequence[str]]


class Strays:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._databases = databases

    async def keys(self) -> AsyncIterator[Page]:
        for kept in KEPT:
            async for page in pages(self._databases[kept.service], kept.column):
                yield kept, page

    async def look(self, page: Page) -> list[Difference]:
        kept, values = page
        named = {value: parts for value in values if (parts := _parts(value))}
        strays = await self._databases["game"].read(_unknown, named)
        there = strays and await self._databases[kept.service].read(_there, kept.column, strays)
        return [Difference(kept.service, kept.table.name, _where(*named[value]), value, UNKNOWN) for value in there]


def _parts(value: str) -> tuple[str, str] | None:
    """Session and game, empty if it is of the whole session. None: it is about people."""
    if value.startswith(("friend_", "export_", "identity:", "deletion:")):
        return None
    kind, _, rest = value.partition(":") if value.startswith(KINDS) else ("", "", value)
    session, _, game = rest.partition(":" if kind else ".")
    return session, "" if kind == "session_added" else game


def _where(session: str, game: str) -> dict[str, str]:
    return {"session": session, "game": game} if game else {"session": session}


def _unknown(tx: Tx, named: Mapping[str, tuple[str, str]]) -> list[str]:
    asked = {session for session, _ in named.values()}
    known = set(tx.execute(select(sessions.c.id).where(sessions.c.id.in_(asked))).scalars())
    games_asked = [parts for parts in named.values() if parts[1] and parts[0] in known]
    begun = select(events.c.session_id, events.c.id).where(
        events.c.session_id.in_({session for session, _ in games_asked}),
        tuple_(events.c.session_id, events.c.id).in_(games_asked),
    )
    games_known = {tuple(row) for row in tx.execute(begun)} if games_asked else set()
    return [value for value, parts in named.items() if parts[0] not in known or (parts[1] and parts not in games_known)]


def _there(tx: Tx, column: Column[Any], values: Sequence[str]) -> list[str]:
    """Still."""
    return list(tx.execute(select(column).distinct().where(column.in_(values)).order_by(column)).scalars())
