"""uvicorn as Artel runs it. Between a request and an ASGI application stand messages, checks, a task and two writes; a
tap goes from the connection to its route and back, and out in one piece: a third less work for the loop."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from artel.kernel.body import fits
from artel.kernel.edge import Edge
from artel.kernel.idle import IdleProtocol
from artel.kernel.tap import Ready, Tap


class Nobody:
    """Waits for more of a tap."""

    def set(self) -> None: ...


NOBODY: Final = Nobody()
LONGEST: Final = 100
"""Of a tap's path, in bytes."""


class Call:
    """A tap on its connection, where uvicorn looks for a cycle of its own."""

    __slots__ = (
        "body", "disconnected", "headers", "keep_alive", "line", "message_event", "params", "response_complete", "tap",
    )  # fmt: skip

    def __init__(self, line: "Protocol", tap: Tap, params: Mapping[str, str]) -> None:
        self.line: Protocol | None = line
        self.tap = tap
        self.params = params
        self.headers: Mapping[bytes, bytes] = {}
        self.body = b""
        self.keep_alive = True
        self.message_event = NOBODY
        self.response_complete = self.disconnected = False

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self.line  # noqa: S101 it is not answered yet
        task = self.line.loop.create_task(work)
        self.line.tasks.add(task)
        task.add_done_callback(self.line.tasks.discard)

    def answer(self, ready: Ready, request_id: str) -> None:
        line, self.line = self.line, None  # it would outlive its end
        self.response_complete = True
        if line is None or self.disconnected or line.transport.is_closing():
            return
        servers: Sequence[tuple[bytes, bytes]] = line.server_state.default_headers
        line.transport.write(_wire(ready, request_id, servers, keep_alive=self.keep_alive))
        if not self.keep_alive:
            line.transport.close()
        line.on_response_complete()


class Protocol(IdleProtocol):
    """For an application with an `edge`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ours: Any = self.config.app  # around it uvicorn has put layers of its own
        self._edge: Edge = ours.edge
        self._call: Call | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._call:  # never whole, so nobody answers it
            self._call.line = None
            self._call = None

    def on_message_begin(self) -> None:
        """What uvicorn makes here, an application needs, and a tap does not."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.idle_since = 0.0

    def on_header(self, name: bytes, value: bytes) -> None:
        """As uvicorn does it; here so that it can be compiled, for it is called eight times a tap."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._call = self._called() if self.cycle is None or self.cycle.response_complete else None
        if self._call:
            self.cycle: Any = self._call
            return
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expect
        self.scope["headers"] = headers
        super().on_headers_complete()

    def _called(self) -> Call | None:
        """What does not come as taps do, whole and by the length it says, goes the long way."""
        parser = self.parser
        is_path = len(self.url) <= LONGEST and b"?" not in self.url
        found = self._edge.known(parser.get_method(), self.url) if is_path else None
        if not found or self.expect_100_continue or self.flow.write_paused or parser.should_upgrade():
            return None
        call = Call(self, *found)
        headers = call.headers = dict(self.headers)
        if b"transfer-encoding" in headers or not fits(headers.get(b"content-length", b"0")):
            return None
        call.keep_alive = parser.should_keep_alive() and (
            b"connection" not in headers or parser.get_http_version() != "1.0"  # which has to ask for it
        )
        return call

    def on_body(self, body: bytes) -> None:
        if self._call:
            self._call.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._call:
            call, self._call = self._call, None
            self._edge.begin(call)
        else:
            super().on_message_complete()


def _wire(ready: Ready, request_id: str, servers: Sequence[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """`servers`: headers that every answer has, the date among them."""
    parts = [STATUS_LINE[ready.status]]
    for name, value in (*servers, *ready.headers):
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"content-length: %d\r\nx-request-id: %b\r\n" % (len(ready.body), request_id.encode()))
    parts.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    parts.append(ready.body)
    return b"".join(parts)
