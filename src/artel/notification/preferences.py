from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import bindparam, false, select, update

from artel.kernel.database import Tx
from artel.kernel.gone import require_here
from artel.kernel.sql import put_new
from artel.notification.news import KINDS, Kind
from artel.notification.tables import preferences

OFF = select(preferences.c.user_id).where(
    preferences.c.user_id.in_(bindparam("users", expanding=True)),
    preferences.c.kind == bindparam("kind"),
    preferences.c.enabled == false(),
)


ALWAYS: Final[frozenset[Kind]] = frozenset({"identity_changed", "deletion_asked"})
"""Whoever comes in by a way of his own must not be able to keep it from the owner."""


def who_wants(tx: Tx, kind: Kind, user_ids: Collection[str]) -> set[str]:
    if kind in ALWAYS:
        return set(user_ids)
    return set(user_ids).difference(tx.execute(OFF, {"users": list(user_ids), "kind": kind}).scalars())


def kinds_of(tx: Tx, user_id: str) -> dict[Kind, bool]:
    rows = tx.execute(select(preferences.c.kind, preferences.c.enabled).where(preferences.c.user_id == user_id))
    chosen = {row.kind: row.enabled for row in rows}
    return {kind: chosen.get(kind, True) for kind in KINDS}


def choose(tx: Tx, user_id: str, kinds: Mapping[Kind, bool]) -> dict[Kind, bool]:
    require_here(tx, user_id)
    for kind, enabled in sorted(kinds.items()):
        row = {"user_id": user_id, "kind": kind, "enabled": enabled}
        if not put_new(tx, preferences, row):
            mine = update(preferences).where(preferences.c.user_id == user_id, preferences.c.kind == kind)
            tx.execute(mine.values(enabled=enabled))
    return kinds_of(tx, user_id)
