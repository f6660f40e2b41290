"""One user, several ways in: a link is made from a fresh sign-in, by proving the other account too.

It may be proven in another browser than the app is in, as Google wants it of whoever is inside Telegram. So the app
shows a number of two digits and a link with a ticket; the page behind the link shows whose account it is and the same
number. Whoever is sent somebody else's link sees somebody else's name and a number that he was never shown.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Literal

import orjson
from sqlalchemy import Row, and_, delete, select, update

from artel.auth import asking, audit, people, tokens
from artel.auth.audit import Where
from artel.auth.people import Profile
from artel.auth.tables import identities, sign_ins
from artel.contracts.auth import IdentityLinked, IdentityUnlinked
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, not_found
from artel.kernel.events import new_id, now
from artel.kernel.outbox import emit
from artel.kernel.sql import lock
from artel.kernel.store import Store
from artel.kernel.token import Caller

LINK_SECONDS = 600
FRESH = timedelta(minutes=15)
PAGE = "/link"
State = Literal["waiting", "opened", "linked", "taken", "agreed", "failed"]
Outcome = Literal["linked", "taken", "another_linked", "expired"]


@dataclass(frozen=True)
class Link:
    """`sid`: the sign-in that wants it. `code`: why it failed. `subject`: who he is there, where that is `taken` by
    another user; `agreed`: who has proven it gives that account away."""

    id: str
    user_id: str
    sid: str
    name: str
    provider: str
    match_code: str
    state: State = "waiting"
    code: str = ""
    subject: str = ""


async def begin(store: Store, caller: Caller, name: str, provider: str) -> Link:
    """With a ticket that opens its page once."""
    link = Link(new_id(), caller.user_id, caller.sid, name, provider, str(secrets.randbelow(90) + 10))
    ticket = secrets.token_urlsafe(32)
    await _put(store, link)
    await store.put(f"link-ticket.{ticket}", link.id, LINK_SECONDS)
    await store.put(f"link-begun.{link.id}", ticket, LINK_SECONDS)
    return link


async def ticket_of(store: Store, link_id: str) -> str:
    """404: its ten minutes are over."""
    ticket = await store.get(f"link-begun.{link_id}")
    if ticket is None:
        raise gone()
    return ticket


async def open_page(store: Store, ticket: str) -> Link:
    """404: there is none, or it was opened before."""
    link_id = await store.take(f"link-ticket.{ticket}")
    link = await pending(store, link_id) if link_id else None
    if link is None:
        raise gone()
    await store.put(f"link-refusal.{ticket}", link.id, LINK_SECONDS)
    return await _put(store, replace(link, state="opened"))


def gone() -> Problem:
    return not_found("This link is not good any more: make a new one in the app.")


async def of(store: Store, user_id: str, link_id: str) -> Link:
    link = await pending(store, link_id)
    if link is None or link.user_id != user_id:
        raise not_found()
    return link


async def fail(store: Store, link_id: str, code: str) -> None:
    link = await pending(store, link_id)
    if link:
        await _put(store, replace(link, state="failed", code=code))


async def arrive(store: Store, link: Link, outcome: Outcome, profile: Profile) -> None:
    if outcome == "linked":
        await become_linked(store, link)
    elif outcome == "taken":
        await _put(store, replace(link, state="taken", code="identity_taken", subject=profile.subject))
    else:
        await _put(store, replace(link, state="failed", code=outcome))


async def ask_consent(store: Store, link: Link) -> str:
    """A one-time word for the browser that has proven it: nobody else can give that account away."""
    word = secrets.token_urlsafe(32)
    await store.put(f"link-consent.{word}", link.id, LINK_SECONDS)
    await store.put(f"link-refusal.{word}", link.id, LINK_SECONDS)
    return word


async def asked(store: Store, word: str) -> Link:
    """What a consent is asked for. 404: for nothing any more."""
    link_id = await store.get(f"link-consent.{word}")
    link = await pending(store, link_id) if link_id else None
    if link is None or link.state not in {"taken", "agreed"}:
        raise not_found("There is nothing to agree to any more.")
    return link


async def agree(store: Store, link: Link) -> None:
    await _put(store, replace(link, state="agreed", code=""))


async def refuse(store: Store, word: str) -> Link:
    """`word`: the ticket of an open page, or what asks for a consent. What is linked stays so. 404: it is neither."""
    link_id = await store.get(f"link-refusal.{word}")
    link = await pending(store, link_id) if link_id else None
    if link is None:
        raise not_found("There is nothing to refuse any more.")
    if link.state in {"opened", "taken", "agreed"}:
        await fail(store, link.id, "refused")
    return link


async def become_linked(store: Store, link: Link) -> None:
    await _put(store, replace(link, state="linked", code=""))


async def _put(store: Store, link: Link) -> Link:
    await store.put(f"link.{link.id}", orjson.dumps(asdict(link)).decode(), LINK_SECONDS)
    return link


async def pending(store: Store, link_id: str) -> Link | None:
    """None: its ten minutes are over."""
    known = await store.get(f"link.{link_id}")
    return Link(**orjson.loads(known)) if known else None


# In the database


def require_fresh(tx: Tx, sid: str) -> None:
    """403 for a sign-in of long ago: whoever found a phone must not make himself at home."""
    fresh = and_(sign_ins.c.created_at > now() - FRESH, sign_ins.c.revoked_at.is_(None))
    if tx.execute(select(sign_ins.c.id).where(sign_ins.c.id == sid, fresh)).one_or_none() is None:
        raise Problem(403, "sign_in_again", "Sign in once more, so that it is certainly you.")


def may_link(tx: Tx, user_id: str, sid: str) -> str:
    """What he is called."""
    require_fresh(tx, sid)
    return str(people.get(tx, user_id).display_name)


def other(tx: Tx, of: Link) -> str | None:
    """What whoever has the identity is called."""
    whose = people.owner(tx, of.provider, of.subject)
    return str(people.get(tx, whose).display_name) if whose else None


def link(tx: Tx, here: Where, user_id: str, sid: str, profile: Profile) -> Outcome:
    """`taken`: it is somebody else's. `another_linked`: he has one of this provider, and it is not this one. `expired`:
    he may not sign in himself any more."""
    user = people.hold(tx, user_id).get(user_id)
    if user is None or user.merged_into or user.deleted_at or user.blocked_at or not tokens.is_alive(tx, sid):
        return "expired"
    lock(tx, f"identity.{profile.provider}.{profile.subject}")
    whose = people.owner(tx, profile.provider, profile.subject)
    if whose:
        return "linked" if whose == user_id else "taken"
    if profile.provider in people.providers(tx, [user_id])[user_id]:
        return "another_linked"
    people.put_identity(tx, user_id, profile)
    _changed(tx, here, user_id, "linked", profile.provider, telegram_ids=[profile.telegram_id])
    return "linked"


def merge(tx: Tx, here: Where, sid: str, proven: Link) -> str | None:
    """As `asking.ask`."""
    require_fresh(tx, sid)
    whose = people.owner(tx, proven.provider, proven.subject) if proven.subject else None
    if whose is None or (whose != proven.user_id and proven.state != "agreed"):
        raise Problem(409, "nothing_proven", "Nobody has agreed to give another account away by this link.")
    return (
        None
        if whose == proven.user_id
        else asking.ask(tx, whose, proven.user_id, sid=sid, link_id=proven.id, here=here)
    )


def unlink(tx: Tx, here: Where, user_id: str, sid: str, provider: str) -> None:
    """Sign-ins that were made by it end, but for this one. 404 if it is not there, 409 if it is the last."""
    require_fresh(tx, sid)
    people.hold(tx, user_id)
    people.hold_identities(tx, user_id)  # who is signing in just now is seen, or sees it
    theirs = people.providers(tx, [user_id])[user_id]
    if provider not in theirs:
        raise not_found()
    if set(theirs) == {provider}:
        raise Problem(409, "last_identity", "Without it you could not sign in any more: link another one first.")
    left: Sequence[int | None] = people.in_telegram(tx, user_id) if provider == "telegram" else [None]
    tx.execute(delete(identities).where(identities.c.user_id == user_id, identities.c.provider == provider))
    by_it = and_(sign_ins.c.user_id == user_id, sign_ins.c.provider == provider, sign_ins.c.revoked_at.is_(None))
    tx.execute(update(sign_ins).where(by_it, sign_ins.c.id != sid).values(revoked_at=now()))
    _changed(tx, here, user_id, "unlinked", provider, telegram_ids=left)


def _changed(
    tx: Tx,
    here: Where,
    user_id: str,
    kind: Literal["linked", "unlinked"],
    provider: str,
    *,
    telegram_ids: Sequence[int | None],
) -> None:
    """Told once for each account of Telegram that is no longer his, or is his now: the chat there hears of it too."""
    audit.note(tx, here, kind, provider, user_id=user_id)
    told = people.announce(tx, user_id)
    changed = IdentityLinked if kind == "linked" else IdentityUnlinked
    about = {"user_id": user_id, "version": told.version, "provider": provider}
    emit(tx, *(changed(**about, telegram_id=number) for number in telegram_ids))


def identities_of(tx: Tx, user_id: str) -> Sequence[Row[Any]]:
    theirs = select(identities).where(identities.c.user_id == user_id)
    return tx.execute(theirs.order_by(identities.c.created_at)).all()
