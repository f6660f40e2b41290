"""Back through an evening: an undo takes one event out of the middle, a restore takes the latest ones off the end."""

from collections.abc import Sequence
from typing import NamedTuple

from artel.engine.evening import Evening, Record, Where
from artel.engine.events import Finish, Presence, Start, Undo
from artel.engine.game import Game
from artel.engine.ledger import Entry
from artel.engine.refusal import refuse
from artel.engine.rules import Rules


class Mark(NamedTuple):
    """A point to come back to."""

    version: int
    games_version: int


class Undoing(Evening):
    def __init__(self, rules: Rules, players: Sequence[str]) -> None:
        super().__init__(rules, players)
        self.games_version = 0
        """The version that last changed a game other than the then last one, or removed one; 0 if none did."""
        self._undone: set[str] = set()
        self._entries: dict[int, Entry] = {}
        """Undone expenses and payments, by their place in the log."""

    # An event out of the middle. No event but an undo can be refused because of money, so what the others need is
    # only: that the game goes on or ends where it did, and that no match is decided before its last game.

    def _undo(self, event: Undo, at: int) -> Where:
        place = self._index.get(event.target, -1)
        if place < 0:
            refuse("unknown_event", f"there is no event {event.target}")
        target = self._log[place].event
        if target.type in {"undo", "join", "leave"}:
            refuse("invalid_event", f"a {target.type} cannot be undone")
        if target.id in self._undone:
            refuse("already_undone", f"{target.id} is undone already")
        if self._take_out(place):
            self.games_version = at + 1
        self._undone.add(target.id)
        return None, place

    def _take_out(self, at: int) -> bool:
        """Has it changed more than the last game?"""
        event, game, place = self._log[at]
        if isinstance(event, Presence):
            self._company.unsay(event.player, at)
            self._table_changed(rewritten=True)
        elif isinstance(event, Finish):
            self._finished_at = -1
            self._table_changed(rewritten=False)
        elif game is None:
            self._entries[at] = self._ledger.remove(at)
        elif isinstance(event, Start):
            self._remove(game)
            return True
        else:
            self._replay_without(game, place)
            return game is not self.games[-1]
        return False

    def _remove(self, game: Game) -> None:
        """Only a running game can have nothing in it, and a running game is the last."""
        if game.played:
            refuse("undo_conflict", f"game {game.number} has been played")
        self.games.pop()
        self.running = None
        self._table_changed(rewritten=True)

    def _replay_without(self, game: Game, place: int) -> None:
        self._unsettle(game)
        taken = game.take_out(place)
        self._settle(game)
        if taken and self._possible(game):
            return
        if taken:
            self._unsettle(game)
            game.put_back(place)
            self._settle(game)
        refuse("undo_conflict", "something that came later would not have been possible")

    def _possible(self, game: Game) -> bool:
        last = self.games[-1]
        if game.over:
            return game is last or not self._race.was_over(last)
        moved = self._company.moves and self._company.moves[-1] > game.at
        return game is last and not moved and self._finished_at < 0

    def _unsettle(self, game: Game) -> None:
        if game.over:
            self._ledger.remove(game.ended_at)
            self._race.count(game, -1)
            self._table_changed(rewritten=True)

    # The latest ones off the end

    def mark(self) -> Mark:
        return Mark(len(self._log), self.games_version)

    def restore(self, mark: Mark) -> None:
        """Back to how everything was at the mark, which must not be ahead."""
        while len(self._log) > mark.version:
            record = self._log.pop()
            del self._index[record.event.id]
            self._take_back(record, len(self._log))
        while self._table and self._table[-1] >= mark.version:
            self._table.pop()
        self._table_changed(rewritten=True)
        self.games_version = mark.games_version

    def _take_back(self, record: Record, at: int) -> None:
        event, game, place = record
        if isinstance(event, Undo):
            self._put_back(place)
        elif isinstance(event, Presence):
            self._take_back_presence(event, bool(place), at)
        elif isinstance(event, Finish):
            self._finished_at = -1
        elif game is None:
            self._ledger.remove(at)
        elif isinstance(event, Start):
            self.games.pop()
            self.running = None
        else:
            self._unsettle(game)
            game.cut(place)
            self.running = game

    def _take_back_presence(self, event: Presence, new: bool, at: int) -> None:
        if event.type == "join":
            self._company.take_back_join(event.player, new)
        elif event.type == "leave":
            self._company.take_back_leave(event.player, at)
        else:
            self._company.unsay(event.player, at)

    def _put_back(self, at: int) -> None:
        """Undoes an undo."""
        event, game, place = self._log[at]
        self._undone.remove(event.id)
        if isinstance(event, Presence):
            self._company.say(event.player, at, event.type == "pause")
        elif isinstance(event, Finish):
            self._finished_at = at
        elif game is None:
            self._ledger.add(at, self._entries.pop(at))
        elif isinstance(event, Start):
            self.games.append(game)
            self.running = game
        else:
            self._unsettle(game)
            game.put_back(place)
            self._settle(game)
