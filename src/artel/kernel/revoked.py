"""Sign-ins that have ended while tokens of theirs may still be good. Auth keeps their list in the store, and every
process looks at it each second; with the store away what was known last holds, and a token ends by itself."""

import asyncio
from collections.abc import Callable

import orjson
import structlog

from artel.kernel.store import Store

log = structlog.get_logger()
KEY = "revoked"
LOOK_SECONDS = 1.0


class Revoked:
    def __init__(self) -> None:
        self.listeners: list[Callable[[], None]] = []
        """Told when there are others than before."""
        self._said = ""
        self._sids: frozenset[str] = frozenset()

    def __contains__(self, sid: str) -> bool:
        return sid in self._sids

    async def look(self, store: Store) -> None:
        said = await store.get(KEY)
        if said is None or said == self._said:  # None: the store has forgotten it, and auth will say it again
            return
        self._said, self._sids = said, frozenset(orjson.loads(said))
        for tell in self.listeners:
            tell()

    async def watch(self, store: Store) -> None:
        """For ever."""
        while True:
            try:
                await self.look(store)
            except Exception as error:  # noqa: BLE001 an outage passes; that the store is away is told elsewhere
                log.debug("ended sign-ins could not be looked at", error=error)
            await asyncio.sleep(LOOK_SECONDS)
