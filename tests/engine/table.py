"""An evening in a few words: what tests of the engine play with."""

from collections.abc import Iterable
from itertools import combinations, count
from typing import Any

import pytest

from artel.engine.refusal import Refusal
from artel.engine.rules import parse_rules
from artel.engine.session import Session

Json = dict[str, Any]
SEED = b"sixteen bytes of"


class Table:
    """Players are letters; events name themselves 1, 2, 3…"""

    def __init__(self, players: Iterable[str], game: str = "kolkhoz", **rules: Any) -> None:
        self.session = Session(parse_rules({"game": game, **rules}), list(players))
        self.seed = SEED
        self._numbers = count(1)

    def does(self, kind: str, player: str | None = None, **keys: Any) -> str:
        """The id of the event, which was new."""
        event = {"id": str(next(self._numbers)), "type": kind, **keys}
        if player:
            event["player"] = player
        assert self.session.take(event)
        return str(event["id"])

    def refuses(self, kind: str, player: str | None = None, **keys: Any) -> str:
        """With which code. Nothing has changed by it."""
        before = self.session.result(), self.session.version, self.session.queue()
        with pytest.raises(Refusal) as refusal:
            self.does(kind, player, **keys)
        assert (self.session.result(), self.session.version, self.session.queue()) == before
        return refusal.value.code

    def starts(self, drawn: Json | None = None) -> str:
        """The drawn game, or the one that is given."""
        start = drawn or self.drawn()
        return self.does("start", **start)

    def drawn(self) -> Json:
        start = self.session.next(self.seed)
        assert start
        return start

    def circle(self) -> str:
        return "".join(self.drawn()["order"])

    def sides(self) -> str:
        return "-".join("".join(side) for side in self.drawn()["sides"])

    def wins(self, player: str) -> str:
        """The running duel is given up by the other side."""
        running = self.session.running
        assert running
        loser = next(other for side in running.sides if player not in side for other in side)
        return self.does("end", loser, reason="concede")

    def ends(self, reason: str = "abandoned") -> str:
        return self.does("end", reason=reason)

    def undoes(self, target: str) -> str:
        return self.does("undo", target=target)

    def plays(self, times: int) -> list[Json]:
        """So many drawn games without a stroke; what was drawn."""
        drawn = []
        for _ in range(times):
            drawn.append(self.drawn())
            self.starts()
            self.ends()
        return drawn


def order(circle: str) -> Json:
    return {"order": list(circle)}


def sides(one: str, other: str) -> Json:
    return {"sides": [list(one), list(other)]}


def duel(players: str, queue: str = "winner_stays", cap: int | None = None, **rules: Any) -> Table:
    given: Json = {"type": queue} if cap is None else {"type": queue, "cap": cap}
    return Table(players, game="americana", queue=given, **rules)


def play(table: Table, won: str | None = None) -> None:
    """The drawn game, won by this one or by nobody."""
    table.starts()
    if won:
        table.wins(won)
    else:
        table.ends()


def pairs(drawn: list[Json]) -> list[frozenset[str]]:
    return [frozenset(start["sides"][0] + start["sides"][1]) for start in drawn]


def all_pairs(players: str) -> set[frozenset[str]]:
    return set(map(frozenset, combinations(players, 2)))
