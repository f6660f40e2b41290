"""Access tokens of 15 minutes and families of refresh tokens that rotate.

A refresh token is `<sign-in>.<generation>.<mac>`: nothing of it is stored, so nothing of it can be read from a
database or a backup. What seals them is read when it is needed, so a new secret holds from the moment it is written,
in every process. A stranger's guess fails at the mac and touches nobody's sign-in; a true token of an older
generation is a stolen one or its victim's, and ends the family (RFC 9700 4.14).
"""

import base64
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select, update

from artel.auth import people
from artel.auth.keys import ACCESS_SECONDS, KeyRing
from artel.auth.people import User
from artel.auth.tables import sign_ins, users
from artel.kernel.database import Tx
from artel.kernel.errors import Problem
from artel.kernel.events import new_id, now
from artel.kernel.sql import delete_some
from artel.kernel.token import AUDIENCE, ISSUER, SKEW_SECONDS, unauthenticated

GRACE = timedelta(seconds=10)  # two tabs, or an answer that got lost
IDLE = timedelta(days=60)
LONGEST = timedelta(days=365)
"""Then a device proves anew whose it is, however often it was used."""


@dataclass(frozen=True)
class Tokens:
    access_token: str
    refresh_token: str
    user: User


class TokenMaker:
    def __init__(self, ring: KeyRing, secrets: Callable[[], Sequence[bytes]]) -> None:
        """Of the secrets the first seals; tokens of any are good."""
        self._ring = ring
        self._secrets = secrets

    def start(self, tx: Tx, user: User, provider: str, user_agent: str, device: str | None = None) -> Tokens:
        """`device`: SHA-256 of its secret, in hex. What it came with before is forgotten once its tokens are dead."""
        if device:
            dead = sign_ins.c.refreshed_at < now() - timedelta(seconds=ACCESS_SECONDS + SKEW_SECONDS)
            mine = and_(sign_ins.c.user_id == user.id, sign_ins.c.device == device)
            tx.execute(delete(sign_ins).where(mine, dead, sign_ins.c.revoked_at.is_(None)))
        sign_in = {
            "id": new_id(),
            "user_id": user.id,
            "provider": provider,
            "user_agent": user_agent[:200],
            "device": device,
            "generation": 1,
            "created_at": now(),
            "refreshed_at": now(),
        }
        tx.execute(insert(sign_ins).values(sign_in))
        return self._tokens(user, str(sign_in["id"]), 1)

    def refresh(self, tx: Tx, token: str) -> Tokens | str:
        """Or whose it is: it was used before, and the family has just been revoked."""
        sid, generation = self.read(token)
        row = tx.execute(select(sign_ins).where(sign_ins.c.id == sid).with_for_update()).one_or_none()
        if row is None or row.refreshed_at < now() - IDLE or row.created_at < now() - LONGEST:
            raise ended(row.user_id if row else None)
        if row.revoked_at is not None:
            if generation < row.generation:
                raise Problem(401, "refresh_reused", "This sign-in has ended.", about=row.user_id)
            raise ended(row.user_id)
        user = people.get(tx, row.user_id)
        if user.blocked_at:
            raise ended(user.id)
        if generation == row.generation:
            tx.execute(
                update(sign_ins).where(sign_ins.c.id == sid).values(generation=generation + 1, refreshed_at=now())
            )
            return self._tokens(user, sid, generation + 1)
        if generation == row.generation - 1 and now() - row.refreshed_at <= GRACE:
            return self._tokens(user, sid, row.generation)
        tx.execute(update(sign_ins).where(sign_ins.c.id == sid).values(revoked_at=now()))
        return str(row.user_id)

    def _tokens(self, user: User, sid: str, generation: int) -> Tokens:
        return Tokens(self._access(user, sid), _sealed(self._secrets()[0], sid, generation), user)

    def _access(self, user: User, sid: str) -> str:
        issued = int(time.time())
        return self._ring.sign(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": user.id,
                "sid": sid,
                "iat": issued,
                "exp": issued + ACCESS_SECONDS,
                "jti": new_id(),
                "epoch": user.epoch,
                "role": user.role,
                "name": user.display_name,
                "lang": user.language,
            }
        )

    def read(self, token: str) -> tuple[str, int]:
        """The sign-in and its generation, if we have sealed it."""
        sid, _, rest = token.partition(".")
        generation = rest.partition(".")[0]
        if not (generation.isascii() and generation.isdigit() and len(generation) < 10):
            raise ended()
        good = [_sealed(secret, sid, int(generation)).encode() for secret in self._secrets()]
        if not any(hmac.compare_digest(each, token.encode()) for each in good):
            raise ended()
        return sid, int(generation)


def _sealed(secret: bytes, sid: str, generation: int) -> str:
    text = f"{sid}.{generation}"
    mac = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def ended(user_id: str | None = None) -> Problem:
    return unauthenticated("Sign in again.", about=user_id)


def is_alive(tx: Tx, sid: str) -> bool:
    """It may have been signed out since something was begun with it."""
    alive = select(sign_ins.c.id).where(sign_ins.c.id == sid, sign_ins.c.revoked_at.is_(None))
    return tx.execute(alive).one_or_none() is not None


def sign_out(tx: Tx, user_id: str, sid: str) -> bool:
    """With it whatever else he signed in to on that device. False: there is none, or none any more. All processes hear
    of it within two seconds."""
    alive = and_(sign_ins.c.user_id == user_id, sign_ins.c.revoked_at.is_(None))
    there = select(sign_ins.c.device).where(alive, sign_ins.c.id == sid).scalar_subquery()
    on_it = or_(sign_ins.c.id == sid, sign_ins.c.device == there)
    return bool(tx.execute(update(sign_ins).where(alive, on_it).values(revoked_at=now())).rowcount)


def sign_out_everywhere(tx: Tx, user_id: str) -> None:
    """Ends every family; tokens of the new epoch can be told from the older ones. The user before his sign-ins, as
    whoever signs in holds them."""
    tx.execute(update(users).where(users.c.id == user_id).values(epoch=users.c.epoch + 1))
    tx.execute(
        update(sign_ins).where(sign_ins.c.user_id == user_id, sign_ins.c.revoked_at.is_(None)).values(revoked_at=now())
    )


def end_for_good(tx: Tx, user_id: str) -> None:
    """Of whoever is no more. Nothing is left of them but which they were, as long as a token of theirs may be taken for
    good: `sweep`."""
    sign_out_everywhere(tx, user_id)
    tx.execute(update(sign_ins).where(sign_ins.c.user_id == user_id).values(user_agent=""))


def sweep(tx: Tx, limit: int) -> int:
    """Those that were not used for so long that no token of theirs is good, signed out or not; how many. Until then one
    that has ended tells a token that is used again from one that is none."""
    return delete_some(tx, sign_ins, sign_ins.c.refreshed_at < now() - IDLE, sign_ins.c.refreshed_at, limit)


def devices(tx: Tx, user_id: str) -> list[list[Row[Any]]]:
    """The sign-ins on each, both the latest first. A sign-in without a device's secret is a device of its own."""
    mine = select(sign_ins).where(
        sign_ins.c.user_id == user_id, sign_ins.c.revoked_at.is_(None), sign_ins.c.refreshed_at > now() - IDLE
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in tx.execute(mine.order_by(sign_ins.c.refreshed_at.desc(), sign_ins.c.id.desc())):
        found.setdefault(row.device or row.id, []).append(row)
    return list(found.values())
