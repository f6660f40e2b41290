"""Each way in by a proof or by what could be guessed is tried so often by an address, and so often by an account."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from prometheus_client import REGISTRY

import openid_provider
from artel.auth.oidc import challenge_of
from artel.compose import SERVICES
from artel.gateway import Way, ways
from artel.kernel.events import new_id
from artel.kernel.redis_store import RedisStore
from artel_testing import Installation, Person, installation
from auth.test_api import TOKEN, code
from openid_provider import Provider

BURST = 3
MOST = 2000  # more than any address may, while some of it comes back

# What is sent to each, so that it gets as far as what is limited.
OPEN: Mapping[str, dict[str, Any]] = {
    "POST /auth/telegram": {"json": {"init_data": "x"}},
    "POST /auth/telegram-widget": {"json": {"fields": {"id": 1}}},
    "POST /auth/exchange": {"json": {"code": "x", "verifier": "v" * 43}},
    "POST /auth/refresh": {"json": {"refresh_token": "x"}},
    "GET /auth/{provider}/start": {"params": {"challenge": challenge_of("v" * 43)}},
    "GET /auth/{provider}/callback": {"params": {"state": "x"}},
    "POST /auth/link/open": {"json": {"ticket": "x"}},
    "POST /auth/link/consent": {"json": {"consent": "x"}},
    "POST /auth/link/refuse": {"json": {"word": "x"}},
    "GET /shared": {"headers": {"X-Share-Token": "x"}},
    "POST /shared/live-ticket": {"headers": {"X-Share-Token": "x"}},
}
SIGNED_IN: Mapping[str, dict[str, Any]] = {
    "DELETE /auth/identities/{provider}": {},
    "POST /auth/link/start": {"json": {"provider": "google"}},
    "GET /auth/link/{link_id}": {},
    "POST /auth/merge": {"json": {"link_id": new_id()}},
    "POST /users/me/export": {},
    "GET /users/me/exports/{export_id}/archive": {},
    "DELETE /users/me": {},
    "GET /admin/users": {"params": {"query": "аня"}},
    "POST /admin/users/{user_id}/block": {},
    "POST /admin/users/{user_id}/unblock": {},
    "GET /admin/audit": {},
    "POST /sessions/join": {"json": {"code": "AAAAAA"}},
    "POST /sessions/{session_id}/players/{player_id}/claim": {"json": {"code": "AAAAAA"}},
    "GET /templates/{template_id}": {"headers": {"X-Share-Token": "x"}},
    "GET /templates/{template_id}/versions": {"headers": {"X-Share-Token": "x"}},
    "GET /templates/{template_id}/versions/{version}": {"headers": {"X-Share-Token": "x"}},
    "POST /templates/{template_id}/copy": {"headers": {"X-Share-Token": "x"}},
}
FREE = {
    "POST /auth/dev": "a name proves nothing, and production refuses it",
    "GET /auth/ways": "says what there is",
    "GET /.well-known/jwks.json": "is for everybody",
    "WS /sessions/{session_id}/live": "a ticket is 128 bits, for 30 seconds, once",
    "WS /shared/live": "the same",
}


def named(way: Way) -> str:
    return f"{way.method} {way.path.removeprefix('/api/v1')}"


def test_each_open_way_is_known() -> None:
    assert {named(way) for way in ways() if way.is_open} == {*OPEN, *FREE}
    assert set(SIGNED_IN) <= {named(way) for way in ways() if not way.is_open}


@pytest.fixture(scope="module")
def world() -> Iterator[dict[str, Provider]]:
    with openid_provider.serving() as providers:
        yield providers


@dataclass
class Town:
    """Many addresses, each with a client of its own."""

    house: Installation
    stack: AsyncExitStack
    asked: int = field(default=0)

    async def address(self) -> AsyncClient:
        transport = ASGITransport(self.house.app, raise_app_exceptions=False, client=(new_id(), 1))
        return await self.stack.enter_async_context(AsyncClient(transport=transport, base_url="http://testserver"))

    async def try_(self, http: AsyncClient, way: str, who: Person | None = None, **sent: Any) -> Response:
        """What stands in the path is another each time: it is one way in all the same."""
        self.asked += 1
        method, path = way.split(" ")
        for name in ("link_id", "export_id", "user_id", "session_id", "player_id", "template_id"):
            path = path.replace(f"{{{name}}}", new_id())
        path = path.replace("{provider}", ("google", "telegram")[self.asked % 2]).replace("{version}", "1")
        headers = {**sent.pop("headers", {}), **(who.headers if who else {})}
        return await http.request(method, f"/api/v1{path}", headers=headers, **sent)

    async def until_limited(self, ask: Callable[[], Awaitable[Response]]) -> int:
        """How often it was answered."""
        for tries in range(MOST):
            if is_limited(await ask()):
                return tries
        return MOST


@pytest.fixture(params=["memory", "redis"])
async def town(request: pytest.FixtureRequest, tmp_path: Path, world: dict[str, Provider]) -> AsyncIterator[Town]:
    store = "memory://" if request.param == "memory" else request.getfixturevalue("redis_url")
    told: dict[str, Any] = openid_provider.settings_of(world["google"].address)
    told |= {"sign_in_burst": BURST, "sign_in_rate": 0.001, "telegram_widget": True, "store_url": store}
    async with installation(tmp_path, SERVICES, telegram_bot_token=TOKEN, **told) as house, AsyncExitStack() as stack:
        assert isinstance(house.app.state.contexts["auth"].store, RedisStore) == (request.param == "redis")
        yield Town(house, stack)


def is_limited(answer: Response) -> bool:
    """Where a browser goes by itself, our page says it."""
    page = answer.headers.get("location", "")
    if answer.status_code != 429 and not page.endswith("sign_in_error=rate_limited"):
        return False
    assert int(answer.headers["retry-after"]) > 0
    assert page or code(answer) == (429, "rate_limited")
    return True


@pytest.mark.parametrize("way", [*OPEN, *SIGNED_IN])
async def test_an_address_waits_and_no_other_does(town: Town, way: str) -> None:
    """Whoever asks: each time another."""
    sent = {**OPEN, **SIGNED_IN}[way]

    def somebody() -> Person | None:
        return town.house.person("Кто-то") if way in SIGNED_IN else None

    here, there = await town.address(), await town.address()
    tries = await town.until_limited(lambda: town.try_(here, way, somebody(), **sent))
    assert BURST <= tries < MOST
    assert not is_limited(await town.try_(there, way, somebody(), **sent))


@pytest.mark.parametrize("way", SIGNED_IN)
async def test_an_account_waits_and_no_other_does(town: Town, way: str) -> None:
    """From wherever he asks: each time from somewhere else."""
    he, she = town.house.person("Он"), town.house.person("Она")

    async def from_elsewhere() -> Response:
        return await town.try_(await town.address(), way, he, **SIGNED_IN[way])

    tries = await town.until_limited(from_elsewhere)
    assert BURST <= tries < MOST
    assert not is_limited(await town.try_(await town.address(), way, she, **SIGNED_IN[way]))


async def test_a_stranger_with_a_forged_token_uses_up_nothing(town: Town) -> None:
    he = town.house.person("Он")
    forged = Person("Он", he.id, he.token[:-4] + "AAAA")
    for _ in range(50):
        answer = await town.try_(await town.address(), "POST /auth/merge", forged, json={"link_id": new_id()})
        assert answer.status_code == 401
    answer = await town.try_(await town.address(), "POST /auth/merge", he, json={"link_id": new_id()})
    assert code(answer) == (404, "not_found")


async def test_a_guess_is_counted_where_it_was_made(town: Town) -> None:
    """Whether it was looked at or not."""
    here = await town.address()
    before = guesses()
    for _ in range(BURST + 2):
        await town.try_(here, "GET /shared", headers={"X-Share-Token": "x"})
    assert [after - earlier for after, earlier in zip(guesses(), before, strict=True)] == [BURST, 2]


def guesses() -> list[float]:
    labels = {"service": "game", "method": "GET", "route": "/shared"}
    return [
        REGISTRY.get_sample_value("artel_http_requests_total", {**labels, "status": status}) or 0
        for status in ("404", "429")
    ]
