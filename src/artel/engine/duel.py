"""Американка, Московская, Невская: two sides, first to the target."""

from typing import Any, Final

from artel.engine.events import End, Start, Stroke
from artel.engine.game import BALL, DEAD, END, FOUL, MISS, REASONS, Game
from artel.engine.refusal import Refusal
from artel.engine.rules import DuelRules
from artel.engine.settle import split_evenly

_BALLS: Final = {"americana": 16, "moscow": 15, "dynamic": 15}
_Saved = tuple[list[int], list[int], int, int, str | None]


class DuelGame(Game):
    __slots__ = ("_rules", "_side_of", "score", "shelf", "targets", "winner")

    def __init__(self, number: int, at: int, start: Start, rules: DuelRules) -> None:
        super().__init__(number, at, start)
        self._rules = rules
        self._side_of = [0] * len(start.sides[0]) + [1] * len(start.sides[1])
        self.score = [_start(side, rules) for side in start.sides]
        self.targets = [_target(side, rules) for side in start.sides]
        self.shelf = [0, 0]
        """Balls that came to the side by potting or by a foul; below 0 they are a debt."""
        self.winner = -1

    def stroke(self, event: Stroke, seat: int, index: int) -> None:
        if event.type == "ball":
            scores = not (event.lucky and self._rules.fluke == "spotted")
            self.play((BALL, seat, int(scores)), index)
        else:
            self.play((FOUL if event.type == "foul" else MISS, seat, 0), index)

    def end(self, event: End, index: int) -> None:
        seat = 0 if event.player is None else self.seats[event.player]
        self.play((END, seat, REASONS.index(event.reason)), index)

    def _count(self, first: int, last: int) -> None:
        side_of = self._side_of
        for at in range(first, last):
            code, seat, kind = self.ops[at]
            if code == BALL:
                if kind:
                    self._gain(side_of[seat], at)
            elif code == FOUL:
                self._foul(side_of[seat], at)
            elif code == END:
                self._end(side_of[seat], REASONS[kind], at)
            if self.stop >= 0:
                return

    def _gain(self, side: int, at: int) -> None:
        self.shelf[side] += 1
        self.score[side] += 1
        if self.score[side] >= self.targets[side]:
            self.winner = side
            self._over(at, "target")

    def _foul(self, side: int, at: int) -> None:
        rule = self._rules.foul
        if rule == "opponent_gains":
            self._gain(1 - side, at)
        elif rule != "none" and (self._rules.debt or self.score[side] > 0):
            self.score[side] -= 1
            self.shelf[side] -= rule == "offender_returns"

    def _end(self, side: int, reason: str, at: int) -> None:
        mine, yours = self.score
        if reason == "concede":
            self.winner = 1 - side
        elif reason == "timeout" and mine == yours:
            reason = "draw"
        elif reason == "timeout":
            self.winner = int(yours > mine)
        self._over(at, reason)

    def _settle(self) -> dict[str, int]:
        money = dict.fromkeys(self.members, 0)
        if self.winner >= 0:
            winners, losers = self.sides[self.winner], self.sides[1 - self.winner]
            due = self._due()
            money.update(dict.fromkeys(losers, -due))
            money.update(zip(winners, split_evenly(due * len(losers), len(winners)), strict=True))
        return money

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
        for code, other, _ in reversed(self.ops):
            if code != DEAD and self._side_of[other] == side:
                return partners[partners.index(self.members[other]) - 1]
        return self.breaker if self.breaker in partners else partners[0]

    def _save(self) -> _Saved:
        return self.score.copy(), self.shelf.copy(), self.winner, self.stop, self.reason

    def _load(self, saved: _Saved) -> None:
        score, shelf, self.winner, self.stop, self.reason = saved
        self.score, self.shelf = score.copy(), shelf.copy()
        self._money = None

    @property
    def winners(self) -> tuple[str, ...]:
        return self.sides[self.winner] if self.winner >= 0 else ()

    @property
    def balls_left(self) -> int:
        taken = max(0, self.shelf[0]) + max(0, self.shelf[1])
        return max(0, _BALLS[self._rules.game] - taken)

    def result(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "state": self.state,
            "reason": self.reason,
            "scores": {player: self.score[self._side_of[seat]] for player, seat in self.seats.items()},
            "sides": [list(side) for side in self.sides],
            "winners": list(self.winners),
            "points": {},
            "money": dict(self.money),
            "balls_left": self.balls_left,
        }


def _start(side: tuple[str, ...], rules: DuelRules) -> int:
    given = [rules.handicap[player].start for player in side if player in rules.handicap]
    return max((start for start in given if start is not None), default=0)


def _target(side: tuple[str, ...], rules: DuelRules) -> int:
    given = [rules.handicap[player].target for player in side if player in rules.handicap]
    return min((target for target in given if target is not None), default=rules.target)


def check_starts(start: Start, rules: DuelRules) -> None:
    for side in start.sides:
        if _start(side, rules) >= _target(side, rules):
            raise Refusal("invalid_event", f"{' and '.join(side)} would start at the target or above it")
