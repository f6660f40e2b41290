"""The log's way to disk: one multi-row insert a commit, in a thread (SQLite) or on a connection of its own."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from artel.kernel.database import Database, Tx

ADDRESS = {"host": "host", "port": "port", "user": "username", "password": "password", "database": "database"}


class Row(NamedTuple):
    """`state` is the session's new state where the event changed it, else None."""

    session_id: str
    version: int
    id: str
    body: str
    announce: str | None
    state: str | None


class Fenced(Exception):  # noqa: N818 it is what the key of the log is for
    """Another process has written one of these versions; nothing of this was."""


class Log(Protocol):
    async def append(self, rows: Sequence[Row]) -> None:
        """All or nothing, on disk when it returns. Fenced: nothing was written. Any other error: nobody knows."""

    async def close(self) -> None: ...


def open_log(database: Database) -> Log:
    return PostgresLog(database.url) if database.dialect == "postgresql" else SqliteLog(database)


# A code dies at the finish, and an undone finish does not bring it back.
STATE = """
    UPDATE sessions SET state = {}, stamp = stamp + 1, code = CASE {} WHEN 'finished' THEN NULL ELSE code END
    WHERE id = {}
"""


class SqliteLog:
    INSERT = "INSERT INTO events (session_id, version, id, body, announce, xid) VALUES (?, ?, ?, ?, ?, ?)"
    # The index holds announced rows only, which are the only ones that anybody reads in this order.
    NEXT = "SELECT coalesce(max(xid), 0) + 1 FROM events WHERE announce IS NOT NULL"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, rows: Sequence[Row]) -> None:
        try:
            await self._database.write(self._insert, rows)
        except IntegrityError as error:
            raise Fenced from error

    def _insert(self, tx: Tx, rows: Sequence[Row]) -> None:
        told = any(row.announce for row in rows)
        xid = tx.exec_driver_sql(self.NEXT).scalar_one() if told else 0
        tx.exec_driver_sql(self.INSERT, [(*row[:5], xid) for row in rows])
        for row in rows:
            if row.state:
                tx.exec_driver_sql(STATE.format("?", "?", "?"), (row.state, row.state, row.session_id))

    async def close(self) -> None:
        """The database is its service's to close."""


class PostgresLog:
    INSERT = """
        INSERT INTO events (session_id, version, id, body, announce, xid)
        SELECT *, pg_current_xact_id()::text::bigint
        FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[])
    """
    SETTINGS: ClassVar = {"application_name": "artel-log", "synchronous_commit": "on", "lock_timeout": "4s"}
    SECONDS = 5

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._connection: asyncpg.Connection[Any] | None = None

    async def append(self, rows: Sequence[Row]) -> None:
        connection = await self._connected()
        try:
            await self._insert(connection, rows)
        except asyncpg.UniqueViolationError as error:
            raise Fenced from error
        except BaseException:
            connection.terminate()
            self._connection = None
            raise

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None:
            self._connection = await self._connect()
        elif self._connection.is_closed():
            self._connection = await self._connect()
            # It was lost while nobody wrote: behind the address may stand another server, with less than was safe.
            raise ConnectionResetError("the connection to the log was lost; it is there again")
        return self._connection

    async def _insert(self, connection: "asyncpg.Connection[Any]", rows: Sequence[Row]) -> None:
        columns = list(zip(*rows, strict=True))
        changed = [row for row in rows if row.state]
        if not changed:
            await connection.execute(self.INSERT, *columns[:5], timeout=self.SECONDS)
            return
        async with connection.transaction():
            await connection.execute(self.INSERT, *columns[:5], timeout=self.SECONDS)
            for row in changed:
                await connection.execute(STATE.format("$1::text", "$1::text", "$2::text"), row.state, row.session_id)

    async def _connect(self) -> "asyncpg.Connection[Any]":
        address = {key: getattr(self._url, name) for key, name in ADDRESS.items()}
        made = await asyncpg.connect(**address, timeout=self.SECONDS, server_settings=self.SETTINGS)
        assert isinstance(made, asyncpg.Connection)  # noqa: S101 the stubs do not say
        return made

    async def close(self) -> None:
        if self._connection:
            await self._connection.close(timeout=self.SECONDS)
