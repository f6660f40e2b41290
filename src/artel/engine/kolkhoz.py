"""Колхоз: a circle of players, in which a potted ball is paid by the one before, the one after, or by all."""

from collections.abc import Sequence
from math import gcd
from typing import Any

from artel.engine.events import End, Start, Stroke
from artel.engine.game import BALL, END, FOUL, MISS, REASONS, Game
from artel.engine.refusal import refuse
from artel.engine.rules import KolkhozRules
from artel.engine.settle import round_shares

_Saved = tuple[Any, ...]


class KolkhozGame(Game):
    __slots__ = (
        "_kinds",
        "_rates",
        "_rules",
        "_values",
        "hanging",
        "rack",
        "score",
        "side_money",
        "side_points",
    )

    def __init__(self, number: int, at: int, start: Start, rules: KolkhozRules) -> None:
        super().__init__(number, at, start)
        self._rules = rules
        self._kinds = {kind.id: place for place, kind in enumerate(rules.balls)}
        self._values = [kind.value for kind in rules.balls]
        self._rates = [rules.rates.get(player, rules.price) for player in self.members]
        """What each pays for a point."""
        handicap = rules.handicap
        self.score = [handicap[player].start or 0 if player in handicap else 0 for player in self.members]
        self.rack = [kind.count for kind in rules.balls]
        self.side_points = [0] * len(self.members)
        """Points that fouls moved outside the scores, and the same in money."""
        self.side_money = [0] * len(self.members)
        self.hanging: list[int] = []
        """Who fouled since the last ball, when fouls hang."""

    def stroke(self, event: Stroke, seat: int, index: int) -> None:
        if event.type == "ball":
            self.play((BALL, seat, self._kind(event.ball)), index)
        else:
            self.play((FOUL if event.type == "foul" else MISS, seat, 0), index)

    def _kind(self, ball: str | None) -> int:
        kind = 0 if ball is None else self._kinds.get(ball, -1)
        if kind < 0:
            refuse("unknown_ball", f"there is no kind of balls called {ball}")
        if not self.rack[kind]:
            refuse("ball_not_on_table", f"no {self._rules.balls[kind].id} is left on the table")
        return kind

    def end(self, event: End, index: int) -> None:
        self.play((END, 0, REASONS.index(event.reason)), index)

    def _count(self, first: int, last: int) -> None:
        for at in range(first, last):
            code, seat, kind = self.ops[at]
            if code == BALL:
                self._pot(seat, kind, at)
            elif code == FOUL:
                self._foul(seat, at)
            elif code == END:
                self._over(at, REASONS[kind])
            if self.stop >= 0:
                return

    def _pot(self, seat: int, kind: int, at: int) -> None:
        value = self._values[kind]
        self.rack[kind] -= 1
        if not any(self.rack):
            last = self._rules.last_ball
            value += last if isinstance(last, int) else value * (last == "double")
            self.potter = self.members[seat]
            self._over(at, "rack_empty")
        self.score[seat] += value
        for offender in self.hanging:
            if offender != seat:
                self._pay(offender, seat)
        self.hanging.clear()

    def _foul(self, seat: int, at: int) -> None:
        mode, value = self._rules.foul.mode, self._rules.foul.value
        if mode == "minus":
            self.score[seat] -= value
        elif mode == "next":
            self.score[(seat + 1) % len(self.score)] += value
            self._lose_ball(at)
        elif mode == "pay_all":
            for other in range(len(self.score)):
                if other != seat:
                    self._pay(seat, other)
        elif mode == "pending":
            self.hanging.append(seat)

    def _lose_ball(self, at: int) -> None:
        kind = next(kind for kind, count in enumerate(self.rack) if count)
        self.rack[kind] -= 1
        if not any(self.rack):
            self._over(at, "rack_empty")

    def _pay(self, payer: int, payee: int) -> None:
        value = self._rules.foul.value
        self.side_points[payer] -= value
        self.side_points[payee] += value
        self.side_money[payer] -= value * self._rates[payer]
        self.side_money[payee] += value * self._rates[payer]

    def _scaled(self) -> list[int]:
        """Points by the scores alone; with `norm` times the number of players, to stay whole."""
        score, system = self.score, self._rules.system
        if system == "direct":
            return [mine - after for mine, after in zip(score, [*score[1:], score[0]], strict=True)]
        if system == "reverse":
            return [mine - before for mine, before in zip(score, [score[-1], *score[:-1]], strict=True)]
        total = sum(score)
        return [len(score) * mine - total for mine in score]

    @property
    def _scale(self) -> int:
        return len(self.score) if self._rules.system == "norm" else 1

    def _all_points(self) -> list[int]:
        """Points with what fouls moved, times the scale."""
        scale = self._scale
        return [mine + scale * moved for mine, moved in zip(self._scaled(), self.side_points, strict=True)]

    def _settle(self) -> dict[str, int]:
        if self.reason == "abandoned":
            return dict.fromkeys(self.members, 0)
        by_scores = self._by_rates() if self._rules.system == "direct" else self._by_price()
        return {
            player: amount + moved
            for player, amount, moved in zip(self.members, by_scores, self.side_money, strict=True)
        }

    def _by_rates(self) -> list[int]:
        """Everyone pays the next one's score at his own rate; the one before him pays his."""
        paid = [after * rate for after, rate in zip([*self.score[1:], self.score[0]], self._rates, strict=True)]
        return [got - given for got, given in zip([paid[-1], *paid[:-1]], paid, strict=True)]

    def _by_price(self) -> list[int]:
        price = self._rules.price
        return round_shares([points * price for points in self._scaled()], self._scale)

    def _after(self, seat: int) -> str:
        return self.members[(seat + 1) % len(self.members)]

    def _save(self) -> _Saved:
        return (
            self.score.copy(),
            self.rack.copy(),
            self.side_points.copy(),
            self.side_money.copy(),
            self.hanging.copy(),
            self.potter,
            self.stop,
            self.reason,
        )

    def _load(self, saved: _Saved) -> None:
        lists = (each.copy() for each in saved[:5])
        self.score, self.rack, self.side_points, self.side_money, self.hanging = lists
        self.potter, self.stop, self.reason = saved[5:]
        self._money = None

    @property
    def winners(self) -> list[str]:
        return self._most(self._all_points())

    def _most(self, points: Sequence[int]) -> list[str]:
        if not self.over or self.reason == "abandoned":
            return []
        most = max(points)
        return [player for player, mine in zip(self.members, points, strict=True) if mine == most]

    @property
    def balls_left(self) -> int:
        return sum(self.rack)

    def result(self) -> dict[str, Any]:
        points = self._all_points()
        return {
            "number": self.number,
            "state": self.state,
            "reason": self.reason,
            "scores": dict(zip(self.members, self.score, strict=True)),
            "order": list(self.members),
            "winners": self._most(points),
            "points": {player: fraction(mine, self._scale) for player, mine in zip(self.members, points, strict=True)},
            "money": dict(self.money),
            "balls_left": self.balls_left,
        }


def fraction(numerator: int, denominator: int) -> int | str:
    """In lowest terms; a whole number as such."""
    common = gcd(numerator, denominator)
    if denominator == common:
        return numerator // common
    return f"{numerator // common}/{denominator // common}"
