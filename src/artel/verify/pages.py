"""Tables a page at a time, so that memory does not grow with them."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from sqlalchemy import Column, Table, and_, or_, select

from artel.kernel.database import Database, Tx

SIZE = 500

Key = Sequence[Any]


async def pages(database: Database, *columns: Column[Any], size: int = SIZE) -> AsyncIterator[list[Any]]:
    """Each different value of the columns once, in their order; of one column the values themselves."""
    last: Key | None = None
    while rows := await database.read(_page, columns, last, size):
        yield [row[0] for row in rows] if len(columns) == 1 else rows
        last = rows[-1]


def _page(tx: Tx, columns: Sequence[Column[Any]], last: Key | None, size: int) -> list[Any]:
    found = select(*columns).distinct().order_by(*columns).limit(size)
    if last is not None:
        found = found.where(after(columns, last))
    return [tuple(row) for row in tx.execute(found)]


def after(columns: Sequence[Column[Any]], last: Key) -> Any:
    """Behind `last` in the order of the columns."""
    ways = [
        and_(*(columns[before] == last[before] for before in range(at)), column > last[at])
        for at, column in enumerate(columns)
    ]
    return or_(*ways)


def rows_of(table: Table, column: Column[Any]) -> Callable[[Tx, Sequence[Any]], list[dict[str, Any]]]:
    """A unit of work: the rows with these values of the column."""

    def read(tx: Tx, values: Sequence[Any]) -> list[dict[str, Any]]:
        return [dict(row) for row in tx.execute(select(table).where(column.in_(values))).mappings()]

    return read
