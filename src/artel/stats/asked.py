"""What a question is about: which game, since when, which leaderboard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, FromClause, and_, true

from artel.kernel.events import now
from artel.kernel.http import bad_field
from artel.stats.schemas import PERIODS, By, Currency, Game, Kind, Period, PeriodName, Ranking, Scope


@dataclass(frozen=True)
class Asked:
    game: Kind | None = None
    period: PeriodName = "all"

    @property
    def since(self) -> datetime | None:
        """Counted back from this moment."""
        length = PERIODS[self.period]
        return now() - length if length else None

    def of(self, table: FromClause) -> ColumnElement[bool]:
        """On lines, flows and ratings alike."""
        of_kind = table.c.kind == self.game if self.game else true()
        return and_(of_kind, table.c.finished_at >= self.since) if self.since else of_kind


async def of_game(game: Annotated[Game, Query()] = None) -> Asked:
    return Asked(game)


async def of_game_in_period(game: Annotated[Game, Query()] = None, period: Annotated[Period, Query()] = None) -> Asked:
    return Asked(game, period or "all")


@dataclass(frozen=True)
class Board:
    scope: str
    by: By
    currency: str | None


async def board(
    scope: Annotated[Scope, Query(description="all, friends (default) or group:{id}")] = None,
    by: Annotated[Ranking, Query(description="wins (default), rating (needs game) or balance (needs currency)")] = None,
    currency: Annotated[Currency, Query()] = None,
) -> Board:
    wanted = Board(scope or "friends", by or "wins", currency)
    if wanted.by == "balance" and wanted.scope == "all":
        raise bad_field("by", "money is not for everybody", "invalid_query")
    if wanted.by == "balance" and currency is None:
        raise bad_field("currency", "a balance is in one currency", "invalid_query")
    return wanted


OfGame = Annotated[Asked, Depends(of_game)]
OfGameInPeriod = Annotated[Asked, Depends(of_game_in_period)]
BoardDep = Annotated[Board, Depends(board)]
