"""An event leaves in the transaction that made it true and takes effect in one transaction with its inbox row."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from artel.kernel.bus import Bus, Message
from artel.kernel.database import Database, Tx, UtcDateTime
from artel.kernel.events import Event, now

log = structlog.get_logger()
LEASE = timedelta(seconds=30)
TRIES = 10
BATCH = 100

emitted = Counter("artel_events_emitted", "events that left the outbox", ["service", "topic"])
failed = Counter("artel_events_failed", "attempts to publish that failed", ["service", "topic"])
depth = Gauge("artel_outbox_depth", "events that wait in the outbox, seen at the last drain", ["service"])


def add_tables(metadata: MetaData) -> None:
    """Every service's database has these two."""
    Table(
        "outbox",
        metadata,
        Column("seq", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
        Column("id", String(36), nullable=False),
        Column("topic", String(80), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("due", UtcDateTime, index=True),  # null: given up after so many tries
        Column("tries", Integer, nullable=False, default=0),
    )
    Table(
        "inbox",
        metadata,
        Column("event_id", String(36), primary_key=True),
        Column("at", UtcDateTime, nullable=False, index=True),
    )


_own = MetaData()
add_tables(_own)
_outbox = _own.tables["outbox"]
_inbox = _own.tables["inbox"]


def emit(tx: Tx, *events: Event) -> None:
    rows = [{"id": e.event_id, "topic": e.topic, "body": e.envelope(), "due": now(), "tries": 0} for e in events]
    if rows:
        tx.execute(insert(_outbox), rows)
        tx.info["emitted"] = True


def once(tx: Tx, event_id: str) -> bool:
    """True the first time in this database, False for a repeat; part of the transaction with the effect."""
    dialect_insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    row = dialect_insert(_inbox).values(event_id=event_id, at=now()).on_conflict_do_nothing()
    return tx.execute(row).rowcount == 1


@dataclass(frozen=True)
class Waiting:
    seq: int
    message: Message
    tries: int


def _claim(tx: Tx) -> list[Waiting]:
    due = (
        select(_outbox)
        .where(_outbox.c.due <= now())
        .order_by(_outbox.c.seq)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = [Waiting(row.seq, Message(row.id, row.topic, row.body), row.tries) for row in tx.execute(due)]
    tx.execute(update(_outbox).where(_outbox.c.seq.in_([row.seq for row in rows])).values(due=now() + LEASE))
    return rows


def _settle(tx: Tx, done: Sequence[Waiting], broken: Sequence[Waiting]) -> None:
    tx.execute(delete(_outbox).where(_outbox.c.seq.in_([row.seq for row in done])))
    for row in broken:
        tries = row.tries + 1
        due = now() + timedelta(seconds=2**tries) if tries < TRIES else None
        tx.execute(update(_outbox).where(_outbox.c.seq == row.seq).values(due=due, tries=tries))


def _waiting(tx: Tx) -> int:
    return tx.execute(select(func.count()).select_from(_outbox)).scalar_one()


def _release(tx: Tx) -> None:
    """A lease left by a killed process; on SQLite nobody else can be holding one."""
    if tx.dialect.name == "sqlite":
        tx.execute(update(_outbox).where(_outbox.c.due.is_not(None)).values(due=now()))


class Relay:
    """The only loop of a service: publishes what waits, outside any transaction, row by row forgiving."""

    POLL_SECONDS = 5

    def __init__(self, service: str, database: Database, bus: Bus) -> None:
        self._service = service
        self._database = database
        self._bus = bus
        self._woken = asyncio.Event()
        database.on_emit = self.wake

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        await self._database.write(_release)
        while True:
            self._woken.clear()
            try:
                await self.drain()
                depth.labels(self._service).set(await self._database.read(_waiting))
            except Exception as error:  # noqa: BLE001 the loop outlives any outage
                log.warning("the outbox waits", service=self._service, error=str(error)[:200])
            try:
                async with asyncio.timeout(self.POLL_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def drain(self) -> int:
        """Publish everything that is due; how many went out."""
        total = 0
        while rows := await self._database.write(_claim):
            results = await asyncio.gather(*(self._publish(row) for row in rows))
            done = [row for row, ok in zip(rows, results, strict=True) if ok]
            await self._database.write(_settle, done, [row for row, ok in zip(rows, results, strict=True) if not ok])
            total += len(done)
        return total

    async def _publish(self, row: Waiting) -> bool:
        topic = row.message.topic
        try:
            await self._bus.publish(row.message)
        except Exception as error:  # noqa: BLE001 one bad event must not stop the others
            failed.labels(self._service, topic).inc()
            log.warning("event not published", topic=topic, event_id=row.message.id, error=repr(error)[:200])
            return False
        emitted.labels(self._service, topic).inc()
        return True


Reaction = Callable[[Tx, Event], None]
