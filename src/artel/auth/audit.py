"""What happened around signing in: a row for whoever has to find out, and a number for whoever watches."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple

from prometheus_client import Counter
from sqlalchemy import Row, insert, select, update

from artel.auth.tables import audit
from artel.kernel.database import Tx
from artel.kernel.events import new_id, now
from artel.kernel.sql import delete_some

Kind = Literal[
    "signed_in",
    "refused",
    "refresh_reused",
    "signed_out",
    "signed_out_everywhere",
    "linked",
    "unlinked",
    "blocked",
    "unblocked",
    "merged",
    "deletion_asked",
    "deletion_taken_back",
    "deleted",
    "export_requested",
    "export_fetched",
]
KEPT = timedelta(days=400)
counted = Counter("artel_auth_events", "what happened around signing in", ["service", "kind", "code"])


class Where(NamedTuple):
    """From where somebody asks."""

    address: str
    user_agent: str


NOWHERE = Where("", "")


def count(kind: Kind, code: str = "") -> None:
    counted.labels("auth", kind, code).inc()


def note(
    tx: Tx, where: Where, kind: Kind, code: str = "", *, user_id: str | None = None, by_id: str | None = None
) -> None:
    """`code`: by which provider, or why it was refused."""
    count(kind, code)
    row = {"id": new_id(), "at": now(), "kind": kind, "code": code, "user_id": user_id, "by_id": by_id}
    tx.execute(insert(audit).values(**row, **where._asdict()))


def sweep(tx: Tx, limit: int) -> int:
    """The oldest, once nobody may want to know any more; how many."""
    return delete_some(tx, audit, audit.c.at < now() - KEPT, audit.c.at, limit)


def forget(tx: Tx, user_ids: Collection[str]) -> None:
    """From where they came; that they did stays."""
    tx.execute(update(audit).where(audit.c.user_id.in_(user_ids)).values(**NOWHERE._asdict()))


def noted(
    tx: Tx, kind: str | None, user_id: str | None, limit: int, before: Sequence[Any] | None
) -> Sequence[Row[Any]]:
    """The newest first; of one kind, about one user, before an id, if these are given."""
    found = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if kind:
        found = found.where(audit.c.kind == kind)
    if user_id:
        found = found.where(audit.c.user_id == user_id)
    if before:
        found = found.where(audit.c.id < str(before[0]))
    return tx.execute(found).all()
