"""The one that writes the log: all that came while the last commit ran goes into the next, without a timer."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from artel.game import meters
from artel.game.frames import Frame
from artel.game.log import Fenced, Log, Row
from artel.game.sheet import Place
from artel.kernel.tracing import Told, until

log = structlog.get_logger()
ROWS_A_COMMIT = 512


class Lost(Exception):  # noqa: N818 a state of affairs
    """The log could not be written, or nobody knows whether it was: memory is to be compared with it."""


class Source(Protocol):
    """Whose memory made a batch. Each failure begins a new life: what an older one has queued counts no more."""

    life: int

    def settled(self, batch: "Batch", error: Exception | None) -> None: ...


@dataclass(eq=False, slots=True)
class Batch:
    """Rows of one session that are written together, and what follows when they are."""

    source: Source
    life: int
    rows: Sequence[Row]
    place: Place  # where the sheet stands after them
    frames: Sequence[Frame]
    _waiting: list[Told] = field(default_factory=list)

    def wait(self) -> asyncio.Future[None]:
        """Done when they are on disk; raises Fenced or Lost if they are not."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.then(partial(_tell, waiting))
        return waiting

    def then(self, told: Told) -> None:
        """Called when they are on disk, or with Fenced or Lost."""
        about = {"artel.session.id": self.rows[0].session_id}
        self._waiting.append(until("game", "append to the log", told, about))

    def tell(self, error: Exception | None) -> None:
        waiting, self._waiting = self._waiting, []  # they lead back here, and would wait for the collector
        for told in waiting:
            try:
                told(error)
            except Exception:  # a bug; nobody else may be left waiting for it
                log.exception("who waited for a commit could not be told")


def _tell(waiting: asyncio.Future[None], error: Exception | None) -> None:
    if waiting.done():  # who waited has gone
        return
    if error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(error)


class Writer:
    def __init__(self, log: Log, lost: Callable[[], None], announced: Callable[[], None]) -> None:
        """`lost` is told when the log may not be where memory thinks it is, `announced` when it has public news."""
        self._log = log
        self._lost = lost
        self._announced = announced
        self._queue: deque[Batch] = deque()
        self._more = asyncio.Event()

    def add(self, batch: Batch) -> None:
        self._queue.append(batch)
        self._more.set()

    async def run(self) -> None:
        while True:
            await self._more.wait()
            while group := self._take():
                try:
                    await self._commit(group)
                except Exception:  # a bug; nobody else may be left waiting for it
                    log.exception("a commit was not brought to its end")
                    _settle(group, Lost("a bug"))
                    self._lost()
            self._more.clear()

    def _take(self) -> list[Batch]:
        """From the front, in order. What stands behind a failure of its own session fails as well: its versions
        would leave a gap that no key forbids."""
        group: list[Batch] = []
        rows = 0
        while self._queue and rows + len(self._queue[0].rows) <= ROWS_A_COMMIT:
            batch = self._queue.popleft()
            if batch.life == batch.source.life:
                group.append(batch)
                rows += len(batch.rows)
            else:
                _settle([batch], Fenced())
        return group

    def _alive(self, batches: Sequence[Batch]) -> list[Batch]:
        alive = [batch for batch in batches if batch.life == batch.source.life]
        _settle([batch for batch in batches if batch not in alive], Fenced())
        return alive

    async def _commit(self, group: Sequence[Batch]) -> None:
        rows = [row for batch in group for row in batch.rows]
        started = time.perf_counter()
        failed = await self._failed(rows)
        if failed is None:
            meters.committed(len(rows), time.perf_counter() - started)
            _settle(group, None)
            if any(row.announce for row in rows):
                self._announced()
        elif isinstance(failed, Fenced):
            await self._apart(group, failed)
        else:
            log.warning("the log cannot be written", error=failed, rows=len(rows))
            _settle(group, Lost(repr(failed)))
            self._lost()

    async def _failed(self, rows: Sequence[Row]) -> Exception | None:
        try:
            await self._log.append(rows)
        except Exception as error:  # noqa: BLE001 whatever it was, nobody may be left waiting
            return error
        return None

    async def _apart(self, group: Sequence[Batch], fenced: Fenced) -> None:
        """One session was fenced; the others are not to pay for it."""
        by_session: dict[str, list[Batch]] = {}
        for batch in group:
            by_session.setdefault(batch.rows[0].session_id, []).append(batch)
        if len(by_session) == 1:
            meters.fenced.inc()
            _settle(group, fenced)
            return
        for batches in by_session.values():
            if alive := self._alive(batches):
                await self._commit(alive)


def _settle(group: Sequence[Batch], error: Exception | None) -> None:
    """Who waits is told at the next turn of the loop: first the next commit is sent on its way."""
    asyncio.get_running_loop().call_soon(_tell_all, group, error)
    for batch in group:
        batch.source.settled(batch, error)


def _tell_all(group: Sequence[Batch], error: Exception | None) -> None:
    for batch in group:
        batch.tell(error)
