"""One against one: choosing the next pair out of everybody who is ready, in the order in which they wait."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from itertools import combinations
from typing import Final

from artel.engine.chance import Chance
from artel.engine.past import Past, Sides, meeting

SEARCHED: Final = 21
"""Up to so many pairs (those of 7 players) are searched for an order in which nobody plays twice in a row."""
STEPS: Final = 2000

Pair = tuple[str, str]


def least_played(ready: Sequence[str], past: Past) -> Sides:
    """The most games of the two, their sum, how often they met, how recently one of them played."""

    def load(pair: Pair) -> tuple[int, ...]:
        games = [past.games[player] for player in pair]
        latest = max(past.last.get(player, 0) for player in pair)
        return max(games), sum(games), past.met[meeting(_sides(pair))], latest

    return _sides(min(combinations(ready, 2), key=load))


def by_chance(ready: Sequence[str], past: Past, chance: Chance) -> Sides:
    """Every pair once, then again; the same one twice in a row only where there is no other."""
    left = _left(ready, past)
    return _sides(chance.pick([pair for pair in left if past.latest != set(pair)] or left))


def round_robin(ready: Sequence[str], past: Past) -> Sides:
    """Every pair once, then again; nobody twice in a row where that is possible."""
    left = sorted(_left(ready, past), key=_weariness(_left(ready, past), past))
    path = _Search(STEPS).path(left, past.latest) if len(left) <= SEARCHED else None
    return _sides(path[0] if path else left[0])


def _left(ready: Sequence[str], past: Past) -> list[Pair]:
    """The pairs still to come in this round, or all of the next one."""
    pairs = list(combinations(ready, 2))
    return [pair for pair in pairs if frozenset(pair) not in past.used] or pairs


def _weariness(left: Sequence[Pair], past: Past) -> Callable[[Pair], tuple[int, ...]]:
    """Who has just played comes last; whoever has most games to come, and has waited longest, comes first."""
    still = Counter(player for pair in left for player in pair)

    def weariness(pair: Pair) -> tuple[int, ...]:
        last = sorted((past.last.get(player, 0) for player in pair), reverse=True)
        return len(past.latest & set(pair)), -max(still[player] for player in pair), *last

    return weariness


class _Search:
    """For an order of pairs in which nobody plays twice in a row; gives up after so many steps."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def path(self, left: Sequence[Pair], before: Collection[str]) -> list[Pair] | None:
        if not left:
            return []
        self._steps -= 1
        for at, pair in enumerate(left):
            if self._steps > 0 and pair[0] not in before and pair[1] not in before:
                rest = self.path([*left[:at], *left[at + 1 :]], pair)
                if rest is not None:
                    return [pair, *rest]
        return None


def _sides(pair: Pair) -> Sides:
    return (pair[0],), (pair[1],)
