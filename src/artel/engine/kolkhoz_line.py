"""The order of the next kolkhoz."""

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from math import factorial
from typing import Final

from artel.engine.chance import Chance
from artel.engine.circles import Order, block, circle, turned
from artel.engine.events import FEWEST_PLAYERS, MOST_PLAYERS
from artel.engine.game import Game
from artel.engine.line import Draw, Line, Over
from artel.engine.rules import KolkhozRules

LISTED: Final = 6
"""Up to so many players all orders are listed and one is picked; with more, orders are drawn until one is new."""


class KolkhozLine(Line):
    def __init__(self, players: Iterable[str], rules: KolkhozRules) -> None:
        super().__init__(players)
        self._rules = rules
        self._played: dict[frozenset[str], list[Order]] = {}
        """By the set of players, the orders of their games."""
        self._last: Game | None = None

    def start(self, game: Game) -> None:
        order = game.members
        played = self._played.setdefault(frozenset(order), [])
        if not self._is_second_leg(played):
            self._sit(order)
        played.append(order)
        self._last = game

    def end(self, game: Game) -> None:
        """Who won is nothing to the line of a kolkhoz."""

    def seated(self) -> tuple[str, ...]:
        return ()

    def _is_second_leg(self, played: Sequence[Order]) -> bool:
        return self._rules.legs == 2 and len(played) % 2 == 1

    def _sit(self, order: Order) -> None:
        """Who was not in the game keeps his place between the others."""
        members = set(order)
        rotate = self._rules.order == "rotate"
        before = tuple(player for player in self.line if player in members)
        if rotate or circle(before) != circle(order):
            seats = iter(order)
            self.line = [next(seats) if player in members else player for player in self.line]
        if rotate:
            self.line.remove(order[0])
            self.line.append(order[0])

    def draw(self, seed: bytes, running: Game | None, over: Over) -> Draw | None:  # noqa: ARG002
        ready = self.ready()
        by_potter = self._rules.starter == "last_potter"
        if not FEWEST_PLAYERS <= len(ready) <= MOST_PLAYERS or (running and by_potter):
            return None
        order = self._order(ready, seed)
        potter = self._last.potter if self._last and by_potter else None
        if order and potter in order:
            order = turned(order, potter)
        return {"order": list(order), "breaker": order[0]} if order else None

    def _order(self, ready: Sequence[str], seed: bytes) -> Order | None:
        played = self._played.get(frozenset(ready), [])
        if self._is_second_leg(played):
            return played[-1][::-1]
        policy = self._rules.order
        if policy in _DRAWS:
            return _DRAWS[policy](self._rules, sorted(ready), played, seed)
        return None if policy == "manual" else tuple(ready)


def _random(_: KolkhozRules, players: Sequence[str], played: Sequence[Order], seed: bytes) -> Order:
    return tuple(Chance(seed, "random", str(len(played)), *players).shuffled(players))


def _no_repeat(rules: KolkhozRules, players: Sequence[str], played: Sequence[Order], seed: bytes) -> Order:
    """Where the last potter breaks, two orders are the same if they are the same circle."""
    turns = rules.starter == "last_potter"
    same: Callable[[Order], Order] = circle if turns else tuple
    kinds = factorial(len(players) - turns)
    used: set[Order] = set()
    for order in played[:: rules.legs]:
        if len(used) == kinds:
            used = set()
        used.add(same(order))
    if len(used) == kinds:
        used = {same(played[-1])} if kinds > 1 else set()
    chance = Chance(seed, "random_no_repeat", str(len(played)), *players)
    if len(players) <= LISTED:
        return chance.pick([order for order in permutations(players) if same(order) not in used])
    while True:
        order = tuple(chance.shuffled(players))
        if same(order) not in used:
            return order


def _fair(rules: KolkhozRules, players: Sequence[str], played: Sequence[Order], seed: bytes) -> Order:
    """Who sits where in the table of circles is drawn once, the order of the circles anew for each block; the seat
    that starts moves on by one with each game and once more with each block."""
    seats = Chance(seed, "fair seats", *players).shuffled(players)
    circles = {circle(order) for order in block(seats)}
    blocks, left = 0, set(circles)
    for order in played[:: rules.legs]:
        left.discard(circle(order))
        if not left:
            blocks, left = blocks + 1, set(circles)
    mixed = Chance(seed, "fair block", str(blocks), *players).shuffled(sorted(circles))
    order = next(order for order in mixed if order in left)
    return turned(order, seats[(blocks + len(circles) - len(left)) % len(seats)])


_DRAWS: Final = {"random": _random, "random_no_repeat": _no_repeat, "fair": _fair}
