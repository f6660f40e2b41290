"""Who leads, of those who let themselves be seen. `all` lists whoever asked to be listed; money is shown only among
those who shared an evening."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, func, literal, or_, select, union

from artel.kernel.database import Tx
from artel.kernel.errors import not_found
from artel.kernel.http import Paging, bad_field
from artel.kernel.token import Caller
from artel.stats.asked import Asked, Board
from artel.stats.elo import PROVISIONAL
from artel.stats.schemas import LeaderOut
from artel.stats.sight import blocked_for, closed_to, companions_of, discreet_to, friends_of
from artel.stats.tables import groups, lines, listings, members, people, standings


def leaderboard(tx: Tx, caller: Caller, board: Board, asked: Asked, paging: Paging) -> list[LeaderOut]:
    """Equals share a rank. One more than the page holds."""
    if board.by == "rating" and asked.game is None:
        raise bad_field("game", "there is one rating for each kind of game", "invalid_query")
    who = _candidates(tx, caller.user_id, board)
    ranked = _ranked(who, board, asked).subquery()
    page = select(ranked, people.c.display_name).outerjoin(people, people.c.id == ranked.c.user_id)
    seen = paging.key(int, str)
    if seen:
        behind = and_(ranked.c.value == seen[0], ranked.c.user_id > seen[1])
        page = page.where(or_(ranked.c.value < seen[0], behind))
    rows = tx.execute(page.order_by(ranked.c.value.desc(), ranked.c.user_id).limit(paging.limit + 1))
    return [_out(row, board) for row in rows]


def key(leader: LeaderOut) -> list[Any]:
    """Where a page ends; a rating in hundredths again."""
    if leader.balance is not None:
        return [leader.balance, leader.user_id]
    return [leader.wins if leader.rating is None else round(leader.rating * 100), leader.user_id]


def _candidates(tx: Tx, caller_id: str, board: Board) -> Subquery:
    found = _scope(tx, caller_id, board.scope).subquery()
    seen = select(found.c.id).where(found.c.id.not_in(blocked_for(caller_id)), found.c.id.not_in(closed_to(caller_id)))
    if board.by == "balance":
        companion = or_(found.c.id == caller_id, found.c.id.in_(companions_of(caller_id)))
        seen = seen.where(companion, found.c.id.not_in(discreet_to(caller_id)))
    return seen.subquery()


def _scope(tx: Tx, caller_id: str, scope: str) -> Any:
    if scope == "all":
        return select(listings.c.user_id.label("id")).where(listings.c.listed)
    me = select(literal(caller_id).label("id"))
    if scope == "friends":
        return union(me, friends_of(caller_id))
    group_id = scope.removeprefix("group:")
    mine = select(groups).where(groups.c.id == group_id, groups.c.owner_id == caller_id, groups.c.deleted.is_(False))
    if tx.execute(mine).one_or_none() is None:
        raise not_found()
    return union(me, select(members.c.user_id).where(members.c.group_id == group_id))


def _ranked(who: Subquery, board: Board, asked: Asked) -> Select[Any]:
    wins = func.count().filter(lines.c.outcome == "win")
    totals = (
        select(lines.c.user_id, func.count().label("games"), wins.label("wins"), func.sum(lines.c.money).label("money"))
        .where(lines.c.user_id.in_(select(who.c.id)), asked.of(lines), _in(board.currency))
        .group_by(lines.c.user_id)
        .subquery()
    )
    if board.by != "rating":
        value = totals.c.wins if board.by == "wins" else totals.c.money
        return _with_rank(totals, value, literal(None), literal(None))
    rated = _with_rank(totals, standings.c.rating, standings.c.rating, standings.c.games)
    return rated.join(standings, and_(standings.c.user_id == totals.c.user_id, standings.c.kind == asked.game))


def _in(currency: str | None) -> ColumnElement[bool]:
    return lines.c.currency == currency if currency else lines.c.currency.is_not(None)


def _with_rank(
    totals: Subquery, value: ColumnElement[Any], rating: ColumnElement[Any], rated_games: ColumnElement[Any]
) -> Select[Any]:
    rank = func.rank().over(order_by=value.desc())
    return select(totals, value.label("value"), rating.label("rating"), rated_games.label("rated"), rank.label("rank"))


def _out(row: Row[Any], board: Board) -> LeaderOut:
    return LeaderOut(
        rank=row.rank,
        user_id=row.user_id,
        display_name=row.display_name or "Игрок",
        games=row.games,
        wins=row.wins,
        rating=None if row.rating is None else row.rating / 100,
        provisional=None if row.rating is None else row.rated < PROVISIONAL,
        balance=int(row.money) if board.by == "balance" else None,
        currency=board.currency if board.by == "balance" else None,
    )
