"""All that services keep of each other's facts, beside what the logs of game and the owners of the facts say.

It only reads, a session or a page at a time, and may be run beside a living system: what differs is looked at again
for as long as the relays may still be bringing it, and told only if it differs in the same place at every look.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from artel.compose import SERVICES
from artel.kernel.database import Database, open_database
from artel.kernel.settings import Settings
from artel.verify.circles import Circles
from artel.verify.difference import Difference
from artel.verify.evening import Evenings
from artel.verify.gone import Gone
from artel.verify.others import Groups, Templates
from artel.verify.people import People
from artel.verify.ratings import Ratings
from artel.verify.strays import Strays

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.5
AT_ONCE = 200  # looks that have found something and wait for the next


Doubt = tuple[Any, list[Difference]]
"""A key, and what was found there."""


class Check(Protocol):
    def keys(self) -> AsyncIterator[Any]: ...

    async def look(self, key: Any) -> list[Difference]: ...


async def _nothing() -> None:
    """Nobody asks what waits."""


async def verify(
    settings: Settings, patience: float = PATIENCE_SECONDS, before_telling: Callable[[], Awaitable[None]] = _nothing
) -> AsyncIterator[Difference]:
    """`before_telling` is awaited when all patience is at an end and some still differ, which are then looked at once
    more: what would have mended them either waits at that moment, or has arrived by that look."""
    async with opened(settings) as databases:
        evenings = Evenings(databases)
        checks: Sequence[Check] = [
            People(databases), Circles(databases), Groups(databases), Templates(databases),
            evenings, Ratings(databases), Strays(databases), Gone(databases),
        ]  # fmt: skip
        try:
            for check in checks:
                async for difference in _differences(check, patience, before_telling):
                    yield difference
        finally:
            evenings.close()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Mapping[str, Database]]:
    databases = {name: open_database(settings.database(name)) for name in SERVICES}
    try:
        yield databases
    finally:
        for database in databases.values():
            await database.close()


async def _differences(
    check: Check, patience: float, before_telling: Callable[[], Awaitable[None]]
) -> AsyncIterator[Difference]:
    doubts: list[Doubt] = []
    async for key in check.keys():
        if found := await check.look(key):
            doubts.append((key, found))
        if len(doubts) >= AT_ONCE:
            for difference in await _settled(check, doubts, patience, before_telling):
                yield difference
            doubts = []
    for difference in await _settled(check, doubts, patience, before_telling):
        yield difference


async def _settled(
    check: Check, doubts: Sequence[Doubt], patience: float, before_telling: Callable[[], Awaitable[None]]
) -> list[Difference]:
    """What still differs when there has been time enough."""
    end = time.monotonic() + patience
    while doubts and time.monotonic() < end:
        await asyncio.sleep(min(PAUSE_SECONDS, patience))
        doubts = await _again(check, doubts)
    if doubts:
        await before_telling()
        doubts = await _again(check, doubts)
    return list({difference.key: difference for _, found in doubts for difference in found}.values())


async def _again(check: Check, doubts: Sequence[Doubt]) -> list[Doubt]:
    return [(key, still) for key, before in doubts if (still := await _same(check, key, before))]


async def _same(check: Check, key: Any, before: Sequence[Difference]) -> list[Difference]:
    """Where the same is still found: what has moved meanwhile is being brought up to date."""
    then = [(difference.key, difference.found) for difference in before]
    return [difference for difference in await check.look(key) if (difference.key, difference.found) in then]
