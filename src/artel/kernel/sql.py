"""The few statements that SQLite and PostgreSQL share and SQLAlchemy has no common word for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Insert, String, Table, and_, bindparam, delete, func, insert, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from artel.kernel.database import Tx

Put = postgresql.Insert | sqlite.Insert
INSERTS: Mapping[str, Callable[[Table], Put]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def put_new(tx: Tx, table: Table, row: Mapping[str, Any]) -> bool:
    """True if the row is new, False if one with its key was there already (and stays)."""
    return tx.execute(_put_new(tx.dialect.name, table), row).rowcount == 1


def put_newest(tx: Tx, table: Table, row: Mapping[str, Any], version: str = "version", *ties: str) -> bool:
    """Put the row where none is or one of a lower version (the columns `ties` decide between equal ones);
    False if it came too late. Keeps the row locked, whichever it is."""
    return tx.execute(_put_newest(tx.dialect.name, table, tuple(row), (version, *ties)), row).rowcount == 1


def put_all(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each row where none with its key is or in that one's place. All have the same columns."""
    if rows:
        tx.execute(_put_all(tx.dialect.name, table, tuple(rows[0])), rows)


def insert_all(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        tx.execute(_insert(table), rows)


def delete_some(tx: Tx, table: Table, where: ColumnElement[bool], order: ColumnElement[Any], limit: int) -> int:
    """The first so many in this order, and how many it was. It waits for nobody: what another transaction holds is left
    for the next time, so that two who tidy up, or one and whoever changes several rows, never wait for each other."""
    keys = list(table.primary_key)
    free = select(*keys).where(where).order_by(order).limit(limit).with_for_update(skip_locked=True)
    gone = [tuple(row) for row in tx.execute(free)]
    if gone:
        tx.execute(delete(table).where(tuple_(*keys).in_(gone)))
    return len(gone)


# Made once each: to build a statement and to find what it was compiled to takes as long as to run it.


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


@cache
def _put_new(dialect: str, table: Table) -> Put:
    return INSERTS[dialect](table).on_conflict_do_nothing()


@cache
def _put_newest(dialect: str, table: Table, columns: Sequence[str], age: Sequence[str]) -> Put:
    put = INSERTS[dialect](table)
    newer = tuple_(*(put.excluded[name] for name in age)) > tuple_(*(table.c[name] for name in age))
    return put.on_conflict_do_update(**_in_place(put, table, columns), where=newer)


@cache
def _put_all(dialect: str, table: Table, columns: Sequence[str]) -> Put:
    put = INSERTS[dialect](table)
    return put.on_conflict_do_update(**_in_place(put, table, columns))


def _in_place(put: Put, table: Table, columns: Sequence[str]) -> dict[str, Any]:
    keys = [column.name for column in table.primary_key]
    return {"index_elements": keys, "set_": {name: put.excluded[name] for name in columns if name not in keys}}


NAMED = func.hashtextextended(bindparam("name", type_=String), 0)
LOCK, SHARE = select(func.pg_advisory_xact_lock(NAMED)), select(func.pg_advisory_xact_lock_shared(NAMED))


def lock(tx: Tx, name: str, *, shared: bool = False) -> None:
    """One transaction at a time under this name, or any number of those that share it; on SQLite there is only one
    writer anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(SHARE if shared else LOCK, {"name": name})


def try_lock(tx: Tx, name: str) -> bool:
    """The same without waiting: False if another transaction is under this name."""
    if tx.dialect.name == "postgresql":
        return bool(tx.execute(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))).scalar_one())
    return True


def older(at: ColumnElement[datetime], key: ColumnElement[str], seen: tuple[datetime, str]) -> ColumnElement[bool]:
    """What comes after `seen` in a list ordered by `at` and `key`, both descending."""
    return or_(at < seen[0], and_(at == seen[0], key < seen[1]))
