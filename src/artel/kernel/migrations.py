"""One service's Alembic history, run by `artel migrate` and, for the newcomer, by `artel run`."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from warnings import catch_warnings, filterwarnings

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from artel.kernel.database import sqlite_engine


def config(service: str, connection: Connection | None = None) -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", f"artel.{service}:migrations")
    alembic.attributes["connection"] = connection
    alembic.attributes["metadata"] = metadata(service)
    return alembic


def metadata(service: str) -> MetaData:
    tables = import_module(f"artel.{service}.tables").metadata
    assert isinstance(tables, MetaData)  # noqa: S101 every service keeps this name
    return tables


def migrate(service: str, url: str, revision: str = "head") -> None:
    """Bring the service's database to `revision`; on PostgreSQL one migrator at a time. Newer tables stay: they serve
    this program too, and so the release before may be put back with the same steps as it was left. OSError if it is a
    database that could not keep people's names."""
    _with_connection(url, lambda connection: _upgrade(service, connection, revision))


def check(service: str, url: str) -> None:
    """Raise where the tables in code and in the database differ."""
    with catch_warnings():
        filterwarnings("ignore", ".*expression-based index")  # which nobody can read back from SQLite
        _with_connection(url, lambda connection: command.check(config(service, connection)))


def require_tables(service: str, url: str) -> None:
    """ConnectionError, because it passes, if the program needs newer tables than there are. Tables of a newer program
    serve an older one too: what a migration takes away, no program of the release before may still use."""
    _with_connection(url, lambda connection: _require(service, connection))


def _require(service: str, connection: Connection) -> None:
    found, known, head = _revisions(service, connection)
    if found is None or found in known - {head}:
        raise ConnectionError(f"its tables are of revision {found or 'none'}: `artel migrate {service}` makes them new")


def _revisions(service: str, connection: Connection) -> tuple[str | None, set[str], str | None]:
    """What is found, what this program knows, and the newest of these."""
    script = ScriptDirectory.from_config(config(service))
    found = MigrationContext.configure(connection).get_current_revision()
    return found, {each.revision for each in script.walk_revisions()}, script.get_current_head()


def downgrade(service: str, url: str, revision: str = "base") -> None:
    _with_connection(url, lambda connection: command.downgrade(config(service, connection), revision))


def _upgrade(service: str, connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('artel.migrate'))"))
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        if wrong := unfit(connection):
            raise OSError(wrong)
    found, known, _ = _revisions(service, connection)
    if found is not None and found not in known:
        return
    command.upgrade(config(service, connection), revision)


def unfit(connection: Connection) -> str:
    """What is wrong with a PostgreSQL database whatever is in it. As Debian makes a server where no language is set,
    it takes Cyrillic in some columns and refuses it in others."""
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding == "UTF8":
        return ""
    return f"its encoding is {encoding}, and Artel needs UTF8: `artel databases` makes a database that has it"


def _with_connection(url: str, work: Callable[[Connection], None]) -> None:
    if make_url(url).get_backend_name() == "sqlite":
        path = Path(make_url(url).database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = sqlite_engine(str(path), "BEGIN IMMEDIATE", size=1)
        with engine.begin() as connection:
            work(connection)
        engine.dispose()
    else:
        asyncio.run(_on_postgres(url, work))


async def _on_postgres(url: str, work: Callable[[Connection], None]) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()


def run_env() -> None:
    """The body of every service's migrations/env.py."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=attributes["metadata"],
        render_as_batch=attributes["connection"].dialect.name == "sqlite",
    )
    context.run_migrations()
