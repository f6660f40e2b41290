"""Users who are no more: each follower keeps who they are now, for what names them late.

What a user's end changes, and whatever writes a user's id somewhere, are one after the other: under one lock, which all
who write share, and whoever follows an end has alone. So nothing that was under way is missed.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Column, MetaData, String, Table, bindparam, select, update

from artel.kernel.database import Tx
from artel.kernel.errors import not_found
from artel.kernel.sql import lock, put_new


def add_tables(metadata: MetaData) -> None:
    Table(
        "gone",
        metadata,
        Column("user_id", String(36), primary_key=True),
        Column("into_id", String(36), index=True),  # null: deleted
    )


_own = MetaData()
add_tables(_own)
gone = _own.tables["gone"]
LOCK = "gone"
KNOWN = select(gone.c.user_id, gone.c.into_id).where(gone.c.user_id.in_(bindparam("users", expanding=True)))


def note(tx: Tx, user_id: str, into_id: str | None) -> bool:
    """False: it is known. Of whoever goes after another went into him, both are noted as the last one."""
    lock(tx, LOCK)
    if into_id is not None:
        into_id = known(tx, [into_id]).get(into_id, into_id)
    if not put_new(tx, gone, {"user_id": user_id, "into_id": into_id}):
        return False
    tx.execute(update(gone).where(gone.c.into_id == user_id).values(into_id=into_id))
    return True


def who_now(tx: Tx, user_ids: Iterable[str]) -> dict[str, str | None]:
    """Of those of them who are gone, who they are now; None: nobody. It stays so to the end of the transaction."""
    lock(tx, LOCK, shared=True)
    return known(tx, user_ids)


def require_here(tx: Tx, *user_ids: str) -> None:
    if who_now(tx, user_ids):
        raise not_found()


def known(tx: Tx, user_ids: Iterable[str]) -> dict[str, str | None]:
    """The same for whoever only reads."""
    return {row.user_id: row.into_id for row in tx.execute(KNOWN, {"users": list(user_ids)})}


def as_now(users: Mapping[str, str | None], left: Mapping[str, str | None]) -> dict[str, str | None]:
    """Who is who by now in a place where nobody is twice: who would be there twice is nobody the second time."""
    there = {user for user in users.values() if user and user not in left}
    now: dict[str, str | None] = {}
    for key, user in users.items():
        if user is not None and user in left:
            into = left[user]
            now[key] = None if into in there else into
            there |= {into} if into else set()
        else:
            now[key] = user
    return now


def formerly(tx: Tx, user_ids: Iterable[str]) -> dict[str, str]:
    """Whoever became one of these, and which."""
    found = select(gone.c.user_id, gone.c.into_id).where(gone.c.into_id.in_(list(user_ids)))
    return {row.user_id: row.into_id for row in tx.execute(found)}
