"""An outage is nobody's fault and passes: a request is answered 503, an event waits without using up its tries."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# The driver's own are those of a connection that is lost while SQLAlchemy makes it ready.
KINDS = (
    ConnectionError, TimeoutError, OperationalError, InterfaceError, PoolTimeout,
    asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
)  # fmt: skip
# SQLSTATE: connection lost, a password that is new and that this process will be started with, transaction rolled back,
# resources exhausted, lock not available, operator's doing
CLASSES = {"08", "28", "40", "53", "55", "57"}


def is_outage(error: Exception) -> bool:
    lost = isinstance(error, DBAPIError) and (error.connection_invalidated or _at_the_door(error))
    return lost or isinstance(error, KINDS) or sqlstate(error)[:2] in CLASSES


def _at_the_door(error: DBAPIError) -> bool:
    """PostgreSQL failed in itself before it was asked anything: so it does where its disk is full."""
    return isinstance(error, InternalError) and error.statement is None


def sqlstate(error: Exception) -> str:
    """PostgreSQL's five characters; empty for any other error."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
