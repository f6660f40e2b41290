"""Games and the evenings they belong to, the newest first."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from artel.kernel.database import Tx
from artel.kernel.http import Page, Paging
from artel.kernel.sql import older
from artel.kernel.token import Caller
from artel.stats.asked import Asked
from artel.stats.games import game_of
from artel.stats.schemas import HistoryItem, HistoryPlayer, HistorySession
from artel.stats.sight import Sight, look_at, names, sight, was_there
from artel.stats.tables import endings, games, lines, ratings, session_players, sessions


def history(tx: Tx, caller: Caller, user_id: str, asked: Asked, paging: Paging) -> Page[HistoryItem]:
    moneyed = user_id in look_at(tx, caller.user_id, user_id).moneyed
    page = paging.page(_games(tx, user_id, asked, paging), lambda row: [row.finished_at.isoformat(), row.game_key])
    everybody = _lines(tx, [row.game_key for row in page.items])
    there = was_there(tx, caller.user_id, {row.session_id for row in page.items})
    users = {line.user_id for found in everybody.values() for line in found if line.user_id}
    seen, called = sight(tx, caller.user_id, users), names(tx, users)
    items = []
    for row in page.items:
        open_ = row.session_id in there
        # What one won, the others lost: whoever was not there sees no money of a game in which somebody hides his.
        shut = not open_ and any(line.user_id in seen.discreet for line in everybody[row.game_key])
        players = [_player(line, seen, called, open_=open_, shut=shut) for line in everybody[row.game_key]]
        items.append(_item(row, players, moneyed=moneyed and not shut, open_=open_))
    return Page(items=items, next_cursor=page.next_cursor)


def _games(tx: Tx, user_id: str, asked: Asked, paging: Paging) -> Sequence[Row[Any]]:
    """One more than the page holds."""
    found = (
        select(
            lines, games.c.number, games.c.reason, games.c.started_at,
            sessions.c.name.label("session_name"), endings.c.finished, endings.c.balances,
            ratings.c.before, ratings.c.after,
        )
        .join(games, games.c.key == lines.c.game_key)
        .join(sessions, sessions.c.id == lines.c.session_id)
        .outerjoin(endings, endings.c.session_id == lines.c.session_id)
        .outerjoin(ratings, (ratings.c.game_key == lines.c.game_key) & (ratings.c.user_id == lines.c.user_id))
        .where(lines.c.user_id == user_id, asked.of(lines))
        .order_by(lines.c.finished_at.desc(), lines.c.game_key.desc())
        .limit(paging.limit + 1)
    )  # fmt: skip
    seen = paging.moment_and_id()
    if seen:
        found = found.where(older(lines.c.finished_at, lines.c.game_key, seen))
    return tx.execute(found).all()


def _lines(tx: Tx, keys: Sequence[str]) -> dict[str, list[Row[Any]]]:
    same = (session_players.c.session_id == lines.c.session_id) & (session_players.c.player_id == lines.c.player_id)
    found = select(lines, session_players.c.name).join(session_players, same).where(lines.c.game_key.in_(keys))
    by_game: dict[str, list[Row[Any]]] = defaultdict(list)
    for line in tx.execute(found.order_by(lines.c.seat)):
        by_game[line.game_key].append(line)
    return by_game


def _item(row: Row[Any], players: list[HistoryPlayer], *, moneyed: bool, open_: bool) -> HistoryItem:
    return HistoryItem(
        game_id=game_of(row.game_key),
        game=row.kind,
        number=row.number,
        reason=row.reason,
        started_at=row.started_at,
        finished_at=row.finished_at,
        currency=row.currency,
        outcome=row.outcome,
        score=row.score,
        money=row.money if moneyed else None,
        rating_change=None if row.after is None else (row.after - row.before) / 100,
        session=_session(row, moneyed=moneyed) if open_ else None,
        players=players,
    )


def _session(row: Row[Any], *, moneyed: bool) -> HistorySession:
    balance = (row.balances or {}).get(row.player_id) if row.finished and moneyed else None
    return HistorySession(
        id=row.session_id, name=row.session_name or None, finished=bool(row.finished), balance=balance
    )


def _player(line: Row[Any], seen: Sight, called: dict[str, str], *, open_: bool, shut: bool) -> HistoryPlayer:
    """Whoever was at the table (`open_`) has seen it all; others see whom they may know. Who keeps his money to himself
    has no name for them: what the others won and lost would tell it."""
    discreet = line.user_id in seen.discreet
    known = open_ or (line.user_id in seen.known and not discreet)
    return HistoryPlayer(
        user_id=line.user_id if known else None,
        display_name=called.get(line.user_id, line.name) if known else None,
        side=line.side,
        score=line.score,
        points=line.points,
        place=line.place,
        outcome=line.outcome,
        money=line.money if not (discreet or shut) and (open_ or line.user_id in seen.moneyed) else None,
    )
