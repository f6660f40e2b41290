"""Forward through an evening: what each event needs, and what it does."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NoReturn

from artel.engine.company import Company
from artel.engine.duel import DuelGame
from artel.engine.events import (
    End,
    Event,
    Expense,
    Finish,
    Payment,
    Presence,
    Said,
    Start,
    Stroke,
    Undo,
    more_of_stroke,
    parse_event,
)
from artel.engine.form import LONGEST_ID
from artel.engine.game import DEAD, END, REASONS, Game, Record
from artel.engine.kolkhoz import KolkhozGame, Rack
from artel.engine.ledger import Entry, Ledger, expense_entry, payment_entry
from artel.engine.line import Line
from artel.engine.match import Race
from artel.engine.refusal import refuse
from artel.engine.rules import KolkhozRules, Rules

_NO_MORE: Final = (None, None, None, None)
_STARTS: Final = {True: "sides", False: "an order"}


def outside(event: Event, at: int, note: int = 0) -> Record:
    """An event of no game: of a join it is noted whether he was new, of an undo where in the log its target stands."""
    return event, 0, DEAD, note, 0, at


class Evening(ABC):
    _open: ClassVar[Mapping[str, Callable[[Any, Any, int], Record]]]
    _closed: ClassVar[Mapping[str, Callable[[Any, Any, int], Record]]]

    def __init__(self, rules: Rules, players: Sequence[str]) -> None:
        self.rules = rules
        self.games: list[Game] = []
        self.running: Game | None = None
        if isinstance(rules, KolkhozRules):
            self._duel = False
            self._rack = Rack(rules)
            self._strokes = KolkhozGame.strokes
            self._race: Race | None = None
        else:
            self._duel = True
            self._strokes = DuelGame.strokes
            self._race = None if rules.match.type == "endless" else Race(rules.match)
        self._takes_own = rules.game in {"moscow", "dynamic"}
        self._company = Company(players)
        self._ledger = Ledger()
        self._log: list[Record] = []
        self._index: dict[str, int] = {}
        self._words: dict[str, str] = {}
        """Each kind of stroke and each player once: what a line of thousands says of them is thrown away."""
        self._finished_at = -1
        self._accept = self._open
        self._table: list[int] = []
        """Where in the log stands what a queue cares about: joins, leaves, pauses, resumes, starts."""
        self._table_version = 0
        """Moves with everything that may change who plays next."""
        self._line: Line | None = None
        """The queue, as far as it has been followed; None when what it has followed has changed."""

    def apply(self, event: Event) -> bool:
        """False for an id that was accepted before. A Refusal leaves everything as it was."""
        if event.id in self._index:
            self._check_suits(event)
            return False
        at = len(self._log)
        record = self._accept[event.type](self, event, at)
        self._index[event.id] = at
        self._log.append(record)
        return True

    def take(self, value: object) -> bool:
        """`apply(parse_event(value))`, with a shorter way for what most of an evening is: a stroke by somebody who
        plays."""
        game = self.running
        if not game or type(value) is not dict:
            return self.apply(parse_event(value))
        try:
            event_id, kind, player = value["id"], value["type"], value["player"]
            play, code = self._strokes[kind]
            seat = game.seats[player]
        except (KeyError, TypeError):
            return self.apply(parse_event(value))
        if type(event_id) is not str or not 0 < len(event_id) <= LONGEST_ID or event_id in self._index:
            return self.apply(parse_event(value))
        said: Said
        if len(value) == 3:
            said = event_id, kind, player
            play(game, seat)
            which = 0
        else:
            ball, own, lucky, reason = more_of_stroke(value)
            self._check_ball(ball, own)
            said = event_id, kind, player, ball, own, lucky, reason
            which = game.special(kind, seat, ball, lucky)
        at = len(self._log)
        record = (said, game.number, code, seat, which, at)
        game.ops.append(record)
        self._log.append(record)
        self._index[event_id] = at
        if game.stop >= 0:
            self._settle(game)
        return True

    def _check_suits(self, event: Event) -> None:
        """The part of the form that depends on what is played."""
        if isinstance(event, Stroke):
            self._check_ball(event.ball, event.own)
        elif isinstance(event, Start):
            if bool(event.sides) != self._duel:
                refuse("invalid_event", f"a game of {self.rules.game} starts with {_STARTS[self._duel]}")
        elif isinstance(event, End) and event.reason == "concede" and not self._duel:
            refuse("invalid_event", "nobody can concede a kolkhoz")

    def _check_ball(self, ball: str | None, own: bool | None) -> None:
        if ball is not None and self._duel:
            refuse("invalid_event", "in a duel all balls are one kind")
        if own is not None and not self._takes_own:
            refuse("invalid_event", f"{self.rules.game} knows no own balls")

    def _between_games(self, what: str) -> None:
        if self.running:
            refuse("game_in_progress", f"{what} between games only")

    def _join(self, event: Presence, at: int) -> Record:
        self._between_games("players join")
        new = self._company.join(event.player, at)
        self._seat_changed(at)
        return outside(event, at, new)

    def _leave(self, event: Presence, at: int) -> Record:
        self._between_games("players leave")
        self._company.leave(event.player, at)
        self._seat_changed(at)
        return outside(event, at)

    def _pause(self, event: Presence, at: int) -> Record:
        self._company.require(event.player)
        self._company.say(event.player, at, event.type == "pause")
        self._seat_changed(at)
        return outside(event, at)

    def _start(self, event: Start, at: int) -> Record:
        if bool(event.sides) != self._duel:
            self._check_suits(event)
        if self.running:
            self._between_games("a game starts")
        number = len(self.games) + 1
        if self._race and self._race.over(number - 1):
            refuse("match_over", "the match is decided")
        rules = self.rules
        game: Game
        if isinstance(rules, KolkhozRules):
            game = KolkhozGame(number, at, event, rules, self._rack)
            self._company.require_all(game.members)
        else:
            game = DuelGame(number, at, event, rules)
            self._company.require_all(game.members)
            game.check_starts()
        self.running = game
        self.games.append(game)
        self._table.append(at)
        self._table_version += 1
        return event, number, DEAD, 0, 0, at

    def _stroke(self, event: Stroke, at: int) -> Record:
        self._check_ball(event.ball, event.own)
        game = self.running or refuse("no_game", "no game is running")
        seat = game.seats.get(event.player)
        if seat is None:
            self._refuse_seat(event.player)
        kind = game.special(event.type, seat, event.ball, event.lucky)
        said: Said = event
        if event[3:] == _NO_MORE:
            once = self._words.setdefault
            said = event.id, once(event.type, event.type), once(event.player, event.player)
        return self._played(game, (said, game.number, game.strokes[event.type][1], seat, kind, at))

    def _end(self, event: End, at: int) -> Record:
        if event.player is not None:
            self._check_suits(event)
        game = self.running or refuse("no_game", "no game is running")
        seat = 0 if event.player is None else game.seats.get(event.player)
        if seat is None:
            self._refuse_seat(event.player or "")
        game.end(seat, event.reason)
        return self._played(game, (event, game.number, END, seat, REASONS.index(event.reason), at))

    def _played(self, game: Game, record: Record) -> Record:
        game.ops.append(record)
        if game.stop >= 0:
            self._settle(game)
        return record

    def _refuse_seat(self, player: str) -> NoReturn:
        self._company.require(player)
        refuse("not_in_game", f"player {player} does not play in this game")

    def _expense(self, event: Expense, at: int) -> Record:
        self._company.require(event.payer)
        self._company.require_all(event.among or ())
        among = self._company.present()
        if event.among is not None:
            among = [player for player in among if player in event.among]
        self._ledger.add(at, expense_entry(event, among))
        return outside(event, at)

    def _payment(self, event: Payment, at: int) -> Record:
        self._company.require_ever(event.debtor)
        self._company.require_ever(event.creditor)
        if event.debtor == event.creditor:
            refuse("self_payment", f"player {event.debtor} cannot pay himself")
        self._ledger.add(at, payment_entry(event))
        return outside(event, at)

    def _finish(self, event: Finish, at: int) -> Record:
        self._between_games("a session finishes")
        self._close(at)
        return outside(event, at)

    def _close(self, at: int) -> None:
        """Or open it again, with -1."""
        self._finished_at = at
        self._accept = self._open if at < 0 else self._closed
        self._table_version += 1

    def _too_late(self, event: Event, _: int) -> Record:
        self._check_suits(event)
        refuse("session_finished", "the session is over")

    @abstractmethod
    def _undo(self, event: Undo, at: int) -> Record: ...

    def _seat_changed(self, at: int) -> None:
        self._table.append(at)
        self._table_version += 1

    def _rewritten(self) -> None:
        self._table_version += 1
        self._line = None

    def _settle(self, game: Game) -> None:
        """Takes note of how it stands: over, or running."""
        over = game.stop >= 0
        if game is self.games[-1]:
            self.running = None if over else game
        if over:
            self._ledger.add(game.ended_at, Entry(game.money))
            if self._race:
                self._race.count(game, 1)
            self._table_version += 1


Evening._open = {
    "join": Evening._join,
    "leave": Evening._leave,
    "pause": Evening._pause,
    "resume": Evening._pause,
    "start": Evening._start,
    "ball": Evening._stroke,
    "foul": Evening._stroke,
    "miss": Evening._stroke,
    "end": Evening._end,
    "expense": Evening._expense,
    "payment": Evening._payment,
    "finish": Evening._finish,
    "undo": lambda self, event, at: self._undo(event, at),
}
Evening._closed = {
    **dict.fromkeys(Evening._open, Evening._too_late),
    "payment": Evening._open["payment"],
    "undo": Evening._open["undo"],
}
