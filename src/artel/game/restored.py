"""After a backup was restored: what was published and shown since is history that this database does not know."""

import asyncio

from sqlalchemy import text, update

from artel.game.tables import cursors, epochs, events
from artel.kernel.database import Database, Tx, open_database
from artel.kernel.events import new_id

LOOKS, LOOK_AGAIN_SECONDS = 30, 0.1
"""A server notices a little later that somebody has gone."""


class InUseError(Exception):
    """Its text says by how many connections."""


def begin_epoch(tx: Tx) -> str:
    """Clients fetch everything anew, and every announcement goes out once more: transaction numbers begin anew with a
    server, and to publish twice is harmless, while a row behind the cursor would never be read."""
    epoch = new_id()
    tx.execute(update(epochs).values(epoch=epoch))
    tx.execute(update(events).where(events.c.announce.is_not(None)).values(xid=0))
    tx.execute(update(cursors).values(xid=0, session_id="", version=0, holder=None))
    return epoch


async def restored(url: str) -> str:
    """The new epoch of this database, from outside of any service. InUseError where one is connected to it: it would
    go on with what it remembers of the history that is lost."""
    database = open_database(url)
    try:
        await _require_alone(database)
        return await database.write(begin_epoch)
    finally:
        await database.close()


async def _require_alone(database: Database) -> None:
    if database.dialect != "postgresql":
        return  # of a file nobody says who has it open
    for _ in range(LOOKS):
        if not (others := await database.read(_others)):
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    raise InUseError(f"{others} connection{'' if others == 1 else 's'} of the service")


def _others(tx: Tx) -> int:
    """Who watches comes by another role."""
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return int(tx.execute(asked).scalar_one())
