"""Американка, Московская, Невская: two sides, first to the target."""

from collections.abc import Sequence
from typing import Any, Final

from artel.engine.events import Start
from artel.engine.game import BALL, DEAD, FOUL, MISS, Game, miss
from artel.engine.refusal import Refusal
from artel.engine.rules import DuelRules
from artel.engine.settle import split_evenly

_BALLS: Final = {"americana": 16, "moscow": 15, "dynamic": 15}
_SPOTTED: Final = 1
_Saved = tuple[list[int], list[int], int, int, str | None]


class DuelGame(Game):
    __slots__ = ("_lost", "_rules", "_side_of", "_starts", "score", "targets", "winner")

    def __init__(self, number: int, at: int, start: Start, rules: DuelRules) -> None:
        self._rules = rules
        one, other = start.sides
        self._side_of = [0] * len(one) + [1] * len(other)
        if rules.handicap:
            self._starts = [_start(side, rules) for side in start.sides]
            self.targets = [_target(side, rules) for side in start.sides]
        else:
            self._starts = [0, 0]
            self.targets = [rules.target, rules.target]
        super().__init__(number, at, start, one + other)

    def check_starts(self) -> None:
        for side, start, target in zip(self.sides, self._starts, self.targets, strict=True):
            if start >= target:
                raise Refusal("invalid_event", f"players {' and '.join(side)} would start at the target or above it")

    def _reset(self) -> None:
        self.stop = -1
        self.reason = self.potter = self._money = None
        self.score = self._starts.copy()
        self._lost = [0, 0]
        """What fouls took off each score and did not put back on the table."""
        self.winner = -1
        """The side."""

    def _ball(self, seat: int, kind: int = 0) -> None:
        """Of two kinds: it counts, or it is spotted."""
        if kind == _SPOTTED:
            return
        side = self._side_of[seat]
        score = self.score[side] = self.score[side] + 1
        if score >= self.targets[side]:
            self.winner = side
            self._over("target")

    def _foul(self, seat: int) -> None:
        side, foul = self._side_of[seat], self._rules.foul
        if foul == "opponent_gains":
            self._ball(0 if side else len(self.sides[0]))  # no matter which of the others
        elif foul != "none" and (self.score[side] > 0 or self._rules.debt):
            self.score[side] -= 1
            if foul == "offender_loses":
                self._lost[side] += 1

    def special(self, kind: str, seat: int, ball: str | None, lucky: bool | None) -> int:  # noqa: ARG002 kinds are a kolkhoz's
        if kind == "ball" and lucky and self._rules.fluke == "spotted":
            return _SPOTTED
        self.strokes[kind][0](self, seat)
        return 0

    def end(self, seat: int, reason: str) -> None:
        mine, yours = self.score
        if reason == "concede":
            self.winner = 1 - self._side_of[seat]
        elif reason == "timeout" and mine == yours:
            reason = "draw"
        elif reason == "timeout":
            self.winner = int(yours > mine)
        self._over(reason)

    def _settle(self) -> Sequence[int]:
        due = self._due() if self.winner >= 0 else 0
        if not due:
            return [0] * len(self.members)
        if len(self.members) == 2:
            return (-due, due) if self.winner else (due, -due)
        sizes = list(map(len, self.sides))
        losers = sizes[1 - self.winner]
        money = [[-due] * losers] * 2
        money[self.winner] = split_evenly(due * losers, sizes[self.winner])
        return money[0] + money[1]

    def _due(self) -> int:
        """What each loser pays."""
        stake = self._rules.stake
        if stake.per != "ball":
            return stake.amount if stake.per == "game" else 0
        won = self.targets[self.winner] if self.reason == "concede" else self.score[self.winner]
        return stake.amount * max(0, won - self.score[1 - self.winner])

    def _after(self, seat: int) -> str:
        """The other side, where the partners take turns."""
        side = 1 - self._side_of[seat]
        partners = self.sides[side]
        if len(partners) == 1:  # however long the other side's last visit is ago
            return partners[0]
        for _, _, code, other, _, _ in reversed(self.ops):
            if code != DEAD and self._side_of[other] == side:
                return partners[partners.index(self.members[other]) - 1]
        return self.breaker if self.breaker in partners else partners[0]

    def save(self) -> _Saved:
        return self.score.copy(), self._lost.copy(), self.winner, self.stop, self.reason

    def load(self, saved: _Saved) -> None:
        score, lost, self.winner, self.stop, self.reason = saved
        self.score, self._lost = score.copy(), lost.copy()
        self._money = None

    @property
    def winners(self) -> tuple[str, ...]:
        return self.sides[self.winner] if self.winner >= 0 else ()

    @property
    def balls_left(self) -> int:
        score, starts, lost = self.score, self._starts, self._lost
        shelves = max(0, score[0] - starts[0] + lost[0]) + max(0, score[1] - starts[1] + lost[1])
        return max(0, _BALLS[self._rules.game] - shelves)

    def result(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "state": "running" if self.stop < 0 else "ended",
            "reason": self.reason,
            "scores": {player: self.score[side] for player, side in zip(self.members, self._side_of, strict=True)},
            "sides": [list(side) for side in self.sides],
            "winners": list(self.winners),
            "points": {},
            "money": self.money.copy(),
            "balls_left": self.balls_left,
        }


DuelGame.strokes = {"ball": (DuelGame._ball, BALL), "foul": (DuelGame._foul, FOUL), "miss": (miss, MISS)}


def _start(side: tuple[str, ...], rules: DuelRules) -> int:
    given = [rules.handicap[player].start for player in side if player in rules.handicap]
    return max((start for start in given if start is not None), default=0)


def _target(side: tuple[str, ...], rules: DuelRules) -> int:
    given = [rules.handicap[player].target for player in side if player in rules.handicap]
    return min((target for target in given if target is not None), default=rules.target)
