from sqlalchemy import delete, insert, select

from artel.kernel.database import Tx
from artel.kernel.gone import require_here
from artel.kernel.sql import lock
from artel.stats.schemas import StatsPreferences
from artel.stats.tables import listings


def preferences(tx: Tx, user_id: str) -> StatsPreferences:
    listed = tx.execute(select(listings.c.listed).where(listings.c.user_id == user_id)).scalar_one_or_none()
    return StatsPreferences(listed=bool(listed))


def put_preferences(tx: Tx, user_id: str, wanted: StatsPreferences) -> StatsPreferences:
    require_here(tx, user_id)
    lock(tx, f"listings.{user_id}")
    tx.execute(delete(listings).where(listings.c.user_id == user_id))
    tx.execute(insert(listings).values(user_id=user_id, listed=wanted.listed))
    return wanted
