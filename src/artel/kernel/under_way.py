"""A tap from its request to its answer, without a task of its own where nobody has to wait but for the disk."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, Protocol

from starlette.responses import Response
from starlette.types import Scope

from artel.kernel.errors import answer_to
from artel.kernel.events import new_id
from artel.kernel.observe import Observer
from artel.kernel.tap import Ready, Soon, Tap
from artel.kernel.tracing import Inside, begun
from artel.kernel.traffic import Traffic

A_TURN: Final = 16
"""With 64 who tap as fast as they are answered; at 8 and at 4 there are more and smaller commits."""
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Asked(Protocol):
    """A whole request at a server, which is told the answer."""

    tap: Tap
    params: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    body: bytes

    def answer(self, ready: Ready, request_id: str) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """A task that the end of the server waits for."""


class UnderWay:
    __slots__ = ("_asked", "_began", "_observer", "_scope", "_soon", "_trace", "_traffic")

    def __init__(self, asked: Asked, traffic: Traffic, observer: Observer) -> None:
        self._began = time.perf_counter()
        self._asked = asked
        self._traffic = traffic
        self._observer = observer
        self._soon: Soon | None = None
        self._trace, span = begun(asked.headers.get(b"traceparent", b"").decode("latin-1"))
        state = {"request_id": request_id_of(asked.headers), "span": span}
        self._scope: Scope = {"route": asked.tap, "path": asked.tap.path, "method": asked.tap.method, "state": state}

    def begin(self) -> None:
        self._traffic.__enter__()
        self._within(self._take)

    def _within(self, work: Callable[..., None], *args: Any) -> None:
        """The trace that the gate has named. The answer needs that no more, unless it is in the log."""
        if self._trace:
            with Inside(self._trace):
                work(*args)
        else:
            work(*args)

    def _take(self) -> None:
        asked = self._asked
        try:
            found = asked.tap.take(self._scope["state"], asked.headers, asked.params, asked.body)
        except Exception as error:  # noqa: BLE001 whatever it is, who has asked gets an answer
            found = refusal(error, self._scope)
        if isinstance(found, Ready):
            # When all is read that came with it: answered before, the line would be idle, and closed after a while,
            # whatever was done for what stands behind.
            asyncio.get_running_loop().call_soon(self._end, found)
        elif isinstance(found, Soon):
            self._soon = found
            found.when(self._told)
        else:
            asked.spawn(self._wait(found))

    def _told(self, error: Exception | None) -> None:
        soon, self._soon = self._soon, None
        assert soon  # noqa: S101 it is told once
        if error is None:
            self._end(soon.ready)
        else:
            self._within(self._instead, soon)

    def _instead(self, soon: Soon) -> None:
        self._asked.spawn(self._wait(soon.instead()))

    async def _wait(self, answer: Awaitable[Ready]) -> None:
        try:
            ready = await answer
        except Exception as error:  # noqa: BLE001 as above
            ready = refusal(error, self._scope)
        self._end(ready)

    def _end(self, ready: Ready) -> None:
        self._traffic.__exit__(None, None, None)
        self._observer.answered(self._scope, ready.status, time.perf_counter() - self._began, self._trace)
        self._asked.answer(ready, self._scope["state"]["request_id"])


class Turns:
    """Of the loop. Behind the second what was taken in is on its way to the disk: were all that have come taken in at
    once, the disk and everybody else would wait for the last of them, and then the loop for the disk."""

    def __init__(self) -> None:
        self._begun = 0  # in this turn
        self._waiting: deque[UnderWay] = deque()

    def begin(self, under_way: UnderWay) -> None:
        """In this turn, or, behind those who wait, in one of the next."""
        if self._begun == A_TURN:
            self._waiting.append(under_way)
            return
        if self._begun == 0:
            asyncio.get_running_loop().call_soon(self._next)
        self._begun += 1
        under_way.begin()

    def _next(self) -> None:
        self._begun = 0
        for _ in range(min(len(self._waiting), A_TURN)):
            self.begin(self._waiting.popleft())


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id")
    if given and REQUEST_ID.fullmatch(given):
        return given.decode()
    return new_id()


def refusal(error: Exception, scope: Scope) -> Ready:
    response: Response = answer_to(error, scope)
    headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    return Ready(response.status_code, bytes(response.body), headers)
