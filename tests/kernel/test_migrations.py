"""Every service's history of tables runs up, fits the code, and runs down again, on both databases."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

from artel.compose import SERVICES
from artel.kernel.migrations import _with_connection, check, downgrade, metadata, migrate, require_tables
from tidy import databases


def tables(url: str) -> set[str]:
    found: set[str] = set()

    def look(connection: Connection) -> None:
        found.update(inspect(connection).get_table_names())

    _with_connection(url, look)
    return found - {"alembic_version"}


@pytest.mark.parametrize("service", SERVICES)
def test_up_and_down_and_up_again(service: str, database_url: str) -> None:
    assert tables(database_url) == set()
    migrate(service, database_url)
    assert tables(database_url) == set(metadata(service).tables)
    check(service, database_url)
    migrate(service, database_url)  # nothing to do is no error
    downgrade(service, database_url)
    assert tables(database_url) == set()
    migrate(service, database_url)
    check(service, database_url)


def test_tables_of_a_newer_release_stay_as_they_are(database_url: str) -> None:
    """A release that is put back finds them: its own step before the start must not fail on them."""
    migrate("stats", database_url)

    def expand(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE games ADD COLUMN of_the_next_release VARCHAR(8)"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_the_next_release'"))

    found: set[str] = set()
    _with_connection(database_url, expand)
    migrate("stats", database_url)
    require_tables("stats", database_url)
    _with_connection(
        database_url, lambda tx: found.update(column["name"] for column in inspect(tx).get_columns("games"))
    )
    assert "of_the_next_release" in found


@pytest.mark.parametrize("service", SERVICES)
def test_it_has_an_outbox_and_an_inbox(service: str) -> None:
    assert {"outbox", "inbox"} <= set(metadata(service).tables) or service == "game"
    assert "inbox" in metadata(service).tables


def test_on_postgres_many_may_start_at_once_and_one_migrates(postgres_url: str) -> None:
    together = threading.Barrier(4)

    def start(_: int) -> None:
        together.wait(30)
        migrate("auth", postgres_url)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(start, range(4)))
    check("auth", postgres_url)


def test_a_database_that_cannot_keep_names_is_refused_before_anything_is_made(postgres_url: str) -> None:
    server = make_url(postgres_url)
    name = f"{server.database}_ascii"
    ascii_only = server.set(database=name).render_as_string(hide_password=False)
    with databases(postgres_url, name, how="TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"):
        with pytest.raises(OSError, match="its encoding is SQL_ASCII, and Artel needs UTF8: `artel databases`"):
            migrate("game", ascii_only)
        assert tables(ascii_only) == set()


async def test_it_may_be_called_beside_a_running_loop(postgres_url: str) -> None:
    await asyncio.to_thread(migrate, "auth", postgres_url)
    await asyncio.to_thread(check, "auth", postgres_url)
