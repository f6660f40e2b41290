"""F0, the floor: the least that can answer a POST after a commit, to compare the server with.

A uvloop protocol, httptools, and one INSERT a request into a bare table with one index, on asyncpg connections
that are held for life (a pool would ask a second question at each return). No token, no rules, no state.
For the fan-out the same protocol takes WebSockets under /live and, after each answer, writes one frame to each.
"""

import asyncio
import base64
import hashlib
import signal
import sys
from collections import deque
from typing import cast

import asyncpg
import httptools
import uvloop

TABLE = "CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session text, body text)"
INSERT = "INSERT INTO floor (session, body) VALUES ($1, $2)"
CONNECTIONS = 64  # one for each writer that the bench has: with fewer it is slower
ANSWER = b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}'
READY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: %b\r\n\r\n"
)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Base:
    """Connections that are free; who finds none waits."""

    def __init__(self, connections: list["asyncpg.Connection[asyncpg.Record]"]) -> None:
        self._free = deque(connections)
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def insert(self, session: str, body: str) -> None:
        while not self._free:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting
        connection = self._free.pop()
        try:
            await connection.execute(INSERT, session, body)
        finally:
            self._free.append(connection)
            if self._waiting:
                self._waiting.popleft().set_result(None)


class Floor(asyncio.Protocol):
    def __init__(self, base: Base, sockets: set[asyncio.WriteTransport]) -> None:
        self._base = base
        self._sockets = sockets
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.WriteTransport
        self._url = self._body = b""
        self._key = b""
        self._tasks: set[asyncio.Task[None]] = set()

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
            task = self._loop.create_task(self._write(self._url.decode(), self._body.decode()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._transport.write(READY)

    async def _write(self, url: str, body: str) -> None:
        await self._base.insert(url, body)
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


async def main(url: str, port: int) -> None:
    connections = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
    base, sockets = Base(connections), set[asyncio.WriteTransport]()
    server = await asyncio.get_running_loop().create_server(lambda: Floor(base, sockets), "127.0.0.1", port)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with server:
        await ended.wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
