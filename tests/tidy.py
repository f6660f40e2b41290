"""A server that the environment names is not ours alone: what a test puts there is taken away again."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
import pytest
import redis
from aio_pika import connect_robust
from aio_pika.exceptions import ChannelClosed
from sqlalchemy.engine import URL, make_url

from artel.compose import SERVICES
from artel.kernel.rabbit import DEAD, EVENTS, NUDGES, RabbitBus
from artel.kernel.redis_store import RedisStore


def aside(work: Coroutine[Any, Any, None]) -> None:
    """Run it on a loop of its own, whatever loop the test is on."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def databases(url: str, *names: str, how: str = "") -> Iterator[URL]:
    """Fresh, empty databases, gone afterwards; the URL is the server's, `how` what PostgreSQL is told of each."""
    admin = make_url(url).set(drivername="postgresql")
    aside(_administer(admin, *(f'CREATE DATABASE "{name}" {how}' for name in names)))
    yield admin.set(drivername="postgresql+asyncpg")
    aside(_administer(admin, *(f'DROP DATABASE "{name}" WITH (FORCE)' for name in names)))


async def _administer(url: URL, *statements: str) -> None:
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def queues(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each group that gets a queue is remembered, and its queues are deleted afterwards."""
    groups: set[str] = set()

    def remembering(make: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def remembered(bus: RabbitBus, group: str, *rest: Any) -> None:
            if group not in groups and group in SERVICES:
                await _nobody_elses(url, group)
            groups.add(group)
            await make(bus, group, *rest)

        return remembered

    for name in ("prepare", "subscribe"):
        monkeypatch.setattr(RabbitBus, name, remembering(getattr(RabbitBus, name)))
    yield
    if groups:
        aside(_delete_queues(url, groups))


@contextmanager
def services(url: str) -> Iterator[None]:
    """Processes of a test make the queues of all services; they are deleted afterwards."""
    for name in SERVICES:
        aside(_nobody_elses(url, name))
    yield
    aside(_delete_queues(url, set(SERVICES)))


async def _nobody_elses(url: str, group: str) -> None:
    """A service's own queue is taken away from an installation that lives on this broker: never silently."""
    async with await connect_robust(url) as connection, connection.channel() as channel:
        with suppress(ChannelClosed):
            await channel.declare_queue(f"artel.{group}", passive=True)
            pytest.fail(f"this broker has a queue artel.{group} already: give the tests a virtual host of their own")


async def _delete_queues(url: str, groups: set[str]) -> None:
    async with await connect_robust(url) as connection, connection.channel() as channel:
        for group in groups:
            await channel.queue_delete(f"artel.{group}")
            await channel.queue_delete(f"artel.{group}.dead")


def exchanges(url: str) -> None:
    """Shared by all tests of a run, so they go when it is over, unless somebody else has queues there."""

    async def delete() -> None:
        async with await connect_robust(url) as connection:
            for name in (EVENTS, NUDGES, DEAD):
                with suppress(ChannelClosed):
                    async with connection.channel() as channel:
                        await channel.exchange_delete(name, if_unused=True)

    aside(delete())


@contextmanager
def keys(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each key that is written is remembered, and deleted afterwards."""
    written: set[str] = set()

    def remembering(write: Callable[..., Awaitable[Any]], prefix: str = "") -> Callable[..., Awaitable[Any]]:
        def remembered(store: RedisStore, key: str, *rest: Any) -> Awaitable[Any]:
            written.add(prefix + key)
            return write(store, key, *rest)

        return remembered

    for name, prefix in {"put": "", "add": "", "allow": "limit:"}.items():
        monkeypatch.setattr(RedisStore, name, remembering(getattr(RedisStore, name), prefix))
    yield
    if written:
        with redis.Redis.from_url(url) as client:
            client.delete(*written)
