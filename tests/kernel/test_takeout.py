"""Pages that are small, in pieces that make whole files when they are put together in order."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, String, Table, insert, select

from artel.kernel import takeout
from artel.kernel.database import Tx, open_database
from artel.kernel.takeout import Rows, page

notes = Table(
    "notes",
    MetaData(),
    Column("owner", String(36), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("text", String),
)


def _notes(owner: str) -> Select[Any]:
    return select(notes.c.owner, notes.c.number, notes.c.text).where(notes.c.owner == owner)


def _even(owner: str) -> Select[Any]:
    return _notes(owner).where(notes.c.number % 2 == 0)


KEY = [notes.c.owner, notes.c.number]
CHAPTERS = (Rows("all.json", _notes, KEY), Rows("even.json", _even, KEY, lambda row, _: {"number": row.number}))


def written(tx: Tx, count: int) -> None:
    notes.create(tx)
    rows = [{"owner": owner, "number": n, "text": "ж" * n} for owner in ("anya", "boris") for n in range(count)]
    if rows:
        tx.execute(insert(notes), rows)


def book(tx: Tx, owner: str) -> tuple[dict[str, Any], list[int]]:
    """The files, and how long each page was."""
    files: dict[str, str] = defaultdict(str)
    sizes, after = [], None
    while True:
        pieces, after = page(tx, CHAPTERS, owner, after)
        sizes.append(sum(len(piece.text.encode()) for piece in pieces))
        for piece in pieces:
            files[piece.file] += piece.text
        if after is None:
            return {name: json.loads(text) for name, text in files.items()}, sizes


@pytest.fixture
def work(database_url: str) -> Callable[[int], Any]:
    async def told(count: int) -> Any:
        database = open_database(database_url.format(service="notes"))
        try:
            await database.write(written, count)
            return await database.read(book, "anya")
        finally:
            await database.close()

    return told


@pytest.mark.parametrize("room", [1, 500, 10**6])
@pytest.mark.parametrize("count", [0, 1, 7, 300])
async def test_all_of_it_and_only_his(
    work: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch, count: int, room: int
) -> None:
    monkeypatch.setattr(takeout, "PAGE_BYTES", room)
    monkeypatch.setattr(takeout, "AT_ONCE", 7)
    files, sizes = await work(count)
    expected: Sequence[Any] = [{"owner": "anya", "number": n, "text": "ж" * n} for n in range(count)]
    assert files == {"all.json": expected, "even.json": [{"number": n} for n in range(0, count, 2)]}
    assert max(sizes) <= room + 700, "a page and one row"
    assert len(sizes) <= {1: 2 + count * 2, 500: 2 + count, 10**6: 1}[room]
