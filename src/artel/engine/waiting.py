"""The evening as its queue sees it, caught up with only when somebody asks who plays next."""

from collections.abc import Sequence

from artel.engine.duel_line import DuelLine
from artel.engine.events import Presence
from artel.engine.game import Game
from artel.engine.kolkhoz_line import KolkhozLine
from artel.engine.line import Draw, Line
from artel.engine.rules import KolkhozRules, Rules
from artel.engine.undoing import Undoing


class Waiting(Undoing):
    def __init__(self, rules: Rules, players: Sequence[str]) -> None:
        super().__init__(rules, players)
        self._first = tuple(players)
        self._followed = 0
        """How much of the table's events the line has seen."""
        self._playing: Game | None = None
        """The game whose start the line has seen, and whose end it has not."""
        self._drawn: tuple[int, bytes, Draw | None] | None = None

    def queue(self) -> list[str]:
        """Everybody who waits, in order; who is paused keeps his place."""
        line = self._caught_up()
        seated = self.running.members if self.running else line.seated()
        return [player for player in line.line if player not in seated]

    def next(self, seed: bytes) -> Draw | None:
        """The drawn next game: {"order" or "sides", "breaker"}. A function of the log and of the seed, 16 secret
        bytes. None while it depends on a running game, or cannot be said."""
        if not self._drawn or self._drawn[:2] != (self._table_version, seed):
            self._drawn = (self._table_version, seed, self._draw(seed))
        return self._drawn[2]

    def _draw(self, seed: bytes) -> Draw | None:
        if self._finished_at >= 0 or (self._race and not self.running and self._race.over(len(self.games))):
            return None
        return self._caught_up().draw(seed, self.running, self._would_be_over)

    def _would_be_over(self, winners: Sequence[str]) -> bool:
        return self._race is not None and self._race.would_be_over(winners, len(self.games))

    def _caught_up(self) -> Line:
        if self._line is None:
            self._line = _line(self.rules, self._first)
            self._followed = 0
            self._playing = None
        for at in self._table[self._followed :]:
            if self._log[at][0][0] not in self._undone:
                self._follow(self._line, at)
        self._followed = len(self._table)
        self._follow_end(self._line)
        return self._line

    def _follow(self, line: Line, at: int) -> None:
        self._follow_end(line)
        event, number = self._log[at][:2]
        if number:
            game = self.games[number - 1]
            line.start(game)
            self._playing = game
        elif isinstance(event, Presence):
            line.hear(event)

    def _follow_end(self, line: Line) -> None:
        if self._playing and self._playing.over:
            line.end(self._playing)
            self._playing = None


def _line(rules: Rules, players: Sequence[str]) -> Line:
    return KolkhozLine(players, rules) if isinstance(rules, KolkhozRules) else DuelLine(players, rules)
