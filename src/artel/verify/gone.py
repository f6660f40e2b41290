"""Those who are no more: that everybody has heard of it, and that nothing anywhere still is theirs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, select

from artel.auth import tables as auth
from artel.friends import tables as friends
from artel.game import tables as game
from artel.kernel.database import Database, Tx
from artel.kernel.gone import gone
from artel.notification import tables as notification
from artel.stats import tables as stats
from artel.template import tables as template
from artel.verify.difference import Difference, compare
from artel.verify.pages import pages

FOLLOWERS = ("game", "stats", "friends", "template", "notification")
NOBODY = "somebody who is here"


class Kept(NamedTuple):
    """`merged`: whoever became another still has it, and only the deleted have not."""

    service: str
    column: Column[Any]
    merged: bool = False


# What says whose something is, and is not compared with its owner's row elsewhere.
KEPT = (
    Kept("auth", auth.identities.c.user_id),
    Kept("auth", auth.exports.c.user_id),
    Kept("auth", auth.seats.c.user_id, merged=True),
    Kept("auth", auth.merges.c.user_id, merged=True),
    Kept("auth", auth.merges.c.into_id, merged=True),
    Kept("game", game.players.c.user_id),
    Kept("game", game.members.c.user_id),
    Kept("game", game.claims.c.user_id),
    Kept("stats", stats.session_players.c.user_id),
    Kept("stats", stats.lines.c.user_id),
    Kept("stats", stats.flows.c.user_id),
    Kept("stats", stats.flows.c.other_id),
    Kept("stats", stats.standings.c.user_id),
    Kept("stats", stats.listings.c.user_id),
    Kept("friends", friends.friendships.c.user_id),
    Kept("friends", friends.friendships.c.other_id),
    Kept("friends", friends.blocks.c.user_id),
    Kept("friends", friends.blocks.c.other_id),
    Kept("friends", friends.requests.c.asker_id),
    Kept("friends", friends.requests.c.other_id),
    Kept("friends", friends.groups.c.owner_id),
    Kept("friends", friends.members.c.user_id),
    Kept("template", template.templates.c.owner_id),
    Kept("template", template.favourites.c.user_id),
    Kept("notification", notification.entries.c.user_id),
    Kept("notification", notification.preferences.c.user_id),
    Kept("notification", notification.chats.c.user_id),
    Kept("notification", notification.letters.c.user_id),
)
GONE = {"user_id": "user"}
Row = Mapping[str, Any]


def left_to(service: str) -> set[str]:
    """Tables that change when this service hears of somebody's end."""
    return {gone.name, *(kept.column.table.name for kept in KEPT if kept.service == service)}


class Gone:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._databases = databases

    async def keys(self) -> AsyncIterator[Sequence[str]]:
        everywhere = [("auth", auth.users.c.id), *((service, gone.c.user_id) for service in FOLLOWERS)]
        for service, column in everywhere:
            async for page in pages(self._databases[service], column):
                yield page

    async def look(self, ids: Sequence[str]) -> list[Difference]:
        left = await self._databases["auth"].read(_left, ids)
        told: list[Difference] = []
        for service in FOLLOWERS:
            heard = await self._databases[service].read(_heard, ids)
            told += compare(service, gone.name, GONE, heard, left)
        for kept in KEPT:
            nobody = [row["user_id"] for row in left if not (kept.merged and row["into_id"])]
            told += await self._databases[kept.service].read(_theirs, kept, nobody)
        return told


def _left(tx: Tx, ids: Sequence[str]) -> list[Row]:
    """Of whoever became somebody who was deleted since, nobody is left either."""
    known, last = auth.users, auth.users.alias()
    found = (
        select(known.c.id, known.c.merged_into, last.c.deleted_at)
        .outerjoin(last, last.c.id == known.c.merged_into)
        .where(known.c.id.in_(ids), known.c.merged_into.is_not(None) | known.c.deleted_at.is_not(None))
    )
    return [
        {"user_id": row.id, "into_id": None if row.deleted_at else row.merged_into} for row in tx.execute(found).all()
    ]


def _heard(tx: Tx, ids: Sequence[str]) -> list[Row]:
    return [dict(row) for row in tx.execute(select(gone).where(gone.c.user_id.in_(ids))).mappings()]


def _theirs(tx: Tx, kept: Kept, ids: Sequence[str]) -> list[Difference]:
    if not ids:
        return []
    found = select(kept.column).distinct().where(kept.column.in_(ids)).order_by(kept.column)
    where = {"column": kept.column.name}
    return [
        Difference(kept.service, kept.column.table.name, {**where, "user": user_id}, user_id, NOBODY)
        for user_id in tx.execute(found).scalars()
    ]
