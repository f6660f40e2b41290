"""Who waits in which order: what a draw of the next game needs to know of the evening so far."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from artel.engine.events import Presence
from artel.engine.game import Game

Draw = dict[str, Any]
"""What the next `start` would say: sides or order, and the breaker."""

Over = Callable[[Sequence[str]], bool]
"""Would the match be over if these won the running game?"""


class Line(ABC):
    """Told of all that happens between games, in the order in which it happened."""

    def __init__(self, players: Iterable[str]) -> None:
        self.line = list(players)
        self.paused: set[str] = set()

    def ready(self) -> list[str]:
        return [player for player in self.line if player not in self.paused]

    def hear(self, event: Presence) -> None:
        player = event.player
        if event.type == "join":
            self.join(player)
        elif event.type == "leave":
            self.leave(player)
        elif event.type == "pause":
            self.paused.add(player)
        else:
            self.paused.discard(player)

    def join(self, player: str) -> None:
        self.line.append(player)

    def leave(self, player: str) -> None:
        self.line.remove(player)
        self.paused.discard(player)

    @abstractmethod
    def start(self, game: Game) -> None: ...

    @abstractmethod
    def end(self, game: Game) -> None: ...

    @abstractmethod
    def seated(self) -> tuple[str, ...]:
        """Who does not wait though no game runs."""

    @abstractmethod
    def draw(self, seed: bytes, running: Game | None, over: Over) -> Draw | None:
        """None while it depends on the running game, or cannot be said."""
