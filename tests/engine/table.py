"""An evening in a few words: what tests of the engine play with."""

from itertools import count
from typing import Any

import pytest

from artel.engine.refusal import Refusal
from artel.engine.rules import parse_rules
from artel.engine.session import Session

Json = dict[str, Any]
SEED = b"sixteen bytes of"


class Table:
    """Players are letters; events name themselves 1, 2, 3…"""

    def __init__(self, players: str, **rules: Any) -> None:
        self.session = Session(parse_rules({"game": "kolkhoz", **rules}), list(players))
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
