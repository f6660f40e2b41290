"""Ratings are replayed in the order in which games finished (at the same moment: of session and game id) from the
first that changed, so a correction or a late event leaves the same numbers as if all had come in that order at once."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import and_, delete, insert, select

from artel.kernel.database import Tx
from artel.kernel.sql import lock
from artel.stats.elo import START, Entrant, changes
from artel.stats.tables import games, lines, ratings, standings


def hold(tx: Tx, kind: str) -> None:
    """Taken after the game's own row and before its ratings are read: one replay of a kind at a time."""
    lock(tx, f"ratings.{kind}")


def rated_at(tx: Tx, key: str) -> datetime | None:
    """Where this game stands among the rated ones, if it does."""
    moment: datetime | None = tx.execute(
        select(ratings.c.finished_at).where(ratings.c.game_key == key).limit(1)
    ).scalar_one_or_none()
    return moment


def replay(tx: Tx, kind: str, since: datetime) -> None:
    later = and_(ratings.c.kind == kind, ratings.c.finished_at >= since)
    touched = set(tx.execute(select(ratings.c.user_id).where(later).distinct()).scalars())
    tx.execute(delete(ratings).where(later))
    current: dict[str, tuple[int, int]] = {}
    for game in _games_since(tx, kind, since):
        _rate(tx, kind, game, current)
    for user_id in sorted(touched - current.keys()):
        current[user_id] = _latest(tx, kind, user_id)
    _put_standings(tx, kind, current)


def _games_since(tx: Tx, kind: str, since: datetime) -> Iterator[list[Any]]:
    rated = and_(games.c.kind == kind, games.c.rated, games.c.finished_at >= since)
    rows = tx.execute(
        select(lines.c.game_key, lines.c.user_id, lines.c.side, lines.c.standing, games.c.finished_at)
        .join(games, games.c.key == lines.c.game_key)
        .where(rated)
        .order_by(games.c.finished_at, games.c.key, lines.c.seat)
    ).all()
    for _, group in groupby(rows, key=lambda row: row.game_key):
        yield list(group)


def _rate(tx: Tx, kind: str, game: Sequence[Any], current: dict[str, tuple[int, int]]) -> None:
    """`current`: user → his rating and how many games made it, as of this moment of the replay."""
    for row in game:
        if row.user_id not in current:
            current[row.user_id] = _latest(tx, kind, row.user_id)
    gained = changes([Entrant(row.user_id, row.side, row.standing, current[row.user_id][0]) for row in game])
    rows = []
    for line in game:
        before, ordinal = current[line.user_id]
        current[line.user_id] = after, ordinal = before + gained[line.user_id], ordinal + 1
        key = {"game_key": line.game_key, "user_id": line.user_id, "kind": kind, "finished_at": line.finished_at}
        rows.append({**key, "ordinal": ordinal, "before": before, "after": after})
    tx.execute(insert(ratings), rows)


def _latest(tx: Tx, kind: str, user_id: str) -> tuple[int, int]:
    mine = select(ratings.c.after, ratings.c.ordinal).where(ratings.c.kind == kind, ratings.c.user_id == user_id)
    row = tx.execute(mine.order_by(ratings.c.ordinal.desc()).limit(1)).one_or_none()
    return (row.after, row.ordinal) if row else (START, 0)


def _put_standings(tx: Tx, kind: str, current: dict[str, tuple[int, int]]) -> None:
    tx.execute(delete(standings).where(standings.c.kind == kind, standings.c.user_id.in_(list(current))))
    rows = [
        {"kind": kind, "user_id": user_id, "rating": rating, "games": count}
        for user_id, (rating, count) in current.items()
        if count
    ]
    if rows:
        tx.execute(insert(standings), rows)
