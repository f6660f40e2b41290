"""Who is found by what one knows of him."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from artel.auth.people import HERE, User
from artel.auth.tables import identities, users
from artel.kernel.database import Tx


def find(tx: Tx, query: str, caller_id: str, limit: int, after: Sequence[Any] | None) -> Sequence[User]:
    """Whose name or username begins with `query`, whatever the case, if he lets himself be found; not the caller
    himself."""
    others = and_(users.c.id != caller_id, users.c.found_by == "everybody")
    return _page(tx, and_(_called(_word(query)), others), limit, after)


def find_any(tx: Tx, query: str, limit: int, after: Sequence[Any] | None) -> Sequence[User]:
    """For an admin: everybody who is called so, or has this id, or had it before a merge, or has this number in
    Telegram."""
    word = _word(query)
    merged = select(users.c.merged_into).where(users.c.id == word)
    in_telegram = and_(identities.c.provider == "telegram", identities.c.subject == word)
    known = users.c.id.in_(select(identities.c.user_id).where(in_telegram))
    return _page(tx, or_(_called(word), users.c.id == word, users.c.id.in_(merged), known), limit, after)


def ways_of(tx: Tx, users: Sequence[User]) -> dict[str, tuple[list[str], list[int]]]:
    """By which providers each of them may sign in, and his numbers in Telegram, the oldest first."""
    found: dict[str, tuple[list[str], list[int]]] = {user.id: ([], []) for user in users}
    theirs = select(identities).where(identities.c.user_id.in_(found))
    for identity in tx.execute(theirs.order_by(identities.c.provider, identities.c.created_at)):
        providers, numbers = found[identity.user_id]
        providers.append(identity.provider)
        if identity.provider == "telegram":
            numbers.append(int(identity.subject))
    return found


def _word(query: str) -> str:
    return query.casefold().lstrip("@")


def _called(word: str) -> ColumnElement[bool]:
    if not word:
        return false()
    return or_(
        users.c.search_name.startswith(word, autoescape=True), users.c.username.istartswith(word, autoescape=True)
    )


def _page(tx: Tx, wanted: ColumnElement[bool], limit: int, after: Sequence[Any] | None) -> Sequence[User]:
    found = select(users).where(wanted, HERE).order_by(users.c.id).limit(limit)
    if after:
        found = found.where(users.c.id > str(after[0]))
    return tx.execute(found).all()
