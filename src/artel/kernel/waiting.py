"""Services and what they stand on start in any order: each waits for what is not there yet."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError

from artel.kernel.bus import open_bus
from artel.kernel.migrations import require_tables
from artel.kernel.settings import Settings
from artel.kernel.store import open_store

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 5.0
REMIND_SECONDS = 60


async def wait_for_all(settings: Settings, services: Sequence[str]) -> None:
    async def bus() -> None:
        await (await open_bus(settings.bus_url)).close()

    async def store() -> None:
        opened = open_store(settings.store_url)
        try:
            await opened.ready()
        finally:
            await opened.close()

    def tables(service: str) -> Callable[[], Awaitable[None]]:
        return partial(asyncio.to_thread, require_tables, service, settings.database(service))

    databases = (wait_for(f"the database of {each}", tables(each)) for each in services)
    await asyncio.gather(wait_for("the bus", bus), wait_for("the store", store), *databases)


async def wait_for(what: str, look: Callable[[], Awaitable[None]], first_pause: float = 0.25) -> None:
    """Until `look` raises nothing. What is missing is told at once, when its reason changes, and every minute."""
    told, told_at, pause = "", 0.0, first_pause
    while why := await _missing(look):
        if why != told or time.monotonic() - told_at > REMIND_SECONDS:
            log.warning("waiting", what=what, why=why)
            told, told_at = why, time.monotonic()
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    if told:
        log.warning("it is there", what=what)


async def _missing(look: Callable[[], Awaitable[None]]) -> str:
    """Why; empty if it is there. A wrong password, too, may be set right while we wait."""
    try:
        await look()
    except (OSError, DBAPIError) as error:
        return str(getattr(error, "orig", error))[:200] or repr(error)  # one that timed out has no words
    return ""
