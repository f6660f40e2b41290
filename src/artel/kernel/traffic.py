"""Who has tapped comes first; what follows from it, statistics and notifications, can wait a moment."""

import asyncio
import time
from contextlib import suppress
from types import TracebackType

PATIENCE_SECONDS = 0.25
"""Longer than that nothing waits, or under steady load the rest would never be done."""
QUIET_SECONDS = 0.005
"""So long nobody has waited: where people tap by turns, there are moments with nobody under way, and yet no lull."""


class Traffic:
    """Of one process. A tap is under way inside `with traffic`."""

    def __init__(self, patience: float = PATIENCE_SECONDS, quiet: float = QUIET_SECONDS) -> None:
        self._patience = patience
        self._quiet = quiet
        self._last = float("-inf")
        self._under_way = 0
        self._nobody = asyncio.Event()
        self._nobody.set()

    def __enter__(self) -> None:
        if not self._under_way:
            self._nobody.clear()
        self._under_way += 1

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._last = time.monotonic()
            self._nobody.set()

    async def lull(self) -> None:
        """Until nobody has waited for an answer for a moment, or until patience ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._nobody.wait()
                while (quiet := self._last + self._quiet - time.monotonic()) > 0:
                    await asyncio.sleep(quiet)
                    await self._nobody.wait()
