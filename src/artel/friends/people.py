"""Names as auth last told them, and the pairs in which changes between two people queue up."""

from sqlalchemy import and_, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from artel.friends.tables import blocks, pairs, people
from artel.kernel.database import Tx
from artel.kernel.gone import require_here, who_now
from artel.kernel.sql import put_new
from artel.kernel.token import Caller

SHOWN = (people.c.display_name, people.c.username, people.c.avatar_url)


def meet(tx: Tx, caller: Caller) -> None:
    """His name is in his token: he may be here before auth's word of him is, which then comes with a version."""
    row = {"id": caller.user_id, "display_name": caller.name[:64], "username": None, "avatar_url": None, "version": 0}
    put_new(tx, people, row)


def open_pair(tx: Tx, one_id: str, other_id: str) -> None:
    """From here to the end of the transaction nobody else changes anything between these two, who are both here."""
    require_here(tx, one_id, other_id)
    hold_pair(tx, one_id, other_id)


def open_pair_with(tx: Tx, caller_id: str, other_id: str) -> bool:
    """The same, of whomever the caller names: False if there is nobody, or somebody who has blocked him. The questions
    are the same whoever it is, so that not even their number tells."""
    found = tx.execute(select(people.c.id).where(people.c.id == other_id)).one_or_none()
    left = who_now(tx, (caller_id, other_id))
    hold_pair(tx, caller_id, other_id)
    blocked = has_blocked(tx, other_id, caller_id)
    return not (found is None or left or blocked)


def hold_pair(tx: Tx, one_id: str, other_id: str) -> None:
    low, high = sorted((one_id, other_id))
    put_new(tx, pairs, {"low_id": low, "high_id": high, "version": 0})
    tx.execute(select(pairs).where(_between(low, high)).with_for_update())


def next_version(tx: Tx, one_id: str, other_id: str) -> int:
    low, high = sorted((one_id, other_id))
    raised = update(pairs).where(_between(low, high)).values(version=pairs.c.version + 1)
    return int(tx.execute(raised.returning(pairs.c.version)).scalar_one())


def _between(low: str, high: str) -> ColumnElement[bool]:
    return and_(pairs.c.low_id == low, pairs.c.high_id == high)


def has_blocked(tx: Tx, user_id: str, other_id: str) -> bool:
    row = select(blocks).where(blocks.c.user_id == user_id, blocks.c.other_id == other_id)
    return tx.execute(row).one_or_none() is not None


def either_way(
    first: ColumnElement[str], second: ColumnElement[str], one_id: str, other_id: str
) -> ColumnElement[bool]:
    return or_(and_(first == one_id, second == other_id), and_(first == other_id, second == one_id))
