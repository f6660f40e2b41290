"""Every route of the OpenAPI document: fuzzed, overfed, and tried by somebody whose it is not."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import schemathesis
import uvicorn
from httpx2 import AsyncClient, Client, Response
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import openid_provider
from artel.auth.keys import ensure_key
from artel.auth.limits import Limits
from artel.auth.oidc import challenge_of
from artel.compose import SERVICES, compose
from artel.kernel.events import new_id
from artel.kernel.limits import Limit
from artel.kernel.migrations import migrate
from artel.kernel.settings import Settings
from auth.test_api import DEVICE, TOKEN, init_data
from auth.test_browser_sign_in import widget
from openid_provider import Provider
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
FREE = Limit(10**6, 10**6)
ADMIN = 900000010
BODY_LIMIT = 64 * 1024


@dataclass
class House:
    """The whole composition behind a real socket, and two people who have nothing to do with each other."""

    address: str
    owner: Somebody
    stranger: Somebody
    admin: Somebody
    known: dict[str, str]  # what the owner has, by the name of a path's parameter

    def call(self, who: Somebody | None, method: str, path: str, **kwargs: Any) -> Response:
        headers = {"authorization": f"Bearer {who.token}"} if who else {}
        with Client(base_url=self.address, timeout=30) as http:
            return http.request(method, path, headers={**headers, **kwargs.pop("headers", {})}, **kwargs)


@pytest.fixture(scope="module")
def providers() -> Iterator[dict[str, Provider]]:
    with openid_provider.serving() as world:
        yield world


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, providers: dict[str, Provider]) -> Iterator[House]:
    free: dict[str, Any] = {
        "admins": f"{ADMIN}", "event_burst": 10**6, "event_rate": 10**6, "sign_in_burst": 10**6,
        "telegram_widget": True, **openid_provider.settings_of(providers["google"].address),
    }  # fmt: skip
    config = Settings(data_dir=tmp_path_factory.mktemp("api"), telegram_bot_token=SecretStr(TOKEN), **free)
    ensure_key(config.keys)
    for name in SERVICES:
        migrate(name, config.database(name))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(compose(SERVICES, config), log_config=None, ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("artel.friends.api.ASKED_AT_ONCE", 10**6)  # see `heard_of`: nobody asks as often as a test
            for name, often in {"PROVING": Limits(FREE), "OTHERS": {}, "SIGN_INS": FREE}.items():
                patch.setattr(f"artel.auth.limits.{name}", often)
            made = asyncio.run(furnished(address, moves=30))
            yield House(address, made.owner, asyncio.run(newcomer(address)), asyncio.run(admin(address)), made.known)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def link_started(house: House, who: Somebody) -> dict[str, Any]:
    started: dict[str, Any] = house.call(who, "POST", f"{API}/auth/link/start", json={"provider": "google"}).json()
    return started


def google_linked(house: House, who: Somebody, google: Provider, *, taken: bool = False, agreed: bool = True) -> str:
    """Of an account that nobody has come with yet, or somebody else has. Gives the link's id, or what consents."""
    google.claims["sub"] = new_id()
    with Client(base_url=house.address) as http:
        if taken:
            http.post(f"{API}/auth/exchange", json=proven(house)).raise_for_status()
        started = link_started(house, who)
        opened = http.post(f"{API}/auth/link/open", json={"ticket": started["url"].partition("#")[2]}).json()
        word = parse_qs(urlsplit(came_back(http, opened["url"])).fragment).get("consent")
        if word and agreed:
            http.post(f"{API}/auth/link/consent", json={"consent": word[0], "agreed": True}).raise_for_status()
    return word[0] if word and not agreed else str(started["link_id"])


def proven(house: House) -> dict[str, str]:
    """What `/auth/exchange` wants, once."""
    verifier = new_id() + "-" * 7
    with Client(base_url=house.address) as http:
        asked = {"challenge": challenge_of(verifier)}
        left = http.get(f"{API}/auth/google/start", params=asked).headers["location"]
        return {"code": came_back(http, left).partition("signed_in=")[2], "verifier": verifier}


def came_back(http: Client, address: str) -> str:
    way = urlsplit(http.get(f"{address}&consent=yes").headers["location"])
    return http.get(f"{way.path}?{way.query}").headers["location"]


async def newcomer(address: str) -> Somebody:
    async with AsyncClient(base_url=address + API, timeout=60) as http:
        return await Company(http, Random(1)).sign_in(f"Чужой {new_id()[-12:]}")


