"""Brings what the log announces to the bus: the log is the outbox of play, and this the cursor that reads it.

In order of transactions, and none before all older ones have ended: so no row can appear behind the cursor. What was
published and not yet noted when a process dies is published again, with the same ids, and dropped by the inboxes.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, func, insert, literal_column, or_, select, true, tuple_, update

from artel.game.tables import cursors, events
from artel.kernel.bus import Bus, Message
from artel.kernel.database import Database, Tx
from artel.kernel.events import born, new_id, now
from artel.kernel.outage import is_outage
from artel.kernel.outbox import MOST, Backlog, outbox
from artel.kernel.relay import emitted, failed, not_published, publish

ROWS = 100
LEASE = timedelta(seconds=30)
LOOK_AGAIN_SECONDS = 0.02
"""How long to leave an older transaction, or another process that publishes, before looking again."""
LOOKS = 50

PLACE = events.c.xid, events.c.session_id, events.c.version
HERE = cursors.c.name == "relay"


class LogRelay:
    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._me = new_id()
        self._alone = database.dialect == "sqlite"  # no other process publishes from the same file

    async def drain(self) -> int:
        """Publish all that is announced; how many rows that was."""
        total = looks = 0
        while rows := await self._database.read(_ahead):
            held = await self._hold(rows)
            ready = [row for row in held if row.safe]
            if not ready:
                looks += 1
                if looks == LOOKS:
                    break
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            done = await self._publish_held(ready)
            total += done
            if done < len(ready) or len(held) == len(ready) < ROWS:
                break  # an outage; or that was all
        return total

    async def _hold(self, rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
        """What is ahead for whoever holds the cursor: looked at anew, another process may have published some of it."""
        if self._alone or not any(row.safe for row in rows):
            return rows
        return await self._database.write(_hold, self._me)

    async def _publish_held(self, rows: Sequence[Row[Any]]) -> int:
        """All at once: the broker confirms many as fast as one. Up to the first that an outage held back they are done;
        those behind it that went out go again."""
        broken: list[Message] = []
        went = await asyncio.gather(*(self._publish(row, broken) for row in rows))
        done = [*went, False].index(False)
        last = rows[done - 1] if done else None
        await self._database.write(_save, None if self._alone else self._me, last, broken)
        return done

    async def _publish(self, row: Row[Any], broken: list[Message]) -> bool:
        """False in an outage. What alone cannot be published waits in the outbox, and not before all others."""
        for event_id, topic, body in orjson.loads(row.announce):
            message = Message(event_id, topic, body.encode())
            try:
                await publish(self._bus, "game", message)
            except Exception as error:  # noqa: BLE001 one bad event must not stop the others
                failed.labels("game", topic).inc()
                not_published("game", message, error)
                if is_outage(error):
                    return False
                broken.append(message)
            else:
                emitted.labels("game", topic).inc()
        return True


def _ahead(tx: Tx) -> Sequence[Row[Any]]:
    """What is announced behind the cursor; `safe` once every older transaction has ended."""
    safe: ColumnElement[bool] = true()
    if tx.dialect.name == "postgresql":
        safe = events.c.xid < literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    found = select(*PLACE, events.c.announce, safe.label("safe")).where(_behind_cursor(tx))
    return tx.execute(found.order_by(*PLACE).limit(ROWS)).all()


def _behind_cursor(tx: Tx) -> ColumnElement[bool]:
    cursor = tx.execute(select(cursors.c.xid, cursors.c.session_id, cursors.c.version).where(HERE)).one()
    return and_(events.c.announce.is_not(None), tuple_(*PLACE) > tuple_(*cursor))


def announced(tx: Tx) -> Backlog:
    """What the log has to tell, whoever is telling it."""
    waits = select(*PLACE, events.c.announce).where(_behind_cursor(tx)).order_by(*PLACE)
    first = tx.execute(waits.limit(1)).first()
    depth = tx.execute(select(func.count()).select_from(waits.limit(MOST).subquery())).scalar_one()
    return Backlog(depth, born(orjson.loads(first.announce)[0][0]) if first else 0.0)


def _hold(tx: Tx, holder: str) -> Sequence[Row[Any]]:
    """One process publishes at a time, and leaves it to others as soon as it has. Nothing where another is at it."""
    free = or_(cursors.c.holder.is_(None), cursors.c.holder == holder, cursors.c.held_until < now())
    held = update(cursors).where(HERE, free).values(holder=holder, held_until=now() + LEASE)
    if tx.execute(held).rowcount == 0:
        return []
    rows = _ahead(tx)
    if not any(row.safe for row in rows):
        _save(tx, holder, None, [])
    return rows


def _save(tx: Tx, holder: str | None, last: Row[Any] | None, broken: Sequence[Message]) -> None:
    """Up to where it was published; without `last` nothing was, and the cursor is only let go of."""
    mine = cursors.c.holder.is_not_distinct_from(holder)
    if last:
        there = {"xid": last.xid, "session_id": last.session_id, "version": last.version}
        behind = tuple_(cursors.c.xid, cursors.c.session_id, cursors.c.version) < tuple_(*last[:3])
        tx.execute(update(cursors).where(HERE, behind, mine).values(there))
    if holder:
        tx.execute(update(cursors).where(HERE, mine).values(holder=None))
    rows = [{"id": each.id, "topic": each.topic, "body": each.body, "due": now(), "tries": 1} for each in broken]
    if rows:
        tx.execute(insert(outbox), rows)
