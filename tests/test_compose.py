"""What stands around the services: health, the built web app, and what is nowhere."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from unittest.mock import patch

import pytest
from httpx2 import AsyncClient
from prometheus_client import REGISTRY
from starlette.types import Message
from structlog.testing import capture_logs

from artel.compose import SERVICES, load
from artel.contracts.game import GameFinished
from artel.kernel.bus import Bus, MemoryBus
from artel_testing import Installation, installation

PAGE = "<!doctype html><title>Artel</title>"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(PAGE)
    (built / "assets" / "app-1a2b.js").write_text("export {}")
    async with installation(tmp_path, web_dir=built) as made:
        yield made


@pytest.fixture
def http(house: Installation) -> AsyncClient:
    house.http.base_url = "http://testserver"
    return house.http


async def test_the_process_is_up_and_says_what_it_stands_on(http: AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    ready = await http.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {service: {"database": "ok", "bus": "ok", "store": "ok"} for service in SERVICES}


async def test_it_is_not_ready_without_a_database(house: Installation, http: AsyncClient) -> None:
    await house.app.state.contexts["stats"].database.close()
    ready = await http.get("/readyz")
    assert (ready.status_code, ready.headers["retry-after"]) == (503, "2")
    parts = ready.json()
    assert parts["stats"]["database"] != "ok"
    assert parts["game"]["database"] == "ok"


async def test_a_queue_is_unbound_from_what_it_had_only_where_somebody_else_hears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a process of the release before, which insists on that, would not get rid of it, nor of what follows."""
    prepared: dict[str, tuple[Sequence[str], Sequence[str]]] = {}

    class Broker(MemoryBus):
        async def prepare(self, group: str, topics: Sequence[str], dropped: Sequence[str] = ()) -> None:
            prepared[group] = topics, dropped

    async def open_bus(*_: object) -> Bus:
        return Broker()

    monkeypatch.setattr("artel.compose.open_bus", open_bus)
    async with installation(tmp_path, ["friends"]):
        pass
    assert prepared.keys() == {name for name in SERVICES if load(name).reactions}
    assert prepared["auth"][1] == [GameFinished.topic]
    assert prepared["stats"][1] == []  # GameStarted, which nobody else follows
    followed = {topic for topics, _ in prepared.values() for topic in topics}
    assert all(followed.issuperset(dropped) and not set(topics) & set(dropped) for topics, dropped in prepared.values())


@pytest.mark.parametrize(("services", "name"), [(["friends"], "friends"), (["friends", "stats"], "artel")])
async def test_what_belongs_to_no_service_is_of_the_process(tmp_path: Path, services: list[str], name: str) -> None:
    """Or a log says of a slow `/readyz` that somebody else has answered it."""
    labels = {"service": name, "method": "GET", "route": "/readyz", "status": "200"}
    before = REGISTRY.get_sample_value("artel_http_requests_total", labels) or 0
    async with installation(tmp_path, services) as made:
        with patch("artel.kernel.observe.SLOW_SECONDS", -1), capture_logs() as said:
            assert (await made.http.get("http://testserver/readyz")).status_code == 200
    assert [(line["service"], line["route"]) for line in said if line.get("kind") == "access"] == [(name, "/readyz")]
    assert REGISTRY.get_sample_value("artel_http_requests_total", labels) == before + 1


async def test_any_page_is_the_app_and_never_an_old_one(http: AsyncClient) -> None:
    for path in ("/", "/s/", "/sessions/01a21334", "/t/"):
        page = await http.get(path)
        assert (page.status_code, page.text) == (200, PAGE)
        assert page.headers["cache-control"] == "no-cache"


async def test_what_is_long_goes_over_the_wire_short(house: Installation, http: AsyncClient) -> None:
    long = "export {}\n" * 1000
    assert house.settings.web_dir
    (house.settings.web_dir / "assets" / "long-3c4d.js").write_text(long)
    asset = await http.get("/assets/long-3c4d.js", headers={"accept-encoding": "gzip"})
    assert (asset.text, asset.headers["content-encoding"]) == (long, "gzip")
    assert int(asset.headers["content-length"]) < len(long) / 10
    plain = await http.get("/assets/long-3c4d.js", headers={"accept-encoding": "identity"})
    assert (plain.text, plain.headers.get("content-encoding")) == (long, None)
    assert {each.headers["vary"] for each in (asset, plain)} == {"Accept-Encoding"}


async def test_a_hashed_asset_is_for_ever(http: AsyncClient) -> None:
    asset = await http.get("/assets/app-1a2b.js")
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["x-content-type-options"] == "nosniff"


NOWHERE = [
    "/metrics", "/api", "/api/v1", "/api/v2/users/me", "/api/v1/nothing", "/api/v1/templates/", "/.well-known/none",
    "/assets/gone.js", "/api/v1/docs",
]  # fmt: skip


async def test_what_is_nowhere(http: AsyncClient) -> None:
    """Not the page, and not a redirect: the same with the web app and without it. Metrics are another port's."""
    answers = {path: await http.get(path) for path in NOWHERE}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(NOWHERE, 404)
    assert {answer.json()["code"] for answer in answers.values()} == {"not_found"}


async def test_a_method_that_a_route_does_not_know(http: AsyncClient) -> None:
    for method, path, allowed in (
        ("DELETE", "/api/v1/auth/dev", "POST"),
        ("PUT", "/api/v1/users/me", "GET"),
        ("POST", "/healthz", "GET"),
    ):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert allowed in answer.headers["allow"]


async def test_nobody_talks_to_a_page(house: Installation) -> None:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    for path in ("/", "/nothing", "/api/v1/users/me"):
        scope: dict[str, object] = {
            "type": "websocket",
            "path": path,
            "headers": [],
            "query_string": b"",
            "subprotocols": [],
        }
        await house.app(scope, receive, send)
    assert [message["type"] for message in said] == ["websocket.close"] * 3
