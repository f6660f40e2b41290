"""The gateway in front of the services: a real nginx with the configuration that `artel gateway` writes.

In most tests stand-ins behind it say what reached them; in the last one the services themselves.
"""

import asyncio
import base64
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient, AsyncHTTPTransport, Response, TransportError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

import openid_provider
from artel.auth.keys import KeyRing, ensure_key
from artel.auth.oidc import challenge_of
from artel.compose import SERVICES
from artel.gateway import Place, Way, service_map, ways, write
from artel.kernel.events import new_id
from artel.kernel.token import AUDIENCE, ISSUER
from artel_testing import installation, rotated
from game_testing import listening
from playing import RULES, Company, agrees, replayed
from servers import free_port, wait_for
from servers import listening as is_listening

Json = dict[str, Any]


@dataclass
class Upstream:
    """A service that says who it is and what it was asked."""

    name: str
    port: int = 0
    host: str = "127.0.0.1"
    asked: list[Json] = field(default_factory=list)
    callers: list[asyncio.StreamWriter] = field(default_factory=list)
    revoked: list[str] | None = field(default_factory=list)  # what auth says of sign-ins that have ended
    looks: int = 0  # how often it was asked for that

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for writer in self.callers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.callers.append(writer)
        with closing(writer):
            while head := await _head(reader):
                first, *lines = head.decode().split("\r\n")
                method, path, _ = first.split(" ")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
                await reader.readexactly(int(headers.get("content-length", 0)))
                said: Any = {"service": self.name, "method": method, "path": path, "headers": headers}
                if path == "/inner/revoked":
                    said, self.looks = self.revoked, self.looks + 1
                else:
                    self.asked.append(said)
                body = json.dumps({self.name: {"database": "ok"}} if path == "/readyz" else said).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                )
                writer.write(body)
                await writer.drain()
                if first.endswith(" HTTP/1.0"):
                    return


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@dataclass
class Gateway:
    port: int
    folder: Path
    keys: Path
    services: dict[str, Upstream]
    http: AsyncClient

    def token(self, **claims: Any) -> str:
        return signed(self.keys, **claims)

    async def ask(self, method: str, path: str, token: str = "", **kwargs: Any) -> Response:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **kwargs.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **kwargs)

    def reached(self) -> int:
        return sum(len(each.asked) for each in self.services.values())

    async def logged(self, request_id: str) -> Json:
        """nginx writes it a moment after the answer."""
        async with asyncio.timeout(30):
            while True:
                lines = map(json.loads, (self.folder / "access.log").read_text().splitlines())
                for line in lines:
                    if line["http.request.id"] == request_id:
                        return dict(line)
                await self.ask("GET", "/healthz")


def signed(keys: Path, **claims: Any) -> str:
    now = int(time.time())
    standard = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": new_id(), "sid": new_id(), "jti": new_id(), "iat": now,
        "exp": now + 900, "epoch": 0, "role": "user", "name": "Аня", "lang": "ru",
    }  # fmt: skip
    return KeyRing(keys).sign({**standard, **claims})


@asynccontextmanager
async def running(
    program: str, folder: Path, upstreams: Mapping[str, list[str]], keys: Path, **rates: Any
) -> AsyncIterator[tuple[int, AsyncClient]]:
    web, port = folder / "web", free_port()
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Артель</title>" + " " * 2000)
    (web / "assets" / "index-1a2b.js").write_text("console.log('ball');\n" * 200)
    write(folder, Place(f"127.0.0.1:{port}", upstreams, keys / "jwks.json", web, folder, **rates))
    user = " user root;" if os.geteuid() == 0 else ""
    spoken = ["perl", str(folder / "words.pl"), "gateway"]
    command = [*spoken, program, "-c", str(folder / "nginx.conf"), "-g", f"daemon off;{user}"]
    with (folder / "words.log").open("wb") as words:
        process = await asyncio.create_subprocess_exec(*command, stderr=words)
    try:
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            await asyncio.to_thread(wait_for, lambda: is_listening(port), "nginx", folder / "words.log")
            yield port, http
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def gateway(nginx: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    keys, folder = tmp_path / "keys", tmp_path / "gateway"
    ensure_key(keys)
    async with AsyncExitStack() as stack:
        services = {name: Upstream(name) for name in SERVICES}
        for service in services.values():
            await stack.enter_async_context(service.open())
        addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in services.items()}
        port, http = await stack.enter_async_context(running(nginx, folder, addresses, keys, tries=100_000))
        yield Gateway(port, folder, keys, services, http)


def problem(answer: Response) -> tuple[int, str]:
    said = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["status"] == answer.status_code
    assert said["request_id"] == answer.headers["x-request-id"]
    assert said["type"] == f"urn:artel:problem:{said['code']}"
    return answer.status_code, said["code"]


