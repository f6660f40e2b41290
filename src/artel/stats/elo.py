"""Ratings in hundredths of a point, exact and zero-sum: what one gains in a pair, the other loses.

Everybody is compared with everybody of another side, each comparison worth K / (N − 1) for N players: a duel of two
is plain Elo, and nobody can win or lose more than K in a game. In kolkhoz who potted more beats who potted less;
money plays no part. The expectation is 1 / (1 + 10^((other − own) / 400)), in decimals of 28 digits, whose `exp`
is rounded correctly: the same numbers on every machine, which floating point does not promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

START = 150_000
K = 2_400
PROVISIONAL = 5  # rated games; before, a rating says little

CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)
LN_10 = CONTEXT.ln(Decimal(10))


@dataclass(frozen=True)
class Entrant:
    user_id: str
    side: int
    standing: int
    rating: int


@dataclass(frozen=True)
class Duel:
    """One comparison. `expected` and `actual` are the first one's; he gains `change`, the second loses it."""

    first: Entrant
    second: Entrant
    expected: Decimal
    actual: Decimal
    change: int


def duels(entrants: Sequence[Entrant]) -> list[Duel]:
    weight = CONTEXT.divide(Decimal(K), Decimal(len(entrants) - 1))
    pairs = [(one, two) for seat, one in enumerate(entrants) for two in entrants[seat + 1 :] if one.side != two.side]
    return [_duel(one, two, weight) for one, two in pairs]


def _duel(first: Entrant, second: Entrant, weight: Decimal) -> Duel:
    expectation = expected(first.rating - second.rating)
    actual = Decimal((first.standing > second.standing) - (first.standing < second.standing) + 1) / 2
    change = CONTEXT.multiply(weight, CONTEXT.subtract(actual, expectation))
    return Duel(first, second, expectation, actual, int(change.to_integral_value(ROUND_HALF_EVEN)))


@lru_cache(4096)
def expected(lead: int) -> Decimal:
    """Of whoever is `lead` hundredths ahead."""
    power = CONTEXT.exp(CONTEXT.divide(CONTEXT.multiply(LN_10, Decimal(-lead)), Decimal(40_000)))
    return CONTEXT.divide(Decimal(1), CONTEXT.add(Decimal(1), power))


def changes(entrants: Sequence[Entrant]) -> dict[str, int]:
    gained = dict.fromkeys((entrant.user_id for entrant in entrants), 0)
    for duel in duels(entrants):
        gained[duel.first.user_id] += duel.change
        gained[duel.second.user_id] -= duel.change
    return gained
