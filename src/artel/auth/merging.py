"""Two accounts of one person become one."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import literal, select, update

from artel.auth import audit, exports, people, tokens
from artel.auth.audit import NOWHERE, Where
from artel.auth.people import User
from artel.auth.tables import identities, seats, users
from artel.contracts.auth import IdentityLinked, UserMerged
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, not_found
from artel.kernel.outbox import emit
from artel.kernel.sql import INSERTS


def merge(tx: Tx, user_id: str, into_id: str, here: Where = NOWHERE) -> User:
    """From now on `user_id` is `into_id`, who signs in by all that either did; again it changes nothing. Gives the
    keeper. That both are the same person's is for the caller to know.

    404: one of them is nobody. 403 `blocked`. 409: `same_user`, `users_met`, `admin_stays`, `deletion_asked`.
    """
    pair = fit(tx, user_id, into_id)
    if pair:
        _merge(tx, *pair)
        audit.note(tx, here, "merged", user_id=user_id, by_id=into_id)
    return people.get(tx, into_id)


def fit(tx: Tx, user_id: str, into_id: str) -> tuple[User, User] | None:
    """The two, who may become one, and change no more until the transaction ends; None: they are one already. Errors as
    of `merge`."""
    if user_id == into_id:
        raise Problem(409, "same_user", "This is one account already.")
    held = people.hold(tx, user_id, into_id)
    if len(held) < 2:
        raise not_found()
    user, keeper = held[user_id], held[into_id]
    if user.merged_into == into_id:
        return None
    _require_fit(tx, user, keeper)
    return user, keeper


def _require_fit(tx: Tx, user: User, keeper: User) -> None:
    for one in (user, keeper):
        if one.merged_into or one.deleted_at:
            raise not_found()
        if one.blocked_at:  # or it would be a way out of a block
            raise Problem(403, "blocked", "An account that is blocked stays what it is.")
        if one.deletes_at:
            raise Problem(409, "deletion_asked", "One of these accounts is about to be deleted: take that back first.")
    if user.role == "admin" and keeper.role != "admin":
        raise Problem(409, "admin_stays", "An admin's account can only be the one that stays.")
    if people.met(tx, user.id, keeper.id):
        raise users_met()


def users_met() -> Problem:
    return Problem(409, "users_met", "These two have sat in one session: they cannot be the same person.")


def _merge(tx: Tx, user: User, keeper: User) -> None:
    gained = people.hold_identities(tx, user.id)
    known = people.hold_identities(tx, keeper.id)
    tx.execute(update(identities).where(identities.c.user_id == user.id).values(user_id=keeper.id))
    tokens.end_for_good(tx, user.id)
    exports.forget(tx, user.id)
    tx.execute(update(users).where(users.c.merged_into == user.id).values(merged_into=keeper.id))
    people.clear(tx, user.id, merged_into=keeper.id)
    _take_seats(tx, user.id, keeper.id)
    emit(tx, UserMerged(user_id=user.id, version=user.version + 1, into_id=keeper.id))
    told = people.announce(tx, keeper.id, **_enriched(user, keeper))
    for provider, number in _new_to(gained, known):
        emit(tx, IdentityLinked(user_id=keeper.id, version=told.version, provider=provider, telegram_id=number))


def _new_to(gained: Collection[str], known: Collection[str]) -> list[tuple[str, int | None]]:
    """Providers by which he can sign in now; of Telegram each account, because each has a chat that hears of it."""
    ways = [(provider, subject) for provider, _, subject in (name.partition(".") for name in gained)]
    had = {name.partition(".")[0] for name in known}
    numbers = [("telegram", int(subject)) for provider, subject in ways if provider == "telegram"]
    return [*((each, None) for each in sorted({each for each, _ in ways} - had - {"telegram"})), *sorted(numbers)]


def _take_seats(tx: Tx, user_id: str, into_id: str) -> None:
    theirs = select(seats.c.session_id, literal(into_id)).where(seats.c.user_id == user_id)
    put = INSERTS[tx.dialect.name](seats).from_select(["session_id", "user_id"], theirs)
    tx.execute(put.on_conflict_do_nothing())


def _enriched(user: User, keeper: User) -> dict[str, Any]:
    """What the keeper has not, he gets; what either hid stays hidden; he is here since either was."""
    values: dict[str, Any] = {
        name: getattr(user, name)
        for name in ("username", "avatar_url")
        if getattr(keeper, name) is None and getattr(user, name) is not None
    }
    figures = max(user.figures, keeper.figures, key=("known", "friends", "nobody").index)
    found_by = max(user.found_by, keeper.found_by, key=("everybody", "nobody").index)
    hidden = {"figures": figures, "found_by": found_by, "hide_money": user.hide_money or keeper.hide_money}
    return {**values, **hidden, "created_at": min(user.created_at, keeper.created_at)}
