"""What goes over the wire: each answer in one piece, whatever kind of answer it is."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from artel.kernel.server import Protocol

HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire(asyncio.Transport):
    """Remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Nobody reads here."""

    def resume_reading(self) -> None:
        """Nobody reads here."""


async def over_the_wire(app: ASGIApp, *asked: bytes) -> Wire:
    state, wire = ServerState(), Wire()
    protocol = Protocol(Config(app, lifespan="off", log_config=None), state, {}, asyncio.get_running_loop())
    protocol.connection_made(wire)
    for data in asked:
        protocol.data_received(data)
        while state.tasks:
            await asyncio.gather(*state.tasks, return_exceptions=True)
    protocol.connection_lost(None)
    return wire


def saying(*messages: dict[str, Any]) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


def body(text: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": more}


async def test_head_and_body_go_together() -> None:
    wire = await over_the_wire(saying(HEAD, body(b"hello")), GET, GET)
    assert len(wire.writes) == 2
    assert all(each.startswith(b"HTTP/1.1 200 OK\r\n") and each.endswith(b"\r\n\r\nhello") for each in wire.writes)


async def test_two_requests_at_once_are_answered_in_order() -> None:
    numbers = iter(b"12")

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        number = next(numbers)
        await asyncio.sleep(0)
        await send(HEAD)
        await send(body(bytes([number]) * 5))

    wire = await over_the_wire(app, GET + GET)
    assert [each[-5:] for each in wire.writes] == [b"11111", b"22222"]


async def test_an_answer_to_head_has_no_body_and_arrives() -> None:
    wire = await over_the_wire(saying(HEAD, body(b"")), b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [each[:17] for each in wire.writes] == [b"HTTP/1.1 200 OK\r\n"]


async def test_nothing_to_say_arrives_too() -> None:
    wire = await over_the_wire(saying({"type": "http.response.start", "status": 204}, body(b"")), GET)
    assert b"".join(wire.writes).startswith(b"HTTP/1.1 204 No Content\r\n")


async def test_what_comes_in_parts_is_not_held_back() -> None:
    head = {"type": "http.response.start", "status": 200, "headers": []}
    sent: list[int] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(head)
        for part in (b"one", b"two"):
            await send(body(part, more=True))
            sent.append(len(wire.writes))
        await send(body(b""))

    state, wire = ServerState(), Wire()
    protocol = Protocol(Config(app, lifespan="off", log_config=None), state, {}, asyncio.get_running_loop())
    protocol.connection_made(wire)
    protocol.data_received(GET)
    await asyncio.gather(*state.tasks)
    assert sent == [1, 2]
    assert wire.writes[0].endswith(b"\r\n\r\n3\r\none\r\n")
    assert b"".join(wire.writes[1:]) == b"3\r\ntwo\r\n0\r\n\r\n"


async def test_who_waits_to_be_told_to_go_on_is_told_at_once() -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(HEAD)
        await send(body(b"hello"))

    asked = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"
    wire = await over_the_wire(app, asked)
    assert wire.writes[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert len(wire.writes) == 2
    assert wire.writes[1].endswith(b"\r\n\r\nhello")


async def test_half_an_answer_goes_out_before_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(HEAD)
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL, "uvicorn.error"):
        wire = await over_the_wire(app, GET)
    assert [each[:17] for each in wire.writes] == [b"HTTP/1.1 200 OK\r\n"]
    assert wire.closed


async def test_what_is_no_request_is_refused() -> None:
    wire = await over_the_wire(saying(HEAD, body(b"hello")), b"hello?\r\n\r\n")
    assert b"".join(wire.writes).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert wire.closed
