"""One-time tickets that open a live socket, so that no token stands in an address."""

import secrets
from typing import NamedTuple

import orjson

from artel.game.caps import TICKET_SECONDS
from artel.game.schemas import TicketOut
from artel.kernel.store import Store


class Grant(NamedTuple):
    """What a ticket is worth: a member until his token expires (`exp`, seconds since 1970) or his sign-in `sid` ends,
    or, with `share`, whoever holds the link of that hash."""

    session_id: str
    user_id: str | None
    exp: int
    share: str | None
    sid: str = ""


async def issue(store: Store, grant: Grant) -> TicketOut:
    ticket = secrets.token_urlsafe(16)
    await store.put(f"live:{ticket}", orjson.dumps(tuple(grant)).decode(), TICKET_SECONDS)
    return TicketOut(ticket=ticket, expires_in=TICKET_SECONDS)


async def redeem(store: Store, ticket: str) -> Grant | None:
    """Once."""
    kept = await store.take(f"live:{ticket}")
    return Grant(*orjson.loads(kept)) if kept else None
