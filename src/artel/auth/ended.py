"""Tells all processes which sign-ins have ended while access tokens of theirs may still be good."""

import asyncio
from datetime import timedelta

import orjson
import structlog
from sqlalchemy import select

from artel.auth.keys import ACCESS_SECONDS
from artel.auth.tables import sign_ins
from artel.kernel.database import Tx
from artel.kernel.events import now
from artel.kernel.revoked import KEY, LOOK_SECONDS
from artel.kernel.service import Context
from artel.kernel.token import SKEW_SECONDS

log = structlog.get_logger()
KEPT_SECONDS = ACCESS_SECONDS + 2 * SKEW_SECONDS
"""So long after its end a sign-in's last token may be taken for good somewhere."""


def ended(tx: Tx) -> list[str]:
    since = now() - timedelta(seconds=KEPT_SECONDS)
    recent = select(sign_ins.c.id).where(sign_ins.c.revoked_at > since).order_by(sign_ins.c.id)
    return list(tx.execute(recent).scalars())


async def tell(auth: Context) -> None:
    """The database says which; a store that has lost its list gets it again."""
    said = orjson.dumps(await auth.database.read(ended)).decode()
    if await auth.store.get(KEY) != said:
        await auth.store.put(KEY, said, KEPT_SECONDS)


async def telling(auth: Context) -> None:
    """For ever."""
    while True:
        try:
            await tell(auth)
        except Exception as error:  # noqa: BLE001 an outage passes, and the next round tells all
            log.debug("ended sign-ins could not be told", error=error)
        await asyncio.sleep(LOOK_SECONDS)
