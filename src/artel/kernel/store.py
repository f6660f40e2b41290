"""Small things that may be forgotten: one-time tickets, presence, limits. Times to live are in seconds."""

import time
from typing import Protocol, cast

from redis.asyncio import Redis


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
    return MemoryStore() if url.startswith("memory://") else RedisStore(url)


class MemoryStore:
    SWEEP = 10_000

    def __init__(self) -> None:
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
        if wait > 0:
            return wait
        self._buckets[key] = due + cost / rate
        return 0.0

    def _sweep(self) -> None:
        current = time.monotonic()
        if len(self._values) > self.SWEEP:
            self._values = {key: item for key, item in self._values.items() if item[1] > current}
        if len(self._buckets) > self.SWEEP:
            self._buckets = {key: due for key, due in self._buckets.items() if due > current}

    async def ready(self) -> None:
        """Always."""

    async def close(self) -> None:
        self._values.clear()


GCRA = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local burst, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait = due + 1 / rate - now - burst / rate
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', due + 1 / rate), 'PX', math.ceil((burst / rate + 1) * 1000))
return '0'
"""


class RedisStore:
    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, decode_responses=True, socket_timeout=2, socket_connect_timeout=2)
        self._gcra = self._redis.register_script(GCRA)

    async def put(self, key: str, value: str, ttl: float) -> None:
        await self._redis.set(key, value, px=round(ttl * 1000))

    async def get(self, key: str) -> str | None:
        return cast("str | None", await self._redis.get(key))

    async def take(self, key: str) -> str | None:
        return cast("str | None", await self._redis.getdel(key))

    async def add(self, key: str, value: str, ttl: float) -> bool:
        return bool(await self._redis.set(key, value, px=round(ttl * 1000), nx=True))

    async def allow(self, key: str, burst: int, rate: float) -> float:
        return float(await self._gcra(keys=[f"limit:{key}"], args=[burst, rate]))

    async def ready(self) -> None:
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()
