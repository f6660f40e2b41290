"""Who may see whom: oneself, one's friends and whoever one has shared an evening with, unless one blocks the other.
Money of others is for those who shared an evening."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, select, union_all

from artel.kernel.database import Tx
from artel.kernel.errors import not_found
from artel.stats.tables import blocks, friendships, people, session_players


@dataclass(frozen=True)
class Sight:
    """Of the people asked about: whom the caller may know, and whose money he may see."""

    known: frozenset[str]
    moneyed: frozenset[str]


def friends_of(user_id: str) -> Select[tuple[str]]:
    low, high = friendships.c.low_id, friendships.c.high_id
    sides = union_all(
        select(high.label("id")).where(low == user_id, friendships.c.friends),
        select(low.label("id")).where(high == user_id, friendships.c.friends),
    ).subquery()
    return select(sides.c.id)


def companions_of(user_id: str) -> Select[tuple[str]]:
    """Users of the evenings this one was in, himself too."""
    there = select(session_players.c.session_id).where(session_players.c.user_id == user_id)
    found = select(session_players.c.user_id).distinct()
    return found.where(session_players.c.session_id.in_(there), session_players.c.user_id.is_not(None))


def blocked_for(user_id: str) -> Select[tuple[str]]:
    """Whoever blocks or is blocked by this one."""
    sides = union_all(
        select(blocks.c.other_id.label("id")).where(blocks.c.user_id == user_id, blocks.c.blocked),
        select(blocks.c.user_id.label("id")).where(blocks.c.other_id == user_id, blocks.c.blocked),
    ).subquery()
    return select(sides.c.id)


def sight(tx: Tx, caller_id: str, user_ids: Collection[str]) -> Sight:
    asked = set(user_ids) - {caller_id}
    friends, companions, blocked = (
        _among(tx, found, asked) for found in (friends_of(caller_id), companions_of(caller_id), blocked_for(caller_id))
    )
    me = {caller_id} & set(user_ids)
    return Sight(frozenset((friends | companions) - blocked | me), frozenset(companions - blocked | me))


def _among(tx: Tx, found: Select[tuple[str]], asked: Collection[str]) -> set[str]:
    one = found.subquery()
    return set(tx.execute(select(one.c[0]).where(one.c[0].in_(asked))).scalars()) if asked else set()


def look_at(tx: Tx, caller_id: str, *user_ids: str) -> Sight:
    """404 unless the caller may know all of them."""
    seen = sight(tx, caller_id, user_ids)
    if not seen.known.issuperset(user_ids):
        raise not_found()
    return seen


def names(tx: Tx, user_ids: Collection[str]) -> dict[str, str]:
    """Whose registration has not arrived yet is called as auth would call somebody without a name."""
    found = select(people.c.id, people.c.display_name).where(people.c.id.in_(user_ids))
    return dict.fromkeys(user_ids, "Игрок") | {row.id: row.display_name for row in tx.execute(found)}


def was_there(tx: Tx, user_id: str, session_ids: Collection[str]) -> set[str]:
    found = select(session_players.c.session_id).where(
        session_players.c.user_id == user_id, session_players.c.session_id.in_(session_ids)
    )
    return set(tx.execute(found).scalars())
