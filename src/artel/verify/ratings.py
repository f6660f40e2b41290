"""Ratings, game by game in the order in which they finished: each what its own lines and the ratings before it give.

All of it is one moment of one database, in which lines and ratings change together; that the lines are right is for
the evenings to say. A wrong rating is told once and believed from there on, so that it is not told of all later ones.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select

from artel.kernel.database import Database, Tx
from artel.stats.elo import START, Entrant, changes
from artel.stats.tables import games, lines, ratings, standings
from artel.verify.difference import Difference, compare
from artel.verify.pages import SIZE, after

MOST = 1000  # differences told of one kind of game
KINDS = ("americana", "moscow", "dynamic", "kolkhoz")
RATING = {"game_key": "game", "user_id": "user"}
State = dict[str, tuple[int, int]]  # user → rating, how many games made it


class Ratings:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._database = databases["stats"]

    async def keys(self) -> AsyncIterator[str]:
        for kind in KINDS:
            yield kind

    async def look(self, kind: str) -> list[Difference]:
        return await self._database.read(_look, kind)


def _look(tx: Tx, kind: str) -> list[Difference]:
    told: list[Difference] = []
    current: State = {}
    for page in _games(tx, kind):
        told += _compare(tx, kind, page, current)
        if len(told) > MOST:
            return told
    return told + _strays(tx, kind) + _standings(tx, kind, current)


def _games(tx: Tx, kind: str) -> Iterator[Sequence[Any]]:
    """Rated ones, a page at a time."""
    place, last = (games.c.finished_at, games.c.key), None
    while True:
        found = select(*place).where(games.c.kind == kind, games.c.rated).order_by(*place).limit(SIZE)
        page = tx.execute(found if last is None else found.where(after(place, last))).all()
        if not page:
            return
        yield page
        last = tuple(page[-1])


def _compare(tx: Tx, kind: str, page: Sequence[Any], current: State) -> list[Difference]:
    keys = [game.key for game in page]
    entered = _by_game(tx, select(lines).where(lines.c.game_key.in_(keys)).order_by(lines.c.game_key, lines.c.seat))
    rated = _by_game(tx, select(ratings).where(ratings.c.game_key.in_(keys)).order_by(ratings.c.game_key))
    told: list[Difference] = []
    for game in page:
        found = [dict(row._mapping) for row in rated.get(game.key, ())]  # noqa: SLF001 its public name for a mapping
        expected = list(_rate(kind, game, entered.get(game.key, ()), current))
        told += compare("stats", "ratings", RATING, found, expected)
        current |= {row["user_id"]: (row["after"], row["ordinal"]) for row in (*expected, *found)}
    return told


def _by_game(tx: Tx, found: Any) -> dict[str, list[Row[Any]]]:
    return {key: list(rows) for key, rows in groupby(tx.execute(found), key=lambda row: row.game_key)}


def _rate(kind: str, game: Row[Any], entered: Sequence[Row[Any]], current: State) -> Iterator[dict[str, Any]]:
    known = {line.user_id: current.get(line.user_id, (START, 0)) for line in entered}
    gained = changes([Entrant(line.user_id, line.side, line.standing, known[line.user_id][0]) for line in entered])
    for user_id, (before, ordinal) in known.items():
        key = {"game_key": game.key, "user_id": user_id, "kind": kind, "finished_at": game.finished_at}
        yield {**key, "ordinal": ordinal + 1, "before": before, "after": before + gained[user_id]}


def _strays(tx: Tx, kind: str) -> list[Difference]:
    rated = select(games.c.key).where(games.c.key == ratings.c.game_key, games.c.rated, games.c.kind == kind)
    found = select(ratings.c.game_key, ratings.c.user_id).where(ratings.c.kind == kind, ~rated.exists()).limit(MOST)
    rows = [dict(row) for row in tx.execute(found).mappings()]
    return compare("stats", "ratings", RATING, rows, [])


def _standings(tx: Tx, kind: str, current: State) -> list[Difference]:
    there = select(standings).where(standings.c.kind == kind)
    found = [dict(row) for row in tx.execute(there).mappings()]
    expected = [
        {"kind": kind, "user_id": user, "rating": rating, "games": count} for user, (rating, count) in current.items()
    ]
    return compare("stats", "standings", {"kind": "kind", "user_id": "user"}, found, expected)
