"""A service waits for what is not there, and says so once."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from artel.compose import SERVICES
from artel.kernel.database import Tx, open_database
from artel.kernel.migrations import downgrade, migrate, require_tables
from artel.kernel.settings import Settings
from artel.kernel.waiting import wait_for, wait_for_all


async def test_it_tells_when_the_reason_changes_and_when_it_is_there() -> None:
    reasons = iter(["nobody there", "nobody there", "wrong password", "wrong password", ""])

    async def look() -> None:
        if reason := next(reasons):
            raise ConnectionError(reason)

    with capture_logs() as said:
        await wait_for("the bus", look, first_pause=0)
    assert [(line["event"], line.get("why")) for line in said] == [
        ("waiting", "nobody there"),
        ("waiting", "wrong password"),
        ("it is there", None),
    ]


async def test_who_does_not_say_why_he_is_not_there_is_waited_for_too() -> None:
    answers = iter([TimeoutError(), None])

    async def look() -> None:
        if error := next(answers):
            raise error

    with capture_logs() as said:
        await wait_for("the bus", look, first_pause=0)
    assert [line.get("why") for line in said] == ["TimeoutError()", None]


async def test_it_says_nothing_where_all_is_there(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    for name in SERVICES:
        await asyncio.to_thread(migrate, name, settings.database(name))
    with capture_logs() as said:
        await wait_for_all(settings, SERVICES)
    assert said == []


async def test_a_mistake_of_ours_is_not_waited_for() -> None:
    async def look() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await wait_for("the bus", look)


@pytest.mark.parametrize("service", SERVICES)
def test_tables_that_are_older_than_the_program(service: str, database_url: str) -> None:
    url = database_url.replace("{service}", service)
    with pytest.raises(ConnectionError, match=f"revision none: `artel migrate {service}`"):
        require_tables(service, url)
    migrate(service, url)
    require_tables(service, url)
    downgrade(service, url)
    with pytest.raises(ConnectionError, match="revision none"):
        require_tables(service, url)


def _of_tomorrow(tx: Tx) -> None:
    tx.execute(text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))


async def test_tables_that_are_newer_than_the_program_serve_it(database_url: str) -> None:
    url = database_url.replace("{service}", "stats")
    await asyncio.to_thread(migrate, "stats", url)
    database = open_database(url)
    await database.write(_of_tomorrow)
    await database.close()
    await asyncio.to_thread(require_tables, "stats", url)
