"""Ratings are replayed in the order in which games finished (at the same moment: of session and game id) from the
first that changed, so a correction or a late event leaves the same numbers as if all had come in that order at once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, and_, delete, insert, select

from artel.kernel.database import Tx
from artel.kernel.sql import lock
from artel.stats.elo import START, Entrant, changes
from artel.stats.tables import games, lines, ratings, standings

AT_ONCE = 500  # keys in one statement


def replay(tx: Tx, kind: str, changed: Sequence[str]) -> None:
    """After these games have got, lost or changed their place or their players: from the first moment of that on,
    every game of somebody whose rating may have come to be another, and of whoever played with him since."""
    lock(tx, f"ratings.{kind}")
    before = [row for keys in _chunks(changed) for row in tx.execute(_old(keys))]
    after = [row for keys in _chunks(changed) for row in tx.execute(_rated().where(games.c.key.in_(keys)))]
    if not before and not after:
        return
    touched = {row.user_id for row in (*before, *after)}
    affected = list(_affected(tx, kind, min(row.finished_at for row in (*before, *after)), touched))
    _forget(tx, {*changed, *(game[0].game_key for game in affected)})
    current: dict[str, tuple[int, int]] = {}
    rows = [row for game in affected for row in _rate(tx, kind, game, current)]
    if rows:
        tx.execute(insert(ratings), rows)
    for user_id in touched - current.keys():
        current[user_id] = _latest(tx, kind, user_id)
    _put_standings(tx, kind, current)


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(keys)
    return (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))


def _old(keys: Sequence[str]) -> Select[Any]:
    return select(ratings).where(ratings.c.game_key.in_(keys))


def _rated() -> Select[Any]:
    """The lines of rated games, in the order of the replay."""
    columns = (lines.c.game_key, lines.c.user_id, lines.c.side, lines.c.standing, games.c.finished_at)
    found = select(*columns).join(games, games.c.key == lines.c.game_key).where(games.c.rated)
    return found.order_by(games.c.finished_at, games.c.key, lines.c.seat)


def _affected(tx: Tx, kind: str, since: datetime, touched: Iterable[str]) -> Iterator[list[Any]]:
    reached = set(touched)
    later = _rated().where(and_(games.c.kind == kind, games.c.finished_at >= since))
    for _, group in groupby(tx.execute(later), key=lambda row: row.game_key):
        game = list(group)
        users = {row.user_id for row in game}
        if not reached.isdisjoint(users):
            reached |= users
            yield game


def _forget(tx: Tx, keys: Iterable[str]) -> None:
    for some in _chunks(keys):
        tx.execute(delete(ratings).where(ratings.c.game_key.in_(some)))


def _rate(tx: Tx, kind: str, game: Sequence[Any], current: dict[str, tuple[int, int]]) -> Iterator[dict[str, Any]]:
    """`current`: user → his rating and how many games made it, as of this moment of the replay. Whoever is met for
    the first time has in the table only what came before."""
    for row in game:
        if row.user_id not in current:
            current[row.user_id] = _latest(tx, kind, row.user_id)
    gained = changes([Entrant(row.user_id, row.side, row.standing, current[row.user_id][0]) for row in game])
    for line in game:
        before, ordinal = current[line.user_id]
        current[line.user_id] = after, ordinal = before + gained[line.user_id], ordinal + 1
        key = {"game_key": line.game_key, "user_id": line.user_id, "kind": kind, "finished_at": line.finished_at}
        yield {**key, "ordinal": ordinal, "before": before, "after": after}


def _latest(tx: Tx, kind: str, user_id: str) -> tuple[int, int]:
    mine = select(ratings.c.after, ratings.c.ordinal).where(ratings.c.kind == kind, ratings.c.user_id == user_id)
    row = tx.execute(mine.order_by(ratings.c.ordinal.desc()).limit(1)).one_or_none()
    return (row.after, row.ordinal) if row else (START, 0)


def _put_standings(tx: Tx, kind: str, current: dict[str, tuple[int, int]]) -> None:
    for users in _chunks(current):
        tx.execute(delete(standings).where(standings.c.kind == kind, standings.c.user_id.in_(users)))
    rows = [
        {"kind": kind, "user_id": user_id, "rating": rating, "games": count}
        for user_id, (rating, count) in current.items()
        if count
    ]
    if rows:
        tx.execute(insert(standings), rows)
