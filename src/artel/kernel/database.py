"""A database by its address. A unit of work is one plain function that takes the transaction first:

    await database.write(rename, user_id, name)     # commits, then returns what rename returned

On SQLite it runs whole in one thread (statement by statement through an event loop is five times slower);
on PostgreSQL on an asyncpg connection. Either way the commit is done before anybody is answered.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import QueuePool

from artel.kernel.columns import Json, UtcDateTime

__all__ = ["Database", "Json", "PostgresDatabase", "SqliteDatabase", "Tx", "UtcDateTime", "open_database"]

Tx = Connection
P = ParamSpec("P")
T = TypeVar("T")


class Database(Protocol):
    url: str
    dialect: str
    on_emit: Callable[[], None]
    engines: Sequence[Engine]

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def ready(self) -> None: ...
    async def close(self) -> None: ...


def open_database(url: str) -> Database:
    return SqliteDatabase(url) if make_url(url).get_backend_name() == "sqlite" else PostgresDatabase(url)


def _ping(tx: Tx) -> None:
    tx.exec_driver_sql("SELECT 1")


def _nobody() -> None:
    """The outbox relay puts itself in this place."""


def _unit(tx: Tx, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> tuple[T, bool]:
    """What `work` returns, and whether it put something into the outbox."""
    tx.info.pop("emitted", None)  # of a unit that was rolled back on this connection
    return work(tx, *args, **kwargs), bool(tx.info.get("emitted"))


class SqliteDatabase:
    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self.url = url
        self.on_emit: Callable[[], None] = _nobody
        path = make_url(url).database or ""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._writer = sqlite_engine(path, "BEGIN IMMEDIATE", size=1)
        self._reader = sqlite_engine(path, "BEGIN", size=2, query_only=True)
        self._writing = ThreadPoolExecutor(1, "sqlite-write")
        self._reading = ThreadPoolExecutor(2, "sqlite-read")
        self.engines: Sequence[Engine] = (self._writer, self._reader)

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def unit() -> tuple[T, bool]:
            with self._writer.begin() as tx:
                return _unit(tx, work, *args, **kwargs)

        here = copy_context()  # an event that is emitted in the thread belongs to the trace of who waits
        result, emitted = await asyncio.get_running_loop().run_in_executor(self._writing, here.run, unit)
        if emitted:
            self.on_emit()
        return result

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        def unit() -> T:
            with self._reader.begin() as tx:
                return work(tx, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._reading, unit)

    async def ready(self) -> None:
        await self.read(_ping)

    async def close(self) -> None:
        for threads, engine in ((self._writing, self._writer), (self._reading, self._reader)):
            await asyncio.to_thread(threads.shutdown)
            engine.dispose()


def sqlite_engine(path: str, begin: str, size: int, *, query_only: bool = False) -> Engine:
    # isolation_level=None leaves BEGIN to us: the driver's own would start a write as a read and fail later.
    options: Any = {"connect_args": {"isolation_level": None, "check_same_thread": False}, "hide_parameters": True}
    engine = create_engine(
        URL.create("sqlite", database=path), poolclass=QueuePool, pool_size=size, max_overflow=0, **options
    )
    pragmas = ["busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"]

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        for pragma in [*pragmas, *(["query_only=ON"] if query_only else [])]:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class PostgresDatabase:
    dialect = "postgresql"
    # Whoever waits longer is told to come back: a stuck statement must not take the pool with it.
    LIMITS: ClassVar = {"statement_timeout": "10s", "lock_timeout": "4s", "idle_in_transaction_session_timeout": "30s"}
    POOL: ClassVar[Any] = {"pool_size": 10, "max_overflow": 0, "pool_timeout": 5, "pool_use_lifo": True}  # the warm one

    def __init__(self, url: str) -> None:
        self.url = url
        self.on_emit: Callable[[], None] = _nobody
        connecting = {"timeout": 5, "server_settings": {"application_name": "artel", **self.LIMITS}}
        self._engine = create_async_engine(url, **self.POOL, hide_parameters=True, connect_args=connecting)
        self.engines: Sequence[Engine] = (self._engine.sync_engine,)

    async def write(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._engine.begin() as connection:
            result, emitted = await connection.run_sync(_unit, work, *args, **kwargs)
        if emitted:
            self.on_emit()
        return result

    async def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._engine.connect() as connection:
            moment = await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            return await moment.run_sync(work, *args, **kwargs)

    async def ready(self) -> None:
        await self.read(_ping)

    async def close(self) -> None:
        await self._engine.dispose()
