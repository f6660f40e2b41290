"""Shares that lose nothing, and the fewest transfers, compared with trying all there is."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artel.engine.settle import EXACT, round_shares, split_by_weight, split_evenly, transfers

Balances = dict[str, int]


def balanced(amounts: Sequence[int]) -> Balances:
    """The last one owes or is owed what is left."""
    return {f"p{place:02}": amount for place, amount in enumerate([*amounts, -sum(amounts)])}


def check_settled(balances: Balances) -> int:
    """How many transfers it took."""
    left = dict(balances)
    plan = transfers(balances)
    for transfer in plan:
        assert balances[transfer["from"]] < 0 < balances[transfer["to"]]
        assert transfer["amount"] > 0
        left[transfer["from"]] += transfer["amount"]
        left[transfer["to"]] -= transfer["amount"]
    assert not any(left.values())
    assert plan == transfers(dict(balances))
    return len(plan)


def fewest(amounts: Sequence[int]) -> int:
    """Breadth first over what is left to settle: no theory of groups in it, only payments."""
    start = tuple(sorted(amount for amount in amounts if amount))
    states, steps = {start}, 0
    while () not in states:
        states = {after for state in states for after in _payments(state)}
        steps += 1
    return steps


@cache
def _payments(state: tuple[int, ...]) -> frozenset[tuple[int, ...]]:
    """One payment more. Some best plan has in each payment one of the two settle for good: a plan is a forest, and a
    leaf of it settles with the only one it is joined to. So a debt may go to somebody it is too large for."""
    after = set()
    for one, other in combinations(range(len(state)), 2):
        rest = [amount for place, amount in enumerate(state) if place not in (one, other)]
        both = state[one] + state[other]
        after.add(tuple(sorted([*rest, both] if both else rest)))
    return frozenset(after)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=5))
@settings(deadline=None, max_examples=150)
def test_fewest_for_few_people(amounts: list[int]) -> None:
    balances = balanced(amounts)
    assert check_settled(balances) == fewest(list(balances.values()))


@given(st.lists(st.integers(-9, 9), min_size=5, max_size=11))
@settings(deadline=None, max_examples=60)
def test_fewest_up_to_twelve_people(amounts: list[int]) -> None:
    """People less the most groups that settle among themselves, counted over all subsets."""
    balances = balanced(amounts)
    open_amounts = [amount for amount in balances.values() if amount]
    assert check_settled(balances) == len(open_amounts) - most_groups(open_amounts)


def most_groups(amounts: Sequence[int]) -> int:
    """best[S] = the most prefixes that add up to zero, over all orders of S."""
    best = [0] * (1 << len(amounts))
    total = [0] * (1 << len(amounts))
    for chosen in range(1, 1 << len(amounts)):
        lowest = chosen & -chosen
        total[chosen] = total[chosen ^ lowest] + amounts[lowest.bit_length() - 1]
        without_one = (chosen ^ 1 << place for place in range(len(amounts)) if chosen >> place & 1)
        best[chosen] = max(best[each] for each in without_one) + (total[chosen] == 0)
    return best[-1]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=EXACT, max_size=40))
@settings(deadline=None, max_examples=60)
def test_beyond_twelve_one_fewer_than_people(amounts: list[int]) -> None:
    balances = balanced(amounts)
    owing = sum(map(bool, balances.values()))
    assert check_settled(balances) <= max(0, owing - 1)


def test_twelve_with_a_balance_are_exact_however_many_are_square() -> None:
    groups = {"a": 1, "b": 2, "c": -3, "d": 10, "e": 20, "f": -30, "g": 100, "h": 200, "i": -300}
    last = {"j": 1000, "k": 2000, "l": -3000}
    square = {f"square {number}": 0 for number in range(30)}
    assert check_settled({**groups, **last, **square}) == 8


def test_greed_needs_one_more() -> None:
    assert check_settled({"A": 2, "B": 3, "C": -4, "D": -5, "E": 4}) == 3


@pytest.mark.parametrize("balances", [{}, {"A": 0}, {"A": 0, "B": 0}])
def test_nothing_to_settle(balances: Balances) -> None:
    assert transfers(balances) == []


def test_the_names_do_not_decide_how_many() -> None:
    amounts = [5, -5, 7, 3, -10, 8, -4, -4]
    chance = Random(1)
    for _ in range(50):
        chance.shuffle(amounts)
        assert check_settled(balanced(amounts[:-1])) == 8 - 3


@settings(deadline=None)
@given(st.integers(0, 10**15), st.integers(1, 40))
def test_even_shares(amount: int, parts: int) -> None:
    shares = split_evenly(amount, parts)
    assert sum(shares) == amount
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


@settings(deadline=None)
@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
def test_shares_by_weight(amount: int, weights: list[int]) -> None:
    shares = split_by_weight(amount, weights)
    assert sum(shares) == amount
    check_largest_remainder([Fraction(amount * weight, sum(weights)) for weight in weights], shares)


@settings(deadline=None)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=11), st.integers(1, 12))
def test_rounding_also_below_zero(numerators: list[int], denominator: int) -> None:
    whole = [*numerators, -sum(numerators)]
    shares = round_shares(whole, denominator)
    assert sum(shares) == 0
    check_largest_remainder([Fraction(numerator, denominator) for numerator in whole], shares)


def check_largest_remainder(exact: Sequence[Fraction], shares: Sequence[int]) -> None:
    """Each is floored or one more; who gets one more has the larger remainder, or the same and an earlier place."""
    lifted = [share - (amount.numerator // amount.denominator) for amount, share in zip(exact, shares, strict=True)]
    assert set(lifted) <= {0, 1}
    remainders = [(-(amount % 1), place) for place, amount in enumerate(exact)]
    by_rank = [lifted[place] for _, place in sorted(remainders)]
    assert all(before >= after for before, after in pairwise(by_rank))


def test_thirteen_points_at_fifty() -> None:
    """Each line rounded for itself would add up to +2."""
    points = [5, 4, 3, 1]
    exact = [(4 * mine - 13) * 50 for mine in points]
    assert round_shares(exact, 4) == [88, 38, -13, -113]


def test_ties_in_order() -> None:
    assert round_shares([1, 1, 1], 3) == [1, 0, 0]
    assert split_by_weight(2, [1, 1, 1]) == [1, 1, 0]
    assert split_by_weight(5, [1, 1, 3]) == [1, 1, 3]
    assert split_evenly(5, 3) == [2, 2, 1]
