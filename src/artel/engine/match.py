"""When no further game may start: a side has won the race, or all games of a fixed match are played."""

from collections.abc import Sequence

from artel.engine.game import Game
from artel.engine.rules import Match


class Race:
    """The wins of each side, which is the set of its players."""

    __slots__ = ("_match", "_there", "wins")

    def __init__(self, match: Match) -> None:
        self._match = match
        self._there = 0
        """How many sides have all the wins they need."""
        self.wins: dict[frozenset[str], int] = {}

    def count(self, game: Game, sign: int) -> None:
        if self._match.type != "race" or not game.winners:
            return
        side = frozenset(game.winners)
        before = self.wins.get(side, 0)
        self.wins[side] = before + sign
        self._there += (before + sign >= self._match.wins) - (before >= self._match.wins)

    def over(self, games: int) -> bool:
        return self._there > 0 or (self._match.type == "fixed" and games >= self._match.games)

    def would_be_over(self, winners: Sequence[str], games: int) -> bool:
        """If these won a game more, which is one of that many."""
        wins = self.wins.get(frozenset(winners), 0) + 1 if winners else 0
        match = self._match
        return wins >= match.wins if match.type == "race" else games >= match.games

    def was_over(self, last: Game) -> bool:
        """Was it over before the last game?"""
        self.count(last, -1)
        over = self._there > 0
        self.count(last, 1)
        return over
