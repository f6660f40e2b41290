"""An evening as its callers see it."""

from collections.abc import Sequence
from typing import Any

from artel.engine.events import Event, event_of
from artel.engine.game import Game
from artel.engine.rules import Rules
from artel.engine.settle import transfers
from artel.engine.waiting import Waiting


class Session(Waiting):
    """Events in, state out: everything here is a function of the accepted events, and an undo is one of them."""

    def __init__(self, rules: Rules, players: Sequence[str]) -> None:
        super().__init__(rules, players)
        self._settled: dict[str, int] = {}
        self._transfers: list[dict[str, Any]] = []

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
        return None if at is None else event_of(self._log[at][0])

    def version_of(self, event_id: str) -> int:
        """Which of the accepted events it is, from 1; 0 for none of them."""
        return self._index.get(event_id, -1) + 1

    def is_undone(self, event_id: str) -> bool:
        return event_id in self._undone

    def game_at(self, event_id: str) -> Game | None:
        """The game whose start, stroke or end this is, undone or not, as long as the game itself stands."""
        at = self._index.get(event_id, -1)
        number = self._log[at][1] if at >= 0 else 0
        if not 0 < number <= len(self.games):
            return None
        game = self.games[number - 1]
        return game if game.at <= at else None  # else it belongs to an undone game that had the same number

    def balances(self) -> dict[str, int]:
        totals = self._ledger.totals()
        return {player: totals.get(player, 0) for player in self._company.inside}

    def transfers(self) -> list[dict[str, Any]]:
        """The fewest that settle the balances."""
        return self._settling(self.balances())

    def _settling(self, balances: dict[str, int]) -> list[dict[str, Any]]:
        """Looked for anew only when the balances have changed."""
        if balances != self._settled:
            self._settled, self._transfers = balances.copy(), transfers(balances)
        return [transfer.copy() for transfer in self._transfers]

    def result(self) -> dict[str, Any]:
        """Without the id, what a replay says of this evening."""
        balances = self.balances()
        games = [game.result() for game in self.games]
        return {"games": games, "balances": balances, "transfers": self._settling(balances)}
