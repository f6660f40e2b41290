"""The inbox forgets what cannot be delivered any more, or it would grow for ever.

An event is on its way for as long as a queue, or an outbox of a service that was away, holds it: days at the most. What
comes after that (a backup was put back, and all of the log is told once more) changes nothing without the inbox too,
because every reaction goes by the versions in the events.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select

from artel.kernel.background import running
from artel.kernel.database import Database, Tx
from artel.kernel.events import now
from artel.kernel.outbox import inbox
from artel.kernel.service import Context

log = structlog.get_logger()
PAUSE_SECONDS = 3600
AT_ONCE = 1000
"""Rows in one transaction, so that no event waits long for it."""


async def prune(database: Database, before: datetime) -> int:
    """How many rows it was."""
    total = 0
    while gone := await database.write(_prune, before):
        total += gone
        if gone < AT_ONCE:
            break
    return total


def _prune(tx: Tx, before: datetime) -> int:
    old = select(inbox.c.event_id).where(inbox.c.at < before).order_by(inbox.c.at).limit(AT_ONCE)
    return tx.execute(delete(inbox).where(inbox.c.event_id.in_(old))).rowcount


def pruning(context: Context) -> AbstractAsyncContextManager[None]:
    return running(_now_and_then(context), f"pruning-{context.name}")


async def _now_and_then(context: Context) -> None:
    while True:
        try:
            await prune(context.database, now() - timedelta(days=context.settings.inbox_days))
        except Exception as error:  # noqa: BLE001 an outage passes, and the rows wait
            log.warning("the inbox could not be pruned", service=context.name, error=error)
        await asyncio.sleep(PAUSE_SECONDS)
