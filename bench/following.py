"""How far statistics and notifications were behind what was played: from an event's making until it was taken in."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import asyncpg
import orjson

from artel.compose import load
from artel.kernel.events import born
from bench.load import share

FOLLOWERS: Final = ("stats", "notification")
ANNOUNCED: Final = "SELECT announce FROM events WHERE announce IS NOT NULL"
TAKEN: Final = "SELECT event_id, extract(epoch FROM at)::float8 FROM inbox"
PATIENCE_SECONDS: Final = 60


class Lag(NamedTuple):
    """Of the log's public events; times in milliseconds. `last` is the one that was taken in last, after `end`."""

    service: str
    events: int
    missing: int
    p50: float
    p99: float
    worst: float
    after: float  # seconds since `end`, until all of them were taken in


def lags(databases: str, end: float) -> list[Lag]:
    """`end`: since 1970, when the last of them was made. `databases`: an address with {service} in it."""
    return asyncio.run(_lags(lambda service: databases.format(service=service), end))


async def _lags(database: Callable[[str], str], end: float) -> list[Lag]:
    announced = [event for (row,) in await _ask(database("game"), ANNOUNCED) for event in orjson.loads(row)]
    return [await _lag(service, database(service), announced, end) for service in FOLLOWERS]


async def _lag(service: str, url: str, announced: list[tuple[str, str, str]], end: float) -> Lag:
    topics = {event.topic for event in load(service).reactions}
    wanted = {event_id for event_id, topic, _ in announced if topic in topics}
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        taken = {event_id: at for event_id, at in await _ask(url, TAKEN) if event_id in wanted}
        if taken.keys() == wanted or time.monotonic() > patience:
            break
        await asyncio.sleep(0.1)
    behind = sorted(int((at - born(event_id)) * 1e9) for event_id, at in taken.items())
    p50, p99, worst = (share(behind, part) for part in (0.5, 0.99, 1))
    after = max(0.0, max(taken.values()) - end)
    return Lag(service, len(wanted), len(wanted) - len(taken), p50, p99, worst, after)


async def _ask(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        found: list[Any] = await connection.fetch(query)
    finally:
        await connection.close()
    return found
