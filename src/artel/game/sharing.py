"""The read-only scoreboard behind a link. Of its token only a hash is kept, but where the client asked with an
`Idempotency-Key` for the same answer again: then it stands there as long as that."""

import secrets
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from artel.game.people import touch
from artel.game.sessions import as_organizer
from artel.game.tables import sessions
from artel.kernel.database import Tx
from artel.kernel.token import Caller


def share(tx: Tx, session_id: str, caller: Caller, *, money: bool) -> dict[str, Any]:
    """The `token` of a new link; the link before, and whoever looks on by it, is cut off."""
    as_organizer(tx, session_id, caller)
    token = secrets.token_urlsafe(16)
    touch(tx, session_id, share_hash=hashed(token), share_money=money)
    return {"token": token}


def unshare(tx: Tx, session_id: str, caller: Caller) -> None:
    as_organizer(tx, session_id, caller)
    touch(tx, session_id, share_hash=None, share_money=False)


def shared(tx: Tx, share_hash: str) -> str | None:
    """The session of this link."""
    return tx.execute(select(sessions.c.id).where(sessions.c.share_hash == share_hash)).scalar_one_or_none()


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()
