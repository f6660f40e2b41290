"""What others have learnt of people, beside auth, which is where names come from."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Table, and_, select

from artel.auth.tables import identities, users
from artel.friends.tables import people as friends_people
from artel.game.tables import players
from artel.game.tables import users as game_users
from artel.kernel.database import Database, Tx
from artel.notification.tables import chats
from artel.stats.tables import people as stats_people
from artel.stats.tables import privacies
from artel.verify.difference import Difference, compare
from artel.verify.pages import pages, rows_of

Row = Mapping[str, Any]


class Copy(NamedTuple):
    service: str
    table: Table
    of: Callable[[Row], Row]


def _game(user: Row) -> Row:
    return {"id": user["id"], "name": user["display_name"], "version": user["version"]}


def _stats(user: Row) -> Row:
    return {"id": user["id"], "display_name": user["display_name"], "version": user["version"]}


def _friends(user: Row) -> Row:
    return {**_stats(user), "username": user["username"], "avatar_url": user["avatar_url"]}


COPIES = (
    Copy("game", game_users, _game),
    Copy("stats", stats_people, _stats),
    Copy("friends", friends_people, _friends),
)


class People:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._databases = databases

    async def keys(self) -> AsyncIterator[Sequence[str]]:
        """Of auth, and of whoever else knows somebody."""
        everywhere = [("auth", users.c.id), *((copy.service, copy.table.c.id) for copy in COPIES)]
        others = [("stats", privacies.c.user_id), ("notification", chats.c.user_id)]
        for service, column in [*everywhere, *others]:
            async for page in pages(self._databases[service], column):
                yield page

    async def look(self, ids: Sequence[str]) -> list[Difference]:
        known = await self._databases["auth"].read(rows_of(users, users.c.id), ids)
        told = [await self._compare(copy, ids, known) for copy in COPIES]
        hidden = await self._databases["stats"].read(rows_of(privacies, privacies.c.user_id), ids)
        seats = await self._databases["game"].read(_seats, ids)
        written_to = await self._chats(ids, known)
        return [*_found_by(known), *chain(*told), *_privacies(hidden, known), *written_to, *seats]

    async def _chats(self, ids: Sequence[str], known: Sequence[Row]) -> list[Difference]:
        """Of whoever was told of since they are kept."""
        found = await self._databases["notification"].read(rows_of(chats, chats.c.user_id), ids)
        numbers = await self._databases["auth"].read(_in_telegram, [row["user_id"] for row in found])
        there = {row["user_id"] for row in found}
        names = ("user_id", "version", "language", "telegram_id")
        expected = [
            dict(zip(names, (user["id"], user["version"], user["language"], numbers.get(user["id"])), strict=True))
            for user in known
            if user["id"] in there and not (user["merged_into"] or user["deleted_at"])
        ]
        return compare("notification", "chats", {"user_id": "user"}, found, expected, ignored=("closed_at",))

    async def _compare(self, copy: Copy, ids: Sequence[str], known: Sequence[Row]) -> list[Difference]:
        found = await self._databases[copy.service].read(rows_of(copy.table, copy.table.c.id), ids)
        expected = [copy.of(user) for user in known if not (user["merged_into"] or user["deleted_at"])]
        return compare(copy.service, copy.table.name, {"id": "user"}, found, expected)


def _found_by(known: Sequence[Row]) -> list[Difference]:
    """By what auth itself finds people."""
    found = [{"id": user["id"], "search_name": user["search_name"]} for user in known]
    expected = [{"id": user["id"], "search_name": user["display_name"].casefold()[:64]} for user in known]
    return compare("auth", "users", {"id": "user"}, found, expected)


def _privacies(found: Sequence[Row], known: Sequence[Row]) -> list[Difference]:
    """Who has decided nothing need not be there."""
    there = {row["user_id"] for row in found}
    decided = [
        {"user_id": user["id"], "figures": user["figures"], "hide_money": user["hide_money"]}
        for user in known
        if not (user["merged_into"] or user["deleted_at"])
        and (user["id"] in there or user["figures"] != "known" or user["hide_money"])
    ]
    return compare("stats", "privacies", {"user_id": "user"}, found, decided)


def _in_telegram(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    """The oldest account of each."""
    theirs = select(identities).where(identities.c.user_id.in_(ids), identities.c.provider == "telegram")
    newest_first = theirs.order_by(identities.c.created_at.desc())
    return {row.user_id: int(row.subject) for row in tx.execute(newest_first)}


def _seats(tx: Tx, ids: Sequence[str]) -> list[Difference]:
    """Players are called what game knows their users to be called."""
    other = and_(players.c.user_id == game_users.c.id, players.c.name != game_users.c.name)
    columns = (players.c.session_id, players.c.id, players.c.user_id, players.c.name, game_users.c.name.label("user"))
    wrong = select(*columns).join(game_users, other).where(players.c.user_id.in_(ids))
    return [
        Difference(
            "game", "players", {"session": row.session_id, "player": row.id}, {"name": row.name}, {"name": row.user}
        )
        for row in tx.execute(wrong)
    ]
