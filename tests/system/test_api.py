"""Every route of the OpenAPI document: fuzzed, overfed, and tried by somebody whose it is not."""

import asyncio
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
import schemathesis
import uvicorn
from httpx2 import AsyncClient, Client, Response
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from artel.auth.keys import ensure_key
from artel.compose import SERVICES, compose
from artel.kernel.events import new_id
from artel.kernel.migrations import migrate
from artel.kernel.observe import BODY_LIMIT
from artel.kernel.settings import Settings
from playing import Company, Somebody

DOCUMENT = compose(SERVICES, Settings()).openapi()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
WITH_BODY = [each for each in OPERATIONS if "requestBody" in DOCUMENT["paths"][each[1]][each[0].lower()]]
WITH_ID = [each for each in OPERATIONS if "{" in each[1]]
CONFORMS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
API = "/api/v1"


@dataclass
class House:
    """The whole composition behind a real socket, and two people who have nothing to do with each other."""

    address: str
    owner: Somebody
    stranger: Somebody
    known: dict[str, str] = field(default_factory=dict)  # what the owner has, by the name of a path's parameter

    def call(self, who: Somebody | None, method: str, path: str, **kwargs: Any) -> Response:
        headers = {"authorization": f"Bearer {who.token}"} if who else {}
        with Client(base_url=self.address, timeout=30) as http:
            return http.request(method, path, headers={**headers, **kwargs.pop("headers", {})}, **kwargs)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    config = Settings(data_dir=tmp_path_factory.mktemp("api"), event_burst=10**6, event_rate=10**6, sign_in_burst=10**6)
    ensure_key(config.keys)
    for name in SERVICES:
        migrate(name, config.database(name))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(compose(SERVICES, config), log_config=None, ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield asyncio.run(furnished(f"http://127.0.0.1:{listening.getsockname()[1]}"))
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


async def furnished(address: str) -> House:
    """Something of each kind, all the owner's."""
    async with AsyncClient(base_url=address + API, timeout=60) as http:
        company = Company(http, Random(1))
        owner, friend, stranger = [await company.sign_in(name) for name in ("Хозяин", "Друг", "Чужой")]
        table = await company.sit_down(owner, [friend], {"game": "americana"}, guests=["Гость"])
        await table.play(30)
        template = await company.ok(owner, "POST", "/templates", {"name": "Мои", "rules": {"game": "kolkhoz"}})
        group = await company.ok(owner, "POST", "/groups", {"name": "Наши"})
        asked = await company.ok(friend, "POST", "/friends/requests", {"user_id": owner.id})
        devices = await company.ok(owner, "GET", "/auth/sessions")
    known = {
        "session_id": table.id, "template_id": template["id"], "group_id": group["id"], "request_id": asked["id"],
        "user_id": friend.id, "player_id": table.session["players"][1]["id"], "claim_id": new_id(), "version": "1",
        "sign_in_id": devices[0]["id"],
    }  # fmt: skip
    return House(address, owner, stranger, known)


@pytest.fixture
def fresh(house: House) -> Somebody:
    """Somebody of this test's own: a fuzzed sign-out hurts nobody else."""
    return asyncio.run(newcomer(house))


async def newcomer(house: House) -> Somebody:
    async with AsyncClient(base_url=house.address + API, timeout=60) as http:
        return await Company(http, Random(1)).sign_in(f"Проба {new_id()[-12:]}")


@SCHEMA.parametrize()
@settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # bounded: what is found beyond is a matter of hours, and of another tool
def test_nothing_that_can_be_sent_breaks_it(case: Any, house: House, fresh: Somebody) -> None:
    """Any answer fits the document, and none is a 5xx. Sometimes the ids are of things that are there."""
    luck = zlib.crc32(repr((case.path_parameters, case.body)).encode())
    who = house.owner if luck % 2 and case.method == "GET" else fresh
    for name in case.path_parameters or {}:
        if name in house.known and luck % 3:
            case.path_parameters[name] = house.known[name]
    headers = {"authorization": f"Bearer {who.token}"}
    case.call_and_validate(base_url=house.address, headers=headers, checks=CONFORMS)


def filled(house: House, path: str) -> str:
    return path.format(**house.known)


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_a_field_that_nobody_knows_is_refused(house: House, method: str, path: str) -> None:
    answer = house.call(house.owner, method, filled(house, path), json={"nobody_knows_this": 1})
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in {"invalid_body", "invalid_rules"}
    assert "nobody_knows_this" in answer.text or "type" in answer.text


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize("announced", [True, False])
def test_more_than_64_kib_is_refused(house: House, method: str, path: str, *, announced: bool) -> None:
    body = json.dumps({"name": "x" * BODY_LIMIT}).encode()
    content = body if announced else iter([body[:1000], body[1000:]])
    answer = house.call(
        house.owner, method, filled(house, path), content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_who_has_not_signed_in_sees_nothing(house: House, method: str, path: str) -> None:
    if path in OPEN_TO_ALL:
        return
    answer = house.call(None, method, filled(house, path), json=BODIES.get((method, path.removeprefix(API))))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


OPEN_TO_ALL = {
    "/healthz", "/readyz", "/.well-known/jwks.json", f"{API}/auth/dev", f"{API}/auth/telegram", f"{API}/auth/refresh",
    f"{API}/auth/logout",  # the refresh token says whose
    f"{API}/shared", f"{API}/shared/live-ticket",  # the share token says what
}  # fmt: skip

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/sessions/{session_id}/events"): {"id": "stranger-1", "type": "finish"},
    ("PATCH", "/sessions/{session_id}"): {"name": "Моя"},
    ("POST", "/sessions/{session_id}/players"): {"guest_name": "Чужой"},
    ("POST", "/sessions/{session_id}/share"): {"money": True},
    ("POST", "/sessions/{session_id}/players/{player_id}/claim"): {},
    ("PATCH", "/groups/{group_id}"): {"name": "Моя"},
    ("PATCH", "/templates/{template_id}"): {"name": "Мои"},
    ("POST", "/templates/{template_id}/copy"): {"name": "Мои"},
}
# What a stranger is answered about oneself, or may see of anybody.
ONES_OWN = {
    ("DELETE", "/blocks/{user_id}"), ("DELETE", "/friends/{user_id}"), ("GET", "/users/{user_id}"),
    ("GET", "/stats/players/{user_id}"), ("GET", "/stats/ratings/{user_id}/trace"),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WITH_ID)
def test_what_is_somebody_elses_is_not_there(house: House, method: str, path: str) -> None:
    short = path.removeprefix(API)
    answer = house.call(house.stranger, method, filled(house, path), json=BODIES.get((method, short)))
    if (method, short) in ONES_OWN:
        assert answer.status_code < 500
        assert house.owner.name not in answer.text
        return
    assert (answer.status_code, answer.json()["code"]) in {(404, "not_found"), (403, "forbidden")}, answer.text


def test_the_documents_examples_of_strangers_are_of_routes_that_are_there() -> None:
    there = {(method, path.removeprefix(API)) for method, path in OPERATIONS}
    assert set(BODIES) <= there
    assert there >= ONES_OWN
    assert {path for _, path in OPERATIONS} >= OPEN_TO_ALL


def test_the_committed_document_is_served(house: House) -> None:
    served = house.call(None, "GET", f"{API}/openapi.json").json()
    committed = json.loads((Path(__file__).parents[2] / "web" / "openapi.json").read_text(encoding="utf-8"))
    assert served == committed
