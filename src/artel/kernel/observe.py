"""The outermost ring of every process: request id, size limit, metrics and the log line, in one ASGI layer.

One layer, with its counters looked up once, because four middlewares cost as much as the request itself.
"""

import re
import time
from collections.abc import Callable, Sequence

import structlog
from prometheus_client import Counter, Histogram
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artel.kernel.errors import Problem, answer_to
from artel.kernel.events import new_id
from artel.kernel.traffic import Traffic

BODY_LIMIT = 64 * 1024
SLOW_SECONDS = 0.25
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger()
requests = Counter("artel_http_requests", "answers by route and status", ["service", "method", "route", "status"])
seconds = Histogram(
    "artel_http_seconds",
    "time to answer",
    ["service", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def too_large() -> Problem:
    return Problem(413, "too_large", "A request body is at most 64 KiB.")


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        service_of: Callable[[str], str],
        taps: Sequence[Route] = (),
        traffic: Traffic | None = None,
    ) -> None:
        """`taps` are tried before `app` is, without all that the framework puts around its routes."""
        self.app = app
        self._service_of = service_of
        self._taps = taps
        self._traffic = traffic or Traffic()
        self._meters: dict[tuple[str, str, int], Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        headers = dict(scope["headers"])
        request_id = headers.get(b"x-request-id", b"").decode("latin-1")
        state["request_id"] = request_id if REQUEST_ID.fullmatch(request_id) else new_id()
        started = time.perf_counter()
        status, whole = 0, False

        async def answer(message: Message) -> None:
            nonlocal status, whole
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", state["request_id"].encode())]
            else:
                whole = not message.get("more_body", False)
            await send(message)

        try:
            length = headers.get(b"content-length")
            body = receive if length else await _whole(receive)
            if body is None or (length and not _fits(length)):
                await too_large().response(state["request_id"])(scope, receive, answer)
            else:
                await self._serve(scope, body, answer)
        except Exception as error:
            if not status:
                await answer_to(error, scope)(scope, receive, answer)
            elif not whole:
                raise  # half an answer is out: the server can only hang up
        finally:
            self._measure(scope, status or 500, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        for tap in self._taps:
            found = tap.path_regex.match(scope["path"])
            if found and scope["method"] in (tap.methods or ()):
                scope["route"], scope["path_params"] = tap, found.groupdict()
                with self._traffic:
                    await tap.handle(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _measure(self, scope: Scope, status: int, took: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        key = (scope["method"] if scope["method"] in METHODS else "other", route, status)
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = self._meter(*key)
        meter(took)
        if status >= 500 or took > SLOW_SECONDS:
            state = scope["state"]
            log.warning(
                "slow or failed",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(took * 1000, 1),
                request_id=state["request_id"],
                user_id=state.get("user_id"),
            )

    def _meter(self, method: str, route: str, status: int) -> Callable[[float], None]:
        service = self._service_of(route)
        count, time_taken = requests.labels(service, method, route, str(status)), seconds.labels(service, route)

        def meter(took: float) -> None:
            count.inc()
            time_taken.observe(took)

        return meter


def _fits(length: bytes) -> bool:
    return length.isdigit() and len(length) < 9 and int(length) <= BODY_LIMIT


async def _whole(receive: Receive) -> Receive | None:
    """A body of unannounced length, read before anybody uses it; None when it is too long."""
    body = bytearray()
    more = True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if len(body) > BODY_LIMIT:
        return None
    messages: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