def _example(way: Way) -> str:
    return re.sub(r"{\w+}", lambda _: new_id(), way.path)


# Whose a way is


async def test_each_way_leads_to_its_service_and_asks_for_a_token_where_the_service_does(gateway: Gateway) -> None:
    asked = [way for way in ways() if way.method != "WS"]
    assert len(asked) > 50
    for way in asked:
        path = _example(way)
        bare = await gateway.ask(way.method, path)
        if way.is_open:
            assert bare.json()["service"] == way.service
        else:
            assert problem(bare) == (401, "unauthenticated")
            answer = await gateway.ask(way.method, path, gateway.token())
            assert (answer.json()["service"], answer.json()["path"]) == (way.service, path)


def test_a_word_belongs_to_one_service() -> None:
    with pytest.raises(ValueError, match="a way into game and into stats"):
        service_map([Way("game", "GET", "/api/v1/plays", False), Way("stats", "GET", "/api/v1/plays/{id}", False)])


async def test_what_nobody_has_is_not_found(gateway: Gateway) -> None:
    for path in ("/api/v1/nothing", "/api/v2/sessions", "/api/", "/api", "/api/v1/sessionsandmore", "/assets/"):
        assert problem(await gateway.ask("GET", path, gateway.token())) == (404, "not_found")
    assert gateway.reached() == 0


@pytest.mark.parametrize("path", ["/metrics", "/_ready/game", "/_auth", "/inner/revoked"])
async def test_what_is_inside_stays_inside(gateway: Gateway, path: str) -> None:
    answer = await gateway.ask("GET", path)
    assert answer.status_code == 404 or answer.text.startswith("<!doctype html>")
    assert gateway.reached() == 0


# The token


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _edited(token: str, place: int, change: Callable[[Json], Json]) -> str:
    parts = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(parts[place] + "=="))
    parts[place] = _b64(json.dumps(change(said)).encode())
    return ".".join(parts)


FORGERIES: Mapping[str, Callable[[str], str]] = {
    "another subject": lambda token: _edited(token, 1, lambda said: {**said, "sub": new_id()}),
    "no algorithm": lambda token: _edited(token, 0, lambda said: {**said, "alg": "none"}).rpartition(".")[0] + ".",
    "another algorithm": lambda token: _edited(token, 0, lambda said: {**said, "alg": "HS256"}),
    "unknown key": lambda token: _edited(token, 0, lambda said: {**said, "kid": "nobody's"}),
    "no key": lambda token: _edited(token, 0, lambda said: {"alg": said["alg"]}),
    "a key that is no text": lambda token: _edited(token, 0, lambda said: {**said, "kid": ["x"]}),
    "zeros for a signature": lambda token: token.rpartition(".")[0] + "." + _b64(bytes(64)),
    "a short signature": lambda token: token[:-8],
    "a long signature": lambda token: token + "AAAA",
    "one bit": lambda token: token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:],
    "two parts": lambda token: token.rpartition(".")[0],
    "no JSON": lambda _: f"{_b64(b'{')}.{_b64(b'}')}.{_b64(bytes(64))}",
    "lists": lambda _: f"{_b64(b'[]')}.{_b64(b'[]')}.{_b64(bytes(64))}",
    "nothing": lambda _: ".",
    "much": lambda _: "x" * 5000,
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_dies_at_the_gate(gateway: Gateway, forgery: str) -> None:
    token = FORGERIES[forgery](gateway.token())
    answer = await gateway.ask("GET", "/api/v1/sessions", token)
    assert problem(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert gateway.reached() == 0


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"iss": "somebody"}, "unauthenticated"),
        ({"aud": "somebody"}, "unauthenticated"),
        ({"iat": 2**32, "exp": 2**33}, "unauthenticated"),
        ({"exp": "tomorrow"}, "unauthenticated"),
        ({"exp": f"{2**33}"}, "unauthenticated"),
        ({"exp": 2**33 + 0.5}, "unauthenticated"),
        ({"nbf": 2**32, "exp": 2**33}, "unauthenticated"),
        ({"aud": [AUDIENCE]}, "unauthenticated"),
        ({"iss": [ISSUER]}, "unauthenticated"),
        ({"sub": 7}, "unauthenticated"),
    ],
)
async def test_a_token_for_somebody_else_or_for_another_time_dies_too(
    gateway: Gateway, claims: Json, code: str
) -> None:
    assert problem(await gateway.ask("GET", "/api/v1/sessions", gateway.token(**claims))) == (401, code)
    assert gateway.reached() == 0


