"""A database keeps the same promises on SQLite and on PostgreSQL."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.util.concurrency import await_only

from artel.kernel.database import Database, Json, PostgresDatabase, SqliteDatabase, Tx, UtcDateTime, open_database
from artel.kernel.errors import answer_to
from artel.kernel.outage import is_outage

metadata = MetaData()
notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("words", String(50)),
    Column("at", UtcDateTime),
    Column("data", Json),
)
replies = Table(
    "replies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("note", ForeignKey("notes.id"), nullable=False),
)
MOSCOW = timezone(timedelta(hours=3))


def put(tx: Tx, /, **row: Any) -> int:
    key: Any = tx.execute(insert(notes).values(**row)).inserted_primary_key
    return int(key[0])


def one(tx: Tx, note: int) -> Any:
    return tx.execute(select(notes).where(notes.c.id == note)).one_or_none()


def count(tx: Tx) -> int:
    return tx.execute(select(func.count()).select_from(notes)).scalar_one()


async def test_a_write_is_committed_when_it_returns(database: Database) -> None:
    note = await database.write(put, words="первая")
    stranger = open_database(database.url)
    try:
        assert (await stranger.read(one, note)).words == "первая"
    finally:
        await stranger.close()


async def test_an_exception_rolls_the_whole_unit_back_and_comes_through(database: Database) -> None:
    def break_off(tx: Tx) -> None:
        put(tx, words="half")
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        await database.write(break_off)
    assert await database.read(count) == 0
    assert await database.write(put, words="whole") is not None


async def test_a_hundred_writers_at_once_lose_nothing(database: Database) -> None:
    note = await database.write(put, words="", data=0)

    def more(tx: Tx, number: int) -> int:
        row = tx.execute(select(notes).where(notes.c.id == note).with_for_update()).one()
        tx.execute(update(notes).where(notes.c.id == note).values(data=row.data + 1))
        return put(tx, words=str(number))

    made = await asyncio.gather(*(database.write(more, number) for number in range(100)))
    assert len(set(made)) == 100
    assert (await database.read(one, note)).data == 100
    assert await database.read(count) == 101


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.read(put, words="smuggled")
    assert await database.read(count) == 0


async def test_what_one_unit_reads_is_one_moment(database: Database) -> None:
    loop = asyncio.get_running_loop()
    stranger = open_database(database.url)

    def twice(tx: Tx) -> tuple[int, int]:
        before = count(tx)
        meanwhile = stranger.write(put, words="meanwhile")
        if tx.dialect.name == "sqlite":
            asyncio.run_coroutine_threadsafe(meanwhile, loop).result()
        else:
            await_only(meanwhile)
        return before, count(tx)

    assert await database.read(twice) == (0, 0)
    assert await database.read(count) == 1
    await stranger.close()


async def test_the_same_few_connections_bear_a_flood(database: Database) -> None:
    """To open one takes longer than most of what is done on it."""
    made: list[object] = []
    for engine in database.engines:
        event.listen(engine, "connect", lambda *about: made.append(about))
    for _ in range(5):
        await asyncio.gather(*(database.read(count) for _ in range(40)))
    assert len(made) <= 10


async def test_a_foreign_key_is_kept(database: Database) -> None:
    def orphan(tx: Tx) -> None:
        tx.execute(insert(replies).values(note=4711))

    with pytest.raises(IntegrityError):
        await database.write(orphan)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1, 0, 30, tzinfo=MOSCOW),
        datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, tzinfo=UTC),
    ],
)
async def test_a_moment_comes_back_aware_and_in_utc(database: Database, moment: datetime) -> None:
    row = await database.read(one, await database.write(put, at=moment))
    assert row.at == moment
    assert row.at.utcoffset() == timedelta(0)


async def test_moments_are_compared_as_moments(database: Database) -> None:
    await database.write(put, words="early", at=datetime(2026, 1, 1, 1, tzinfo=MOSCOW))
    await database.write(put, words="late", at=datetime(2025, 12, 31, 23, tzinfo=UTC))

    def after(tx: Tx) -> list[str]:
        bound = datetime(2025, 12, 31, 22, 30, tzinfo=UTC)
        return list(tx.execute(select(notes.c.words).where(notes.c.at > bound)).scalars())

    assert await database.read(after) == ["late"]


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="a time without a zone"):
        await database.write(put, at=datetime(2026, 1, 1))  # noqa: DTZ001 it is what is tested


@pytest.mark.parametrize("data", [{"имя": ["Саша", None, True, 10**9]}, [], {}, "🎱", 0, -1.5])
async def test_json_comes_back_as_it_was(database: Database, data: Any) -> None:
    row = await database.read(one, await database.write(put, data=data))
    assert row.data == data


async def test_who_emits_is_told_after_the_commit_and_only_then(database: Database) -> None:
    told: list[int] = []
    database.on_emit = lambda: told.append(1)

    def emit(tx: Tx, *, fail: bool) -> None:
        tx.info["emitted"] = True
        if fail:
            raise LookupError

    with pytest.raises(LookupError):
        await database.write(emit, fail=True)
    await database.write(put, words="nothing to tell")
    assert told == []
    await database.write(emit, fail=False)
    await database.write(put, words="nothing to tell")
    assert told == [1]


async def test_it_knows_its_dialect_and_is_ready(database: Database) -> None:
    assert database.dialect == await database.read(lambda tx: tx.dialect.name)
    await database.ready()


async def test_sqlite_survives_a_power_cut_and_keeps_foreign_keys(tmp_path: Path) -> None:
    database = SqliteDatabase(f"sqlite+aiosqlite:///{tmp_path}/deep/er/test.db")

    def pragmas(tx: Tx) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [tx.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]

    full = 2
    try:
        assert await database.write(pragmas) == ["wal", full, 1, 5000]
        assert await database.read(pragmas) == ["wal", full, 1, 5000]
    finally:
        await database.close()


async def test_on_sqlite_who_reads_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    database = SqliteDatabase(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    await database.write(metadata.create_all)
    inside, go_on = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        put(tx, words="slow")
        inside.set()
        assert go_on.wait(30)

    try:
        writing = asyncio.create_task(database.write(slow))
        assert await asyncio.to_thread(inside.wait, 30)
        assert await database.read(count) == 0
        go_on.set()
        await writing
        assert await database.read(count) == 1
    finally:
        await database.close()


async def test_on_sqlite_what_was_begun_is_done_before_it_closes(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    database = SqliteDatabase(url)
    await database.write(metadata.create_all)
    writes = [asyncio.ensure_future(database.write(put, words=str(number))) for number in range(20)]
    await asyncio.sleep(0)  # each has handed its unit to the thread
    await database.close()
    await asyncio.gather(*writes)
    again = SqliteDatabase(url)
    assert await again.read(count) == 20
    await again.close()


async def test_a_postgres_connection_that_died_is_an_outage_and_the_next_one_works(postgres_url: str) -> None:
    database, other = PostgresDatabase(postgres_url), PostgresDatabase(postgres_url)
    await database.write(metadata.create_all)
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> :me"

    def murder(tx: Tx) -> None:
        me = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
        tx.execute(text(kill), {"me": me})

    await other.write(murder)
    with pytest.raises(DBAPIError) as caught:
        await database.write(put, words="lost")
    assert is_outage(caught.value)
    assert await database.write(put, words="kept") is not None
    assert await database.read(count) == 1
    await database.close()
    await other.close()


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    ],
)
async def test_a_connection_that_dies_before_it_is_ready_is_an_outage(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The driver says so in its own words, and not in SQLAlchemy's."""
    monkeypatch.setattr(asyncpg.Connection, "set_type_codec", AsyncMock(side_effect=error))
    database = PostgresDatabase(postgres_url)
    with pytest.raises(type(error)) as caught:
        await database.ready()
    await database.close()
    assert is_outage(caught.value)
    assert answer_to(caught.value, {"type": "http", "state": {}}).status_code == 503


