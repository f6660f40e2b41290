"""The few statements that SQLite and PostgreSQL share and SQLAlchemy has no common word for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from artel.kernel.database import Tx


def put_new(tx: Tx, table: Table, row: Mapping[str, Any]) -> bool:
    """True if the row is new, False if one with its key was there already (and stays)."""
    dialect_insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    return tx.execute(dialect_insert(table).values(**row).on_conflict_do_nothing()).rowcount == 1


def put_newest(tx: Tx, table: Table, row: Mapping[str, Any], version: str = "version", *ties: str) -> bool:
    """Put the row where none is or one of a lower version (the columns `ties` decide between equal ones);
    False if it came too late. Keeps the row locked."""
    dialect_insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    put = dialect_insert(table).values(**row)
    keys, age = [column.name for column in table.primary_key], (version, *ties)
    newer = put.on_conflict_do_update(
        index_elements=keys,
        set_={name: put.excluded[name] for name in row if name not in keys},
        where=tuple_(*(put.excluded[name] for name in age)) > tuple_(*(table.c[name] for name in age)),
    )
    return tx.execute(newer).rowcount == 1


def lock(tx: Tx, name: str) -> None:
    """One transaction at a time under this name; on SQLite there is only one writer anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def try_lock(tx: Tx, name: str) -> bool:
    """The same without waiting: False if another transaction is under this name."""
    if tx.dialect.name == "postgresql":
        return bool(tx.execute(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))).scalar_one())
    return True


def older(at: ColumnElement[datetime], key: ColumnElement[str], seen: tuple[datetime, str]) -> ColumnElement[bool]:
    """What comes after `seen` in a list ordered by `at` and `key`, both descending."""
    return or_(at < seen[0], and_(at == seen[0], key < seen[1]))
