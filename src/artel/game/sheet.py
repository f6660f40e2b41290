"""The score sheet of one evening, in memory: the engine's state, the lines of the log, and what is shown of both."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from artel.engine.events import End, Event, Presence, Stroke, parse_event
from artel.engine.game import Game
from artel.engine.refusal import Refusal
from artel.engine.rules import Rules
from artel.engine.session import Session
from artel.engine.undoing import Mark
from artel.game.caps import CODE_LIVES
from artel.game.meta import Meta, Player
from artel.game.moments import read
from artel.kernel.events import new_id

ADDED: Final = ("version", "game", "by", "at", "client_at")
"""What a line of the log says beside the event itself."""
AT_ONCE: Final = 250
"""Lines of a long log that are played before others get their turn."""


def packed(value: Any) -> bytes:
    """JSON to be kept: what orjson gives stays as large as the buffer it was written in, 4 KiB at least."""
    return orjson.dumps(value).decode().encode()


class Place(NamedTuple):
    """A point to come back to."""

    mark: Mark
    moves: int

    @property
    def version(self) -> int:
        return self.mark.version


class Sheet:
    def __init__(self, meta: Meta, rules: Rules) -> None:
        self.meta = meta
        self.play = Session(rules, [player.id for player in meta.players if player.initial])
        self.lines: list[bytes] = []
        self._moves: list[tuple[int, str]] = []  # who joined or left, at which version
        self._strokes: dict[str, list[int]] = {}  # of each game, the versions of its strokes and ends
        self._shown: dict[str, bytes] = {}
        self._table = b""

    @property
    def version(self) -> int:
        return len(self.lines)

    # Forward and back

    def add(self, event: Event, line: bytes) -> None:
        """`line` is what the log will say of it. A Refusal leaves everything as it was."""
        running = self.play.running
        self.play.apply(event)
        self.lines.append(line)
        if isinstance(event, Stroke | End) and running:
            self._strokes.setdefault(running.start_id, []).append(len(self.lines))
        elif isinstance(event, Presence) and event.type in {"join", "leave"}:
            self._moves.append((len(self.lines), event.player))
        self._table = b""
        if not isinstance(event, Stroke) or self.play.running is None:
            self._shown.clear()

    def follow(self, line: bytes) -> None:
        """Adds what the log already says."""
        value = orjson.loads(line)
        for key in ADDED:
            value.pop(key, None)
        self.add(parse_event(value), line)

    def place(self) -> Place:
        return Place(self.play.mark(), len(self._moves))

    def go_back(self, place: Place) -> None:
        self.play.restore(place.mark)
        del self.lines[place.mark.version :]
        del self._moves[place.moves :]
        for strokes in self._strokes.values():
            del strokes[bisect_right(strokes, place.version) :]
        self._forget_shown()

    def set_meta(self, meta: Meta) -> None:
        self.meta = meta
        self._forget_shown()

    def _forget_shown(self) -> None:
        self._shown.clear()
        self._table = b""

    # What is asked

    def line(self, event_id: str) -> dict[str, Any]:
        """What the log says of an event that was accepted."""
        said: dict[str, Any] = orjson.loads(self.lines[self.play.version_of(event_id) - 1])
        return said

    def strokes(self, game: Game) -> list[dict[str, Any]]:
        """What the log says of this game, but for its start and what was undone."""
        lines = (orjson.loads(self.lines[version - 1]) for version in self._strokes.get(game.start_id, ()))
        return [line for line in lines if not self.play.is_undone(line["id"])]

    def wishes(self) -> list[Player]:
        """Who waits to join or to leave, and may as soon as no game runs."""
        return [player for player in self.meta.players if player.wish and not self._done(player)]

    def due(self) -> list[Player]:
        """Those of them who may now."""
        return self.wishes() if self.play.running is None and self.play.state == "open" else []

    def _done(self, player: Player) -> bool:
        return any(who == player.id and version > player.wish_version for version, who in reversed(self._moves))

    def last_event_at(self) -> datetime | None:
        return read(orjson.loads(self.lines[-1])["at"]) if self.lines else None

    def code_until(self) -> datetime:
        """The code dies at the finish, or so long after the last event."""
        last, until = self.last_event_at(), self.meta.code_until
        return max(until, last + CODE_LIVES) if last else until

    def next(self) -> dict[str, Any] | None:
        return self.play.next(self.meta.seed)

    # What is shown. Between two strokes of a running game only the game changes, so the rest is kept as it was.

    def shown(self, what: str) -> bytes:
        kept = self._shown.get(what)
        if kept is None:
            with self._as_wished() if what in _COMPANY else nullcontext():
                kept = self._shown[what] = packed(_PARTS[what](self))
        return kept

    @contextmanager
    def _as_wished(self) -> Iterator[None]:
        """With those who are due: they come and go with the next word, and are shown as if they had."""
        due = self.due()
        if not due:
            yield
            return
        mark = self.play.mark()
        try:
            for player in due:
                with suppress(Refusal):  # he has come or gone by himself
                    self.play.apply(presence(player))
            yield
        finally:
            self.play.restore(mark)

    def rest(self) -> bytes:
        kept = self._shown.get("rest")
        if kept is None:
            names = ("next", "queue", "balances", "transfers")
            kept = self._shown["rest"] = b",".join(b'"%b":%b' % (name.encode(), self.shown(name)) for name in names)
        return kept

    def table(self) -> bytes:
        """*Table*, as of the newest version."""
        self._table = self._table or self._make_table()
        return self._table

    def _make_table(self) -> bytes:
        play = self.play
        return b'{"version":%d,"state":"%b","players":%b,"game":%b,%b,"games_version":%d}' % (
            len(self.lines),
            play.state.encode(),
            self.shown("players"),
            orjson.dumps(game_json(play.games[-1])) if play.games else b"null",
            self.rest(),
            play.games_version,
        )


def presence(player: Player) -> Event:
    """What somebody waits for, as an event."""
    return parse_event({"id": new_id(), "type": player.wish, "player": player.id})


def game_json(game: Game) -> dict[str, Any]:
    return {"id": game.start_id, **game.result(), "breaker": game.breaker, "turn": game.turn}


def _players(sheet: Sheet) -> list[dict[str, Any]]:
    """Who was ever in, and who waits to come in."""
    play = sheet.play
    waiting, due = ({player.id for player in players} for players in (sheet.wishes(), sheet.due()))
    known = waiting.union(play.players)
    return [
        {
            "id": player.id,
            "user_id": player.user_id,
            "name": player.name,
            "active": play.is_in(player.id),
            "paused": play.is_paused(player.id),
            "waits": player.id in due,
        }
        for player in sheet.meta.players
        if player.id in known
    ]


_COMPANY: Final = {"players", "next", "queue"}
_PARTS: Final[dict[str, Callable[[Sheet], Any]]] = {
    "players": _players,
    "next": lambda sheet: sheet.next(),
    "queue": lambda sheet: sheet.play.queue(),
    "balances": lambda sheet: sheet.play.balances(),
    "transfers": lambda sheet: sheet.play.transfers(),
}
