"""Колхоз: a circle of players, in which a potted ball is paid by the one before, the one after, or by all."""

from collections.abc import Sequence
from math import gcd
from operator import add, mul, sub
from typing import Any

from artel.engine.events import MOST_PLAYERS, Start
from artel.engine.game import BALL, FOUL, MISS, Game, miss
from artel.engine.refusal import refuse
from artel.engine.rules import KolkhozRules
from artel.engine.settle import round_shares

_Saved = tuple[Any, ...]


class Rack:
    """The balls and fouls of the rules, as a game wants to know them."""

    def __init__(self, rules: KolkhozRules) -> None:
        self.places = {kind.id: place for place, kind in enumerate(rules.balls)}
        self.values = [kind.value for kind in rules.balls]
        self.counts = [kind.count for kind in rules.balls]
        self.total = sum(self.counts)
        self.rates = [rules.price] * MOST_PLAYERS
        """What each pays for a point, where nobody has a rate of his own."""
        self.foul, self.foul_value = rules.foul
        self.hangs = self.foul == "pending"
        self.outside = self.hangs or self.foul == "pay_all"
        """Are fouls paid outside the scores?"""


class KolkhozGame(Game):
    __slots__ = (
        "_full",
        "_hang",
        "_points",
        "_rates",
        "_rules",
        "_starts",
        "balls_left",
        "fouls",
        "rack",
        "score",
        "side_money",
        "side_points",
    )

    _points: list[int] | None
    """Once it is over."""

    def __init__(self, number: int, at: int, start: Start, rules: KolkhozRules, rack: Rack) -> None:
        self._rules = rules
        self._full = rack
        members = start.order
        self._starts = _starts(members, rules) if rules.handicap else [0] * len(members)
        self._rates = [rules.rates.get(player, rules.price) for player in members] if rules.rates else rack.rates
        """What each pays for a point."""
        super().__init__(number, at, start, members)

    def _reset(self) -> None:
        self.stop = -1
        self.reason = self.potter = self._money = self._points = None
        self.score = self._starts.copy()
        self.rack = self._full.counts.copy()
        self.balls_left = self._full.total
        nothing = [0] * len(self._starts)
        self.side_points = nothing.copy()
        """Points that fouls moved outside the scores, and the same in money."""
        self.side_money = nothing.copy()
        self.fouls = nothing
        """Of each player, those that everybody is to be paid for, or that hang."""
        self._hang = False

    def _ball(self, seat: int, kind: int = 0) -> None:
        there = self.rack[kind]
        if not there:
            refuse("ball_not_on_table", f"no {self._rules.balls[kind].id} is left on the table")
        self.rack[kind] = there - 1
        left = self.balls_left = self.balls_left - 1
        value = self._full.values[kind]
        if not left:
            value = self._last(seat, value)
        self.score[seat] += value
        if self._hang:
            self._collect(seat)

    def _last(self, seat: int, value: int) -> int:
        """What the ball counts that empties the rack."""
        self.potter = self.members[seat]
        self._over("rack_empty")
        last = self._rules.last_ball
        return value + last if isinstance(last, int) else value * (1 + (last == "double"))

    def _collect(self, seat: int) -> None:
        for offender, fouls in enumerate(self.fouls):
            points = fouls * self._full.foul_value
            money = points * self._rates[offender]
            self.side_points[offender] -= points
            self.side_points[seat] += points
            self.side_money[offender] -= money
            self.side_money[seat] += money
        self.fouls = [0] * len(self.fouls)
        self._hang = False

    def _foul(self, seat: int) -> None:
        full = self._full
        if full.outside:
            self.fouls[seat] += 1
            self._hang = full.hangs
        elif full.foul == "minus":
            self.score[seat] -= full.foul_value
        elif full.foul == "next":
            self.score[(seat + 1) % len(self.score)] += full.foul_value
            self._lose_ball()

    def _lose_ball(self) -> None:
        kind = next(kind for kind, count in enumerate(self.rack) if count)
        self.rack[kind] -= 1
        self.balls_left -= 1
        if not self.balls_left:
            self._over("rack_empty")

    def special(self, kind: str, seat: int, ball: str | None, lucky: bool | None) -> int:  # noqa: ARG002 luck is a duel's
        if ball is None:
            self.strokes[kind][0](self, seat)
            return 0
        place = self._full.places.get(ball)
        if place is None:
            refuse("unknown_ball", f"there is no kind of balls called {ball}")
        self._ball(seat, place)
        return place

    def end(self, seat: int, reason: str) -> None:  # noqa: ARG002
        self._over(reason)

    # Points. With `norm` they are fractions, so here they are all times the number of players.

    def _by_scores(self) -> list[int]:
        score, system = self.score, self._rules.system
        if system == "direct":
            return list(map(sub, score, score[1:] + score[:1]))
        if system == "reverse":
            return list(map(sub, score, score[-1:] + score[:-1]))
        total, count = sum(score), len(score)
        return [count * mine - total for mine in score]

    @property
    def _scale(self) -> int:
        return len(self.score) if self._rules.system == "norm" else 1

    def _count_points(self) -> list[int]:
        points = self._by_scores()
        if self._full.outside:
            scale = self._scale
            moved = self._paid_to_all([1] * len(points), self.side_points)
            points = [mine + scale * more for mine, more in zip(points, moved, strict=True)]
        return points

    def _paid_to_all(self, rates: Sequence[int], otherwise: Sequence[int]) -> Sequence[int]:
        """Where a foul is paid to everybody else, at these rates, what comes of it."""
        if self._full.foul != "pay_all":
            return otherwise
        value = self._full.foul_value
        paid = [value * fouls * rate for fouls, rate in zip(self.fouls, rates, strict=True)]
        return [sum(paid) - len(paid) * mine for mine in paid]

    # Money

    def stands(self) -> dict[str, int]:
        """What each would get if it ended now; once it has ended, what he got."""
        if self.over:
            return self.money.copy()
        return dict(zip(self.members, self._amounts(self._count_points()), strict=True))

    def _settle(self) -> Sequence[int]:
        self._points = points = self._count_points()
        return [0] * len(points) if self.reason == "abandoned" else self._amounts(points)

    def _amounts(self, points: Sequence[int]) -> Sequence[int]:
        if self._rules.rates:
            return self._by_rates()
        price = self._rules.price
        amounts = [mine * price for mine in points]
        return round_shares(amounts, len(amounts)) if self._rules.system == "norm" else amounts

    def _by_rates(self) -> Sequence[int]:
        """Everyone pays the next one's score at his own rate; the one before him pays his."""
        paid = list(map(mul, self.score[1:] + self.score[:1], self._rates))
        money = map(sub, paid[-1:] + paid[:-1], paid)
        return list(map(add, money, self._paid_to_all(self._rates, self.side_money)))

    def _after(self, seat: int) -> str:
        return self.members[(seat + 1) % len(self.members)]

    def save(self) -> _Saved:
        lists = (self.score, self.rack, self.side_points, self.side_money, self.fouls)
        return *map(list.copy, lists), self._hang, self.potter, self.stop, self.reason

    def load(self, saved: _Saved) -> None:
        self.score, self.rack, self.side_points, self.side_money, self.fouls = map(list.copy, saved[:5])
        self._hang, self.potter, self.stop, self.reason = saved[5:]
        self.balls_left = sum(self.rack)
        self._money = self._points = None

    @property
    def winners(self) -> list[str]:
        return self._most(self._points or self._count_points())

    def _most(self, points: Sequence[int]) -> list[str]:
        if self.stop < 0 or self.reason == "abandoned":
            return []
        most = max(points)
        return [player for player, mine in zip(self.members, points, strict=True) if mine == most]

    def result(self) -> dict[str, Any]:
        members, money = self.members, self.money
        points = self._points or self._count_points()
        shown = points if self._rules.system != "norm" else fractions(points, len(points))
        return {
            "number": self.number,
            "state": "running" if self.stop < 0 else "ended",
            "reason": self.reason,
            "scores": dict(zip(members, self.score, strict=True)),
            "order": list(members),
            "winners": self._most(points),
            "points": dict(zip(members, shown, strict=True)),
            "money": money.copy(),
            "balls_left": self.balls_left,
        }


KolkhozGame.strokes = {"ball": (KolkhozGame._ball, BALL), "foul": (KolkhozGame._foul, FOUL), "miss": (miss, MISS)}


def fractions(numerators: Sequence[int], denominator: int) -> list[int | str]:
    """In lowest terms; whole numbers as such."""
    return [_fraction(numerator, denominator) for numerator in numerators]


def _fraction(numerator: int, denominator: int) -> int | str:
    common = gcd(numerator, denominator)
    if denominator == common:
        return numerator // common
    return f"{numerator // common}/{denominator // common}"


def _starts(members: Sequence[str], rules: KolkhozRules) -> list[int]:
    return [rules.handicap[player].start or 0 if player in rules.handicap else 0 for player in members]
