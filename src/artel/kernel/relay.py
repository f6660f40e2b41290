"""The loop that brings what waits in the outbox to the bus."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import structlog
from prometheus_client import Counter
from sqlalchemy import delete, select, update

from artel.kernel.bus import Bus, Message, UnreadableError
from artel.kernel.database import Database, Tx
from artel.kernel.events import now, said_in
from artel.kernel.outage import is_outage
from artel.kernel.outbox import outbox
from artel.kernel.tracing import Inside, is_sampled, span

log = structlog.get_logger()
LEASE = timedelta(seconds=30)
TRIES = 10
BATCH = 100
AWAY = timedelta(seconds=5)

Fate = Literal["done", "broken", "away", "unreadable"]

emitted = Counter("artel_events_emitted", "events that left the outbox", ["service", "topic"])
failed = Counter("artel_events_failed", "attempts to publish that failed", ["service", "topic"])


@dataclass(frozen=True)
class Waiting:
    seq: int
    message: Message
    tries: int


def _claim(tx: Tx) -> list[Waiting]:
    due = (
        select(outbox)
        .where(outbox.c.due <= now())
        .order_by(outbox.c.seq)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = [Waiting(row.seq, Message(row.id, row.topic, row.body), row.tries) for row in tx.execute(due)]
    if rows:
        tx.execute(update(outbox).where(outbox.c.seq.in_([row.seq for row in rows])).values(due=now() + LEASE))
    return rows


def _settle(
    tx: Tx, done: Sequence[Waiting], broken: Sequence[Waiting], away: Sequence[Waiting], unreadable: Sequence[Waiting]
) -> None:
    tx.execute(delete(outbox).where(outbox.c.seq.in_([row.seq for row in done])))
    tx.execute(update(outbox).where(outbox.c.seq.in_([row.seq for row in away])).values(due=now() + AWAY))
    tx.execute(update(outbox).where(outbox.c.seq.in_([row.seq for row in unreadable])).values(due=None))
    for row in broken:
        tries = row.tries + 1
        due = now() + timedelta(seconds=2**tries) if tries < TRIES else None
        tx.execute(update(outbox).where(outbox.c.seq == row.seq).values(due=due, tries=tries))


def _release(tx: Tx) -> None:
    """A lease left by a killed process; on SQLite nobody else can be holding one."""
    if tx.dialect.name == "sqlite":
        tx.execute(update(outbox).where(outbox.c.due.is_not(None)).values(due=now()))


async def publish(bus: Bus, service: str, message: Message) -> None:
    """In the trace in which it was said."""
    about = {"messaging.destination.name": message.topic, "artel.event.id": message.id}
    with span(service, f"publish {message.topic}", "PRODUCER", said_in(message.body), about) as on:
        await bus.publish(replace(message, traceparent=on))
        if is_sampled(on):
            log.info("event published", kind="event", service=service, topic=message.topic, event_id=message.id)


def not_published(service: str, message: Message, error: Exception) -> None:
    with Inside(said_in(message.body)):
        log.warning(
            "event not published", kind="event", service=service, topic=message.topic, event_id=message.id, error=error
        )


class Relay:
    """The only loop of a service: publishes what waits, outside any transaction, row by row forgiving."""

    POLL_SECONDS = 5
    PAUSE_SECONDS = 0.05  # after each look: what comes meanwhile goes together, and costs one look

    def __init__(self, service: str, database: Database, bus: Bus) -> None:
        self._service = service
        self._database = database
        self._bus = bus
        self._woken = asyncio.Event()
        self._turn = asyncio.Lock()
        self.published = 0
        self.sources: list[Callable[[], Awaitable[int]]] = []  # what else this service publishes from
        database.on_emit = self.wake

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        released = False
        while True:
            self._woken.clear()
            try:
                if not released:
                    await self._database.write(_release)
                    released = True
                await self.drain()
            except Exception as error:  # noqa: BLE001 the loop outlives any outage
                log.warning("the outbox waits", kind="event", service=self._service, error=error)
            await asyncio.sleep(self.PAUSE_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.POLL_SECONDS):
                    await self._woken.wait()

    async def drain(self) -> int:
        """Publish everything that is due; how many went out. One at a time, so that who waits has waited for all."""
        before = self.published
        async with self._turn:
            while rows := await self._database.write(_claim):
                fates = await asyncio.gather(*(self._publish(row) for row in rows))
                done, *others = (
                    [row for row, fate in zip(rows, fates, strict=True) if fate == kind]
                    for kind in ("done", "broken", "away", "unreadable")
                )
                await self._database.write(_settle, done, *others)
                self.published += len(done)
            for drain_source in self.sources:  # a table is made before it is played at
                self.published += await drain_source()
        return self.published - before

    async def _publish(self, row: Waiting) -> Fate:
        topic = row.message.topic
        try:
            await publish(self._bus, self._service, row.message)
        except Exception as error:  # noqa: BLE001 one bad event must not stop the others
            failed.labels(self._service, topic).inc()
            not_published(self._service, row.message, error)
            return "unreadable" if isinstance(error, UnreadableError) else "away" if is_outage(error) else "broken"
        emitted.labels(self._service, topic).inc()
        return "done"
