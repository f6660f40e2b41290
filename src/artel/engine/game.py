"""One rack, of whichever game. What is played in it is kept as small operations, so that a stroke can be taken out
and the rest counted again in a fraction of the time it took to read them."""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any, ClassVar, Final

from artel.engine.events import Said, Start

Record = tuple[Said, int, int, int, int, int]
"""An accepted event: of which game (its number, 0 for none), what, by whom (a place in `members`), which (a kind of
ball, or why the game ended), and where in the session's log it stands. It is in the log and in the game."""

DEAD, MISS, BALL, FOUL, END = range(5)
"""What. An undone stroke is DEAD in its game, where it keeps its place."""
REASONS: Final = ("concede", "timeout", "draw", "abandoned")

_code = itemgetter(2)
_at = itemgetter(5)


class Game(ABC):
    __slots__ = (
        "_dead",
        "_money",
        "at",
        "breaker",
        "members",
        "number",
        "ops",
        "potter",
        "reason",
        "seats",
        "sides",
        "start_id",
        "stop",
    )

    stop: int
    """The operation that ended it, -1 while it runs."""
    reason: str | None
    potter: str | None
    """Who potted the ball that emptied the rack of a kolkhoz."""
    _money: dict[str, int] | None

    def __init__(self, number: int, at: int, start: Start, members: tuple[str, ...]) -> None:
        self.number = number
        self.at = at
        """Where in the session's log its start stands."""
        self.start_id = start.id
        self.sides = start.sides
        """None of them in a kolkhoz."""
        self.members = members
        self.breaker = start.breaker or members[0]
        self.seats = dict(zip(members, count()))
        self.ops: list[Record] = []
        self._dead = 0
        self._reset()

    @abstractmethod
    def _reset(self) -> None:
        """As it was before the first operation."""

    @property
    def over(self) -> bool:
        return self.stop >= 0

    @property
    def state(self) -> str:
        return "running" if self.stop < 0 else "ended"

    @property
    def ended_at(self) -> int:
        """Where in the session's log the event stands that ended it."""
        return self.ops[self.stop][5]

    @property
    def played(self) -> bool:
        """Is there any stroke left in it?"""
        return self._dead < len(self.ops)

    @property
    def money(self) -> dict[str, int]:
        """What it moved, once it has ended."""
        if self._money is None:
            money = self._settle() if self.stop >= 0 else [0] * len(self.members)
            if sum(money):
                raise AssertionError(f"game {self.number} makes or loses money: {money}")
            self._money = dict(zip(self.members, money, strict=True))
        return self._money

    @property
    def turn(self) -> str | None:
        """Who is to play: the breaker first, a ball keeps the turn, a miss or a foul passes it on."""
        if self.over:
            return None
        for _, _, code, seat, _, _ in reversed(self.ops):
            if code != DEAD:
                return self.members[seat] if code == BALL else self._after(seat)
        return self.breaker

    # Playing. Each of these counts what happened; that it happened is for the caller to add to `ops`.

    strokes: ClassVar[Mapping[str, tuple[Callable[[Any, int], None], int]]]
    """By type, how to play a stroke by this seat of which nothing more is said, and its code."""

    @abstractmethod
    def special(self, kind: str, seat: int, ball: str | None, lucky: bool | None) -> int:
        """Plays a stroke of which more is said. Gives the kind of ball it was about."""

    @abstractmethod
    def end(self, seat: int, reason: str) -> None:
        """The seat matters only to who concedes."""

    def _over(self, reason: str) -> None:
        self.stop = len(self.ops)
        self.reason = reason
        self._money = None

    # Taking back

    def take_out(self, at: int) -> bool:
        """What stands there in the session's log. False, and nothing has changed, if something was played after the
        game would have been over then."""
        before = self.save()
        place = self._place(at)
        record = self.ops[place]
        self.ops[place] = (*record[:2], DEAD, *record[3:])
        self._recount()
        if self.over and any(map(_code, self.ops[self.stop + 1 :])):
            self.ops[place] = record
            self.load(before)
            return False
        self._dead += 1
        return True

    def put_back(self, record: Record) -> None:
        self.ops[self._place(record[5])] = record
        self._dead -= 1
        self._recount()

    def forget_last(self) -> None:
        """Its last operation never was; what has been counted is right only after `load` or `put_back`."""
        self.ops.pop()
        self.stop = -1

    def _place(self, at: int) -> int:
        return bisect_left(self.ops, at, key=_at)

    def _recount(self) -> None:
        self._reset()
        ball, foul = self._ball, self._foul
        for place, (_, _, code, seat, kind, _) in enumerate(self.ops):
            if code > MISS:
                if code == BALL:
                    ball(seat, kind)
                elif code == FOUL:
                    foul(seat)
                else:
                    self.end(seat, REASONS[kind])
                if self.stop >= 0:
                    self.stop = place
                    return

    @abstractmethod
    def _ball(self, seat: int, kind: int = 0) -> None: ...

    @abstractmethod
    def _foul(self, seat: int) -> None: ...

    @abstractmethod
    def save(self) -> Any:
        """What has been counted, as a value of its own."""

    @abstractmethod
    def load(self, saved: Any) -> None: ...

    # What comes of it

    @property
    @abstractmethod
    def winners(self) -> Sequence[str]: ...

    @abstractmethod
    def result(self) -> dict[str, Any]:
        """One element of the result's "games"."""

    @abstractmethod
    def _settle(self) -> Sequence[int]:
        """The money of each of the members."""

    @abstractmethod
    def _after(self, seat: int) -> str:
        """Who plays after the visit of this one."""


def miss(_game: Game, _seat: int) -> None:
    """Counts nothing: it only says whose turn it is."""
