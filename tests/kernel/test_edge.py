"""The ring around every service: problems, request ids, sizes, metrics. Called over ASGI, raw where it matters."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
import pytest
from fastapi import FastAPI, Query, Request
from httpx2 import ASGITransport, AsyncClient, Response
from prometheus_client import REGISTRY
from pydantic import Field
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from artel.kernel.edge import Edge
from artel.kernel.errors import Problem, add_handlers, forbidden, not_found, rate_limited
from artel.kernel.events import new_id
from artel.kernel.http import Body, Id, Name
from artel.kernel.tap import Ready
from artel.kernel.traffic import Traffic
from kernel.tapping import tap

BODY_LIMIT = 64 * 1024
FAULTS: dict[str, Exception] = {
    "bug": ZeroDivisionError("secret words"),
    "broken_rule": IntegrityError("INSERT secret words", {}, Exception("secret words")),
    "locked": OperationalError("SELECT secret words", {}, Exception("database is locked")),
    "refused": ConnectionRefusedError(111, "secret words"),
    "slow": TimeoutError(),
    "forbidden": forbidden("Only the organizer may."),
    "not_found": not_found(),
    "limited": rate_limited(0.2),
    "told": Problem(409, "stale_game", "Another game runs.", event=3),
}


class Order(Body):
    name: Name
    balls: Annotated[int, Field(ge=0, le=8)]


def application() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.post("/orders/{order}")
    async def order(order: Id, body: Order, limit: Annotated[int, Query(le=10)] = 1) -> dict[str, Any]:
        return {"order": order, "name": body.name, "balls": body.balls, "limit": limit}

    @app.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @app.get("/faults/{name}")
    async def fault(name: str) -> None:
        raise FAULTS[name]

    app.router.routes.append(Mount("/plain", routes=[Route("/faults/{name}", Plain)]))
    add_handlers(app)
    app.add_middleware(Edge, service_of=lambda route: "orders" if route.startswith("/orders") else "none")
    return app


class Plain(HTTPEndpoint):
    """Beside the framework, as the path of the taps is."""

    async def get(self, request: Request) -> None:
        raise FAULTS[request.path_params["name"]]


@pytest.fixture
async def http() -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(application(), raise_app_exceptions=True)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def problem(response: Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:artel:problem:{code}")
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["title"]
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    return body


@pytest.mark.parametrize("where", ["", "/plain"])
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("bug", 500, "internal"),
        ("broken_rule", 500, "internal"),
        ("locked", 503, "unavailable"),
        ("refused", 503, "unavailable"),
        ("slow", 503, "unavailable"),
        ("forbidden", 403, "forbidden"),
        ("not_found", 404, "not_found"),
        ("limited", 429, "rate_limited"),
        ("told", 409, "stale_game"),
    ],
)
async def test_whatever_goes_wrong_is_a_problem(
    http: AsyncClient, where: str, name: str, status: int, code: str
) -> None:
    response = await http.get(f"{where}/faults/{name}")
    body = problem(response, status, code)
    assert ("retry-after" in response.headers) == (status in {429, 503})
    assert body.get("event") == (3 if name == "told" else None)


async def test_a_limit_says_when_to_come_back_in_whole_seconds(http: AsyncClient) -> None:
    assert (await http.get("/faults/limited")).headers["retry-after"] == "1"
    assert rate_limited(7.2).headers["Retry-After"] == "8"
    assert rate_limited(0).headers["Retry-After"] == "1"


async def test_no_such_way_and_no_such_method(http: AsyncClient) -> None:
    problem(await http.get("/nowhere"), 404, "not_found")
    response = await http.put("/echo")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


ORDER = "/orders/0192f0c1-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "Petya", "balls": 9}', "balls"),
        (b'{"name": "Petya", "balls": "3"}', "balls"),
        (b'{"name": "Petya", "balls": true}', "balls"),
        (b'{"name": "Petya", "balls": 3.0}', "balls"),
        (b'{"name": "Petya", "balls": NaN}', "balls"),
        (b'{"name": "Petya", "balls": 1e400}', "balls"),
        (b'{"name": "Petya"}', "balls"),
        (b'{"name": "   ", "balls": 3}', "name"),
        (b'{"name": "a\\u0000b", "balls": 3}', "name"),
        (b'{"name": "\\ud800", "balls": 3}', "name"),
        (b'{"name": 5, "balls": 3}', "name"),
        (b'{"name": "Petya", "balls": 3, "role": "admin"}', "role"),
        (b'{"name": "Petya", "balls": 3, "\\ud83c": 1}', "body"),
    ],
)
async def test_a_body_that_does_not_fit_is_told_where(http: AsyncClient, body: bytes, field: str) -> None:
    response = await http.post(ORDER, content=body, headers={"content-type": "application/json"})
    told = problem(response, 422, "invalid_body")["errors"]
    assert [error["field"] for error in told] == [field]
    assert all(error["message"] for error in told)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"\x00", b"{]", b"[" * 60_000,
        b'{"a":' * 9_000, b"1" * 5_000, b'{"balls": ' + b"9" * 5_000 + b"}",
    ],
)  # fmt: skip
async def test_what_is_no_order_at_all_is_refused(http: AsyncClient, body: bytes) -> None:
    problem(await http.post(ORDER, content=body, headers={"content-type": "application/json"}), 422, "invalid_body")


async def test_a_query_and_a_path_that_do_not_fit(http: AsyncClient) -> None:
    fits = {"name": "Petya", "balls": 3}
    told = problem(await http.post(ORDER, json=fits, params={"limit": 11}), 422, "invalid_query")
    assert told["errors"][0]["field"] == "limit"
    for wrong in ("1", "0192F0C1-0000-7000-8000-000000000000", "%00", "..", "0192f0c1-0000-7000-8000-00000000000g"):
        problem(await http.post(f"/orders/{wrong}", json=fits), 404, "not_found")


async def test_a_request_id_comes_back_or_is_made(http: AsyncClient) -> None:
    assert (await http.post("/echo", headers={"x-request-id": "tap-1.2_3"})).headers["x-request-id"] == "tap-1.2_3"
    made = {(await http.post("/echo")).headers["x-request-id"] for _ in range(5)}
    assert len(made) == 5
    for wrong in ("", "a" * 65, "a b", "ünïcode", "x\ty", "<script>"):
        answer = await http.post("/echo", headers={b"x-request-id": wrong.encode()})
        assert answer.headers["x-request-id"] != wrong


async def send(app: FastAPI, chunks: list[bytes], headers: dict[str, str], method: str = "POST") -> tuple[int, bytes]:
    """One request as the server hands it over, in these pieces."""
    pieces: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": number + 1 < len(chunks)}
        for number, chunk in enumerate(chunks)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def answer(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http", "method": method, "path": "/echo", "raw_path": b"/echo", "query_string": b"", "headers": raw,
        "scheme": "http", "server": ("test", 80), "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    await app(scope, receive, answer)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("size", [0, 1, BODY_LIMIT - 1, BODY_LIMIT])
async def test_a_body_up_to_64_kib_is_taken_announced_or_not(size: int) -> None:
    app, body = application(), b"x" * size
    for headers, chunks in (({"content-length": str(size)}, [body]), ({}, [body[:10], body[10:], b""])):
        status, answer = await send(app, chunks, headers)
        assert (status, orjson.loads(answer)) == (200, {"length": size})


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 10 * BODY_LIMIT])
async def test_a_larger_one_is_not_announced_or_not(size: int) -> None:
    app, body = application(), b"x" * size
    for headers, chunks in (
        ({"content-length": str(size)}, []),
        ({}, [body]),
        ({}, [b"x" * 1024] * (size // 1024 + 1)),
    ):
        status, answer = await send(app, chunks, headers)
        assert (status, orjson.loads(answer)["code"]) == (413, "too_large")


@pytest.mark.parametrize("length", ["9" * 5000, "000000000999999", "-1", "1e9", "+5", "5, 5", "x"])
async def test_an_odd_length_is_refused(length: str) -> None:
    status, _ = await send(application(), [b"x" * 5], {"content-length": length})
    assert status == 413


async def test_who_sends_without_end_is_not_read_to_the_end() -> None:
    read = 0

    async def endless() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 1024, "more_body": True}

    sent: list[Message] = []

    async def answer(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/echo", "headers": [], "query_string": b""}
    await application()(scope, endless, answer)
    assert sent[0]["status"] == 413
    assert read == BODY_LIMIT // 1024 + 1


def series(name: str) -> set[tuple[tuple[str, str], ...]]:
    return {
        tuple(sorted(sample.labels.items()))
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == name
    }


async def test_metrics_count_by_route_and_not_by_what_people_type(http: AsyncClient) -> None:
    before = series("artel_http_requests_total")
    for number in range(10_000):
        await http.request("GET" if number % 2 else f"X{number}", f"/{new_id()}/{number}")
    for _ in range(3):
        await http.post(f"/orders/{new_id()}", json={"name": "Petya", "balls": 3})
    new = [dict(labels) for labels in series("artel_http_requests_total") - before]
    assert {labels["route"] for labels in new} <= {"unmatched", "/orders/{order}"}
    assert len(new) <= 4
    order = {"service": "orders", "method": "POST", "route": "/orders/{order}", "status": "200"}
    assert (REGISTRY.get_sample_value("artel_http_requests_total", order) or 0) >= 3
    edge = http._transport.app  # type: ignore[attr-defined]
    while not isinstance(edge, Edge):
        edge = getattr(edge, "middleware_stack", None) or edge.app
    assert len(edge._observer._meters) <= 4


async def test_half_an_answer_is_not_followed_by_a_problem() -> None:
    async def breaks_off(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    sent: list[Message] = []

    async def answer(message: Message) -> None:
        sent.append(message)

    async def nothing() -> Message:
        return {"type": "http.request"}

    edge = Edge(breaks_off, service_of=lambda _: "none")
    with pytest.raises(ZeroDivisionError):
        await edge({"type": "http", "method": "GET", "path": "/", "headers": []}, nothing, answer)
    assert len(sent) == 1


async def test_only_taps_are_traffic() -> None:
    """Somebody who asks again and again whether statistics have followed is not to keep them from following."""
    traffic = Traffic(patience=3600)
    under_way: list[bool] = []

    async def look(_: bytes = b"") -> Ready:
        lull = asyncio.create_task(traffic.lull())
        for _turn in range(10):
            await asyncio.sleep(0)
        under_way.append(not lull.done())
        lull.cancel()
        return Ready(200, b"{}")

    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        await look()
        await PlainTextResponse("")(scope, receive, send)

    edge = Edge(other, lambda _: "none", [tap(look)], traffic)
    async with AsyncClient(transport=ASGITransport(edge), base_url="http://test") as http:
        assert (await http.post("/other")).status_code == 200
        assert (await http.post("/tap")).status_code == 200
    assert under_way == [False, True]
