"""What auth keeps about somebody, for himself: nothing that opens anything, and no admin's id."""

from typing import Any, Final

from sqlalchemy import Select, select

from artel.auth.tables import audit, exports, identities, sign_ins, users
from artel.kernel.takeout import Rows

PROFILE = (
    "id", "display_name", "username", "avatar_url", "language", "created_at", "blocked_at", "deletes_at",
    "found_by", "figures", "hide_money",
)  # fmt: skip


def _profile(user_id: str) -> Select[Any]:
    return select(*(users.c[name] for name in PROFILE)).where(users.c.id == user_id)


def _identities(user_id: str) -> Select[Any]:
    columns = ("provider", "subject", "label", "created_at")
    return select(*(identities.c[name] for name in columns)).where(identities.c.user_id == user_id)


def _devices(user_id: str) -> Select[Any]:
    columns = ("id", "provider", "user_agent", "created_at", "refreshed_at", "revoked_at")
    return select(*(sign_ins.c[name] for name in columns)).where(sign_ins.c.user_id == user_id)


def _audit(user_id: str) -> Select[Any]:
    columns = ("id", "at", "kind", "code", "address", "user_agent")
    return select(*(audit.c[name] for name in columns)).where(audit.c.user_id == user_id)


def _exports(user_id: str) -> Select[Any]:
    return select(exports.c.id, exports.c.created_at).where(exports.c.user_id == user_id)


CHAPTERS: Final = (
    Rows("profile.json", _profile, [users.c.id]),
    Rows("identities.json", _identities, [identities.c.provider, identities.c.subject]),
    Rows("devices.json", _devices, [sign_ins.c.id]),
    Rows("audit.json", _audit, [audit.c.id]),
    Rows("exports.json", _exports, [exports.c.id]),
)