async def admin(address: str) -> Somebody:
    """Whom the settings name."""
    async with AsyncClient(base_url=address + API, timeout=60) as http:
        launch = {"init_data": init_data(ADMIN), "device": DEVICE}
        made = (await http.post("/auth/telegram", json=launch)).raise_for_status().json()
    return Somebody(made["user"]["id"], made["user"]["display_name"], made["access_token"], made["refresh_token"])


@dataclass
class Visit:
    """Of one operation, by people of its own: a fuzzed sign-out hurts nobody else."""

    owner: Somebody
    guest: Somebody  # claims to be one, and is blocked by the owner
    known: dict[str, str]  # what the owner has, by the name of a path's parameter
    fields: dict[str, Any]  # and by the name of any other field; what is called makes a new one each time
    house: House | None = None
    google: Provider | None = None
    statuses: list[int] = field(default_factory=list)

    def who(self, case: Any) -> Somebody:
        return self.guest if case.path.endswith("/claim") else self.owner

    def arrange(self, case: Any) -> None:
        """Two of three times what is asked for is there, and every other time it is asked for in a way that fits."""
        turn = len(self.statuses)
        if turn % 3 < 2:
            put(case.path_parameters, self.known)
            if "/blocks/" in case.path:
                case.path_parameters["user_id"] = self.guest.id
        if turn % 2 == 0:
            put(case.query, {**self.fields, "player": self.owner.id, "game": "americana"})
            put(case.headers, self.fields)
            put(case.body, self.fields)
            self._arrange_sign_in(case)

    def _arrange_sign_in(self, case: Any) -> None:
        if self.house is None or self.google is None:
            return
        if case.path.endswith("/auth/exchange"):
            case.body = proven(self.house)
        if case.path.endswith("/link/open"):
            case.body = {"ticket": link_started(self.house, self.owner)["url"].partition("#")[2]}
        if case.path.endswith("/link/refuse"):
            word = google_linked(self.house, self.owner, self.google, taken=True, agreed=False)
            case.body = {"word": word}
        if case.path.endswith("/auth/merge"):
            case.body = {"link_id": google_linked(self.house, self.owner, self.google, taken=True)}
        if case.path.endswith("/link/consent"):
            word = google_linked(self.house, self.owner, self.google, taken=True, agreed=False)
            case.body = {"consent": word, "agreed": True}
        if "/identities/" in case.path:
            case.path_parameters["provider"] = "google"
            google_linked(self.house, self.owner, self.google)


def put(values: Any, known: dict[str, Any]) -> None:
    for name in set(known).intersection(values if isinstance(values, Mapping) else ()):
        values[name] = known[name]() if callable(known[name]) else known[name]


async def furnished(address: str, moves: int) -> Visit:
    """Somebody new and something of each kind, all his."""
    async with AsyncClient(base_url=address + API, timeout=60) as http:
        company = Company(http, Random(1))
        names = [f"{name} {new_id()[-12:]}" for name in ("Хозяин", "Друг", "Знакомый", "Бывший гость")]
        owner, friend, asker, guest = [await company.sign_in(name) for name in names]
        for other in (friend, asker, guest):
            await heard_of(company, owner, other)
        await company.befriend(owner, friend)
        table = await company.sit_down(owner, [friend], {"game": "americana"}, guests=["Гость"])
        await table.play(moves)
        seats = {player["user_id"]: player["id"] for player in table.session["players"]}
        code = {"code": table.session["code"]}
        claim = await company.ok(guest, "POST", f"/sessions/{table.id}/players/{seats[None]}/claim", code)
        await company.ok(guest, "POST", "/sessions/join", code)
        share = await company.ok(owner, "POST", f"/sessions/{table.id}/share", {"money": True})
        template = await company.ok(owner, "POST", "/templates", {"name": "Мои", "rules": {"game": "kolkhoz"}})
        group = await company.ok(owner, "POST", "/groups", {"name": "Наши", "members": [friend.id]})
        asked = await company.ok(asker, "POST", "/friends/requests", {"user_id": owner.id})
        await company.ok(owner, "POST", "/blocks", {"user_id": guest.id})
        devices = await company.ok(owner, "GET", "/auth/sessions")
        link = await company.ok(owner, "POST", "/auth/link/start", {"provider": "google"})
        export = await exported(company, owner)
    known = {
        "session_id": table.id, "template_id": template["id"], "group_id": group["id"], "request_id": asked["id"],
        "user_id": friend.id, "player_id": seats[None], "claim_id": claim["id"], "version": "1",
        "sign_in_id": devices[0]["id"], "link_id": link["link_id"], "provider": "google", "export_id": export,
    }  # fmt: skip
    fields = {
        "a": owner.id, "b": friend.id, "user_id": friend.id, "organizer_id": friend.id, "player": seats[owner.id],
        "game": table.state["game"]["id"], "code": table.session["code"], "refresh_token": owner.refresh,
        "rules": {"game": "moscow"}, "players": [{"guest_name": "Гость"}], "template": None, "id": new_id,
        "init_data": init_data, "device": DEVICE, "provider": "google",
        "challenge": challenge_of("v" * 43), "fields": widget,
        "X-Share-Token": share["url"].partition("#")[2],
    }  # fmt: skip
    return Visit(owner, guest, known, fields)


