"""Frames of live sockets, encoded once for all who look on, and written without a task, a message and a check for each:
what `websockets.broadcast` is to that library's own server."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

EXTENSION = "artel.wire"


class Wire(Protocol):
    """The way to one who looks on."""

    writable: asyncio.Event
    """Set while what was written before has gone far enough."""

    def write(self, frames: bytes) -> bool:
        """One or more, at once; False where they would have to wait. Who has gone misses them: of that the application
        hears itself."""


def wire_of(scope: Mapping[str, Any]) -> Wire:
    return cast("Wire", scope["extensions"][EXTENSION]["wire"])


def encoded(text: bytes) -> bytes:
    """A text message in one frame, as a server sends it."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


class LiveProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, which tells the application of its wire."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = cast("Any", self.scope["extensions"])
            extensions[EXTENSION] = {"wire": self}

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.close_sent:  # refused with an answer, which uvicorn would tell of as a handshake that was never ended
            self.handshake_complete = True

    def write(self, frames: bytes) -> bool:
        if not self.writable.is_set():
            return False
        if self.conn.state is State.OPEN and not self.transport.is_closing():
            self.transport.write(frames)
        return True
