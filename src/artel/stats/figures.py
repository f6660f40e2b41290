"""A player's figures by kind of game, and altogether."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from artel.kernel.database import Tx
from artel.kernel.token import Caller
from artel.stats.asked import Asked
from artel.stats.elo import PROVISIONAL
from artel.stats.games import game_of
from artel.stats.schemas import Figures, KindFigures, PlayerFigures, RatingPoint
from artel.stats.sight import look_at, names
from artel.stats.tables import lines, ratings, standings

POINTS_SHOWN = 100
ADDED = ("games", "wins", "losses", "draws", "abandoned", "balls", "own", "fouls", "misses")


def figures(tx: Tx, caller: Caller, user_id: str, asked: Asked) -> PlayerFigures:
    moneyed = user_id in look_at(tx, caller.user_id, user_id).moneyed
    mine = and_(lines.c.user_id == user_id, asked.of(lines))
    money = _money(tx, mine) if moneyed else None
    kinds = [_kind(tx, user_id, row, money, asked.since) for row in _counts(tx, mine)]
    return PlayerFigures(
        user_id=user_id,
        display_name=caller.name if user_id == caller.user_id else names(tx, [user_id])[user_id],
        period=asked.period,
        kinds=kinds,
        **_total(kinds, moneyed=moneyed),
    )


def _counts(tx: Tx, mine: ColumnElement[bool]) -> Sequence[Row[Any]]:
    def times(outcome: str) -> ColumnElement[int]:
        return func.count().filter(lines.c.outcome == outcome)

    return tx.execute(
        select(
            lines.c.kind,
            func.count().label("games"),
            times("win").label("wins"),
            times("loss").label("losses"),
            times("draw").label("draws"),
            times("abandoned").label("abandoned"),
            *(func.sum(lines.c[name]).label(name) for name in ("balls", "own", "fouls", "misses")),
            func.max(lines.c.best_series).label("best_series"),
        )
        .where(mine)
        .group_by(lines.c.kind)
        .order_by(lines.c.kind)
    ).all()


def _money(tx: Tx, mine: ColumnElement[bool]) -> dict[str, dict[str, int]]:
    """Kind → currency → amount."""
    found = select(lines.c.kind, lines.c.currency, func.sum(lines.c.money).label("amount")).where(mine)
    by_kind: dict[str, dict[str, int]] = defaultdict(dict)
    for row in tx.execute(found.group_by(lines.c.kind, lines.c.currency).order_by(lines.c.currency)):
        by_kind[row.kind][row.currency] = int(row.amount)
    return by_kind


def _kind(
    tx: Tx, user_id: str, row: Row[Any], money: dict[str, dict[str, int]] | None, start: datetime | None
) -> KindFigures:
    rated = select(standings).where(standings.c.kind == row.kind, standings.c.user_id == user_id)
    standing = tx.execute(rated).one_or_none()
    return KindFigures(
        game=row.kind,
        **{name: int(getattr(row, name)) for name in (*ADDED, "best_series")},
        balance=None if money is None else money[row.kind],
        rating=standing.rating / 100 if standing else None,
        rated_games=standing.games if standing else 0,
        provisional=standing is None or standing.games < PROVISIONAL,
        rating_history=_rating_history(tx, user_id, row.kind, start),
    )


def _rating_history(tx: Tx, user_id: str, kind: str, start: datetime | None) -> list[RatingPoint]:
    mine = and_(ratings.c.user_id == user_id, ratings.c.kind == kind)
    within = and_(mine, ratings.c.finished_at >= start) if start else mine
    newest = select(ratings).where(within).order_by(ratings.c.ordinal.desc()).limit(POINTS_SHOWN)
    rows = tx.execute(newest).all()
    return [
        RatingPoint(at=row.finished_at, game_id=game_of(row.game_key), rating=row.after / 100) for row in rows[::-1]
    ]


def _total(kinds: Sequence[Figures], *, moneyed: bool) -> dict[str, Any]:
    balance: dict[str, int] = defaultdict(int)
    for kind in kinds:
        for currency, amount in (kind.balance or {}).items():
            balance[currency] += amount
    return {
        **{name: sum(getattr(kind, name) for kind in kinds) for name in ADDED},
        "best_series": max((kind.best_series for kind in kinds), default=0),
        "balance": dict(balance) if moneyed else None,
    }