@pytest.mark.parametrize("header", ["Basic {}", "{}", "Bearer", "Bearer  {} x", "bearer\t{}"])
async def test_only_a_bearer_comes_in(gateway: Gateway, header: str) -> None:
    answer = await gateway.ask("GET", "/api/v1/sessions", headers={"Authorization": header.format(gateway.token())})
    assert problem(answer) == (401, "unauthenticated")


async def test_many_good_tokens_and_none_is_refused(gateway: Gateway) -> None:
    """Numbers of a signature that begin with zeros, or with a high bit, have forms of their own."""
    for _ in range(300):
        assert (await gateway.ask("GET", "/api/v1/sessions", gateway.token())).status_code == 200


async def test_a_token_that_was_good_is_good_until_it_expires(gateway: Gateway) -> None:
    token = gateway.token(exp=int(time.time()) + 6)
    assert (await gateway.ask("GET", "/api/v1/sessions", token)).status_code == 200
    async with asyncio.timeout(30):
        while (answer := await gateway.ask("GET", "/api/v1/stats/flows", token)).status_code in {200, 429}:
            pass
    assert problem(answer) == (401, "token_expired")


async def test_a_sign_in_that_has_ended_ends_at_the_gate(gateway: Gateway) -> None:
    here, there, auth = gateway.token(sid="here"), gateway.token(sid="there"), gateway.services["auth"]

    async def every_worker_has_looked() -> None:
        seen = auth.looks
        async with asyncio.timeout(30):
            while auth.looks < seen + 2 * (os.cpu_count() or 1) + 1:
                await gateway.ask("GET", "/healthz")

    assert (await gateway.ask("GET", "/api/v1/users/me", here)).status_code == 200
    auth.revoked = ["here", "elsewhere"]
    await every_worker_has_looked()
    assert problem(await gateway.ask("GET", "/api/v1/users/me", here)) == (401, "signed_out")
    assert (await gateway.ask("GET", "/api/v1/users/me", there)).status_code == 200
    auth.revoked = None  # it is in trouble: what was known last holds
    await every_worker_has_looked()
    assert problem(await gateway.ask("GET", "/api/v1/users/me", here)) == (401, "signed_out")
    assert problem(await gateway.ask("GET", "/api/v1/users/me", gateway.token(sid="elsewhere"))) == (401, "signed_out")


async def test_a_new_key_is_known_without_a_reload(gateway: Gateway) -> None:
    old = gateway.token()
    rotated(gateway.keys)
    new = gateway.token()
    async with asyncio.timeout(30):
        while (await gateway.ask("GET", "/api/v1/sessions", new)).status_code != 200:
            pass
    assert (await gateway.ask("GET", "/api/v1/sessions", old)).status_code == 200


BROKEN: Mapping[str, Callable[[str], str]] = {
    "half": lambda good: good[: len(good) // 2],
    "no object": lambda _: "5",
    "no keys": lambda _: "{}",
    "no point": lambda good: good.replace('"x":"', '"x":"AAAA'),
    "no base64": lambda good: good.replace('"x":"', '"x":"+'),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_keys_that_cannot_be_read_leave_those_that_were(gateway: Gateway, how: str) -> None:
    known = gateway.token()
    rotated(gateway.keys)
    unknown, path = gateway.token(), gateway.keys / "jwks.json"
    good = path.read_text()
    path.write_text(BROKEN[how](good))
    async with asyncio.timeout(30):
        while "cannot be read" not in (gateway.folder / "words.log").read_text():
            assert problem(await gateway.ask("GET", "/api/v1/sessions", unknown)) == (401, "unauthenticated")
    assert (await gateway.ask("GET", "/api/v1/sessions", known)).status_code == 200
    path.write_text(good)
    async with asyncio.timeout(30):
        while (await gateway.ask("GET", "/api/v1/sessions", unknown)).status_code != 200:
            pass


async def test_a_key_of_another_kind_is_passed_over(gateway: Gateway) -> None:
    rotated(gateway.keys)
    path = gateway.keys / "jwks.json"
    keys = json.loads(path.read_text())["keys"]
    path.write_text(json.dumps({"keys": [{"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"}, *keys]}))
    async with asyncio.timeout(30):
        while (await gateway.ask("GET", "/api/v1/sessions", gateway.token())).status_code != 200:
            pass


# How much


def first_refused(answers: Iterable[Response]) -> Response:
    """A slow one may be let in again after it: time has passed."""
    return next(answer for answer in answers if answer.status_code == 429)


async def test_who_asks_too_much_waits_and_nobody_else(gateway: Gateway) -> None:
    greedy, modest = gateway.token(), gateway.token()
    hasty = [[gateway.ask("GET", "/api/v1/sessions", greedy) for _ in range(50)] for _ in range(8)]
    answers = [answer for burst in hasty for answer in await asyncio.gather(*burst)]
    refused = first_refused(answers)
    assert problem(refused) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await gateway.ask("GET", "/api/v1/sessions", modest)).status_code == 200
    assert (await gateway.ask("POST", "/api/v1/sessions", greedy, json={})).status_code == 200


async def test_a_stranger_cannot_use_up_what_is_somebody_elses(gateway: Gateway) -> None:
    token = gateway.token()
    forged = FORGERIES["one bit"](token)
    for _ in range(250):
        assert (await gateway.ask("GET", "/api/v1/sessions", forged)).status_code == 401
    assert (await gateway.ask("GET", "/api/v1/sessions", token)).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/auth/refresh"), ("GET", "/api/v1/shared")])
async def test_doors_are_tried_less_often(gateway: Gateway, method: str, path: str) -> None:
    async def knock() -> int:
        return (await gateway.ask(method, path)).status_code

    answers = [await knock() for _ in range(300)]
    assert answers[:100] == [200] * 100
    assert 429 in answers
    assert (await gateway.ask("GET", "/api/v1/sessions", gateway.token())).status_code == 200


@pytest.mark.parametrize("path", ["/readyz", "/.well-known/jwks.json", "/api/v1/shared"])
async def test_nothing_that_costs_a_service_something_is_free(
    gateway: Gateway, nginx: str, tmp_path: Path, path: str
) -> None:
    addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in gateway.services.items()}
    async with running(nginx, tmp_path / "other", addresses, gateway.keys, address_rate=1) as (_, http):
        answers = [await http.get(path) for _ in range(10)]
    assert answers[0].status_code == 200
    assert problem(first_refused(answers)) == (429, "rate_limited")


