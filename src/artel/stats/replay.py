"""Ratings are replayed in the order in which games finished (at the same moment: of session and game id) from the
first that changed, so a correction or a late event leaves the same numbers as if all had come in that order at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, select

from artel.kernel.database import Tx
from artel.kernel.sql import insert_all, lock, put_all
from artel.stats.elo import START, Entrant, changes
from artel.stats.tables import games, lines, ratings, standings

AT_ONCE = 500  # keys in one statement

Line = Mapping[str, Any]  # of a player in a game
State = dict[str, tuple[int, int]]  # user → his rating and how many games made it

_which = (ratings.c.user_id == standings.c.user_id, ratings.c.kind == standings.c.kind)
# Where each stands, and when the game ended that brought him there.
LATEST = (
    select(standings.c.user_id, standings.c.rating, standings.c.games, ratings.c.finished_at)
    .join(ratings, and_(*_which, ratings.c.ordinal == standings.c.games))
    .where(standings.c.kind == bindparam("kind"), standings.c.user_id.in_(bindparam("users", expanding=True)))
)


def rate(tx: Tx, kind: str, game: Sequence[Line]) -> None:
    """A game that was not known. Mostly it is the last one of all who played it, and they go on from where they
    stand; else it moves what came after it."""
    lock(tx, f"ratings.{kind}")
    known = tx.execute(LATEST, {"kind": kind, "users": [line["user_id"] for line in game]}).all()
    if any(row.finished_at >= game[0]["finished_at"] for row in known):
        replay(tx, kind, [game[0]["game_key"]])
        return
    current = {line["user_id"]: (START, 0) for line in game} | {row.user_id: (row.rating, row.games) for row in known}
    insert_all(tx, ratings, list(_rate(kind, game, current)))
    _put_standings(tx, kind, current)


def replay(tx: Tx, kind: str, changed: Sequence[str]) -> None:
    """After these games have got, lost or changed their place or their players: from the first moment of that on,
    every game of somebody whose rating may have come to be another, and of whoever played with him since."""
    lock(tx, f"ratings.{kind}")
    before = [row for keys in _chunks(changed) for row in tx.execute(_old(keys)).mappings()]
    after = [row for keys in _chunks(changed) for row in tx.execute(_rated().where(games.c.key.in_(keys))).mappings()]
    if not before and not after:
        return
    touched = {row["user_id"] for row in (*before, *after)}
    affected = list(_affected(tx, kind, min(row["finished_at"] for row in (*before, *after)), touched))
    _forget(tx, {*changed, *(game[0]["game_key"] for game in affected)})
    # What is left of each came before.
    reached = touched | {line["user_id"] for game in affected for line in game}
    current = {user_id: _latest(tx, kind, user_id) for user_id in reached}
    insert_all(tx, ratings, [row for game in affected for row in _rate(kind, game, current)])
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


def _affected(tx: Tx, kind: str, since: datetime, touched: Iterable[str]) -> Iterator[Sequence[Line]]:
    reached = set(touched)
    later = _rated().where(and_(games.c.kind == kind, games.c.finished_at >= since))
    for _, group in groupby(tx.execute(later).mappings(), key=lambda line: line["game_key"]):
        game = [dict(line) for line in group]
        users = {line["user_id"] for line in game}
        if not reached.isdisjoint(users):
            reached |= users
            yield game


def _forget(tx: Tx, keys: Iterable[str]) -> None:
    for some in _chunks(keys):
        tx.execute(delete(ratings).where(ratings.c.game_key.in_(some)))


def _rate(kind: str, game: Sequence[Line], current: State) -> Iterator[dict[str, Any]]:
    """`current` is as of this moment of the replay, and goes on with it."""
    entrants = [
        Entrant(line["user_id"], line["side"], line["standing"], rating=current[line["user_id"]][0]) for line in game
    ]
    gained = changes(entrants)
    for line in game:
        user_id = line["user_id"]
        before, ordinal = current[user_id]
        current[user_id] = after, ordinal = before + gained[user_id], ordinal + 1
        key = {"game_key": line["game_key"], "user_id": user_id, "kind": kind, "finished_at": line["finished_at"]}
        yield {**key, "ordinal": ordinal, "before": before, "after": after}


def _latest(tx: Tx, kind: str, user_id: str) -> tuple[int, int]:
    mine = select(ratings.c.after, ratings.c.ordinal).where(ratings.c.kind == kind, ratings.c.user_id == user_id)
    row = tx.execute(mine.order_by(ratings.c.ordinal.desc()).limit(1)).one_or_none()
    return (row.after, row.ordinal) if row else (START, 0)


def _put_standings(tx: Tx, kind: str, current: State) -> None:
    rows = [
        {"kind": kind, "user_id": user_id, "rating": rating, "games": count}
        for user_id, (rating, count) in current.items()
    ]
    put_all(tx, standings, [row for row in rows if row["games"]])
    for users in _chunks(user_id for user_id, (_, count) in current.items() if not count):
        tx.execute(delete(standings).where(standings.c.kind == kind, standings.c.user_id.in_(users)))
