"""A store keeps the same promises in memory and on Redis. Time passes when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import pytest

from artel.kernel import store as store_module
from artel.kernel.events import new_id
from artel.kernel.redis_store import RedisStore
from artel.kernel.store import MemoryStore, Store, open_store

Wait = Callable[[str, float], Awaitable[None]]


class Clock:
    """Stands in for the module `time` in the memory store."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(store_module, "time", clock)
    return clock


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Store]:
    opened = open_store("memory://" if request.param == "memory" else request.getfixturevalue("redis_url"))
    yield opened
    await opened.close()
    assert clock.now


@pytest.fixture
def wait(store: Store, clock: Clock) -> Wait:
    """Let time pass for a key: on Redis what is left of its life, or of its limit, is shortened by as much."""

    async def in_redis(key: str, seconds: float) -> None:
        redis = cast("RedisStore", store)._redis
        left = await redis.pttl(key)
        if left > 0:
            await redis.pexpire(key, max(0, round(left - seconds * 1000)))
        due = await redis.get(f"limit:{key}")
        if due:
            await redis.set(f"limit:{key}", float(due) - seconds)

    async def in_memory(_key: str, seconds: float) -> None:
        clock.now += seconds

    return in_redis if isinstance(store, RedisStore) else in_memory


@pytest.fixture
def key() -> str:
    """A key that no other test has."""
    return f"test:{new_id()}"


async def test_what_is_put_is_got_until_its_time_is_over(store: Store, wait: Wait, key: str) -> None:
    await store.put(key, "значение", 3000)
    await wait(key, 2900)
    assert await store.get(key) == "значение"
    await wait(key, 100)
    assert await store.get(key) is None


async def test_nothing_is_none(store: Store, key: str) -> None:
    assert await store.get(key) is None
    assert await store.take(key) is None


async def test_a_newer_value_takes_the_place_and_the_time_of_the_older(store: Store, wait: Wait, key: str) -> None:
    await store.put(key, "old", 1000)
    await wait(key, 900)
    await store.put(key, "new", 1000)
    await wait(key, 900)
    assert await store.get(key) == "new"


async def test_a_ticket_is_taken_once(store: Store, key: str) -> None:
    await store.put(key, "ticket", 30)
    taken = await asyncio.gather(*(store.take(key) for _ in range(20)))
    assert sorted(taken, key=str) == [None] * 19 + ["ticket"]
    assert await store.get(key) is None


async def test_a_ticket_whose_time_is_over_is_not_taken(store: Store, wait: Wait, key: str) -> None:
    await store.put(key, "ticket", 30)
    await wait(key, 30)
    assert await store.take(key) is None


async def test_of_many_who_add_one_is_first(store: Store, key: str) -> None:
    added = await asyncio.gather(*(store.add(key, str(number), 30) for number in range(20)))
    assert sum(added) == 1
    assert await store.get(key) == str(added.index(True))


async def test_after_its_time_the_place_is_free_again(store: Store, wait: Wait, key: str) -> None:
    assert await store.add(key, "first", 1000)
    await wait(key, 900)
    assert not await store.add(key, "second", 1000)
    await wait(key, 100)
    assert await store.add(key, "third", 10)


async def test_a_limit_gives_exactly_its_burst(store: Store, key: str) -> None:
    waits = [await store.allow(key, 100, 0.001) for _ in range(101)]
    assert waits[:100] == [0.0] * 100
    assert waits[100] == pytest.approx(1000, abs=60)


async def test_a_limit_gives_its_burst_to_many_at_once(store: Store, key: str) -> None:
    waits = await asyncio.gather(*(store.allow(key, 10, 0.001) for _ in range(50)))
    assert sum(wait == 0 for wait in waits) == 10


async def test_a_limit_fills_again_at_its_rate(store: Store, wait: Wait, key: str) -> None:
    assert [await store.allow(key, 3, 0.01) for _ in range(3)] == [0, 0, 0]
    await wait(key, 100)
    assert await store.allow(key, 3, 0.01) == 0
    assert 90 < await store.allow(key, 3, 0.01) <= 100
    await wait(key, 10_000)
    assert [await store.allow(key, 3, 0.01) == 0 for _ in range(4)] == [True, True, True, False]


async def test_who_is_refused_does_not_wait_the_longer_for_asking(store: Store, key: str) -> None:
    assert await store.allow(key, 1, 0.01) == 0
    waits = [await store.allow(key, 1, 0.01) for _ in range(10)]
    assert all(0 < wait <= 100 for wait in waits)


async def test_limits_are_apart(store: Store, key: str) -> None:
    assert await store.allow(f"{key}:a", 1, 0.001) == 0
    assert await store.allow(f"{key}:b", 1, 0.001) == 0
    assert await store.allow(f"{key}:a", 1, 0.001) > 0


async def test_a_value_and_a_limit_of_one_name_do_not_meet(store: Store, key: str) -> None:
    await store.put(key, "value", 30)
    assert await store.allow(key, 1, 0.001) == 0
    assert await store.get(key) == "value"


async def test_it_is_ready(store: Store) -> None:
    await store.ready()


@pytest.mark.parametrize("rate", [20, 3, 7, 0.3, 1 / 3])
async def test_rounding_never_costs_a_tap(clock: Clock, rate: float) -> None:
    store = MemoryStore()
    assert [store.allow_now("user", 100, rate) for _ in range(100)] == [0.0] * 100
    clock.now += 100 / rate + 1e-6
    assert [store.allow_now("user", 100, rate) for _ in range(100)] == [0.0] * 100
    assert store.allow_now("user", 100, rate) > 0


async def test_a_batch_costs_as_much_as_its_events(clock: Clock) -> None:
    store = MemoryStore()
    assert store.allow_now("user", 100, 20, cost=90) == 0
    assert store.allow_now("user", 100, 20, cost=20) == pytest.approx(0.5)
    clock.now += 0.5
    assert store.allow_now("user", 100, 20, cost=20) == 0


async def test_memory_forgets_what_has_expired(clock: Clock) -> None:
    store = MemoryStore()
    for number in range(50_000):
        await store.put(f"ticket:{number}", "x", 30)
        await store.allow(f"user:{number}", 5, 1)
        clock.now += 0.01
    assert len(store._values) + len(store._buckets) <= 2 * MemoryStore.SWEEP


async def test_without_redis_things_are_an_outage_and_limits_go_on(key: str) -> None:
    store = open_store("redis://127.0.0.1:9/0")
    for attempt in (store.get(key), store.take(key), store.put(key, "x", 1), store.add(key, "x", 1), store.ready()):
        with pytest.raises(ConnectionError, match="Redis"):
            await attempt
    assert [await store.allow(key, 2, 0.001) == 0 for _ in range(3)] == [True, True, False]
    await store.close()
