"""Users: who they are, how they are found, what they call themselves. Functions take the transaction first."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update

from artel.auth.tables import identities, seats, users
from artel.contracts.auth import Privacy, UserRegistered, UserUpdated
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, not_found
from artel.kernel.events import new_id, now
from artel.kernel.http import is_control, is_seen
from artel.kernel.outbox import emit
from artel.kernel.sql import lock

LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}")
NAME_LENGTH = 64
User = Row[Any]
HERE = and_(users.c.merged_into.is_(None), users.c.deleted_at.is_(None))


@dataclass(frozen=True)
class Profile:
    """What a provider tells of somebody who has proven to be `subject` there."""

    provider: str
    subject: str
    display_name: str
    username: str | None = None
    avatar_url: str | None = None
    language: str = "ru"
    telegram_id: int | None = None
    label: str = ""  # by which he knows this account of his: @username, a verified e-mail


def tidy_name(text: str, otherwise: str, longest: int = NAME_LENGTH) -> str:
    """A name from outside made fit to show: no control or format characters, and no longer than is kept."""
    shown = "".join(char for char in text if not is_control(char))
    name = shown.strip()[:longest].strip()
    return name if is_seen(name) else otherwise


def https_or_none(address: str | None) -> str | None:
    return address if address and address.startswith("https://") and len(address) <= 500 else None


def language_or_russian(tag: str | None) -> str:
    return tag if tag and LANGUAGE.fullmatch(tag) else "ru"


def sign_in_or_register(tx: Tx, profile: Profile, admins: Collection[int] = ()) -> User:
    """`admins`: numbers of Telegram. Problem for whoever is blocked."""
    lock(tx, f"identity.{profile.provider}.{profile.subject}")  # two phones may bring the same newcomer
    known = tx.execute(select(identities).where(_is(profile.provider, profile.subject))).one_or_none()
    if known is None:
        return _register(tx, profile, "admin" if profile.telegram_id in admins else "user")
    user = get(tx, known.user_id)
    if user.blocked_at:
        raise Problem(403, "blocked", "This account is blocked.", about=user.id)
    if known.label != _label(profile):
        relabel = update(identities).where(_is(profile.provider, profile.subject))
        tx.execute(relabel.values(label=_label(profile)))
    return _bring_up_to_date(tx, user, profile) if _news(tx, user, profile) else user


def _is(provider: str, subject: str) -> ColumnElement[bool]:
    return and_(identities.c.provider == provider, identities.c.subject == subject)


def _news(tx: Tx, user: User, profile: Profile) -> dict[str, Any]:
    """What his provider says otherwise by now. A username is Telegram's alone, and so is the picture of whoever has
    both; no picture says nothing, because older apps of Telegram send none. His name is what he chose."""
    news: dict[str, Any] = {}
    if profile.provider == "telegram" and profile.username != user.username:
        news["username"] = profile.username
    if profile.avatar_url not in {None, user.avatar_url} and (
        profile.provider == "telegram" or user.avatar_url is None or not in_telegram(tx, user.id)
    ):
        news["avatar_url"] = profile.avatar_url
    return news


def _bring_up_to_date(tx: Tx, user: User, profile: Profile) -> User:
    held = _hold_named(tx, profile.username, user.id) or []
    news = next((_news(tx, each, profile) for each in held if each.id == user.id), None)
    if not news:
        return user
    _take_name(tx, [each.id for each in held if each.id != user.id])
    return announce(tx, user.id, **news)


def _hold_named(tx: Tx, username: str | None, *user_ids: str) -> Sequence[User] | None:
    """These, and whoever is called so: in Telegram names that differ in case are one. None: somebody is changing one of
    them just now, and the next sign-in will do. Profiles are held before identities (`hold_identities`), so whoever has
    an identity in hand may wait for no profile."""
    called = func.lower(users.c.username) == (username or "").lower()
    found = select(users).where(or_(users.c.id.in_(user_ids), called), HERE).order_by(users.c.id)
    held = tx.execute(found.with_for_update(key_share=True, skip_locked=True)).all()
    return held if len(held) == len(tx.execute(found).all()) else None


def _take_name(tx: Tx, user_ids: Sequence[str]) -> None:
    """Telegram has given it to somebody else; what they are called there by now, their own sign-in tells."""
    for user_id in user_ids:
        announce(tx, user_id, username=None)


def owner(tx: Tx, provider: str, subject: str) -> str | None:
    """Whose identity it is."""
    return tx.execute(select(identities.c.user_id).where(_is(provider, subject))).scalar_one_or_none()


def _register(tx: Tx, profile: Profile, role: str) -> User:
    user_id = new_id()
    named = _hold_named(tx, profile.username) if profile.username else []
    username = None if named is None else profile.username
    _take_name(tx, [each.id for each in named or []])
    row = {
        "id": user_id,
        "display_name": profile.display_name,
        "search_name": profile.display_name.casefold()[:NAME_LENGTH],
        "username": username,
        "avatar_url": profile.avatar_url,
        "language": profile.language,
        "role": role,
        "epoch": 0,
        "version": 1,
        "created_at": now(),
    }
    tx.execute(insert(users).values(row))
    put_identity(tx, user_id, profile)
    emit(
        tx,
        UserRegistered(
            user_id=user_id,
            version=1,
            display_name=profile.display_name,
            username=username,
            avatar_url=profile.avatar_url,
            language=profile.language,
            telegram_id=profile.telegram_id,
        ),
    )
    return get(tx, user_id)


def put_identity(tx: Tx, user_id: str, profile: Profile) -> None:
    row = {"provider": profile.provider, "subject": profile.subject, "label": _label(profile), "user_id": user_id}
    tx.execute(insert(identities).values(row | {"created_at": now()}))


def _label(profile: Profile) -> str:
    return (profile.label or profile.display_name)[:100]


def get(tx: Tx, user_id: str) -> User:
    row = tx.execute(select(users).where(users.c.id == user_id, HERE)).one_or_none()
    if row is None:
        raise not_found()
    return row


def whoever(tx: Tx, user_id: str) -> User:
    """Or who he is by now."""
    into = select(users.c.merged_into).where(users.c.id == user_id)
    return get(tx, tx.execute(into).scalar_one_or_none() or user_id)


def met(tx: Tx, one_id: str, other_id: str) -> bool:
    """Whether these two ever sat in one session."""
    there = select(seats.c.session_id).where(seats.c.user_id == other_id)
    both = select(seats.c.session_id).where(seats.c.user_id == one_id, seats.c.session_id.in_(there))
    return tx.execute(both.limit(1)).one_or_none() is not None


def hold_identities(tx: Tx, user_id: str) -> list[str]:
    """By which he signs in, as `provider.subject`: nobody does by these until the transaction ends. A profile that is
    locked besides is locked before, and so that a sign-in may still point at it."""
    theirs = select(identities).where(identities.c.user_id == user_id).order_by(*identities.primary_key)
    held = [f"{row.provider}.{row.subject}" for row in tx.execute(theirs)]
    for name in held:
        lock(tx, f"identity.{name}")
    return held


def hold(tx: Tx, *user_ids: str) -> dict[str, User]:
    """Of those that there are, gone ones too; from here on nobody else changes them."""
    found = select(users).where(users.c.id.in_(user_ids)).order_by(users.c.id)
    return {row.id: row for row in tx.execute(found.with_for_update(key_share=True))}


def clear(tx: Tx, user_id: str, **values: Any) -> None:
    """The row stays, for what points at it, and says nothing of him any more."""
    nothing: dict[str, Any] = {
        "display_name": "",
        "search_name": "",
        "username": None,
        "avatar_url": None,
        "language": "ru",
    }
    nothing |= {"found_by": "everybody", "figures": "known", "hide_money": False}
    row = {**nothing, "role": "user", "version": users.c.version + 1, **values}
    tx.execute(update(users).where(users.c.id == user_id).values(row))


def name_admins(tx: Tx, telegram_ids: Collection[int]) -> None:
    """These and nobody else, of those who are here already."""
    named = select(identities.c.user_id).where(
        identities.c.provider == "telegram", identities.c.subject.in_(map(str, telegram_ids))
    )
    tx.execute(update(users).where(users.c.id.in_(named), users.c.role != "admin").values(role="admin"))
    tx.execute(update(users).where(users.c.id.not_in(named), users.c.role == "admin").values(role="user"))


def require_admin(tx: Tx, user_id: str) -> None:
    """By what he is now, whatever his token says. For others there is no such thing."""
    if get(tx, user_id).role != "admin":
        raise not_found()


def set_blocked(tx: Tx, user_id: str, at: datetime | None) -> bool:
    """False: he is so already."""
    hold(tx, user_id)
    hold_identities(tx, user_id)  # who is signing in just now is seen, or sees it
    user = get(tx, user_id)
    if bool(user.blocked_at) == bool(at):
        return False
    tx.execute(update(users).where(users.c.id == user_id).values(blocked_at=at))
    return True


def providers(tx: Tx, user_ids: Collection[str]) -> Mapping[str, list[str]]:
    """By which each of them may sign in."""
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    theirs = select(identities).where(identities.c.user_id.in_(user_ids)).order_by(identities.c.provider)
    for identity in tx.execute(theirs):
        found[identity.user_id].append(identity.provider)
    return found


def change(tx: Tx, user_id: str, changes: Mapping[str, Any]) -> User:
    """`changes`: display_name, language, and what is kept of his privacy."""
    before = get(tx, user_id)
    values: dict[str, Any] = {name: value for name, value in changes.items() if getattr(before, name) != value}
    if not values:
        return before
    if "display_name" in values:
        values["search_name"] = values["display_name"].casefold()[:NAME_LENGTH]
    return announce(tx, user_id, **values)


def announce(tx: Tx, user_id: str, **values: Any) -> User:
    """A new version of him: with these values, or of what is told about him."""
    tx.execute(update(users).where(users.c.id == user_id).values(version=users.c.version + 1, **values))
    user = get(tx, user_id)
    emit(
        tx,
        UserUpdated(
            user_id=user_id,
            version=user.version,
            display_name=user.display_name,
            username=user.username,
            avatar_url=user.avatar_url,
            language=user.language,
            telegram_id=next(iter(in_telegram(tx, user_id)), None),
            privacy=Privacy(figures=user.figures, hide_money=user.hide_money),
        ),
    )
    return user


def in_telegram(tx: Tx, user_id: str) -> list[int]:
    """His accounts there, the oldest first: more than one only after a merge."""
    his = select(identities.c.subject).where(identities.c.user_id == user_id, identities.c.provider == "telegram")
    return [int(number) for number in tx.execute(his.order_by(identities.c.created_at)).scalars()]
