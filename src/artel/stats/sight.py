"""Who may see whom: oneself, one's friends and whoever one has shared an evening with, unless one blocks the other.
Money of others is for those who shared an evening. Each may let fewer see him, and nobody his money.

Whoever may not look gets the answer he would get if there were nobody: what is hidden has no name, no place in an order
and no line of its own.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, or_, select, union_all

from artel.kernel.database import Tx
from artel.kernel.errors import not_found
from artel.stats.tables import blocks, friendships, people, privacies, session_players


@dataclass(frozen=True)
class Sight:
    """Of the people asked about: whose figures the caller may see, and whose money; and who keeps his money to himself,
    whoever was at his table."""

    known: frozenset[str]
    moneyed: frozenset[str]
    discreet: frozenset[str]


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


def closed_to(user_id: str) -> Select[tuple[str]]:
    """Whoever lets this one see nothing of what he has played."""
    return _privacies(user_id, _closed(user_id))


def discreet_to(user_id: str) -> Select[tuple[str]]:
    """Whoever lets this one see no money."""
    return _privacies(user_id, or_(privacies.c.hide_money, _closed(user_id)))


def _closed(user_id: str) -> ColumnElement[bool]:
    for_friends = and_(privacies.c.figures == "friends", privacies.c.user_id.not_in(friends_of(user_id)))
    return or_(privacies.c.figures == "nobody", for_friends)


def _privacies(user_id: str, closed: ColumnElement[bool]) -> Select[tuple[str]]:
    return select(privacies.c.user_id.label("id")).where(privacies.c.user_id != user_id, closed)


def sight(tx: Tx, caller_id: str, user_ids: Collection[str]) -> Sight:
    asked = set(user_ids) - {caller_id}
    friends, companions, blocked, closed, discreet = (
        _among(tx, found(caller_id), asked)
        for found in (friends_of, companions_of, blocked_for, closed_to, discreet_to)
    )
    me = {caller_id} & set(user_ids)
    known, moneyed = (friends | companions) - blocked - closed, companions - blocked - discreet
    return Sight(frozenset(known | me), frozenset(moneyed | me), frozenset(discreet))


def _among(tx: Tx, found: Select[tuple[str]], asked: Collection[str]) -> set[str]:
    one = found.subquery()
    return set(tx.execute(select(one.c[0]).where(one.c[0].in_(asked))).scalars()) if asked else set()


def look_at(tx: Tx, caller_id: str, *user_ids: str) -> Sight:
    """404 unless the caller may see the figures of all of them."""
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
