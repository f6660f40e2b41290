"""What the duels so far say about the next one: who has played how often, against whom, with whom, and who broke."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations

Side = tuple[str, ...]
Sides = tuple[Side, ...]
Meeting = frozenset[frozenset[str]]


def meeting(sides: Sides) -> Meeting:
    """The same for the same sides, whichever stands first."""
    return frozenset(map(frozenset, sides))


class Partners:
    """Whom each has had as a partner since he last had had everybody."""

    def __init__(self, had: Mapping[str, frozenset[str]]) -> None:
        self._had = had

    def had(self, player: str, present: Collection[str]) -> frozenset[str]:
        had = self._had.get(player, frozenset())
        return frozenset() if had.issuperset(other for other in present if other != player) else had

    def repeats(self, sides: Sides, present: Collection[str]) -> int:
        """How many players would have a partner again before they have had everybody."""
        return sum(partner in self.had(player, present) for player, partner in _couples(sides))

    def after(self, sides: Sides, present: Collection[str]) -> "Partners":
        changed = {player: self.had(player, present) | {partner} for player, partner in _couples(sides)}
        return Partners({**self._had, **changed}) if changed else self


def _couples(sides: Sides) -> list[Side]:
    """Each partner with the other."""
    return [couple for side in sides if len(side) == 2 for couple in (side, side[::-1])]


class Past:
    """Counts games when they start, finished or not."""

    def __init__(self) -> None:
        self.games: Counter[str] = Counter()
        """Who joined late counts as having played as often as the least of the others."""
        self.last: dict[str, int] = {}
        """The number of each one's last game."""
        self.met: Counter[Meeting] = Counter()
        self.latest: frozenset[str] = frozenset()
        """Who played the latest game."""
        self.used: set[frozenset[str]] = set()
        """The pairs of opponents that have been in this round."""
        self.partners = Partners({})
        self.together: Counter[Side] = Counter()
        """How often each was whose partner."""
        self._broke: Counter[str] = Counter()
        self._breaking: dict[Meeting, str] = {}
        """Who broke when these sides last met."""

    def join(self, player: str, others: Iterable[str]) -> None:
        self.games[player] = max(self.games[player], min((self.games[other] for other in others), default=0))

    def record(self, number: int, sides: Sides, breaker: str, ready: Iterable[str]) -> None:
        self.latest = frozenset().union(*sides)
        present = self.latest.union(ready)
        met = meeting(sides)
        for player in self.latest:
            self.games[player] += 1
            self.last[player] = number
        self.met[met] += 1
        self._broke[breaker] += 1
        self._breaking[met] = breaker
        self.partners = self.partners.after(sides, present)
        self.together.update(_couples(sides))
        if len(self.latest) == 2:
            self._use(self.latest, present)

    def _use(self, pair: frozenset[str], present: Collection[str]) -> None:
        """A pair that comes again opens a new round, unless others are still to come in this one."""
        if pair in self.used:
            possible = set(map(frozenset, combinations(present, 2)))
            if possible <= self.used:
                self.used -= possible
        self.used.add(pair)

    def breaker(self, sides: Sides) -> str:
        """In turns: not the side that broke when these last met, and of the rest whoever has broken least."""
        last = self._breaking.get(meeting(sides))
        turn = [player for side in sides if last not in side for player in side]
        return min(turn, key=lambda player: self._broke[player])
