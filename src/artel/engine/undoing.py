"""Back through an evening: an undo takes one event out of the middle, a restore takes the latest ones off the end."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from artel.engine.evening import Evening, outside
from artel.engine.events import Finish, Presence, Start, Undo
from artel.engine.game import Game, Record
from artel.engine.ledger import Entry
from artel.engine.refusal import refuse
from artel.engine.rules import Rules


class Mark(NamedTuple):
    """A point to come back to."""

    version: int
    games_version: int
    running: Any
    """What has been counted in the running game, if one runs."""


class Undoing(Evening):
    def __init__(self, rules: Rules, players: Sequence[str]) -> None:
        super().__init__(rules, players)
        self.games_version = 0
        """The version that last changed a game other than the then last one, or removed one; 0 if none did."""
        self._undone: set[str] = set()
        self._entries: dict[int, Entry] = {}
        """Undone expenses and payments, by their place in the log."""
        self._removed: dict[int, Game] = {}
        """Undone games, by the place of their start."""

    # An event out of the middle. No event but an undo can be refused because of money, so what the others need is
    # only: that the game goes on or ends where it did, and that no match is decided before its last game.

    def _undo(self, event: Undo, at: int) -> Record:
        place = self._index.get(event.target, -1)
        if place < 0:
            refuse("unknown_event", f"there is no event {event.target}")
        record = self._log[place]
        kind = record[0][1]
        if kind in {"undo", "join", "leave"}:
            refuse("invalid_event", f"a {kind} cannot be undone")
        if event.target in self._undone:
            refuse("already_undone", f"event {event.target} is undone already")
        if self._take_out(record):
            self.games_version = at + 1
        self._undone.add(event.target)
        return outside(event, at, place)

    def _take_out(self, record: Record) -> bool:
        """Has it changed more than the last game?"""
        event, number, _, _, _, at = record
        if isinstance(event, Start):
            self._remove(number)
            return True
        if number:
            self._replay_without(self.games[number - 1], at)
            return number < len(self.games)
        if isinstance(event, Presence):
            self._company.unsay(event.player, at)
            self._rewritten()
        elif isinstance(event, Finish):
            self._close(-1)
        else:
            self._entries[at] = self._ledger.remove(at)
        return False

    def _remove(self, number: int) -> None:
        """Only a running game can have nothing in it, and a running game is the last."""
        game = self.games[number - 1]
        if game.played:
            refuse("undo_conflict", f"game {number} has been played")
        self._removed[game.at] = self.games.pop()
        self.running = None
        self._rewritten()

    def _replay_without(self, game: Game, at: int) -> None:
        self._unsettle(game)
        taken = game.take_out(at)
        self._settle(game)
        if taken and self._possible(game):
            return
        if taken:
            self._unsettle(game)
            game.put_back(self._log[at])
            self._settle(game)
        refuse("undo_conflict", "something that came later would not have been possible")

    def _possible(self, game: Game) -> bool:
        last = self.games[-1]
        if game.over:
            return game is last or not (self._race and self._race.was_over(last))
        moved = self._company.moves and self._company.moves[-1] > game.at
        return game is last and not moved and self._finished_at < 0

    def _unsettle(self, game: Game) -> None:
        if game.stop >= 0:
            self._ledger.remove(game.ended_at)
            if self._race:
                self._race.count(game, -1)
            self._rewritten()

    # The latest ones off the end

    def mark(self) -> Mark:
        return Mark(len(self._log), self.games_version, self.running.save() if self.running else None)

    def restore(self, mark: Mark) -> None:
        """Back to how everything was at the mark, which must not be ahead."""
        while len(self._log) > mark.version:
            record = self._log.pop()
            del self._index[record[0][0]]
            self._take_back(record)
        while self._table and self._table[-1] >= mark.version:
            self._table.pop()
        if self.running:
            self.running.load(mark.running)
        self.games_version = mark.games_version
        self._rewritten()

    def _take_back(self, record: Record) -> None:
        event, number, _, note, _, at = record
        if isinstance(event, Start):
            self.games.pop()
            self.running = None
        elif number:
            self._unsettle(self.games[-1])
            self.running = self.games[-1]
            self.running.forget_last()
        elif isinstance(event, Undo):
            self._put_back(self._log[note])
        elif isinstance(event, Presence):
            self._take_back_presence(event, bool(note), at)
        elif isinstance(event, Finish):
            self._close(-1)
        else:
            self._ledger.remove(at)

    def _take_back_presence(self, event: Presence, new: bool, at: int) -> None:
        if event.type == "join":
            self._company.take_back_join(event.player, new)
        elif event.type == "leave":
            self._company.take_back_leave(event.player, at)
        else:
            self._company.unsay(event.player, at)

    def _put_back(self, record: Record) -> None:
        """Undoes an undo."""
        event, number, _, _, _, at = record
        self._undone.remove(event[0])
        if isinstance(event, Start):
            self.running = self._removed.pop(at)
            self.games.append(self.running)
        elif number:
            game = self.games[number - 1]
            self._unsettle(game)
            game.put_back(record)
            self._settle(game)
        elif isinstance(event, Presence):
            self._company.say(event.player, at, event.type == "pause")
        elif isinstance(event, Finish):
            self._close(at)
        else:
            self._ledger.put_back(at, self._entries.pop(at))
