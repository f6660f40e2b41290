from typing import Annotated

from fastapi import APIRouter, Depends, Query

from artel.kernel.caller import CallerDep
from artel.kernel.http import Id, Page, PagingDep
from artel.kernel.service import Context, context_of
from artel.stats import leaderboard as leading
from artel.stats import meetings, preferences
from artel.stats.asked import BoardDep, OfGame, OfGameInPeriod
from artel.stats.figures import figures
from artel.stats.history import history
from artel.stats.schemas import (
    Flows,
    HeadToHead,
    HistoryItem,
    LeaderOut,
    Player,
    PlayerFigures,
    StatsPreferences,
    TraceItem,
)
from artel.stats.trace import trace

StatsDep = Annotated[Context, Depends(context_of("stats"))]
Whose = Annotated[Player, Query(description="me, if not given")]

router = APIRouter()


@router.get("/stats/players/{user_id}", tags=["stats"])
async def player_figures(stats: StatsDep, caller: CallerDep, user_id: Id, asked: OfGameInPeriod) -> PlayerFigures:
    """By kind of game and altogether; ratings are as of now, whatever the period."""
    return await stats.database.read(figures, caller, user_id, asked)


@router.get("/stats/leaderboard", tags=["stats"])
async def leaderboard(
    stats: StatsDep, caller: CallerDep, board: BoardDep, asked: OfGameInPeriod, paging: PagingDep
) -> Page[LeaderOut]:
    """`all` lists those who asked for it; money never, and else only of people I shared an evening with."""
    rows = await stats.database.read(leading.leaderboard, caller, board, asked, paging)
    return paging.page(rows, leading.key)


@router.get("/stats/head-to-head", tags=["stats"])
async def head_to_head(
    stats: StatsDep, caller: CallerDep, a: Annotated[Id, Query()], b: Annotated[Id, Query()], asked: OfGameInPeriod
) -> HeadToHead:
    return await stats.database.read(meetings.head_to_head, caller, a, b, asked)


@router.get("/stats/history", tags=["stats"])
async def game_history(
    stats: StatsDep, caller: CallerDep, asked: OfGame, paging: PagingDep, player: Whose = None
) -> Page[HistoryItem]:
    """Games with their evenings, the newest first."""
    return await stats.database.read(history, caller, player or caller.user_id, asked, paging)


@router.get("/stats/flows", tags=["stats"])
async def money_flows(stats: StatsDep, caller: CallerDep, asked: OfGameInPeriod, player: Whose = None) -> Flows:
    """Who pays whom in games. A loser pays the winners of a game in proportion to what they won."""
    return await stats.database.read(meetings.who_pays_whom, caller, player or caller.user_id, asked)


@router.get("/stats/ratings/{user_id}/trace", tags=["stats"])
async def rating_trace(
    stats: StatsDep, caller: CallerDep, user_id: Id, asked: OfGame, paging: PagingDep
) -> Page[TraceItem]:
    """Every change of a player's ratings, the newest first, with what each player met has contributed."""
    return await stats.database.read(trace, caller, user_id, asked, paging)


@router.get("/stats/preferences", tags=["stats"])
async def stats_preferences(stats: StatsDep, caller: CallerDep) -> StatsPreferences:
    return await stats.database.read(preferences.preferences, caller.user_id)


@router.put("/stats/preferences", tags=["stats"])
async def put_stats_preferences(stats: StatsDep, caller: CallerDep, body: StatsPreferences) -> StatsPreferences:
    return await stats.database.write(preferences.put_preferences, caller.user_id, body)