async def test_no_postgres_at_all_is_an_outage() -> None:
    database = open_database("postgresql+asyncpg://nobody@127.0.0.1:9/nothing")
    with pytest.raises(OSError) as caught:  # noqa: PT011 its words are the system's
        await database.ready()
    assert is_outage(caught.value)
    await database.close()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (b"XX000", b"could not write init file"),  # to each new connection, with a full disk
        (b"28P01", b"password authentication failed"),  # it is new, and this process will be started with it
    ],
)
async def test_a_postgres_that_lets_nobody_in_is_an_outage(state: bytes, words: bytes) -> None:

    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # may it be TLS?
        writer.write(b"N")
        await reader.read(1000)
        said = b"SFATAL\0VFATAL\0C" + state + b"\0M" + words + b"\0\0"
        writer.write(b"E" + (len(said) + 4).to_bytes(4) + said)
        writer.close()

    async with await asyncio.start_server(fail, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = PostgresDatabase(f"postgresql+asyncpg://somebody:x@127.0.0.1:{port}/nothing")
        with pytest.raises(DBAPIError, match=words.decode()) as caught:
            await database.ready()
        assert is_outage(caught.value)
        await database.close()


async def test_waiting_too_long_for_a_lock_is_an_outage(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostgresDatabase, "LIMITS", PostgresDatabase.LIMITS | {"lock_timeout": "50ms"})
    database = PostgresDatabase(postgres_url)
    await database.write(metadata.create_all)
    async with database._engine.begin() as holder:
        await holder.execute(text("LOCK TABLE notes"))
        with pytest.raises(DBAPIError) as caught:
            await database.write(put, words="never")
        assert is_outage(caught.value)
    assert await database.write(put, words="after") is not None
    await database.close()
