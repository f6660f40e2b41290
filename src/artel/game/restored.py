"""After a backup was restored: what was published and shown since is history that this database does not know."""

from sqlalchemy import update

from artel.game.tables import cursors, epochs, events
from artel.kernel.database import Tx, open_database
from artel.kernel.events import new_id


def begin_epoch(tx: Tx) -> str:
    """Clients fetch everything anew, and every announcement goes out once more: transaction numbers begin anew with a
    server, and to publish twice is harmless, while a row behind the cursor would never be read."""
    epoch = new_id()
    tx.execute(update(epochs).values(epoch=epoch))
    tx.execute(update(events).where(events.c.announce.is_not(None)).values(xid=0))
    tx.execute(update(cursors).values(xid=0, session_id="", version=0, holder=None))
    return epoch


async def restored(url: str) -> str:
    """The new epoch of this database, from outside of any service."""
    database = open_database(url)
    try:
        return await database.write(begin_epoch)
    finally:
        await database.close()
