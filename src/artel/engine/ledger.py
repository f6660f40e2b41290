"""The money of an evening: games, expenses and payments, each a set of amounts that add up to zero.

Only an expense shared among those in the red depends on what was before it. While none stands behind a change, the
change is simply added or taken off; else everything is added up again when somebody next asks.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import neg

from artel.engine.events import Expense, Payment
from artel.engine.settle import split_by_weight, split_evenly

Amounts = Mapping[str, int]


@dataclass(slots=True)
class Entry:
    effect: Amounts
    share: Callable[[Amounts], Amounts] | None = None
    """How to find the effect from the balances before it, where it depends on them."""


class Ledger:
    """Entries are known by their place in the session's log."""

    __slots__ = ("_dependent", "_entries", "_stale", "_totals")

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._dependent: list[int] = []
        """Those that depend on the balances before them, in order."""
        self._totals: dict[str, int] = {}
        self._stale = False

    def totals(self) -> Amounts:
        """Nobody is in it before his first entry."""
        if self._stale:
            self._totals = {}
            self._stale = False
            for at in sorted(self._entries):
                entry = self._entries[at]
                if entry.share:
                    entry.effect = entry.share(self._totals)
                self._move(entry.effect, 1)
        return self._totals

    def add(self, at: int, entry: Entry) -> None:
        """What depends on the balances before it must be the latest entry."""
        if entry.share:
            entry.effect = entry.share(self.totals())
            self._dependent.append(at)
        self._entries[at] = entry
        self._change(at, entry.effect, 1)

    def remove(self, at: int) -> Entry:
        entry = self._entries.pop(at)
        if entry.share:
            del self._dependent[bisect_left(self._dependent, at)]
        self._change(at, entry.effect, -1)
        return entry

    def put_back(self, at: int, entry: Entry) -> None:
        self._entries[at] = entry
        if entry.share:
            insort(self._dependent, at)
            self._stale = True
        self._change(at, entry.effect, 1)

    def _change(self, at: int, effect: Amounts, sign: int) -> None:
        if self._dependent and self._dependent[-1] > at:
            self._stale = True
        elif not self._stale:
            self._move(effect, sign)

    def _move(self, effect: Amounts, sign: int) -> None:
        totals = self._totals
        for player, amount in effect.items():
            totals[player] = totals.get(player, 0) + sign * amount


def payment_entry(event: Payment) -> Entry:
    return Entry({event.debtor: event.amount, event.creditor: -event.amount})


def expense_entry(event: Expense, among: Sequence[str]) -> Entry:
    """`among` in the order in which they entered the evening: the odd unit is the first one's."""
    if event.split in {None, "equal"}:
        return Entry(_charge(event, among, split_evenly(event.amount, len(among))))
    return Entry({}, partial(_share_below, event, among))


def _share_below(event: Expense, among: Sequence[str], balances: Amounts) -> Amounts:
    below = [player for player in among if balances.get(player, 0) < 0]
    if below and event.split == "minus_proportional":
        weights = [-balances[player] for player in below]
        return _charge(event, below, split_by_weight(event.amount, weights))
    charged = below or among
    return _charge(event, charged, split_evenly(event.amount, len(charged)))


def _charge(event: Expense, players: Sequence[str], shares: Sequence[int]) -> Amounts:
    effect = dict(zip(players, map(neg, shares), strict=True))
    effect[event.payer] = effect.get(event.payer, 0) + event.amount
    return effect
