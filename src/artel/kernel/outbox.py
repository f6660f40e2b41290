"""An event leaves in the transaction that made it true and takes effect in one transaction with its inbox row."""

from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, func, insert, select

from artel.kernel.database import Tx, UtcDateTime
from artel.kernel.events import Event, born, now
from artel.kernel.sql import put_new

MOST = 10_000
"""Of those that wait more are not counted."""


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
outbox = _own.tables["outbox"]
inbox = _own.tables["inbox"]


def emit(tx: Tx, *events: Event) -> None:
    rows = [{"id": e.event_id, "topic": e.topic, "body": e.envelope(), "due": now(), "tries": 0} for e in events]
    if rows:
        tx.execute(insert(outbox), rows)
        awaken(tx)


def awaken(tx: Tx) -> None:
    """There is something for this service's relay to go on with, once it is on disk."""
    tx.info["emitted"] = True


def once(tx: Tx, event_id: str) -> bool:
    """True the first time in this database, False for a repeat; part of the transaction with the effect."""
    return put_new(tx, inbox, {"event_id": event_id, "at": now()})


class Backlog(NamedTuple):
    """`oldest`: when the first of those that wait was made, in seconds since 1970; 0 where none waits."""

    depth: int
    oldest: float
    given_up: int = 0


def backlog(tx: Tx) -> Backlog:
    waits, lost = outbox.c.due.is_not(None), outbox.c.due.is_(None)
    first = tx.execute(select(outbox.c.id).where(waits).order_by(outbox.c.seq).limit(1)).scalar()
    depth, given_up = (
        tx.execute(select(func.count()).select_from(select(outbox.c.seq).where(which).limit(MOST).subquery()))
        for which in (waits, lost)
    )
    return Backlog(depth.scalar_one(), born(first) if first else 0.0, given_up.scalar_one())
