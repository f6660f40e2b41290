"""F0, the floor: the least that can answer a POST after a commit, to compare the server with.

A uvloop protocol, httptools, and one INSERT a request into a bare table with one index, by asyncpg's pool without the
second question that it asks at each return. No token, no rules, no state.
For the fan-out the same protocol takes WebSockets under /live and, after each answer, writes one frame to each.
With the word `grouped` all that came while one commit ran goes into the next: what sharing commits can give at most.
"""

import asyncio
import base64
import hashlib
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import asyncpg
import httptools
import uvloop

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

TABLE = "CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session text, body text)"
INSERT = "INSERT INTO floor (session, body) VALUES ($1, $2)"
CONNECTIONS = 64  # one for each writer that the bench has: with fewer it is slower
GROUPED = "INSERT INTO floor (session, body) SELECT * FROM unnest($1::text[], $2::text[])"
ANSWER = b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}'
READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %b\r\n\r\n"
)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Alone:
    """One INSERT a request."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._tasks: set[asyncio.Task[None]] = set()

    def write(self, url: str, body: str, done: Callable[[], None]) -> None:
        task = asyncio.get_running_loop().create_task(self._write(url, body, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, url: str, body: str, done: Callable[[], None]) -> None:
        await self._pool.execute(INSERT, url, body)
        done()


class Together:
    """One INSERT for all that wait."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._waiting: list[tuple[str, str, Callable[[], None]]] = []
        self._more = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def write(self, url: str, body: str, done: Callable[[], None]) -> None:
        self._waiting.append((url, body, done))
        self._more.set()

    async def _run(self) -> None:
        async with self._pool.acquire() as connection:
            while True:
                await self._more.wait()
                group, self._waiting = self._waiting, []
                self._more.clear()
                urls, bodies, dones = zip(*group, strict=True)
                await connection.execute(GROUPED, urls, bodies)
                for done in dones:
                    done()


class Floor(asyncio.Protocol):
    def __init__(self, writer: "Alone | Together", sockets: set[asyncio.WriteTransport]) -> None:
        self._writer = writer
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.WriteTransport
        self._url = self._body = b""
        self._key = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's own does not inherit from it

    def connection_lost(self, _: Exception | None) -> None:
        self._sockets.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._transport in self._sockets:
            return  # whatever a looker-on says
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()

    def on_url(self, url: bytes) -> None:
        self._url, self._body = url, b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"Sec-WebSocket-Key":
            self._key = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return
        if self._body:
            body = self._body.decode()
            self._writer.write(self._url.decode(), body, lambda: self._answer(body))
        else:
            self._transport.write(READY)

    def _answer(self, body: str) -> None:
        self._transport.write(ANSWER)
        if self._sockets:
            self._loop.call_soon(self._tell, body)

    def _upgrade(self) -> None:
        accept = base64.b64encode(hashlib.sha1(self._key + GUID, usedforsecurity=False).digest())
        self._transport.write(UPGRADED % accept)
        self._sockets.add(self._transport)

    def _tell(self, body: str) -> None:
        frame = text_frame(b'{"event":%b,"table":"%b"}' % (body.encode(), b"." * 1000))
        for transport in self._sockets:
            transport.write(frame)


def text_frame(text: bytes) -> bytes:
    """Of 126 to 65,535 bytes."""
    return b"\x81\x7e" + len(text).to_bytes(2) + text


async def main(url: str, port: int, way: str = "alone") -> None:
    sockets = set[asyncio.WriteTransport]()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS, reset=_as_it_is) as pool:
        writer = Together(pool) if way == "grouped" else Alone(pool)
        server = await asyncio.get_running_loop().create_server(lambda: Floor(writer, sockets), "127.0.0.1", port)
        async with server:
            await ended.wait()


async def _as_it_is(_: object) -> None:
    """What a connection would be asked when it is given back."""


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
