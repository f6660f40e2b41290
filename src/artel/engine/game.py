"""One rack, of whichever game. What is played in it is kept as small operations, so that a stroke can be taken out
and the rest counted again in a fraction of the time it took to read them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

from artel.engine.events import End, Start, Stroke

# What, by whom (a place in `members`), and which: a kind of ball, or why the game ended.
Op = tuple[int, int, int]
DEAD, MISS, BALL, FOUL, END = range(5)
NOTHING: Final[Op] = (DEAD, 0, 0)
"""What an undone stroke leaves behind: it keeps its place, so that the others keep theirs."""

REASONS: Final = ("concede", "timeout", "draw", "abandoned")
CHUNK: Final = 256


class Game(ABC):
    __slots__ = (
        "_cuts",
        "_dead",
        "_money",
        "at",
        "breaker",
        "events",
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

    def __init__(self, number: int, at: int, start: Start) -> None:
        self.number = number
        self.at = at
        """Where in the session's log its start stands; `events` says the same of each operation."""
        self.start_id = start.id
        self.sides = start.sides
        """None of them in a kolkhoz."""
        self.members = start.players
        self.breaker = start.breaker or self.members[0]
        self.seats = {player: seat for seat, player in enumerate(self.members)}
        self.ops: list[Op] = []
        self.events: list[int] = []
        self.stop = -1
        """The operation that ended it, -1 while it runs."""
        self.reason: str | None = None
        self.potter: str | None = None
        """Who potted the ball that emptied the rack of a kolkhoz."""
        self._dead: dict[int, Op] = {}
        self._money: dict[str, int] | None = None
        self._cuts: list[Any] = []
        """What was counted before every CHUNK-th operation."""

    @property
    def over(self) -> bool:
        return self.stop >= 0

    @property
    def state(self) -> str:
        return "ended" if self.over else "running"

    @property
    def ended_at(self) -> int:
        """Where in the session's log the event stands that ended it."""
        return self.events[self.stop]

    @property
    def played(self) -> bool:
        """Is there any stroke left in it?"""
        return len(self._dead) < len(self.ops)

    @property
    def money(self) -> dict[str, int]:
        """What it moved, once it has ended."""
        if self._money is None:
            self._money = self._settle() if self.over else dict.fromkeys(self.members, 0)
            if sum(self._money.values()):
                raise AssertionError(f"game {self.number} makes or loses money: {self._money}")
        return self._money

    @property
    def turn(self) -> str | None:
        """Who is to play: the breaker first, a ball keeps the turn, a miss or a foul passes it on."""
        if self.over:
            return None
        for code, seat, _ in reversed(self.ops):
            if code != DEAD:
                return self.members[seat] if code == BALL else self._after(seat)
        return self.breaker

    def play(self, op: Op, event: int) -> None:
        count = len(self.ops)
        if count % CHUNK == 0:
            self._cuts.append(self._save())
        self.ops.append(op)
        self.events.append(event)
        self._count(count, count + 1)

    def take_out(self, at: int) -> bool:
        """False, and nothing has changed, if something was played after the game would have been over then."""
        now = self._save()
        cuts = self._cuts
        op = self.ops[at]
        self.ops[at] = NOTHING
        self._recount(at)
        if self.over and any(code for code, _, _ in self.ops[self.stop + 1 :]):
            self.ops[at] = op
            self._cuts = cuts
            self._load(now)
            return False
        self._dead[at] = op
        return True

    def put_back(self, at: int) -> None:
        self.ops[at] = self._dead.pop(at)
        self._recount(at)

    def cut(self, count: int) -> None:
        """Forgets all but the first `count` operations."""
        del self.ops[count:], self.events[count:]
        self._recount(count)

    def _recount(self, at: int) -> None:
        count = len(self.ops)
        chunk = min(at // CHUNK, len(self._cuts) - 1)
        saved, self._cuts = self._cuts[chunk], self._cuts[:chunk]
        self._load(saved)
        for first in range(chunk * CHUNK, count, CHUNK):
            self._cuts.append(self._save())
            if not self.over:
                self._count(first, min(first + CHUNK, count))

    def _over(self, at: int, reason: str) -> None:
        self.stop = at
        self.reason = reason
        self._money = None

    @property
    @abstractmethod
    def winners(self) -> Sequence[str]: ...

    @abstractmethod
    def stroke(self, event: Stroke, seat: int, index: int) -> None: ...

    @abstractmethod
    def end(self, event: End, index: int) -> None: ...

    @abstractmethod
    def result(self) -> dict[str, Any]:
        """One element of the result's "games"."""

    @abstractmethod
    def _save(self) -> Any:
        """What has been counted so far, as a value of its own."""

    @abstractmethod
    def _load(self, saved: Any) -> None: ...

    @abstractmethod
    def _count(self, first: int, last: int) -> None:
        """Plays the operations from `first` up to `last`, or to the one that ends the game."""

    @abstractmethod
    def _settle(self) -> dict[str, int]: ...

    @abstractmethod
    def _after(self, seat: int) -> str:
        """Who plays after the visit of this one."""