async def test_who_shows_too_many_tokens_waits_and_who_is_known_does_not(
    gateway: Gateway, nginx: str, tmp_path: Path
) -> None:
    """To verify one is dear, and is done before anything else is counted."""
    addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in gateway.services.items()}
    async with running(nginx, tmp_path / "other", addresses, gateway.keys, tries=20) as (_, http):
        known = {"Authorization": f"Bearer {gateway.token()}"}
        forged = {"Authorization": f"Bearer {FORGERIES['one bit'](gateway.token())}"}
        assert (await http.get("/api/v1/sessions", headers=known)).status_code == 200
        answers = [await http.get("/api/v1/sessions", headers=forged) for _ in range(40)]
        assert {answer.status_code for answer in answers[:19]} == {401}
        assert problem(first_refused(answers)) == (429, "rate_limited")
        assert (await http.get("/api/v1/sessions", headers=known)).status_code == 200


@pytest.mark.parametrize(
    ("greedy", "modest"), [("198.51.100.66", "203.0.113.7"), ("2001:db8::66", "2001:db8:1::7")], ids=["IPv4", "IPv6"]
)
async def test_who_asks_through_a_proxy_has_limits_of_his_own(
    gateway: Gateway, nginx: str, tmp_path: Path, greedy: str, modest: str
) -> None:
    """Whatever he has written before what the proxy says, and however many proxies there are."""
    addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in gateway.services.items()}
    told: Any = {"behind": "10.9.0.0/16, 127.0.0.1,2001:db8:9::/48", "address_rate": 1, "tries": 5}
    forged = {"Authorization": f"Bearer {FORGERIES['one bit'](gateway.token())}"}
    good = {"Authorization": f"Bearer {gateway.token()}", "X-Forwarded-For": f"{modest}, 2001:db8:9::1, 10.9.1.1"}
    async with running(nginx, tmp_path / "other", addresses, gateway.keys, **told) as (_, http):
        lies = [{"X-Forwarded-For": f"192.0.2.{number}, {greedy}, 10.9.1.1"} for number in range(10)]
        for path, more in (("/api/v1/shared", {}), ("/api/v1/sessions", forged)):
            answers = [await http.get(path, headers={**lie, **more}) for lie in lies]
            assert problem(first_refused(answers)) == (429, "rate_limited")
        heard = await http.get("/api/v1/sessions", headers=good)
    assert heard.json()["headers"]["x-forwarded-for"] == modest
    logged = [json.loads(line)["client.ip"] for line in (tmp_path / "other" / "access.log").read_text().splitlines()]
    assert logged == [greedy] * 20 + [modest]


@pytest.mark.parametrize("behind", ["", "127.0.0.1"])
async def test_nobody_else_says_where_he_is(gateway: Gateway, nginx: str, tmp_path: Path, behind: str) -> None:
    addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in gateway.services.items()}
    told: Any = {"behind": behind, "address_rate": 1}
    async with running(nginx, tmp_path / "other", addresses, gateway.keys, **told) as (port, proxy):
        forger = AsyncHTTPTransport(local_address="127.0.0.2")
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=forger) as http:
            lies = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(10)]
            answers = [await http.get("/api/v1/shared", headers=lie) for lie in lies]
        assert answers[0].json()["headers"]["x-forwarded-for"] == "127.0.0.2"
        assert problem(first_refused(answers)) == (429, "rate_limited")
        heard = await proxy.get("/api/v1/shared", headers=lies[-1])
    assert heard.json()["headers"]["x-forwarded-for"] == ("192.0.2.9" if behind else "127.0.0.1")


