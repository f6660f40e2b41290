"""Two against two: choosing the next line-up so that nobody has a partner twice before he has had everybody."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

from artel.engine.chance import Chance
from artel.engine.past import Partners, Past, Sides, meeting

CROWD: Final = 12
"""Of more people than this, those are considered who have played least and waited longest."""
AHEAD: Final = {5: 2, 6: 2, 7: 1, 8: 1}
"""How many games ahead a line-up must leave a way on; with more people, or four, there always is one."""


def least_played(ready: Sequence[str], past: Past) -> Sides:
    """The most games of the four, their sum, how often they met, how recently one of them played."""

    def load(sides: Sides) -> tuple[int, ...]:
        most, total, met, latest = _load(sides, past)
        return most, total, past.partners.repeats(sides, ready), met, latest

    return _first_with_a_way_on(sorted(_line_ups(_crowd(ready, past)), key=load), past, ready)


def round_robin(ready: Sequence[str], past: Past) -> Sides:
    """Nobody twice in a row where that is possible, and whoever has played least."""

    def load(sides: Sides) -> tuple[int, ...]:
        again = sum(player in past.latest for side in sides for player in side)
        return past.partners.repeats(sides, ready), again, *_load(sides, past)

    return _first_with_a_way_on(sorted(_line_ups(_crowd(ready, past)), key=load), past, ready)


def by_chance(ready: Sequence[str], past: Past, chance: Chance) -> Sides:
    line_ups = chance.shuffled(list(_line_ups(_crowd(ready, past))))
    line_ups.sort(key=lambda sides: past.partners.repeats(sides, ready))
    return _first_with_a_way_on(line_ups, past, ready)


def partners(fours: Iterable[Sequence[str]], ready: Sequence[str], past: Past, chance: Chance) -> Sides:
    """How players pair up whom the queue has chosen: as seldom as can be with a partner they had lately."""

    def together(sides: Sides) -> tuple[int, ...]:
        return past.partners.repeats(sides, ready), sum(past.together[side] for side in sides)

    options = [sides for four in fours for sides in _line_ups(four)]
    return min(chance.shuffled(options), key=together)


def _load(sides: Sides, past: Past) -> tuple[int, int, int, int]:
    players = [player for side in sides for player in side]
    games = [past.games[player] for player in players]
    latest = max(past.last.get(player, 0) for player in players)
    return max(games), sum(games), past.met[meeting(sides)], latest


def _crowd(ready: Sequence[str], past: Past) -> Sequence[str]:
    if len(ready) <= CROWD:
        return ready
    chosen = sorted(ready, key=lambda player: (past.games[player], past.last.get(player, 0)))[:CROWD]
    return [player for player in ready if player in chosen]


def _line_ups(players: Sequence[str]) -> Iterator[Sides]:
    for a, b, c, d in combinations(players, 4):
        yield from (((a, b), (c, d)), ((a, c), (b, d)), ((a, d), (b, c)))


def _first_with_a_way_on(line_ups: Sequence[Sides], past: Past, ready: Sequence[str]) -> Sides:
    ahead = AHEAD.get(len(ready), 0)
    goes_on = (sides for sides in line_ups if _goes_on(sides, past.partners, ready, ahead))
    return next(goes_on, line_ups[0])


def _goes_on(sides: Sides, had: Partners, ready: Sequence[str], ahead: int) -> bool:
    if had.repeats(sides, ready):
        return False
    if not ahead:
        return True
    after = had.after(sides, ready)
    return any(_goes_on(following, after, ready, ahead - 1) for following in _line_ups(ready))
