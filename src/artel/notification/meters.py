import time
from typing import Final

from prometheus_client import Counter, Gauge
from sqlalchemy import event

from artel.kernel.database import Tx
from artel.notification.letters import waiting

_told = Counter("artel_notifications", "notifications put before somebody, or before him again", ["service", "kind"])
_letters = Counter("artel_letters", "what became of a letter, or of a try to send it", ["service", "outcome"])
_waiting = Gauge("artel_letters_waiting", "letters that have not gone", ["service"]).labels("notification")
_age = Gauge("artel_letters_age_seconds", "since the oldest that waits was written", ["service"]).labels("notification")
_bot_refused = Gauge("artel_bot_refused", "1 if Telegram knows no bot with our token", ["service"]).labels(
    "notification"
)

OUTCOMES: Final = ("sent", "closed", "refused", "limited", "token_refused", "failed", "given_up", "no_chat")
_by_outcome = {outcome: _letters.labels("notification", outcome) for outcome in OUTCOMES}
_of_the_bot = {"token_refused": 1, "sent": 0, "closed": 0, "refused": 0, "limited": 0}


def told(tx: Tx, kind: str, count: int) -> None:
    """Counted with the commit: a transaction that is rolled back has told nobody."""
    if count:
        event.listen(tx, "commit", lambda _tx: _told.labels("notification", kind).inc(count))


def letter(outcome: str, count: int) -> None:
    _by_outcome[outcome].inc(count)
    if outcome in _of_the_bot:
        _bot_refused.set(_of_the_bot[outcome])


def look(tx: Tx) -> None:
    many, oldest = waiting(tx)
    _waiting.set(many)
    # It grows while nobody can look, too.
    _age.set_function(lambda: max(0.0, time.time() - oldest) if oldest else 0.0)
