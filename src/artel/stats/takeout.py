"""What stats keeps about somebody, for himself: money in minor units beside its currency, ratings in points."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, Select, and_, select

from artel.kernel.takeout import Rows
from artel.stats.games import game_of
from artel.stats.tables import (
    endings,
    flows,
    games,
    lines,
    listings,
    privacies,
    ratings,
    session_players,
    sessions,
    standings,
)


def _evenings(user_id: str) -> Select[Any]:
    me = session_players
    columns = (me.c.session_id, me.c.player_id, sessions.c.name, sessions.c.kind, sessions.c.currency)
    found = select(*columns, endings.c.finished, endings.c.balances).join(sessions, sessions.c.id == me.c.session_id)
    return found.outerjoin(endings, endings.c.session_id == me.c.session_id).where(me.c.user_id == user_id)


def _evening(row: Row[Any], _user_id: str) -> Mapping[str, Any]:
    """`balance` is his own at its end, with expenses and payments."""
    said = {**row._asdict(), "finished": bool(row.finished)}
    return {**said, "balance": (said.pop("balances") or {}).get(row.player_id)}


def _games(user_id: str) -> Select[Any]:
    own = [column for column in lines.c if column.name not in {"user_id", "seat", "standing"}]
    rated = and_(ratings.c.game_key == lines.c.game_key, ratings.c.user_id == lines.c.user_id)
    of_game = (games.c.number, games.c.reason, games.c.started_at)
    found = select(*own, *of_game, ratings.c.before, ratings.c.after).join(games, games.c.key == lines.c.game_key)
    return found.outerjoin(ratings, rated).where(lines.c.user_id == user_id)


def _game(row: Row[Any], _user_id: str) -> Mapping[str, Any]:
    said = {"game_id": game_of(row.game_key), **row._asdict()}
    before, after = said.pop("before"), said.pop("after")
    del said["game_key"]
    return {**said, "rating_before": _points(before), "rating_after": _points(after)}


def _points(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100


def _flows(user_id: str) -> Select[Any]:
    """With whom by the name he had at the table."""
    other = and_(
        session_players.c.session_id == lines.c.session_id, session_players.c.player_id == flows.c.other_player_id
    )
    mine = and_(lines.c.game_key == flows.c.game_key, lines.c.player_id == flows.c.player_id)
    columns = (flows.c.game_key, flows.c.player_id, flows.c.other_player_id, session_players.c.name.label("other"))
    found = select(*columns, flows.c.amount, flows.c.currency, flows.c.finished_at).join(lines, mine)
    return found.outerjoin(session_players, other).where(flows.c.user_id == user_id)


def _flow(row: Row[Any], _user_id: str) -> Mapping[str, Any]:
    """Above 0: he got it."""
    said = {"game_id": game_of(row.game_key), **row._asdict()}
    return {key: value for key, value in said.items() if key not in {"game_key", "player_id", "other_player_id"}}


def _standings(user_id: str) -> Select[Any]:
    return select(standings.c.kind, standings.c.rating, standings.c.games).where(standings.c.user_id == user_id)


def _standing(row: Row[Any], _user_id: str) -> Mapping[str, Any]:
    return {"kind": row.kind, "rating": _points(row.rating), "rated_games": row.games}


def _listing(user_id: str) -> Select[Any]:
    return select(listings.c.user_id, listings.c.listed).where(listings.c.user_id == user_id)


def _privacy(user_id: str) -> Select[Any]:
    return select(privacies).where(privacies.c.user_id == user_id)


CHAPTERS: Final = (
    Rows("evenings.json", _evenings, [session_players.c.session_id, session_players.c.player_id], _evening),
    Rows("games.json", _games, [lines.c.game_key, lines.c.player_id], _game),
    Rows("payments.json", _flows, [flows.c.game_key, flows.c.player_id, flows.c.other_player_id], _flow),
    Rows("ratings.json", _standings, [standings.c.kind], _standing),
    Rows("leaderboards.json", _listing, [listings.c.user_id]),
    Rows("privacy.json", _privacy, [privacies.c.user_id]),
)
