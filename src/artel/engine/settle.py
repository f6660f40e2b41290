"""Shares without a lost kopeck, and the fewest transfers that bring every balance to zero."""

from collections.abc import Iterator, Mapping, Sequence
from operator import neg
from typing import Any, Final

EXACT: Final = 12
"""With more people than this to settle, one transfer fewer than people is promised, and no more."""
SMALLEST_GROUP: Final = 3
"""Where nobody owes exactly what another is owed."""


def split_evenly(amount: int, parts: int) -> list[int]:
    """The first ones get what does not divide."""
    share, rest = divmod(amount, parts)
    return [share + 1] * rest + [share] * (parts - rest)


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
    debts = [(player, balance) for player, balance in balances.items() if balance]
    if len(debts) <= SMALLEST_GROUP:
        return list(_within(debts))
    pairs, rest = _opposites(debts)
    divisible = 2 * SMALLEST_GROUP <= len(rest) <= EXACT
    groups = _groups(rest) if divisible else [rest]
    return [transfer for group in (*pairs, *groups) for transfer in _within(group)]


def _opposites(debts: Debts) -> tuple[list[Debts], Debts]:
    """Exact opposites may always settle with each other: whatever groups they were in, the rest of these two groups
    adds up to zero as well, so nothing is lost."""
    amounts = {balance for _, balance in debts}
    if amounts.isdisjoint(map(neg, amounts)):
        return [], debts
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
    """The largest number of groups that add up to zero. Here a group is the bit set of its places."""
    sums = [0]
    for _, balance in debts:
        sums += [each + balance for each in sums]
    closed = [group for group, total in enumerate(sums) if not total and group]
    closed.sort(key=int.bit_count)
    owing = sum(1 << place for place, (_, balance) in enumerate(debts) if balance < 0)
    best = _Packing(owing).most(len(sums) - 1, closed)
    return [[debt for place, debt in enumerate(debts) if group >> place & 1] for group in best]


class _Packing:
    """As many disjoint groups as possible that make up all that is left."""

    def __init__(self, owing: int) -> None:
        self._owing = owing
        self._known: dict[int, tuple[int, ...]] = {0: ()}

    def most(self, left: int, closed: Sequence[int]) -> tuple[int, ...]:
        if left not in self._known:
            inside = [group for group in closed if not group & ~left]
            self._known[left] = self._search(left, inside)
        return self._known[left]

    def _search(self, left: int, inside: Sequence[int]) -> tuple[int, ...]:
        """Somebody has to be with the lowest place."""
        lowest, bound = left & -left, self._bound(left)
        best: tuple[int, ...] = ()
        for group in inside:
            if group & lowest and len(best) < bound:
                packed = (group, *self.most(left ^ group, inside))
                if len(packed) > len(best):
                    best = packed
        return best

    def _bound(self, left: int) -> int:
        """Each group has a debtor, a creditor, and at least three people."""
        people, owing = left.bit_count(), (left & self._owing).bit_count()
        return min(owing, people - owing, people // SMALLEST_GROUP)


def _within(group: Debts) -> Iterator[dict[str, Any]]:
    """The largest debt goes to the largest credit, until one of the two is settled."""
    by_amount = sorted(group, key=_amount)
    debtors = [debt for debt in by_amount if debt[1] < 0]
    creditors = [debt for debt in by_amount if debt[1] > 0]
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
