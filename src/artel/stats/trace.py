"""Why a rating is what it is: each game's change, taken apart into the players met."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select

from artel.kernel.database import Tx
from artel.kernel.http import Page, Paging
from artel.kernel.sql import older
from artel.kernel.token import Caller
from artel.stats.asked import Asked
from artel.stats.elo import Duel, Entrant, duels
from artel.stats.games import game_of
from artel.stats.schemas import TraceComparison, TraceItem
from artel.stats.sight import look_at, names, sight
from artel.stats.tables import lines, ratings


def trace(tx: Tx, caller: Caller, user_id: str, asked: Asked, paging: Paging) -> Page[TraceItem]:
    look_at(tx, caller.user_id, user_id)
    page = paging.page(_rated(tx, user_id, asked, paging), lambda row: [row.finished_at.isoformat(), row.game_key])
    entrants = _entrants(tx, [row.game_key for row in page.items])
    met = {entrant.user_id for found in entrants.values() for entrant in found}
    called = names(tx, sight(tx, caller.user_id, met).known)
    items = [_item(row, duels(entrants[row.game_key]), called) for row in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


def _rated(tx: Tx, user_id: str, asked: Asked, paging: Paging) -> Sequence[Row[Any]]:
    """One more than the page holds."""
    found = select(ratings).where(ratings.c.user_id == user_id, asked.of(ratings))
    seen = paging.moment_and_id()
    if seen:
        found = found.where(older(ratings.c.finished_at, ratings.c.game_key, seen))
    newest = found.order_by(ratings.c.finished_at.desc(), ratings.c.game_key.desc())
    return tx.execute(newest.limit(paging.limit + 1)).all()


def _entrants(tx: Tx, keys: Sequence[str]) -> dict[str, list[Entrant]]:
    """As they entered each game, in the order in which it was rated."""
    found = (
        select(lines.c.game_key, lines.c.user_id, lines.c.side, lines.c.standing, ratings.c.before)
        .join(ratings, (ratings.c.game_key == lines.c.game_key) & (ratings.c.user_id == lines.c.user_id))
        .where(lines.c.game_key.in_(keys))
        .order_by(lines.c.seat)
    )
    by_game: dict[str, list[Entrant]] = defaultdict(list)
    for row in tx.execute(found):
        by_game[row.game_key].append(Entrant(row.user_id, row.side, row.standing, row.before))
    return by_game


def _item(row: Row[Any], compared: Sequence[Duel], called: dict[str, str]) -> TraceItem:
    mine = [_comparison(duel, row.user_id, called) for duel in compared if row.user_id in _users(duel)]
    return TraceItem(
        game_id=game_of(row.game_key),
        game=row.kind,
        finished_at=row.finished_at,
        number=row.ordinal,
        before=row.before / 100,
        after=row.after / 100,
        change=(row.after - row.before) / 100,
        comparisons=mine,
    )


def _users(duel: Duel) -> tuple[str, str]:
    return duel.first.user_id, duel.second.user_id


def _comparison(duel: Duel, user_id: str, called: dict[str, str]) -> TraceComparison:
    first = duel.first.user_id == user_id
    other = duel.second if first else duel.first
    known = other.user_id in called
    return TraceComparison(
        user_id=other.user_id if known else None,
        display_name=called.get(other.user_id),
        rating=other.rating / 100,
        expected=_share(duel.expected if first else 1 - duel.expected),
        actual=_share(duel.actual if first else 1 - duel.actual),
        change=(duel.change if first else -duel.change) / 100,
    )


def _share(part: Decimal) -> float:
    return round(float(part), 4)
