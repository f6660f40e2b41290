"""A repeated POST gets the answer the first one got, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import Column, MetaData, String, Table, func, insert, select

from artel.auth.keys import KeyRing, ensure_key
from artel.kernel import idempotency
from artel.kernel.database import Database, Tx
from artel.kernel.edge import Edge
from artel.kernel.errors import Problem, add_handlers
from artel.kernel.events import new_id, now
from artel.kernel.http import Body
from artel.kernel.idempotency import KEPT, OnceDep
from artel.kernel.token import AUDIENCE, ISSUER, Verifier

metadata = MetaData()
idempotency.add_tables(metadata)
things = Table("things", metadata, Column("id", String, primary_key=True), Column("name", String))


class NewThing(Body):
    name: str


def create(tx: Tx, name: str) -> dict[str, Any]:
    if name == "refused":
        raise Problem(409, "refused", "Not this one.")
    thing = {"id": new_id(), "name": name}
    tx.execute(insert(things).values(thing))
    return thing


def count(tx: Tx) -> int:
    return tx.execute(select(func.count()).select_from(things)).scalar_one()


class Client:
    def __init__(self, http: AsyncClient, keys: Path) -> None:
        self.http = http
        self.ring = KeyRing(keys)
        self.tokens: dict[str, str] = {}

    async def post(self, name: str, key: str | None, user: str = "u1", path: str = "/things") -> Response:
        token = self.tokens.setdefault(user, self.ring.sign({
            "iss": ISSUER, "aud": AUDIENCE, "sub": user, "sid": "s", "jti": "j", "iat": int(now().timestamp()),
            "exp": int(now().timestamp()) + 900, "epoch": 0, "role": "user", "name": user, "lang": "ru",
        }))  # fmt: skip
        headers = {"authorization": f"Bearer {token}"} | ({"idempotency-key": key} if key is not None else {})
        return await self.http.post(path, json={"name": name}, headers=headers)


@pytest.fixture
async def client(database: Database, tmp_path: Path) -> AsyncIterator[Client]:
    app = FastAPI(openapi_url=None)

    @app.post("/things", status_code=201)
    @app.post("/others", status_code=201)
    async def post(body: NewThing, once: OnceDep) -> dict[str, Any]:
        return await once.run(database, create, body.name)

    @app.post("/later", status_code=201)
    async def later(body: NewThing, once: OnceDep) -> dict[str, Any]:
        made = await once.run(database, create, body.name)
        if "whole" not in made and body.name != "crashed":
            made = {**made, "whole": now().isoformat()}
            await once.keep(database, made)
        return made

    add_handlers(app)
    app.add_middleware(Edge, service_of=lambda _: "test")
    ensure_key(tmp_path / "keys")
    app.state.verifier = Verifier(tmp_path / "keys")
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as http:
        yield Client(http, tmp_path / "keys")


async def test_an_answer_that_is_known_later(client: Client) -> None:
    first, again = await client.post("a", "key-1", path="/later"), await client.post("a", "key-1", path="/later")
    assert first.json() == again.json()
    assert first.json()["whole"]
    other = await client.post("a", "key-1", user="u2", path="/later")
    assert other.json()["whole"] != first.json()["whole"]
    assert (await client.post("a", "key-1", path="/later")).json() == first.json()
    assert "whole" in (await client.post("a", None, path="/later")).json()


async def test_a_process_that_died_before_it_knew(client: Client) -> None:
    first, again = [await client.post("crashed", "key-1", path="/later") for _ in range(2)]
    assert first.json() == again.json()
    assert set(again.json()) == {"id", "name"}


async def test_without_a_key_every_post_is_new(client: Client, database: Database) -> None:
    assert {(await client.post("a", None)).status_code for _ in range(2)} == {201}
    assert await database.read(count) == 2


async def test_a_repeat_gets_the_first_answer(client: Client, database: Database) -> None:
    first, again = await client.post("a", "key-1"), await client.post("a", "key-1")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await database.read(count) == 1


async def test_the_same_key_for_something_else_is_refused(client: Client, database: Database) -> None:
    await client.post("a", "key-1")
    for other in (await client.post("b", "key-1"), await client.post("a", "key-1", path="/others")):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await database.read(count) == 1


async def test_keys_of_two_people_do_not_meet(client: Client) -> None:
    mine, theirs = await client.post("a", "key-1"), await client.post("b", "key-1", user="u2")
    assert (mine.json()["name"], theirs.json()["name"]) == ("a", "b")


async def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    assert (await client.post("refused", "key-1")).status_code == 409
    assert (await client.post("a", "key-1")).status_code == 201


async def test_fifty_at_once_do_it_once(client: Client, database: Database) -> None:
    answers = await asyncio.gather(*(client.post("a", "key-1") for _ in range(50)))
    done = [answer for answer in answers if answer.status_code == 201]
    told = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code != 201)
    assert done
    assert len({answer.json()["id"] for answer in done}) == 1
    assert told <= {"in_progress"}
    assert await database.read(count) == 1
    assert (await client.post("a", "key-1")).json() == done[0].json()


async def test_a_key_is_forgotten_after_a_day(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await client.post("a", "key-1")
    later = now() + KEPT - timedelta(minutes=1)
    monkeypatch.setattr(idempotency, "now", lambda: later)
    assert (await client.post("a", "key-1")).json() == first.json()
    after = now() + KEPT + timedelta(minutes=1)
    monkeypatch.setattr(idempotency, "now", lambda: after)
    assert (await client.post("b", "key-1")).json()["name"] == "b"
    assert await database.read(count) == 2


@pytest.mark.parametrize("key", ["a" * 129, "a b", "ключ", ""])
async def test_a_key_has_a_form(client: Client, key: str) -> None:
    answer = await client.http.post("/things", json={"name": "a"}, headers={
        b"idempotency-key": key.encode(), b"authorization": (await signed(client)).encode(),
    })  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


async def signed(client: Client) -> str:
    await client.post("x", None)
    return f"Bearer {client.tokens['u1']}"
