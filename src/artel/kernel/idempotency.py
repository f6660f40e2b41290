"""`Idempotency-Key`: a repeated POST gets the answer the first one got."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any, Concatenate, ParamSpec

from fastapi import Depends, Header, Request, Response
from sqlalchemy import (
    Column,
    ColumnElement,
    MetaData,
    String,
    Table,
    Text,
    and_,
    cast,
    delete,
    insert,
    or_,
    select,
    update,
)

from artel.kernel.caller import CallerDep
from artel.kernel.database import Database, Json, Tx, UtcDateTime
from artel.kernel.errors import Problem
from artel.kernel.events import now
from artel.kernel.sql import try_lock

P = ParamSpec("P")
KEPT = timedelta(hours=24)


def add_tables(metadata: MetaData) -> None:
    Table(
        "idempotency",
        metadata,
        Column("user_id", String(36), primary_key=True),
        Column("key", String(128), primary_key=True),
        Column("digest", String(64), nullable=False),
        Column("answer", Json, nullable=False),
        Column("at", UtcDateTime, nullable=False, index=True),
    )


_own = MetaData()
add_tables(_own)
_keys = _own.tables["idempotency"]


def forget(tx: Tx, user_id: str) -> None:
    """The answers that somebody got, and those that name him."""
    named = cast(_keys.c.answer, Text).contains(user_id)
    tx.execute(delete(_keys).where(or_(_keys.c.user_id == user_id, named)))


class Once:
    """`Idempotency-Key`: the work and its answer are kept in one transaction, so a repeat gets the first answer."""

    def __init__(
        self,
        request: Request,
        response: Response,
        caller: CallerDep,
        idempotency_key: Annotated[str | None, Header(max_length=128, pattern=r"^[!-~]+$")] = None,
    ) -> None:
        self._caller = caller
        self._key = idempotency_key
        self._request = request
        self._response = response

    @property
    def headers(self) -> Mapping[str, str]:
        """For a route that answers with a response of its own making."""
        return self._response.headers

    async def run(
        self, database: Database, work: Callable[Concatenate[Tx, P], dict[str, Any]], *args: P.args, **kwargs: P.kwargs
    ) -> dict[str, Any]:
        """`work` returns something JSON can hold."""
        if self._key is None:
            return await database.write(work, *args, **kwargs)
        body = await self._request.body()
        digest = sha256(self._request.url.path.encode() + b"\0" + body).hexdigest()
        answer, replayed = await database.write(self._once, digest, lambda tx: work(tx, *args, **kwargs))
        if replayed:
            self._response.headers["Idempotency-Replayed"] = "true"
        return answer

    async def keep(self, database: Database, answer: dict[str, Any]) -> None:
        """In place of the work's own answer, where the real one is only known when what follows from it is done. Until
        then, and if the process dies before, a repeat gets the work's own."""
        if self._key is not None:
            await database.write(lambda tx: tx.execute(update(_keys).where(self._mine()).values(answer=answer)))

    def _mine(self) -> ColumnElement[bool]:
        return and_(_keys.c.user_id == self._caller.user_id, _keys.c.key == self._key)

    def _once(self, tx: Tx, digest: str, work: Callable[[Tx], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
        if not try_lock(tx, f"idempotency.{self._caller.user_id}.{self._key}"):
            soon = {"Retry-After": "1"}
            raise Problem(409, "in_progress", "The first request with this key is still running.", headers=soon)
        tx.execute(delete(_keys).where(_keys.c.at < now() - KEPT))
        row = tx.execute(select(_keys).where(self._mine())).one_or_none()
        if row is None:
            answer = work(tx)
            kept = {"user_id": self._caller.user_id, "key": self._key, "digest": digest, "answer": answer, "at": now()}
            tx.execute(insert(_keys).values(kept))
            return answer, False
        if row.digest != digest:
            raise Problem(422, "idempotency_key_reused", "This key was used with another request.")
        return row.answer, True


OnceDep = Annotated[Once, Depends()]
