"""An outage is nobody's fault and passes: a request is answered 503, an event waits without using up its tries."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

KINDS = (ConnectionError, TimeoutError, OperationalError, InterfaceError, PoolTimeout)
# SQLSTATE: connection lost, transaction rolled back, resources exhausted, lock not available, operator's doing
CLASSES = {"08", "40", "53", "55", "57"}


def is_outage(error: Exception) -> bool:
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, KINDS) or sqlstate(error)[:2] in CLASSES


def sqlstate(error: Exception) -> str:
    """PostgreSQL's five characters; empty for any other error."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
