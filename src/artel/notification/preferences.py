from collections.abc import Mapping

from sqlalchemy import select, update

from artel.kernel.database import Tx
from artel.kernel.sql import put_new
from artel.notification.news import KINDS, Kind
from artel.notification.tables import preferences


def wants(tx: Tx, user_id: str, kind: Kind) -> bool:
    chosen = select(preferences.c.enabled).where(preferences.c.user_id == user_id, preferences.c.kind == kind)
    return tx.execute(chosen).scalar_one_or_none() is not False


def kinds_of(tx: Tx, user_id: str) -> dict[Kind, bool]:
    rows = tx.execute(select(preferences.c.kind, preferences.c.enabled).where(preferences.c.user_id == user_id))
    chosen = {row.kind: row.enabled for row in rows}
    return {kind: chosen.get(kind, True) for kind in KINDS}


def choose(tx: Tx, user_id: str, kinds: Mapping[Kind, bool]) -> dict[Kind, bool]:
    for kind, enabled in sorted(kinds.items()):
        row = {"user_id": user_id, "kind": kind, "enabled": enabled}
        if not put_new(tx, preferences, row):
            mine = update(preferences).where(preferences.c.user_id == user_id, preferences.c.kind == kind)
            tx.execute(mine.values(enabled=enabled))
    return kinds_of(tx, user_id)