NEIGHBOURS = [f"2001:db8:a:b:{number:x}::{number:x}" for number in (0xA00, 2, 3, 0xFFFF, 0xA, 0x0A0A)]
NO_NEIGHBOURS = ["2001:db8:a:c::a", *(f"::ffff:198.51.100.{number}" for number in range(5)), "198.51.100.10"]


@pytest.mark.parametrize("path", ["/api/v1/shared", "/api/v1/sessions"])
async def test_a_network_of_ipv6_is_one_address_and_one_of_ipv4_is_many(
    gateway: Gateway, nginx: str, tmp_path: Path, path: str
) -> None:
    """For what is open, and for tokens that were never seen before."""
    addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in gateway.services.items()}
    told: Any = {"behind": "127.0.0.1", "address_rate": 1, "tries": 3}
    forged = {"Authorization": f"Bearer {FORGERIES['one bit'](gateway.token())}"}

    async with running(nginx, tmp_path / "other", addresses, gateway.keys, **told) as (_, http):
        answers = [
            (await http.get(path, headers={**forged, "X-Forwarded-For": address})).status_code
            for address in (*NEIGHBOURS, *NO_NEIGHBOURS)
        ]
    assert 429 in answers[: len(NEIGHBOURS)]
    assert 429 not in {answers[0], *answers[len(NEIGHBOURS) :]}


async def test_a_network_of_ipv6_has_the_live_connections_of_one_address(
    gateway: Gateway, nginx: str, tmp_path: Path
) -> None:
    came = asyncio.Semaphore(0)

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            if await _head(reader):
                came.release()
                await reader.read()

    async def knock(port: int, address: str) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        asks = f"Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-For: {address}\r\n\r\n"
        writer.write(f"GET /api/v1/sessions/{new_id()}/live HTTP/1.1\r\n{asks}".encode())
        return reader

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(says_nothing, "127.0.0.1", 0))
        everything = {name: [f"127.0.0.1:{server.sockets[0].getsockname()[1]}"] for name in SERVICES}
        told: Any = {"behind": "127.0.0.1", "live": 3}
        port, _ = await stack.enter_async_context(running(nginx, tmp_path / "other", everything, gateway.keys, **told))
        for address in (*NEIGHBOURS[:3], *NO_NEIGHBOURS):
            await knock(port, address)
            await asyncio.wait_for(came.acquire(), 30)
        refused = await knock(port, NEIGHBOURS[3])
        assert (await asyncio.wait_for(refused.readline(), 30)).startswith(b"HTTP/1.1 429 ")


# What goes through


async def test_a_body_is_at_most_so_long(gateway: Gateway) -> None:
    token = gateway.token()
    assert (await gateway.ask("POST", "/api/v1/sessions", token, content=b"x" * 65536)).status_code == 200
    for content in (b"x" * 65537, b"x" * 10**6):
        assert problem(await gateway.ask("POST", "/api/v1/sessions", token, content=content)) == (413, "too_large")


