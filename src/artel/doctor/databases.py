"""A service's database: is it there, is it its alone, will it keep what it has said that it keeps."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import String, bindparam, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from artel.doctor.finding import Finding, clock, found, place, reason
from artel.kernel.database import Tx, open_database
from artel.kernel.events import now
from artel.kernel.migrations import require_tables, unfit
from artel.kernel.outbox import outbox

WAITS = timedelta(minutes=1)
"""That something may wait in an outbox before somebody should look why."""
SAFE = {
    "fsync": "a power cut may break the database",
    "full_page_writes": "a power cut may break the database",
    "synchronous_commit": "a power cut may lose what was acknowledged",
}
"""Of PostgreSQL; `remote_apply`, `remote_write` and `local` keep as much as `on` does on this server."""


async def examine(service: str, url: str, others: Sequence[str], named: str) -> list[Finding]:
    """`others` are the addresses of the other services' databases, `named` is the setting that has them all."""
    what, made = f"{service} database", make_url(url)
    if made.get_backend_name() == "sqlite" and not _is_there(made.database or ""):
        return [
            Finding(what, f"there is no file {made.database}: set ARTEL_DATA_DIR right, or let `artel run` make it")
        ]
    try:
        await asyncio.to_thread(require_tables, service, url)
    except ConnectionError as error:
        if "artel migrate" in str(error):
            return [Finding(what, reason(error))]
        return [_away(what, url, error, named)]
    except (OSError, SQLAlchemyError) as error:
        return [_away(what, url, error, named)]
    database = open_database(url)
    try:
        return found(what, await database.read(_look, service, [make_url(other).database or "" for other in others]))
    except (OSError, SQLAlchemyError) as error:
        return [_away(what, url, error, named)]
    finally:
        await database.close()


def _is_there(path: str) -> bool:
    return Path(path).exists()


def _away(what: str, url: str, error: Exception, named: str) -> Finding:
    return Finding(what, f"{place(url)} cannot be had ({reason(error)}): start it, or set {named} right")


def _look(tx: Tx, service: str, others: Sequence[str]) -> list[str]:
    own = _look_at_postgres(tx, others) if tx.dialect.name == "postgresql" else _look_at_sqlite(tx)
    return [*own, *_look_at_outbox(tx, service)]


def _look_at_postgres(tx: Tx, others: Sequence[str]) -> Iterator[str]:
    if wrong := unfit(tx):
        yield wrong
    for name, danger in SAFE.items():
        if tx.execute(text(f"SHOW {name}")).scalar_one() == "off":
            yield f"{name} is off, so {danger}: set it to on in postgresql.conf and reload"
    open_to_us = text(
        "SELECT datname FROM pg_database WHERE datname IN :others AND datname <> current_database() "
        "AND has_database_privilege(datname, 'CONNECT') ORDER BY datname"
    ).bindparams(bindparam("others", expanding=True, type_=String))
    entered = list(tx.execute(open_to_us, {"others": others}).scalars())
    if entered:
        role = tx.execute(text("SELECT current_user")).scalar_one()
        yield f"its role {role} may enter {', '.join(entered)} too: `artel databases` makes a role that may not"
    before = time.time()
    theirs = tx.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    yield from clock(float(theirs), before, time.time())


def _look_at_sqlite(tx: Tx) -> Iterator[str]:
    broken = tx.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if broken != "ok":
        yield f"the file is broken ({broken}): put the last backup back, then `artel restored`"


def _look_at_outbox(tx: Tx, service: str) -> Iterator[str]:
    given_up = tx.execute(select(func.count()).where(outbox.c.due.is_(None))).scalar_one()
    if given_up:
        yield f"{given_up} events could not be published: `artel dead-letters show {service}` shows them"
    late = select(func.count()).where(outbox.c.due < now() - WAITS)
    waiting = tx.execute(late).scalar_one()
    if waiting:
        yield f"{waiting} events wait to be published: is {service} running, and RabbitMQ?"