async def exported(company: Company, owner: Somebody) -> str:
    """All services tell their parts; each question lets them."""
    made = await company.ok(owner, "POST", "/users/me/export")
    async with asyncio.timeout(60):
        while (await company.ok(owner, "GET", f"/users/me/exports/{made['id']}"))["state"] != "ready":
            pass
    return str(made["id"])


async def heard_of(company: Company, one: Somebody, other: Somebody) -> None:
    """Friends hears of newcomers by event; each question lets it."""
    async with asyncio.timeout(60):
        while (asked := await company.call(one, "POST", "/blocks", {"user_id": other.id})).status_code == 404:
            pass
    assert asked.status_code == 201, asked.text
    await company.ok(one, "DELETE", f"/blocks/{other.id}")


@pytest.fixture
def visit(house: House, providers: dict[str, Provider]) -> Iterator[Visit]:
    made = asyncio.run(furnished(house.address, moves=1))
    made.house, made.google = house, providers["google"]
    yield made
    assert min(made.statuses) < 400, "no request of them all got through"


@SCHEMA.parametrize()
@settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # bounded: what is found beyond is a matter of hours, and of another tool
def test_nothing_that_can_be_sent_breaks_it(case: Any, house: House, visit: Visit) -> None:
    """Any answer fits the document, and none is a 5xx. Sometimes the ids are of things that are there."""
    visit.arrange(case)
    who = house.admin if "/admin/" in case.path else visit.who(case)
    headers = {"authorization": f"Bearer {who.token}"}
    answer = case.call(base_url=house.address, headers=headers)
    visit.statuses.append(answer.status_code)
    case.validate_response(answer, checks=CONFORMS)


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
    f"{API}/auth/ways", f"{API}/auth/telegram-widget", f"{API}/auth/{{provider}}/start",
    f"{API}/auth/{{provider}}/callback", f"{API}/auth/exchange", f"{API}/auth/link/open",
    f"{API}/auth/link/consent", f"{API}/auth/link/refuse",
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


@pytest.mark.parametrize(("method", "path"), [each for each in WITH_ID if each[1] not in OPEN_TO_ALL])
def test_what_is_somebody_elses_is_not_there(house: House, method: str, path: str) -> None:
    short = path.removeprefix(API)
    answer = house.call(house.stranger, method, filled(house, path), json=BODIES.get((method, short)))
    if (method, short) in ONES_OWN:
        assert answer.status_code < 500
        assert house.owner.name not in answer.text
        return
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), answer.text


@pytest.mark.parametrize("path", [path for method, path in WITH_ID if method == "GET" and path not in OPEN_TO_ALL])
def test_what_is_ones_own_is_there(house: House, path: str) -> None:
    """Or what strangers do not find would say nothing."""
    assert house.call(house.owner, "GET", filled(house, path)).status_code == 200


def test_the_documents_examples_of_strangers_are_of_routes_that_are_there() -> None:
    there = {(method, path.removeprefix(API)) for method, path in OPERATIONS}
    assert set(BODIES) <= there
    assert there >= ONES_OWN
    assert {path for _, path in OPERATIONS} >= OPEN_TO_ALL


def test_the_committed_document_is_served(house: House) -> None:
    served = house.call(None, "GET", f"{API}/openapi.json").json()
    committed = json.loads((Path(__file__).parents[2] / "web" / "openapi.json").read_text(encoding="utf-8"))
    assert served == committed
