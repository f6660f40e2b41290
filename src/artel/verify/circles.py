"""Who is whose friend, and who blocks whom: what others have learnt of it, beside friends itself."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Table, select, tuple_

from artel.friends.tables import blocks, friendships, pairs, requests
from artel.game.tables import ties
from artel.kernel.database import Database, Tx
from artel.notification.tables import entries
from artel.stats.tables import blocks as stats_blocks
from artel.stats.tables import friendships as stats_friendships
from artel.verify.difference import Difference, compare
from artel.verify.inboxes import chosen, compare_entries
from artel.verify.pages import pages

Pair = tuple[str, str]
Row = Mapping[str, Any]


class Known(NamedTuple):
    """What friends says of these pairs; `requests` has the newest between each two."""

    friendships: frozenset[Pair]  # two a friendship
    blocks: frozenset[Pair]
    requests: Mapping[Pair, Row]

    def are_friends(self, pair: Pair) -> bool:
        return pair in self.friendships or pair[::-1] in self.friendships


class Circles:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._databases = databases

    async def keys(self) -> AsyncIterator[Sequence[Pair]]:
        """Whoever has to do with each other, or is thought to by anybody."""
        columns = {
            "friends": [(pairs.c.low_id, pairs.c.high_id), (friendships.c.user_id, friendships.c.other_id)],
            "game": [(ties.c.low_id, ties.c.high_id)],
            "stats": [
                (stats_friendships.c.low_id, stats_friendships.c.high_id),
                (stats_blocks.c.user_id, stats_blocks.c.other_id),
            ],
        }
        for service, found in columns.items():
            for both in found:
                async for page in pages(self._databases[service], *both):
                    yield sorted({(min(pair), max(pair)) for pair in page})

    async def look(self, page: Sequence[Pair]) -> list[Difference]:
        known = await self._databases["friends"].read(_known, page)
        told = [
            Difference("friends", "friendships", {"user": one, "other": other}, None, "a friendship from both sides")
            for one, other in _both(page)
            if (other, one) in known.friendships and (one, other) not in known.friendships
        ]
        told += await self._databases["game"].read(_ties, known, page)
        told += await self._databases["stats"].read(_stats, known, page)
        return told + await self._databases["notification"].read(_heard, known, page)


def _both(page: Sequence[Pair]) -> list[Pair]:
    return [*page, *(pair[::-1] for pair in page)]


def _rows(tx: Tx, table: Table, one: Column[Any], other: Column[Any], page: Sequence[Pair]) -> list[dict[str, Any]]:
    found = tx.execute(select(table).where(tuple_(one, other).in_(page)))
    return [dict(row) for row in found.mappings()]


def _known(tx: Tx, page: Sequence[Pair]) -> Known:
    both = _both(page)
    friends, blocked = (
        frozenset((row["user_id"], row["other_id"]) for row in _rows(tx, each, each.c.user_id, each.c.other_id, both))
        for each in (friendships, blocks)
    )
    asked = _rows(tx, requests, requests.c.asker_id, requests.c.other_id, both)
    asked.sort(key=lambda row: (row["created_at"], row["id"]))
    return Known(friends, blocked, {_pair(row["asker_id"], row["other_id"]): row for row in asked})


def _pair(one: str, other: str) -> Pair:
    return min(one, other), max(one, other)


# No row says the same as one in which all is false.


def _ties(tx: Tx, known: Known, page: Sequence[Pair]) -> list[Difference]:
    flags = ("friends", "low_blocks", "high_blocks")
    there = {(row["low_id"], row["high_id"]): row for row in _rows(tx, ties, ties.c.low_id, ties.c.high_id, page)}
    found, expected = [], []
    for pair in page:
        two = dict(zip(("low_id", "high_id"), pair, strict=True))
        row = there.get(pair, {})
        found.append({**two, **{flag: bool(row.get(flag)) for flag in flags}})
        said = (known.are_friends(pair), pair in known.blocks, pair[::-1] in known.blocks)
        expected.append({**two, **dict(zip(flags, said, strict=True))})
    return compare("game", "ties", {"low_id": "user", "high_id": "other"}, found, expected)


def _stats(tx: Tx, known: Known, page: Sequence[Pair]) -> list[Difference]:
    table = stats_friendships
    there = {
        (row["low_id"], row["high_id"])
        for row in _rows(tx, table, table.c.low_id, table.c.high_id, page)
        if row["friends"]
    }
    friends = {pair for pair in page if known.are_friends(pair)}
    told = _sets("friendships", there, friends)
    table = stats_blocks
    rows = _rows(tx, table, table.c.user_id, table.c.other_id, _both(page))
    return told + _sets("blocks", {(row["user_id"], row["other_id"]) for row in rows if row["blocked"]}, known.blocks)


def _sets(table: str, found: set[Pair], expected: set[Pair] | frozenset[Pair]) -> list[Difference]:
    return [
        Difference("stats", table, {"user": pair[0], "other": pair[1]}, _yes(pair in found), _yes(pair in expected))
        for pair in sorted(found ^ expected)
    ]


def _yes(true: bool) -> str:
    return "yes" if true else "no"


# Notification: a request as long as it waits or was accepted, and its answer as long as they are friends.


def _heard(tx: Tx, known: Known, page: Sequence[Pair]) -> list[Difference]:
    subjects = [f"{kind}:{low}.{high}" for kind in ("friend_requested", "friend_accepted") for low, high in page]
    rows = tx.execute(select(entries).where(entries.c.subject.in_(subjects))).mappings()
    found = [dict(row) for row in rows]
    there = {(row["user_id"], row["subject"]): row for row in found}
    expected = [entry for pair in page for entry in _expected(known, pair, there)]
    return compare_entries(found, expected, chosen(tx, {row["user_id"] for row in found}))


def _expected(known: Known, pair: Pair, there: Mapping[Pair, Row]) -> list[Row]:
    request, friends = known.requests.get(pair), known.are_friends(pair)
    if request is None or not (friends or request["state"] == "pending"):
        return []
    asker, other = request["asker_id"], request["other_id"]
    told = [("friend_requested", other, asker), ("friend_accepted", asker, other)]
    return [_entry((kind, pair), user, about, request["id"], there) for kind, user, about in told[: 1 + friends]]


def _entry(subject: tuple[str, Pair], user: str, about: str, request_id: str, there: Mapping[Pair, Row]) -> Row:
    """What somebody was called at that moment, and when it was, nobody knows any more."""
    kind, (low, high) = subject
    named = f"{kind}:{low}.{high}"
    known = there.get((user, named), {"created_at": None, "updated_at": None, "data": {}})
    data = {**known["data"], "request_id": request_id, "user_id": about}
    return {**known, "user_id": user, "subject": named, "kind": kind, "data": data, "shown": True}
