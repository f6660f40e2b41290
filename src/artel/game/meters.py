from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import func, select

from artel.game.relay import announced
from artel.game.tables import sessions
from artel.kernel.database import Tx
from artel.kernel.watch import tell

_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_events = Counter("artel_game_events_written", "events on disk", ["service"]).labels("game")
_batch = Histogram(
    "artel_game_commit_rows", "events a commit", ["service"], buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
).labels("game")
_commit = Histogram("artel_game_commit_seconds", "time of a commit", ["service"], buckets=_FAST).labels("game")
fenced = Counter("artel_game_fenced", "batches that another process was ahead of", ["service"]).labels("game")
fan_out = Histogram(
    "artel_game_fan_out_seconds", "from the commit until every socket has its frame queued", ["service"], buckets=_FAST
).labels("game")
sockets = Gauge("artel_game_sockets", "open live sockets", ["service"]).labels("game")
open_sessions = Gauge("artel_game_sessions_open", "sessions that are not finished", ["service"]).labels("game")
owners = Gauge("artel_game_owners", "sessions in memory", ["service"]).labels("game")


def committed(rows: int, seconds: float) -> None:
    _events.inc(rows)
    _batch.observe(rows)
    _commit.observe(seconds)


def look(tx: Tx) -> None:
    tell("game", "log", announced(tx))
    still = select(func.count()).select_from(sessions).where(sessions.c.state == "open")
    open_sessions.set(tx.execute(still).scalar_one())
