from prometheus_client import Counter
from sqlalchemy import event

from artel.kernel.database import Tx

_told = Counter("artel_notifications", "notifications put before somebody, or before him again", ["service", "kind"])


def told(tx: Tx, kind: str, count: int) -> None:
    """Counted with the commit: a transaction that is rolled back has told nobody."""
    if count:
        event.listen(tx, "commit", lambda _tx: _told.labels("notification", kind).inc(count))
