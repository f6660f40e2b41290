"""The shared statements mean the same on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from sqlalchemy.util.concurrency import await_only

from artel.kernel.database import Database, Tx, open_database
from artel.kernel.sql import delete_some, insert_all, put_all, put_new, put_newest

metadata = MetaData()
facts = Table(
    "facts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("stamp", Integer, nullable=False),
    Column("words", String(50)),
)


def fact(key: int, version: int, words: str | None, stamp: int = 0) -> dict[str, Any]:
    return {"id": key, "version": version, "stamp": stamp, "words": words}


def told(tx: Tx) -> Sequence[tuple[int, int, str | None]]:
    found = tx.execute(select(facts).order_by(facts.c.id)).all()
    return [(row.id, row.version, row.words) for row in found]


async def test_what_is_there_stays(database: Database) -> None:
    assert await database.write(put_new, facts, fact(1, 1, "first"))
    assert not await database.write(put_new, facts, fact(1, 2, "second"))
    assert await database.read(told) == [(1, 1, "first")]


async def test_the_newest_holds(database: Database) -> None:
    for version, new in ((2, True), (1, False), (2, False), (3, True)):
        assert await database.write(put_newest, facts, fact(1, version, f"{version}")) is new
    assert await database.read(told) == [(1, 3, "3")]


async def test_of_one_version_the_tie_decides(database: Database) -> None:
    for stamp, new in ((5, True), (4, False), (6, True)):
        row = fact(1, 1, f"{stamp}", stamp)
        assert await database.write(put_newest, facts, row, "version", "stamp") is new
    assert not await database.write(put_newest, facts, fact(1, 1, "7", 7))  # where nobody asks for the tie
    assert await database.read(told) == [(1, 1, "6")]


async def test_only_the_columns_that_are_given_change(database: Database) -> None:
    await database.write(put_newest, facts, fact(1, 1, "kept"))
    assert await database.write(put_newest, facts, {"id": 1, "version": 2, "stamp": 0})
    assert await database.write(put_newest, facts, {"stamp": 9, "id": 1, "version": 3})
    assert await database.read(told) == [(1, 3, "kept")]


async def test_many_at_once(database: Database) -> None:
    await database.write(insert_all, facts, [fact(1, 1, "old"), fact(2, 1, "stays")])
    await database.write(put_all, facts, [fact(1, 0, "new"), fact(3, 1, None)])
    for nothing in (insert_all, put_all):
        await database.write(nothing, facts, [])
    assert await database.read(told) == [(1, 0, "new"), (2, 1, "stays"), (3, 1, None)]


async def test_some_are_deleted_the_oldest_first(database: Database) -> None:
    await database.write(insert_all, facts, [fact(number, number, "") for number in (3, 1, 4, 2)])
    for expected in (2, 1, 0):
        assert await database.write(delete_some, facts, facts.c.version < 4, facts.c.version, 2) == expected
    assert await database.read(told) == [(4, 4, "")]


async def test_what_somebody_holds_is_not_waited_for(postgres_url: str) -> None:
    database, stranger = open_database(postgres_url), open_database(postgres_url)

    def meanwhile(tx: Tx) -> int:
        tx.execute(select(facts.c.id).where(facts.c.id == 1).with_for_update())
        gone: int = await_only(stranger.write(delete_some, facts, facts.c.version < 9, facts.c.version, 5))
        return gone

    await database.write(metadata.create_all)
    await database.write(insert_all, facts, [fact(1, 1, "held"), fact(2, 2, "free")])
    assert await database.write(meanwhile) == 1
    assert await database.read(told) == [(1, 1, "held")]
    for each in (database, stranger):
        await each.close()


@pytest.mark.parametrize("version", [1, 3])
async def test_a_row_that_was_put_or_came_too_late_is_locked(postgres_url: str, version: int) -> None:
    """SQLite has one writer, who needs no lock."""
    free = select(facts.c.id).order_by(facts.c.id).with_for_update(skip_locked=True)
    database, stranger = open_database(postgres_url), open_database(postgres_url)

    def left_to_others(tx: Tx) -> Sequence[int]:
        put_newest(tx, facts, fact(1, version, "mine"))
        found: Sequence[int] = await_only(stranger.write(lambda theirs: theirs.execute(free).scalars().all()))
        return found

    await database.write(metadata.create_all)
    await database.write(insert_all, facts, [fact(1, 2, "known"), fact(2, 2, "another's")])
    assert await database.write(left_to_others) == [2]
    assert await stranger.write(lambda tx: tx.execute(free).scalars().all()) == [1, 2]
    for each in (database, stranger):
        await each.close()