@pytest.mark.parametrize(
    "line", ["GET /api/v1/sessions", "get /api/v1/sessions", "GET /api/v1/sessions/%00", "GET /../gate.lua"]
)
async def test_what_is_no_request_gets_a_problem_too(gateway: Gateway, line: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(f"{line} HTTP/1.1\r\n\r\n".encode())  # and no host
    said = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert said.startswith(b"HTTP/1.1 422 ")
    assert b'"code":"invalid_body"' in said
    assert gateway.reached() == 0


@pytest.mark.parametrize("head", ["GET /api/v1/sessions HTTP/3.0", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip"])
async def test_nor_what_nginx_does_not_speak(gateway: Gateway, head: str) -> None:
    assert await said_to(gateway, head) == (422, "invalid_body")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
@pytest.mark.parametrize("path", ["/", "/sessions/1", "/assets/index-1a2b.js", "/api/v1/openapi.json"])
async def test_pages_are_only_read(gateway: Gateway, method: str, path: str) -> None:
    answer = await gateway.ask(method, path)
    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"


async def test_nothing_is_traced(gateway: Gateway) -> None:
    for path in ("/api/v1/sessions", "/healthz", "/assets/none.js"):
        assert problem(await gateway.ask("TRACE", path, gateway.token())) == (405, "method_not_allowed")
    assert await said_to(gateway, "CONNECT elsewhere.test:443 HTTP/1.1") in {
        (405, "method_not_allowed"),
        (422, "invalid_body"),
    }
    assert gateway.reached() == 0


async def test_a_file_is_given_whole_and_where_it_must_be_another_there_is_a_problem(gateway: Gateway) -> None:
    whole = await gateway.ask("GET", "/assets/index-1a2b.js", headers={"Range": "bytes=99999-"})
    assert (whole.status_code, len(whole.content)) == (200, 4200)
    other = await gateway.ask("GET", "/assets/index-1a2b.js", headers={"If-Match": '"another"'})
    assert problem(other) == (412, "refused")


async def said_to(gateway: Gateway, head: str) -> tuple[int, str]:
    """What no client would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(f"{head}\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
    said = (await asyncio.wait_for(reader.read(), 30)).decode()
    writer.close()
    return int(said.split()[1]), json.loads(said[said.index("{") :].splitlines()[0])["code"]


async def test_a_head_is_at_most_so_long(gateway: Gateway) -> None:
    huge = await gateway.ask("GET", "/api/v1/sessions", headers={"X-Much": "x" * 20_000})
    assert problem(huge) == (422, "invalid_body")


async def test_an_address_is_at_most_so_long(gateway: Gateway) -> None:
    assert (await gateway.ask("GET", "/?x=" + "x" * 4_000)).status_code == 200
    for path in ("/api/v1/sessions", "/"):
        assert problem(await gateway.ask("GET", f"{path}?x={'x' * 9_000}")) == (414, "too_large")
    assert gateway.reached() == 0


async def test_a_request_has_a_number_and_a_trace(gateway: Gateway) -> None:
    token = gateway.token()
    heard = (await gateway.ask("GET", "/api/v1/sessions", token)).json()["headers"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", heard["traceparent"])
    trace = "0af7651916cd43dd8448eb211c80319c"
    mine = {"X-Request-Id": "mine", "traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Forwarded-For": "192.0.2.1"}
    kept = set()
    for _ in range(50):
        answer = await gateway.ask("GET", "/api/v1/sessions", token, headers=mine)
        heard = answer.json()["headers"]
        assert (answer.headers["x-request-id"], heard["x-request-id"]) == ("mine", "mine")
        assert heard["x-forwarded-for"] == "127.0.0.1"
        _, came, span, flag = heard["traceparent"].split("-")
        assert (came, span != "b7ad6b7169203331") == (trace, True)
        kept.add(flag)
    assert "00" in kept  # who asks does not decide what is kept
    odd = (
        await gateway.ask("GET", "/api/v1/sessions", token, headers={"X-Request-Id": "a b", "traceparent": "x"})
    ).json()
    assert odd["headers"]["x-request-id"] != "a b"
    assert "x" not in odd["headers"]["traceparent"]


async def test_of_a_tap_game_hears_what_it_asks_for(gateway: Gateway) -> None:
    browsers = {"User-Agent": "Mozilla/5.0", "Cookie": "a=b", "Accept-Language": "ru", "X-Forwarded-For": "192.0.2.1"}
    path, token = f"/api/v1/sessions/{new_id()}/events", gateway.token()
    answer = await gateway.ask("POST", path, token, headers=browsers, json={"id": "1"})
    heard = answer.json()["headers"]
    assert heard.pop("traceparent").startswith("00-")
    assert heard == {
        "host": f"127.0.0.1:{gateway.port}", "authorization": f"Bearer {token}", "content-type": "application/json",
        "content-length": str(len('{"id":"1"}')), "x-request-id": answer.headers["x-request-id"],
    }  # fmt: skip


async def test_a_socket_is_asked_for_as_everything_is(gateway: Gateway) -> None:
    live = f"ws://127.0.0.1:{gateway.port}/api/v1/sessions/{new_id()}/live"
    with pytest.raises(InvalidStatus):  # the stand-in knows nothing of sockets
        await connect(live, additional_headers={"X-Request-Id": "mine", "X-Forwarded-For": "192.0.2.1"})
    heard = gateway.services["game"].asked[0]["headers"]
    assert (heard["upgrade"], heard["connection"]) == ("websocket", "upgrade")
    assert heard["host"] == f"127.0.0.1:{gateway.port}"
    assert (heard["x-request-id"], heard["x-forwarded-for"]) == ("mine", "127.0.0.1")
    assert heard["traceparent"].startswith("00-")


@pytest.mark.parametrize("upgrade", ["", "h2c"])
async def test_where_a_socket_is_there_is_nothing_else(gateway: Gateway, upgrade: str) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": upgrade} if upgrade else {}
    sockets = [way for way in ways() if way.method == "WS"]
    assert sockets
    for way in sockets:
        for method in ("GET", "POST"):
            assert problem(await gateway.ask(method, _example(way), headers=headers)) == (404, "not_found")
    assert gateway.reached() == 0


async def test_no_other_way_becomes_a_socket(gateway: Gateway) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    heard = (await gateway.ask("GET", "/api/v1/sessions", gateway.token(), headers=headers)).json()["headers"]
    assert not {"upgrade", "connection"} & heard.keys()


async def test_it_waits_for_what_is_under_way_and_not_for_long(nginx: str, tmp_path: Path) -> None:
    """Nobody comes in meanwhile where the process is replaced; sockets would stay as long as they may."""
    asked = asyncio.Event()

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            if await _head(reader):
                asked.set()
                await reader.read()

    ensure_key(tmp_path / "keys")
    async with await asyncio.start_server(says_nothing, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        everything = {name: [address] for name in SERVICES}
        async with running(nginx, tmp_path / "gateway", everything, tmp_path / "keys") as (_, http):
            waiting = asyncio.create_task(http.post("/api/v1/auth/refresh", json={}))
            await asyncio.wait_for(asked.wait(), 20)
            os.kill(int((tmp_path / "gateway" / "nginx.pid").read_text()), signal.SIGQUIT)
            with pytest.raises(TransportError):
                await asyncio.wait_for(waiting, 12)  # nginx itself would wait for longer


async def test_the_log_says_who_asked_whom_and_how_long_it_took(gateway: Gateway) -> None:
    user = new_id()
    token = gateway.token(sub=user)
    await gateway.ask("GET", "/api/v1/stats/flows?kind=secret", token, headers={"X-Request-Id": "the-one"})
    line = await gateway.logged("the-one")
    assert line["user.id"] == user
    assert line["artel.service"] == "stats"
    assert line["artel.upstream"] == f"127.0.0.1:{gateway.services['stats'].port}"
    assert line["http.response.status_code"] == 200
    assert line["event.duration"] >= 0
    assert token not in json.dumps(line)
    assert "secret" not in json.dumps(line)


async def test_a_table_is_at_one_process_and_at_another_when_that_dies(
    gateway: Gateway, nginx: str, tmp_path: Path
) -> None:
    """Whatever is asked of it; and tables are shared out."""
    pair = [Upstream("first"), Upstream("second")]
    tables, token = [new_id() for _ in range(20)], gateway.token()
    asked = ["", "/events", "/export", "/live-ticket"]

    async def who(http: AsyncClient, table: str, what: str) -> str:
        method = "POST" if what in {"/events", "/live-ticket"} else "GET"
        headers = {"Authorization": f"Bearer {token}"}
        answer = await http.request(method, f"/api/v1/sessions/{table}{what}", headers=headers)
        return str(answer.raise_for_status().json()["service"])

    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(AsyncExitStack()) for _ in pair]
        for door, each in zip(doors, pair, strict=True):
            await door.enter_async_context(each.open())
        addresses = {name: [f"127.0.0.1:{each.port}" for each in pair] for name in SERVICES}
        rates = {"user_rate": 1000}
        _, http = await stack.enter_async_context(running(nginx, tmp_path / "two", addresses, gateway.keys, **rates))
        homes = {table: {await who(http, table, what) for what in asked} for table in tables}
        assert all(len(home) == 1 for home in homes.values())
        assert set.union(*homes.values()) == {"first", "second"}
        await doors[0].aclose()
        assert {await who(http, table, "") for table in tables} == {"second"}


async def test_a_dead_service_takes_nobody_with_it(gateway: Gateway, nginx: str, tmp_path: Path) -> None:
    addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in gateway.services.items()}
    dead = {**addresses, "stats": [f"127.0.0.1:{free_port()}"]}
    async with running(nginx, tmp_path / "other", dead, gateway.keys) as (_, http):
        bearer = {"Authorization": f"Bearer {gateway.token()}"}
        for _ in range(5):
            answer = await http.get("/api/v1/stats/flows", headers=bearer)
            assert problem(answer) == (503, "unavailable")
            assert answer.headers["retry-after"] == "2"
            assert (await http.get("/api/v1/sessions", headers=bearer)).status_code == 200
        ready = await http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json() == {name: {"database": "ok"} for name in SERVICES if name != "stats"} | {
            "stats": {"service": "away"}
        }
    assert (await gateway.ask("GET", "/readyz")).json() == {name: {"database": "ok"} for name in SERVICES}
    assert (await gateway.ask("GET", "/healthz")).json() == {"status": "ok"}


async def test_another_process_of_a_service_takes_over(gateway: Gateway, nginx: str, tmp_path: Path) -> None:
    addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in gateway.services.items()}
    half = {**addresses, "game": [f"127.0.0.1:{free_port()}", *addresses["game"]]}
    async with running(nginx, tmp_path / "other", half, gateway.keys) as (_, http):
        for number in range(50):
            bearer = {"Authorization": f"Bearer {gateway.token()}"}
            body = {"id": f"event-{number}", "type": "miss"}
            answer = await http.post(f"/api/v1/sessions/{new_id()}/events", json=body, headers=bearer)
            assert answer.status_code == 200
    assert len(gateway.services["game"].asked) == 50


# The web app


async def test_the_web_app(gateway: Gateway) -> None:
    for path in ("/", "/sessions/1", "/s/"):
        page = await gateway.ask("GET", path, headers={"Accept-Encoding": "gzip"})
        assert page.text.startswith("<!doctype html>")
        assert page.headers["cache-control"] == "no-cache"
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'self' https://web.telegram.org" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["strict-transport-security"].startswith("max-age=31536000")
        assert page.headers["referrer-policy"] == "same-origin"
        assert "camera=()" in page.headers["permissions-policy"]
        assert "server" not in page.headers or page.headers["server"] == "nginx"
    asset = await gateway.ask("GET", "/assets/index-1a2b.js", headers={"Accept-Encoding": "gzip"})
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-encoding"] == "gzip"
    assert problem(await gateway.ask("GET", "/assets/none.js")) == (404, "not_found")
    document = (await gateway.ask("GET", "/api/v1/openapi.json")).json()
    assert "/api/v1/sessions/{session_id}/events" in document["paths"]


# The services themselves


async def test_an_evening_through_the_gateway(nginx: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(installation(tmp_path / "house", event_burst=10_000))
        behind = await stack.enter_async_context(listening(house))
        upstreams = {name: [behind] for name in SERVICES}
        port, http = await stack.enter_async_context(
            running(nginx, tmp_path / "gateway", upstreams, house.settings.keys)
        )
        http.base_url = f"http://127.0.0.1:{port}/api/v1"
        company = Company(http, Random(11))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0], guests=["Гость"])
        ticket = (await company.ok(boris, "POST", f"/sessions/{table.id}/live-ticket"))["ticket"]
        live = f"ws://127.0.0.1:{port}/api/v1/sessions/{table.id}/live?after=0"
        with pytest.raises(InvalidStatus):
            await connect(live, subprotocols=[Subprotocol("artel.v1")], origin=Origin("http://elsewhere.test"))
        async with connect(live, subprotocols=[Subprotocol("artel.v1"), Subprotocol(f"ticket.{ticket}")]) as phone:
            await table.play(40)
            await table.finish()
            session, case = await table.whole(), await table.exported()
            agrees(session, replayed(case))
            versions: list[int] = []
            while not versions or versions[-1] < session["version"]:
                frame = json.loads(await asyncio.wait_for(phone.recv(), 30))
                if frame["type"] == "event":
                    versions.append(frame["version"])
            assert versions == list(range(1, session["version"] + 1))


async def test_a_sign_in_by_a_provider_through_the_gateway(nginx: str, tmp_path: Path) -> None:
    """There and back, with the cookie; and nothing of it is in the gateway's log."""
    async with AsyncExitStack() as stack:
        address = stack.enter_context(openid_provider.serving())["google"].address
        told: dict[str, Any] = openid_provider.settings_of(address)
        house = await stack.enter_async_context(installation(tmp_path / "house", ["auth"], **told))
        behind = await stack.enter_async_context(listening(house))
        upstreams = {name: [behind] for name in SERVICES}
        port, http = await stack.enter_async_context(
            running(nginx, tmp_path / "gateway", upstreams, house.settings.keys)
        )
        http.base_url = f"http://127.0.0.1:{port}/api/v1"
        verifier = "v" * 43
        left = await http.get("/auth/google/start", params={"challenge": challenge_of(verifier), "return_to": "/stats"})
        async with AsyncClient() as outside:
            way = urlsplit((await outside.get(f"{left.headers['location']}&consent=yes")).headers["location"])
        back = urlsplit((await http.get(f"{way.path.removeprefix('/api/v1')}?{way.query}")).headers["location"])
        assert back.path == "/stats"
        code = back.fragment.removeprefix("signed_in=")
        tokens = (await http.post("/auth/exchange", json={"code": code, "verifier": verifier})).json()
        assert tokens["user"]["display_name"] == "Anna Ivanova"
        me = await http.get("/users/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
        assert me.status_code == 200
        log = (tmp_path / "gateway" / "access.log").read_text()
        secrets = [code, *(value for values in parse_qs(way.query).values() for value in values if len(value) > 15)]
        assert len(secrets) == 3
        assert "/api/v1/auth/google/callback" in log
        assert not [secret for secret in secrets if secret in log]
