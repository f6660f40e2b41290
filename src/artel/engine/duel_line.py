"""Who plays the next duel, when more people are in than the table seats."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from artel.engine import line_ups, pairs
from artel.engine.chance import Chance
from artel.engine.game import Game
from artel.engine.line import Draw, Line, Over
from artel.engine.past import Past, Side, Sides
from artel.engine.rules import DuelRules

_BY_CHANCE: Final = {1: pairs.by_chance, 2: line_ups.by_chance}
_BY_COUNT: Final = {
    "least_played": {1: pairs.least_played, 2: line_ups.least_played},
    "round_robin": {1: pairs.round_robin, 2: line_ups.round_robin},
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How people wait once a game is over."""

    line: list[str]
    stay: Side = ()
    """Winners who keep their seats; they stand at the head of the line."""
    seat: int = 0
    """Their side."""
    streaks: Mapping[str, int] = field(default_factory=dict)
    """Their wins in a row."""
    won: Side = ()
    lost: Side = ()


class DuelLine(Line):
    def __init__(self, players: Iterable[str], rules: DuelRules) -> None:
        super().__init__(players)
        self._rules = rules
        self._per_side = 2 if rules.format == "2x2" else 1
        self._past = Past()
        self._now = Standing(self.line)
        self._games = 0

    def join(self, player: str) -> None:
        self._past.join(player, self.line)
        super().join(player)

    def leave(self, player: str) -> None:
        """Should he come back, he comes to the tail, and his row of wins is over."""
        super().leave(player)
        now = self._now
        streaks = {other: wins for other, wins in now.streaks.items() if other != player}
        self._now = replace(now, stay=tuple(other for other in now.stay if other != player), streaks=streaks)

    def start(self, game: Game) -> None:
        self._games += 1
        self._past.record(self._games, game.sides, game.breaker, self.ready())

    def end(self, game: Game) -> None:
        self._now = self._after(game, tuple(game.winners))
        self.line = self._now.line

    def seated(self) -> Side:
        return tuple(player for player in self._now.stay if player not in self.paused)

    def draw(self, seed: bytes, running: Game | None, over: Over) -> Draw | None:
        if not running:
            return self._draw(self._now, seed)
        outcomes = [None if over(won) else self._draw(self._after(running, won), seed) for won in (*running.sides, ())]
        return outcomes[0] if all(outcome == outcomes[0] for outcome in outcomes) else None

    def _after(self, game: Game, won: Side) -> Standing:
        rest = [player for player in self.line if player not in game.members]
        lost = tuple(player for player in game.members if player not in won)
        if not won:
            return Standing([*rest, *lost])
        seat = game.sides.index(won)
        if self._rules.queue.type != "winner_stays" or len(won) > self._per_side:
            return Standing([*rest, *lost, *won], (), seat, {}, won, lost)
        streaks = {player: self._now.streaks.get(player, 0) + 1 for player in won}
        stay = tuple(player for player in won if streaks[player] < self._rules.queue.cap)
        go = tuple(player for player in won if player not in stay)
        kept = {player: streaks[player] for player in stay}
        return Standing([*stay, *rest, *lost, *go], stay, seat, kept, won, lost)

    def _draw(self, standing: Standing, seed: bytes) -> Draw | None:
        ready = [player for player in standing.line if player not in self.paused]
        if len(ready) < 2 * self._per_side or self._rules.queue.type == "manual":
            return None
        sides = self._sides(standing, ready, seed)
        breaker = self._breaker(standing, sides, ready, seed)
        return {"sides": [list(side) for side in sides], "breaker": breaker}

    def _sides(self, standing: Standing, ready: Sequence[str], seed: bytes) -> Sides:
        chance = Chance(seed, "sides", str(self._games), *sorted(ready))
        queue, past = self._rules.queue.type, self._past
        if queue == "random_no_repeat":
            return _BY_CHANCE[self._per_side](ready, past, chance)
        if queue in _BY_COUNT:
            return _BY_COUNT[queue][self._per_side](ready, past)
        if self._per_side == 2:
            return line_ups.partners(_fours(standing, ready), ready, past, chance)
        swapped = standing.seat == 1 and ready[0] in standing.stay
        return ((ready[1],), (ready[0],)) if swapped else ((ready[0],), (ready[1],))

    def _breaker(self, standing: Standing, sides: Sides, ready: Sequence[str], seed: bytes) -> str:
        players = [player for side in sides for player in side]
        breaks = self._rules.breaks
        if breaks == "manual":
            return players[0]
        if breaks == "random":
            return Chance(seed, "break", str(self._games), *sorted(players)).pick(players)
        if breaks == "alternate":
            wanted = self._entering(standing, players, ready)
        else:
            wanted = standing.won if breaks == "winner" else standing.lost
        return next((player for player in wanted if player in players), self._past.breaker(sides))

    def _entering(self, standing: Standing, players: Sequence[str], ready: Sequence[str]) -> Sequence[str]:
        """Whoever takes the seat of a loser, where others still wait; with nobody waiting the same ones play on."""
        if len(ready) == len(players) or not set(ready) & set(standing.stay):
            return ()
        return [player for player in ready if player not in standing.stay]


def _fours(standing: Standing, ready: Sequence[str]) -> list[Sequence[str]]:
    """The first four; where the last seat falls between partners who left the table together, either may have it."""
    fours = [ready[:4]]
    if set(ready[3:5]) in (set(standing.lost), set(standing.won)) and len(ready) > 4:
        fours.append([*ready[:3], ready[4]])
    return fours
