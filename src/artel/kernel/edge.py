"""The outermost ring of every process: request id, trace, size limit, metrics and the log line, in one ASGI layer.

One layer, because four middlewares cost as much as the request itself.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artel.kernel.body import read_again, read_body
from artel.kernel.errors import answer_to
from artel.kernel.observe import Observer
from artel.kernel.tap import Ready, Tap, in_time
from artel.kernel.tracing import Span, current, enter
from artel.kernel.traffic import Traffic
from artel.kernel.under_way import Asked, Turns, UnderWay, refusal, request_id_of

PLAIN: Final = re.compile(rb"[A-Za-z0-9/._-]+")
Door = Callable[[Scope], Awaitable[None]]
TABLES = 4096
"""At so many people tap by turns; behind the gate a connection carries whatever comes."""


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        service_of: Callable[[str], str],
        taps: Sequence[Tap] = (),
        traffic: Traffic | None = None,
        door: Door | None = None,
    ) -> None:
        """`taps` are tried before `app` is, without all that the framework puts around its routes. `door` is asked
        before anything of all else is read, and raises for whoever may not come in."""
        self.app = app
        self._taps = taps
        self._traffic = traffic or Traffic()
        self._door = door
        self._observer = Observer(service_of)
        self._turns = Turns()
        self.known = lru_cache(TABLES)(self._known)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif found := self.tap(scope["method"], scope["path"]):
            tap, scope["path_params"] = found
            scope["route"] = tap
            ready = await self.answer(tap, scope, receive)
            await send({"type": "http.response.start", "status": ready.status, "headers": [*ready.headers]})
            await send({"type": "http.response.body", "body": ready.body})
        else:
            await self._pass_on(scope, receive, send)

    # Taps

    def tap(self, method: str, path: str) -> tuple[Tap, dict[str, str]] | None:
        """The one that is asked for, if it is any, and what stands in its path."""
        for tap in self._taps:
            found = tap.path_regex.match(path)
            if found and method in (tap.methods or ()):
                return tap, found.groupdict()
        return None

    def _known(self, method: bytes, path: bytes) -> tuple[Tap, dict[str, str]] | None:
        """`tap`, remembered; for a path alone, in which nothing is escaped."""
        return self.tap(method.decode(), path.decode()) if PLAIN.fullmatch(path) else None

    def begin(self, asked: Asked) -> None:
        """Without a task, as long as nobody has to wait but for the disk."""
        self._turns.begin(UnderWay(asked, self._traffic, self._observer))

    async def answer(self, tap: Tap, scope: Scope, receive: Receive) -> Ready:
        """Whatever happens; for an ASGI server."""
        started = time.perf_counter()
        headers = dict(scope["headers"])
        state = scope.setdefault("state", {})
        request_id = state["request_id"] = request_id_of(headers)
        state["span"] = _trace(headers)
        try:
            body = await read_body(headers, receive)
            with self._traffic:
                ready = await in_time(tap.take(state, headers, scope["path_params"], body))
        except Exception as error:  # noqa: BLE001 whatever it is, who has asked gets an answer
            ready = refusal(error, scope)
        self._observer.answered(scope, ready.status, time.perf_counter() - started, current())
        length = b"%d" % len(ready.body)
        return ready._replace(
            headers=(*ready.headers, (b"content-length", length), (b"x-request-id", request_id.encode()))
        )

    # All else

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        state = scope.setdefault("state", {})
        request_id = state["request_id"] = request_id_of(headers)
        state["span"] = _trace(headers)
        sent = Sent(send, request_id)
        try:
            failed = await self._failed(scope, receive, sent, headers)
            if failed and not sent.status:
                await answer_to(failed, scope)(scope, receive, sent.send)
            elif failed and not sent.whole:
                raise failed  # half an answer is out: the server can only hang up
        finally:
            self._observer.answered(scope, sent.status or 500, time.perf_counter() - started, current())

    async def _failed(
        self, scope: Scope, receive: Receive, sent: "Sent", headers: Mapping[bytes, bytes]
    ) -> Exception | None:
        try:
            if self._door:
                await self._door(scope)
            body = await read_body(headers, receive)
            await self.app(scope, read_again(body, receive), sent.send)
        except Exception as error:  # noqa: BLE001 whatever it is, who has asked gets an answer
            return error
        return None


class Sent:
    """How far an answer has gone; it carries the request's id."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.status = 0
        self.whole = False
        self._send = send
        self._id = (b"x-request-id", request_id.encode())

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._id]
        else:
            self.whole = not message.get("more_body", False)
        await self._send(message)


def _trace(headers: Mapping[bytes, bytes]) -> Span | None:
    return enter(headers.get(b"traceparent", b"").decode("latin-1"))
