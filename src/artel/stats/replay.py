"""Ratings are replayed in the order (finished_at, game_id) from the first game that changed, so a correction or a
late event leaves the same numbers as if everything had come in that order at once."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select

from artel.kernel.database import Tx
from artel.kernel.sql import lock
from artel.stats.elo import START, Entrant, changes
from artel.stats.tables import games, lines, ratings, standings

Moment = tuple[datetime, str]  # when a game finished, and its id


def hold(tx: Tx, kind: str) -> None:
    """Taken after the game's own row and before its ratings are read: one replay of a kind at a time."""
    lock(tx, f"ratings.{kind}")


def rated_at(tx: Tx, game_id: str) -> Moment | None:
    """Where this game stands among the rated ones, if it has been."""
    at = tx.execute(select(ratings.c.finished_at).where(ratings.c.game_id == game_id).limit(1)).scalar_one_or_none()
    return (at, game_id) if at else None


def replay(tx: Tx, kind: str, since: Moment) -> None:
    later = and_(ratings.c.kind == kind, _not_before(ratings.c.finished_at, ratings.c.game_id, since))
    touched = set(tx.execute(select(ratings.c.user_id).where(later).distinct()).scalars())
    tx.execute(delete(ratings).where(later))
    current: dict[str, tuple[int, int]] = {}
    for game in _games_since(tx, kind, since):
        _rate(tx, kind, game, current)
    for user_id in sorted(touched - current.keys()):
        current[user_id] = _latest(tx, kind, user_id)
    _put_standings(tx, kind, current)


def _not_before(at: ColumnElement[datetime], game_id: ColumnElement[str], since: Moment) -> ColumnElement[bool]:
    return or_(at > since[0], and_(at == since[0], game_id >= since[1]))


def _games_since(tx: Tx, kind: str, since: Moment) -> Iterator[list[Any]]:
    rated = and_(games.c.kind == kind, games.c.rated, _not_before(games.c.finished_at, games.c.id, since))
    rows = tx.execute(
        select(lines.c.game_id, lines.c.user_id, lines.c.side, lines.c.standing, games.c.finished_at)
        .join(games, games.c.id == lines.c.game_id)
        .where(rated)
        .order_by(games.c.finished_at, games.c.id, lines.c.seat)
    ).all()
    for _, group in groupby(rows, key=lambda row: row.game_id):
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
        key = {"game_id": line.game_id, "user_id": line.user_id, "kind": kind, "finished_at": line.finished_at}
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
