"""Phones, thousands in one process: each asks over HTTP and looks on by a live socket. As light as asyncio allows."""

import asyncio
import base64
import json
import secrets
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar, cast

import httptools

from bench.evening import PREFIX

P = TypeVar("P", bound=asyncio.Protocol)
HOST: Final = "127.0.0.1"
PATIENCE_SECONDS: Final = 30
GZIP: Final = 16 + zlib.MAX_WBITS
PASSING: Final = {429, 503}
MOST_REPEATS: Final = 20
CLOSE, PING = 0x8, 0x9


class Answer(NamedTuple):
    status: int
    body: bytes
    again: float = 0  # seconds after which it may be asked again, if it says so
    repeats: int = 0

    def json(self) -> Any:
        return json.loads(self.body)


class Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.WriteTransport
        self._answer: asyncio.Future[Answer] | None = None
        self._body = b""
        self._headers: dict[bytes, bytes] = {}
        self.is_open = True

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's own does not inherit from it

    def connection_lost(self, _: Exception | None) -> None:
        self.is_open = False
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the connection was closed before its answer"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body, self._headers = b"", {}

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.is_open = self._parser.should_keep_alive()
        zipped = self._headers.get(b"content-encoding") == b"gzip"
        body = zlib.decompress(self._body, GZIP) if zipped else self._body
        again = float(self._headers.get(b"retry-after", 0))
        if self._answer and not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), body, again))


class Watch(asyncio.Protocol):
    """A live socket. `hear` is given each text; `opened` is done when it looks on, `closed` when it does no more."""

    def __init__(self, request: bytes, hear: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()
        self._request = request
        self._hear = hear
        self._rest = b""
        self._code = 0
        self._transport: asyncio.WriteTransport

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(self._request)

    def connection_lost(self, _: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionResetError(f"no live socket: {self._rest.decode(errors='replace')}"))
        self.closed.set_result(self._code)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self.opened.done():
            head, end, rest = data.partition(b"\r\n\r\n")
            if end and head.startswith(b"HTTP/1.1 101 "):
                self.opened.set_result(None)
                data = rest
        self._rest = self._read(data) if self.opened.done() else data

    def _read(self, data: bytes) -> bytes:
        """What is left: the beginning of a frame. A server's frames are not masked, and whole."""
        at = 0
        while len(data) >= at + 2:
            length, begin = data[at + 1], at + 2
            if length > 125:
                begin += 2 if length == 126 else 8
                length = int.from_bytes(data[at + 2 : begin])
            if len(data) < begin + length:
                break
            self._take(data[at] & 0x0F, data[begin : begin + length])
            at = begin + length
        return data[at:]

    def _take(self, opcode: int, text: bytes) -> None:
        if opcode == PING:
            self._transport.write(b"\x8a%c\0\0\0\0%b" % (0x80 | len(text), text))  # a pong, masked with nothing
        elif opcode == CLOSE:
            self._code = int.from_bytes(text[:2])
        else:
            self._hear(text)


class Phone:
    """Somebody's, with a loopback address of its own: what is limited is limited for each address."""

    def __init__(self, port: int, address: str = HOST, token: str = "") -> None:
        self.token = token
        self._port = port
        self._from = address, 0
        self._idle: list[Line] = []

    async def ask(self, method: str, path: str, said: bytes = b"") -> Answer:
        """On a line that nobody uses; `path` begins after the prefix of the API."""
        request = (
            f"{method} {PREFIX}{path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Accept-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
        ).encode() + said
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._idle:
                line = self._idle.pop()
                if line.is_open:
                    with suppress(ConnectionResetError):  # it was closed just now: as browsers do, on another one
                        return await self._ask(line, request)
            return await self._ask(await self._connect(Line), request)

    async def _ask(self, line: Line, request: bytes) -> Answer:
        answer = await line.ask(request)
        self._idle.append(line)
        return answer

    async def patiently(self, method: str, path: str, said: Any = None) -> Answer:
        """Whoever is told to come back does."""
        body = json.dumps(said, separators=(",", ":")).encode() if said else b""
        answer = await self.ask(method, path, body)
        while answer.status in PASSING and answer.repeats < MOST_REPEATS:
            await asyncio.sleep(answer.again)
            answer = (await self.ask(method, path, body))._replace(repeats=answer.repeats + 1)
        return answer

    async def expect(self, status: int, method: str, path: str, said: Any = None) -> Any:
        answer = await self.patiently(method, path, said)
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body.decode()}")
        return answer.json()

    async def look_on(self, session: str, ticket: str, hear: Callable[[bytes], None], query: str = "") -> Watch:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        request = (
            f"GET {PREFIX}/sessions/{session}/live{query} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: artel.v1, ticket.{ticket}\r\n\r\n"
        )
        watch = await self._connect(lambda: Watch(request.encode(), hear))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await watch.opened
        return watch

    async def _connect(self, protocol: Callable[[], P]) -> P:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(protocol, HOST, self._port, local_addr=self._from)
        return made


async def in_turn(works: Iterable[Awaitable[None]], at_once: int) -> None:
    """All of them, never more than so many at once."""
    left = iter(works)

    async def worker() -> None:
        for work in left:
            await work

    await asyncio.gather(*(worker() for _ in range(at_once)))


async def until(due: float) -> None:
    """By `time.perf_counter`; at once if that is over."""
    await asyncio.sleep(max(0.0, due - time.perf_counter()))


def own_address(number: int) -> str:
    """On the loopback, one for each of some 60,000."""
    return f"127.1.{number // 250}.{number % 250 + 1}"
