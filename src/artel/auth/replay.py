"""A launch of the Mini App may be brought again only by the device that brought it first."""

from datetime import datetime

from sqlalchemy import select

from artel.auth.tables import init_data_uses
from artel.kernel.database import Tx
from artel.kernel.errors import Problem
from artel.kernel.events import now
from artel.kernel.sql import delete_some, put_new

AT_ONCE = 10
"""Old ones that go with each new one."""


def require_unused(tx: Tx, digest: str, device: str | None) -> None:
    """But by this device. `digest` and `device` are SHA-256 in hex."""
    first = tx.execute(select(init_data_uses).where(init_data_uses.c.digest == digest)).one_or_none()
    if first and (device is None or first.device != device):
        raise Problem(401, "init_data_replayed", "This launch was used on another device; open the app again.")


def claim_launch(tx: Tx, digest: str, device: str | None, expires_at: datetime) -> None:
    delete_some(tx, init_data_uses, init_data_uses.c.expires_at < now(), init_data_uses.c.expires_at, AT_ONCE)
    if not put_new(tx, init_data_uses, {"digest": digest, "device": device, "expires_at": expires_at}):
        require_unused(tx, digest, device)
