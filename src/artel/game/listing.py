"""My sessions. What a long evening adds up to is kept beside its log, as long as it is still true."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from artel.game.meta import Head, heads
from artel.game.moments import read
from artel.game.owners import Owners
from artel.game.sessions import mine
from artel.game.sheet import Sheet
from artel.game.tables import summaries
from artel.game.views import summary_json
from artel.kernel.database import Database, Tx
from artel.kernel.errors import Problem
from artel.kernel.events import now
from artel.kernel.http import Paging
from artel.kernel.sql import put_newest

Found = tuple[Sequence[Any], dict[str, Head], dict[str, Any]]


async def list_mine(database: Database, owners: Owners, user_id: str, state: str | None, paging: Paging) -> bytes:
    rows, known, kept = await database.read(_find, user_id, state, paging.limit + 1, paging.moment_and_id())
    page = paging.page(rows, lambda row: [row.created_at.isoformat(), row.id])
    found = [await _item(owners, user_id, row.id, known[row.id], kept.get(row.id)) for row in page.items]
    return orjson.dumps({"items": [item for item in found if item], "next_cursor": page.next_cursor})


def _find(tx: Tx, user_id: str, state: str | None, limit: int, after: tuple[datetime, str] | None) -> Found:
    rows = mine(tx, user_id, state, limit, after)
    ids = [row.id for row in rows]
    kept = tx.execute(select(summaries).where(summaries.c.session_id.in_(ids)))
    return rows, heads(tx, ids), {row.session_id: row for row in kept}


async def _item(owners: Owners, user_id: str, session_id: str, head: Head, kept: Any) -> dict[str, Any] | None:
    """None if it is no longer his to see."""
    if kept and (kept.version, kept.stamp) == head[:2]:
        item: dict[str, Any] = orjson.loads(kept.body)
        if read(item.pop("code_until")) <= now():
            item["code"] = None
        return {**item, "epoch": head.epoch}
    try:
        return await owners.show(session_id, user_id, summary_json)
    except Problem as problem:
        if problem.status != 404:
            raise
        return None


def keep_summaries(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        put_newest(tx, summaries, row, "version", "stamp")


def summary_row(sheet: Sheet) -> dict[str, Any]:
    body = orjson.dumps({**summary_json(sheet), "code_until": sheet.code_until().isoformat()})
    return {
        "session_id": sheet.meta.id,
        "version": sheet.version,
        "stamp": sheet.meta.stamp,
        "body": body.decode(),
    }
