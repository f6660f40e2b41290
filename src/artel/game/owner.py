"""The owner of one live session in this process. All of it is synchronous, so that nothing comes between."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import orjson

from artel.engine.events import Event, Undo
from artel.engine.refusal import Refusal
from artel.game.announce import facts, public_events
from artel.game.caps import EVENTS_A_SESSION
from artel.game.draws import drawn_start
from artel.game.frames import Frame, frame
from artel.game.live import Live
from artel.game.log import Row
from artel.game.meta import Meta, Player
from artel.game.moments import written_now
from artel.game.posted import Drawn, Posted
from artel.game.rights import require_right
from artel.game.sheet import Sheet, presence
from artel.game.writer import Batch, Writer
from artel.kernel.errors import Problem

P = ParamSpec("P")
T = TypeVar("T")
STALE: Final = "That game is not running any more: look again before you go on."


class Answer(NamedTuple):
    status: int
    body: bytes
    batch: Batch | None  # what has to be on disk before it may be given


class Owner:
    def __init__(self, sheet: Sheet, writer: Writer, live: Live, written: Callable[["Owner", bool], None]) -> None:
        """`written` is told when something new is, and whether the session's state changed with that."""
        self.sheet = sheet
        self.live = live
        self._written = written
        self.life = 0
        self.doubtful = False  # memory is to be compared with the log before it is used again
        self._writer = writer
        self._pending: deque[Batch] = deque()
        self._untold: list[tuple[Batch, float]] = []
        self._on_disk = sheet.place()

    @property
    def committed(self) -> int:
        return self._on_disk.version

    @property
    def busy(self) -> bool:
        return bool(self._pending)

    def on_disk(self) -> asyncio.Future[None] | None:
        """What to wait for until all that memory knows is written; None if it is."""
        return self._pending[-1].wait() if self._pending else None

    # Events come

    def post(self, user_id: str, asked: Sequence[Posted]) -> Answer:
        """All or nothing; what was accepted before is only told again."""
        sheet = self.sheet
        batch = self._all_or_nothing(self._take_all, user_id, asked)
        versions = [sheet.play.version_of(posted.event.id) for posted in asked]
        lines = b",".join([sheet.lines[version - 1] for version in versions])
        body = b'{"version":%d,"events":[%b],"table":%b}' % (max(versions), lines, sheet.table())
        if batch is None:
            return Answer(200, body, self._pending[-1] if self._pending else None)
        self.grant_wishes()
        return Answer(201, body, batch)

    def _take_all(self, user_id: str, asked: Sequence[Posted]) -> Batch | None:
        place = self.sheet.place() if len(asked) > 1 or self.sheet.due() else None
        at = written_now()
        rows: list[Row] = []
        frames: list[Frame] = []
        for index, posted in enumerate(asked):
            try:
                for row in self._take(user_id, posted, at):
                    rows.append(row)
                    frames.append(self._frame())
            except (Refusal, Problem) as refused:
                if rows and place:
                    self.sheet.go_back(place)
                raise _problem(refused, index) from refused
        return self._queue(rows, frames) if rows else None

    def _take(self, user_id: str, posted: Posted, at: str) -> Iterator[Row]:
        """One by one; none for what was accepted before. Whoever is due comes or goes before any word but an undo: if
        he came when a game has ended, the ball that ended it could not be taken back any more."""
        sheet, (event, value, game, client_at) = self.sheet, posted
        if sheet.play.version_of(event.id):
            return
        require_right(sheet, user_id, event)
        if not isinstance(event, Undo):
            for player in sheet.due():
                yield from self._grant(player, at)
        if isinstance(event, Drawn):
            event, value = drawn_start(sheet, event)
        running = sheet.play.running
        if game is not None and (running is None or running.start_id != game) and sheet.play.state == "open":
            raise Problem(409, "stale_game", STALE)
        about: dict[str, Any] = {"by": user_id, "at": at}
        if game is not None:
            about["game"] = game
        if client_at is not None:
            about["client_at"] = client_at
        yield self._add(event, value, about)

    def _add(self, event: Event, value: dict[str, Any], about: dict[str, Any]) -> Row:
        sheet = self.sheet
        if sheet.version >= EVENTS_A_SESSION:
            raise Problem(409, "session_full", f"A session holds {EVENTS_A_SESSION} events; begin another one.")
        before, state = facts(sheet, event), sheet.play.state
        line = orjson.dumps({"version": sheet.version + 1, **value, **about}).decode()
        sheet.add(event, line.encode())
        told = public_events(sheet, event, before)
        announce = orjson.dumps([[e.event_id, e.topic, e.envelope().decode()] for e in told]).decode() if told else None
        changed = sheet.play.state if sheet.play.state != state else None
        return Row(sheet.meta.id, sheet.version, event.id, line, announce, changed)

    def _frame(self) -> Frame:
        return frame(self.sheet, shared=self.live.is_shared)

    def _queue(self, rows: Sequence[Row], frames: Sequence[Frame]) -> Batch:
        batch = Batch(self, self.life, rows, self.sheet.place(), frames)
        self._pending.append(batch)
        self._writer.add(batch)
        return batch

    # They are on disk, or not

    def settled(self, batch: Batch, error: Exception | None) -> None:
        if batch.life != self.life:
            return
        if error is None:
            self._pending.popleft()
            self._on_disk = batch.place
            self._untold.append((batch, time.perf_counter()))
            if self.live.sockets:  # after the answer: whoever waits for the batch was scheduled just now
                asyncio.get_running_loop().call_soon(self._tell)
            else:
                self._tell()
            self._written(self, any(row.state for row in batch.rows))
            return
        self.forget_pending()

    def _tell(self) -> None:
        """Of all that has come to disk since the last time."""
        told, self._untold = self._untold, []
        if told:
            self.live.tell([frame for batch, _ in told for frame in batch.frames], [since for _, since in told])

    def _all_or_nothing(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """After a bug memory may hold an event that is not queued: nobody is to see it, nor to be numbered after it."""
        try:
            return work(*args, **kwargs)
        except Problem:
            raise
        except Exception:
            self.forget_pending()
            raise

    def forget_pending(self) -> None:
        """Back to what is surely written. What is queued still fails, batch by batch, when its turn comes."""
        self.life += 1
        self.doubtful = True
        self._pending.clear()
        self.sheet.go_back(self._on_disk)

    # What others have written, or changed

    def follow(self, lines: Sequence[bytes]) -> None:
        """The log is ahead, and nothing of ours is under way."""
        self._tell()
        frames = []
        for line in lines:
            self.sheet.follow(line)
            if self.live.sockets:
                frames.append(self._frame())
        self._on_disk = self.sheet.place()
        self.live.tell(frames)

    def set_meta(self, meta: Meta) -> None:
        before = self.sheet.meta
        self.sheet.set_meta(meta)
        if meta.stamp != before.stamp:
            self.live.meta_changed(before, meta)

    # Joins and leaves that wait

    def grant_wishes(self) -> None:
        """At once where no game has been played; else with the next word."""
        if self.sheet.play.games or self.sheet.version >= EVENTS_A_SESSION:
            return
        for player in self.sheet.due():
            for row in self._all_or_nothing(self._grant, player, written_now()):
                self._queue([row], [self._frame()])

    def _grant(self, player: Player, at: str) -> Sequence[Row]:
        event = presence(player)
        value = {"id": event.id, "type": player.wish, "player": player.id}
        try:
            return [self._add(event, value, {"by": player.wish_by, "at": at})]
        except (Refusal, Problem):
            return []  # he has come or gone by himself


def _problem(refused: Refusal | Problem, index: int) -> Problem:
    if isinstance(refused, Refusal):
        return Problem(409, refused.code, _sentence(refused.detail), event=index)
    refused.extra.setdefault("event", index)
    return refused


def _sentence(detail: str) -> str:
    return f"{detail[:1].upper()}{detail[1:]}."
