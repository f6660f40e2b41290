"""Shares without a lost kopeck, and the fewest transfers that bring every balance to zero."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

EXACT: Final = 12
"""With more people than this to settle, at most one transfer fewer than people is promised, and no more."""


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


def transfers(balances: Mapping[str, int]) -> list[dict[str, Any]]:
    """From debtors to creditors, as few as can be: people whose balances add up to zero settle among themselves, and
    k of them need k - 1 transfers, so the more such groups, the fewer transfers."""
    pairs, rest = _opposites(balances)
    groups = _groups(rest) if len(rest) <= EXACT else [rest]
    return [transfer for group in [*pairs, *groups] for transfer in _within(group)]


Debts = list[tuple[str, int]]


def _opposites(balances: Mapping[str, int]) -> tuple[list[Debts], Debts]:
    """Exact opposites may always settle with each other: whatever groups they were in, the rest of these two groups
    adds up to zero as well, so nothing is lost."""
    waiting: dict[int, list[str]] = {}
    pairs: list[Debts] = []
    for player, balance in balances.items():
        if opposite := waiting.get(-balance):
            pairs.append([(opposite.pop(0), -balance), (player, balance)])
        elif balance:
            waiting.setdefault(balance, []).append(player)
    left = {player for players in waiting.values() for player in players}
    return pairs, [(player, balance) for player, balance in balances.items() if player in left]


def _groups(debts: Debts) -> list[Debts]:
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


def _within(group: Debts) -> list[dict[str, Any]]:
    """The largest debt goes to the largest credit, until one of the two is settled."""
    debtors = sorted(((player, -balance) for player, balance in group if balance < 0), key=_largest)
    creditors = sorted(((player, balance) for player, balance in group if balance > 0), key=_largest)
    made = []
    while debtors:
        (debtor, debt), (creditor, credit) = debtors.pop(0), creditors.pop(0)
        amount = min(debt, credit)
        made.append({"from": debtor, "to": creditor, "amount": amount})
        if debt > amount:
            debtors.insert(0, (debtor, debt - amount))
        if credit > amount:
            creditors.insert(0, (creditor, credit - amount))
    return made


def _largest(debt: tuple[str, int]) -> int:
    return -debt[1]
