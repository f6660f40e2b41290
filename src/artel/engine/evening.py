"""Forward through an evening: what each event needs, and what it does."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from artel.engine.company import Company
from artel.engine.duel import DuelGame, check_starts
from artel.engine.events import End, Event, Expense, Finish, Payment, Presence, Start, Stroke, Undo
from artel.engine.game import Game
from artel.engine.kolkhoz import KolkhozGame
from artel.engine.ledger import Entry, Ledger, expense_entry, payment_entry
from artel.engine.match import Race
from artel.engine.refusal import refuse
from artel.engine.rules import KolkhozRules, Match, Rules

Where = tuple[Game | None, int]


class Record(NamedTuple):
    """An accepted event and where it went: an operation of a game; of a join, whether he was new; of an undo, the
    place of its target in the log."""

    event: Event
    game: Game | None
    place: int


NOWHERE: Final[Where] = (None, 0)
_STARTS: Final = {True: "sides", False: "an order"}


class Evening(ABC):
    def __init__(self, rules: Rules, players: Sequence[str]) -> None:
        self.rules = rules
        self.games: list[Game] = []
        self.running: Game | None = None
        self._duel = not isinstance(rules, KolkhozRules)
        self._takes_own = rules.game in {"moscow", "dynamic"}
        self._company = Company(players)
        self._ledger = Ledger()
        self._race = Race(Match() if isinstance(rules, KolkhozRules) else rules.match)
        self._log: list[Record] = []
        self._index: dict[str, int] = {}
        self._finished_at = -1
        self._table: list[int] = []
        """Where in the log stands what a queue cares about: joins, leaves, pauses, resumes, starts."""

    def apply(self, event: Event) -> bool:
        """False for an id that was accepted before. A Refusal leaves everything as it was."""
        self._check_suits(event)
        if event.id in self._index:
            return False
        if self._finished_at >= 0 and not isinstance(event, Payment | Undo):
            refuse("session_finished", "the session is over")
        at = len(self._log)
        game, place = self._accept[event.type](self, event, at)
        self._index[event.id] = at
        self._log.append(Record(event, game, place))
        return True

    def _check_suits(self, event: Event) -> None:
        """The part of the form that depends on what is played."""
        if isinstance(event, Stroke):
            if event.ball is not None and self._duel:
                refuse("invalid_event", "in a duel all balls are one kind")
            if event.own is not None and not self._takes_own:
                refuse("invalid_event", f"{self.rules.game} knows no own balls")
        elif isinstance(event, Start):
            if bool(event.sides) != self._duel:
                refuse("invalid_event", f"a game of {self.rules.game} starts with {_STARTS[self._duel]}")
        elif isinstance(event, End) and event.reason == "concede" and not self._duel:
            refuse("invalid_event", "nobody can concede a kolkhoz")

    def _between_games(self, what: str) -> None:
        if self.running:
            refuse("game_in_progress", f"{what} between games only")

    def _join(self, event: Presence, at: int) -> Where:
        self._between_games("players join")
        new = self._company.join(event.player, at)
        self._seat_changed(at)
        return None, new

    def _leave(self, event: Presence, at: int) -> Where:
        self._between_games("players leave")
        self._company.leave(event.player, at)
        self._seat_changed(at)
        return NOWHERE

    def _pause(self, event: Presence, at: int) -> Where:
        self._company.require(event.player)
        self._company.say(event.player, at, event.type == "pause")
        self._seat_changed(at)
        return NOWHERE

    def _start(self, event: Start, at: int) -> Where:
        self._between_games("a game starts")
        if self._race.over(len(self.games)):
            refuse("match_over", "the match is decided")
        for player in event.players:
            self._company.require(player)
        number = len(self.games) + 1
        if isinstance(self.rules, KolkhozRules):
            self.running = KolkhozGame(number, at, event, self.rules)
        else:
            check_starts(event, self.rules)
            self.running = DuelGame(number, at, event, self.rules)
        self.games.append(self.running)
        self._seat_changed(at)
        return self.running, 0

    def _stroke(self, event: Stroke, at: int) -> Where:
        game = self.running or refuse("no_game", "no game is running")
        game.stroke(event, self._seat(game, event.player), at)
        return self._played(game)

    def _end(self, event: End, at: int) -> Where:
        game = self.running or refuse("no_game", "no game is running")
        if event.player is not None:
            self._seat(game, event.player)
        game.end(event, at)
        return self._played(game)

    def _seat(self, game: Game, player: str) -> int:
        seat = game.seats.get(player)
        if seat is None:
            self._company.require(player)
            refuse("not_in_game", f"{player} does not play in this game")
        return seat

    def _played(self, game: Game) -> Where:
        if game.over:
            self._settle(game)
        return game, len(game.ops) - 1

    def _expense(self, event: Expense, at: int) -> Where:
        self._company.require(event.payer)
        for player in event.among or ():
            self._company.require(player)
        among = [player for player in self._company.present() if event.among is None or player in event.among]
        self._ledger.add(at, expense_entry(event, among))
        return NOWHERE

    def _payment(self, event: Payment, at: int) -> Where:
        self._company.require_ever(event.debtor)
        self._company.require_ever(event.creditor)
        if event.debtor == event.creditor:
            refuse("self_payment", f"{event.debtor} cannot pay himself")
        self._ledger.add(at, payment_entry(event))
        return NOWHERE

    def _finish(self, _: Finish, at: int) -> Where:
        self._between_games("a session finishes")
        self._finished_at = at
        self._table_changed(rewritten=False)
        return NOWHERE

    @abstractmethod
    def _undo(self, event: Undo, at: int) -> Where: ...

    def _seat_changed(self, at: int) -> None:
        self._table.append(at)
        self._table_changed(rewritten=False)

    @abstractmethod
    def _table_changed(self, rewritten: bool) -> None:
        """What comes next may have changed, and with `rewritten` also what was."""

    def _settle(self, game: Game) -> None:
        """Takes note of how it stands: over, or running."""
        if game is self.games[-1]:
            self.running = None if game.over else game
        if game.over:
            self._ledger.add(game.ended_at, Entry(game.money))
            self._race.count(game, 1)
            self._table_changed(rewritten=False)

    _accept: ClassVar[dict[str, Callable[[Any, Any, int], Where]]] = {
        "join": _join,
        "leave": _leave,
        "pause": _pause,
        "resume": _pause,
        "start": _start,
        "ball": _stroke,
        "foul": _stroke,
        "miss": _stroke,
        "end": _end,
        "expense": _expense,
        "payment": _payment,
        "finish": _finish,
        "undo": lambda self, event, at: self._undo(event, at),
    }
