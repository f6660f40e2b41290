"""Small things that may be forgotten: one-time tickets, presence, limits. Times to live are in seconds."""

import time
from typing import Protocol

ROUNDING = 1e-9  # seconds; sums of 1 / rate are not exact


class Store(Protocol):
    async def put(self, key: str, value: str, ttl: float) -> None: ...
    async def get(self, key: str) -> str | None: ...

    async def take(self, key: str) -> str | None:
        """Read and remove at once: of two who take the same key, one gets it."""

    async def add(self, key: str, value: str, ttl: float) -> bool:
        """Put only where nothing is; True for whoever came first."""

    async def allow(self, key: str, burst: int, rate: float) -> float:
        """Token bucket (GCRA) of `burst`, refilled at `rate` a second: 0 if allowed, else the seconds to wait."""

    async def ready(self) -> None: ...
    async def close(self) -> None: ...


def open_store(url: str) -> Store:
    if url.startswith("memory://"):
        return MemoryStore()
    from artel.kernel.redis_store import RedisStore  # noqa: PLC0415 the newcomer's process does without it

    return RedisStore(url)


class MemoryStore:
    SWEEP = 10_000

    def __init__(self) -> None:
        self._full = self.SWEEP
        self._values: dict[str, tuple[str, float]] = {}
        self._buckets: dict[str, float] = {}

    async def put(self, key: str, value: str, ttl: float) -> None:
        self._sweep()
        self._values[key] = (value, time.monotonic() + ttl)

    async def get(self, key: str) -> str | None:
        value, end = self._values.get(key, ("", 0.0))
        return value if end > time.monotonic() else None

    async def take(self, key: str) -> str | None:
        value, end = self._values.pop(key, ("", 0.0))
        return value if end > time.monotonic() else None

    async def add(self, key: str, value: str, ttl: float) -> bool:
        if await self.get(key) is not None:
            return False
        await self.put(key, value, ttl)
        return True

    async def allow(self, key: str, burst: int, rate: float) -> float:
        return self.allow_now(key, burst, rate)

    def allow_now(self, key: str, burst: int, rate: float, cost: int = 1) -> float:
        """The same without a turn of the event loop, for the path of the taps."""
        self._sweep()
        current = time.monotonic()
        due = max(self._buckets.get(key, 0.0), current)
        wait = due + cost / rate - current - burst / rate
        if wait > ROUNDING:
            return wait
        self._buckets[key] = due + cost / rate
        return 0.0

    def _sweep(self) -> None:
        """Forget what has expired, now and then, so that each put pays a little and none pays for all."""
        if len(self._values) + len(self._buckets) <= self._full:
            return
        current = time.monotonic()
        self._values = {key: item for key, item in self._values.items() if item[1] > current}
        self._buckets = {key: due for key, due in self._buckets.items() if due > current}
        self._full = max(self.SWEEP, 2 * (len(self._values) + len(self._buckets)))

    async def ready(self) -> None:
        """Always."""

    async def close(self) -> None:
        self._values.clear()
