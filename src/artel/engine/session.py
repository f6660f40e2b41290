"""An evening as its callers see it."""

from typing import Any

from artel.engine.events import Event
from artel.engine.game import Game
from artel.engine.settle import transfers
from artel.engine.waiting import Waiting


class Session(Waiting):
    """Events in, state out: everything here is a function of the accepted events, and an undo is one of them."""

    @property
    def version(self) -> int:
        """How many events were accepted, undos and undone ones included."""
        return len(self._log)

    @property
    def state(self) -> str:
        return "open" if self._finished_at < 0 else "finished"

    @property
    def players(self) -> list[str]:
        """Everybody who was ever in, in the order of first entry."""
        return list(self._company.inside)

    def is_in(self, player: str) -> bool:
        return self._company.inside.get(player, False)

    def is_paused(self, player: str) -> bool:
        return self._company.is_paused(player)

    def event(self, event_id: str) -> Event | None:
        at = self._index.get(event_id)
        return None if at is None else self._log[at].event

    def is_undone(self, event_id: str) -> bool:
        return event_id in self._undone

    def game_at(self, event_id: str) -> Game | None:
        """The game whose start, stroke or end this is, undone or not, as long as the game itself stands."""
        at = self._index.get(event_id)
        game = None if at is None else self._log[at].game
        return game if game and not self.is_undone(game.start_id) else None

    def balances(self) -> dict[str, int]:
        totals = self._ledger.totals()
        return {player: totals.get(player, 0) for player in self._company.inside}

    def transfers(self) -> list[dict[str, Any]]:
        return transfers(self.balances())

    def result(self) -> dict[str, Any]:
        games = [game.result() for game in self.games]
        return {"games": games, "balances": self.balances(), "transfers": self.transfers()}
