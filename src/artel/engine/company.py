"""Who is in the evening, who has left, who has stepped away for a while."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from artel.engine.refusal import refuse


class Company:
    __slots__ = ("_pauses", "inside", "moves")

    def __init__(self, players: Sequence[str]) -> None:
        self.inside = dict.fromkeys(players, True)
        """Everybody who was ever in, in the order of first entry: is he in now?"""
        self.moves: list[int] = []
        """Where in the session's log the joins and leaves stand."""
        self._pauses: dict[str, list[tuple[int, bool]]] = {}
        """By player, where in the log he paused (True), resumed or left (False)."""

    def present(self) -> list[str]:
        return [player for player, inside in self.inside.items() if inside]

    def is_paused(self, player: str) -> bool:
        said = self._pauses.get(player)
        return said[-1][1] if said else False

    def require(self, player: str) -> None:
        if not self.inside.get(player):
            refuse("unknown_player", f"player {player} {'has left' if player in self.inside else 'never joined'}")

    def require_all(self, players: Iterable[str]) -> None:
        for player in players:
            if not self.inside.get(player):
                self.require(player)

    def require_ever(self, player: str) -> None:
        if player not in self.inside:
            refuse("unknown_player", f"player {player} never joined")

    def join(self, player: str, at: int) -> bool:
        """Had he never been in before?"""
        if self.inside.get(player):
            refuse("invalid_event", f"player {player} is in already")
        new = player not in self.inside
        self.inside[player] = True
        self.moves.append(at)
        return new

    def take_back_join(self, player: str, new: bool) -> None:
        self.moves.pop()
        if new:
            del self.inside[player]
        else:
            self.inside[player] = False

    def leave(self, player: str, at: int) -> None:
        self.require(player)
        self.inside[player] = False
        self.moves.append(at)
        self.say(player, at, False)

    def take_back_leave(self, player: str, at: int) -> None:
        self.moves.pop()
        self.inside[player] = True
        self.unsay(player, at)

    def say(self, player: str, at: int, paused: bool) -> None:
        insort(self._pauses.setdefault(player, []), (at, paused))

    def unsay(self, player: str, at: int) -> None:
        said = self._pauses[player]
        del said[bisect_left(said, (at, False))]
