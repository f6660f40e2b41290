"""What cannot be counted as it passes is looked at every few seconds; whoever collects metrics, however often, asks
nobody: he reads what was seen last."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from prometheus_client import Gauge
from sqlalchemy.pool import QueuePool

from artel.kernel.background import running
from artel.kernel.database import Tx
from artel.kernel.outbox import Backlog, backlog
from artel.kernel.service import Context, readiness

log = structlog.get_logger()
SECONDS = 5

reachable = Gauge("artel_reachable", "1 if the service reaches this part of what it stands on", ["service", "part"])
depth = Gauge("artel_outbox_depth", "events that wait to be published, up to 10000", ["service", "box"])
age = Gauge("artel_outbox_age_seconds", "since the oldest event that waits was made; 0: none waits", ["service", "box"])
given_up = Gauge("artel_outbox_given_up", "events that were not published after so many tries", ["service"])
connections = Gauge("artel_database_connections", "connections in use", ["service"])
most = Gauge("artel_database_connections_limit", "connections that may be in use at once", ["service"])


@asynccontextmanager
async def watching(context: Context) -> AsyncIterator[None]:
    pools = [engine.pool for engine in context.database.engines]
    ours = [pool for pool in pools if isinstance(pool, QueuePool)]
    connections.labels(context.name).set_function(lambda: sum(pool.checkedout() for pool in ours))
    most.labels(context.name).set(sum(pool.size() for pool in ours))
    async with running(_watch(context), f"watch-{context.name}"):
        yield


async def _watch(context: Context) -> None:
    while True:
        try:
            await look(context)
        except Exception as error:  # noqa: BLE001 in an outage what was seen last stays, and ages grow
            log.warning("could not be looked at", service=context.name, error=repr(error)[:200])
        await asyncio.sleep(SECONDS)


async def look(context: Context) -> None:
    for part, word in (await readiness(context)).items():
        reachable.labels(context.name, part).set(word == "ok")
    await context.database.read(_look, context)


def _look(tx: Tx, context: Context) -> None:
    seen = backlog(tx)
    tell(context.name, "table", seen)
    given_up.labels(context.name).set(seen.given_up)
    for each in context.looks:
        each(tx)


def tell(service: str, box: str, seen: Backlog) -> None:
    depth.labels(service, box).set(seen.depth)
    oldest = seen.oldest
    # It grows while nobody can look, too.
    age.labels(service, box).set_function(lambda: max(0.0, time.time() - oldest) if oldest else 0.0)
