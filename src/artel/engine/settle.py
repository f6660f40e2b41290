"""Shares without a lost kopeck, and the fewest transfers that bring every balance to zero."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

EXACT: Final = 12
"""With more people than this to settle, one transfer fewer than people is promised, and no more."""
SMALLEST: Final = 6
"""Without exact opposites a group takes three, so fewer people than this are one group."""


def split_evenly(amount: int, parts: int) -> list[int]:
    """The first ones get what does not divide."""
    share, rest = divmod(amount, parts)
    return [share + (part < rest) for part in range(parts)]


def split_by_weight(amount: int, weights: Sequence[int]) -> list[int]:
    """Largest remainder, ties in the order of the weights, at least one of which must be above 0."""
    total = sum(weights)
    return round_shares([amount * weight for weight in weights], total)


def round_shares(numerators: Sequence[int], denominator: int) -> list[int]:
    """Whole shares of the fractions n / denominator, whose sum must be whole: each is floored, and the missing units
    go to the largest remainders, ties in order."""
    shares = [numerator // denominator for numerator in numerators]
    missing = sum(numerators) // denominator - sum(shares)
    by_remainder = sorted(range(len(shares)), key=lambda place: -(numerators[place] % denominator))
    for place in by_remainder[:missing]:
        shares[place] += 1
    return shares


Debts = Sequence[tuple[str, int]]


def transfers(balances: Mapping[str, int]) -> list[dict[str, Any]]:
    """From debtors to creditors, as few as can be: people whose balances add up to zero settle among themselves, and
    k of them need k - 1 transfers, so the more such groups, the fewer transfers."""
    pairs, rest = _opposites([(player, balance) for player, balance in balances.items() if balance])
    divisible = SMALLEST <= len(rest) <= EXACT
    groups = _groups(rest) if divisible else [rest]
    return [transfer for group in (*pairs, *groups) for transfer in _within(group)]


def _opposites(debts: Debts) -> tuple[list[Debts], Debts]:
    """Exact opposites may always settle with each other: whatever groups they were in, the rest of these two groups
    adds up to zero as well, so nothing is lost."""
    pairs: list[Debts] = []
    rest: list[tuple[str, int]] = []
    for debt in debts:
        opposite = next((other for other in rest if other[1] == -debt[1]), None)
        if opposite:
            rest.remove(opposite)
            pairs.append((opposite, debt))
        else:
            rest.append(debt)
    return pairs, rest


def _groups(debts: Debts) -> Sequence[Debts]:
    """The largest number of groups that add up to zero."""
    sums = [0]
    for _, balance in debts:
        sums += [each + balance for each in sums]
    closed = [group for group, total in enumerate(sums) if not total and group]
    best = _pack(len(sums) - 1, closed, {0: ()})
    return [[debt for place, debt in enumerate(debts) if group >> place & 1] for group in best]


def _pack(left: int, closed: list[int], known: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The most disjoint sets out of `closed` that make up `left`; all are bit sets of places."""
    if left in known:
        return known[left]
    lowest = left & -left
    inside = [group for group in closed if not group & ~left]
    best: tuple[int, ...] = ()
    for group in inside:
        if group & lowest:
            packed = (group, *_pack(left ^ group, inside, known))
            if len(packed) > len(best):
                best = packed
    known[left] = best
    return best


def _within(group: Debts) -> Iterator[dict[str, Any]]:
    """The largest debt goes to the largest credit, until one of the two is settled."""
    debtors = sorted((debt for debt in group if debt[1] < 0), key=_amount)
    creditors = sorted((debt for debt in group if debt[1] > 0), key=_amount)
    debt = credit = 0
    while debtors or debt:
        if not debt:
            debtor, balance = debtors.pop()
            debt = -balance
        if not credit:
            creditor, credit = creditors.pop()
        amount = min(debt, credit)
        yield {"from": debtor, "to": creditor, "amount": amount}
        debt -= amount
        credit -= amount


def _amount(debt: tuple[str, int]) -> int:
    return abs(debt[1])
