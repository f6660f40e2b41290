"""The store on Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from artel.kernel.store import MemoryStore

GCRA = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local burst, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait = due + 1 / rate - now - burst / rate
if wait > 1e-5 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', due + 1 / rate), 'PX', math.ceil((burst / rate + 1) * 1000))
return '0'
"""


class RedisStore:
    """Its outage is a ConnectionError, but for limits: those are then kept by each process for itself."""

    def __init__(self, url: str) -> None:
        once_more = Retry(NoBackoff(), 1)
        self._redis = Redis.from_url(
            url, decode_responses=True, socket_timeout=2, socket_connect_timeout=2, retry=once_more
        )
        self._gcra = self._redis.register_script(GCRA)
        self._spare = MemoryStore()

    async def put(self, key: str, value: str, ttl: float) -> None:
        with reaching():
            await self._redis.set(key, value, px=milliseconds(ttl))

    async def get(self, key: str) -> str | None:
        with reaching():
            return cast("str | None", await self._redis.get(key))

    async def take(self, key: str) -> str | None:
        with reaching():
            return cast("str | None", await self._redis.getdel(key))

    async def add(self, key: str, value: str, ttl: float) -> bool:
        with reaching():
            return bool(await self._redis.set(key, value, px=milliseconds(ttl), nx=True))

    async def allow(self, key: str, burst: int, rate: float) -> float:
        try:
            with reaching():
                return float(await self._gcra(keys=[f"limit:{key}"], args=[burst, rate]))
        except ConnectionError:
            return self._spare.allow_now(key, burst, rate)

    async def ready(self) -> None:
        with reaching():
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()


def milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


@contextmanager
def reaching() -> Iterator[None]:
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise ConnectionError(f"Redis: {error}") from error
