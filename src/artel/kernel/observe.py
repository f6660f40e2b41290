"""What is told of every answer: counters by route and status; and a line in the log where it failed, was slow, or its
trace was chosen. The gateway has a line of every request; here one costs a fifth of a tap."""

from collections.abc import Callable, Mapping
from logging import ERROR, INFO, WARNING
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import Scope

from artel.kernel.tracing import Span, current, is_sampled

SLOW_SECONDS = 0.25
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

log = structlog.get_logger()
requests = Counter("artel_http_requests", "answers by route and status", ["service", "method", "route", "status"])
seconds = Histogram(
    "artel_http_seconds",
    "time to answer",
    ["service", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


class Observer:
    """Looks each counter up once: by its labels that costs as much as to read a body."""

    def __init__(self, service_of: Callable[[str], str]) -> None:
        """`service_of` tells whose a route is, by its path."""
        self._service_of = service_of
        self._meters: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def answered(self, scope: Scope, status: int, took: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        key = (scope["method"] if scope["method"] in METHODS else "other", route, status)
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = self._meter(*key)
        meter(took)
        state = scope["state"]
        if span := state["span"]:
            self._end(span, key, state)
        if status >= 500 or took > SLOW_SECONDS or is_sampled(current()):
            self._log(key, took, state)

    def _log(self, key: tuple[str, str, int], took: float, state: Mapping[str, Any]) -> None:
        method, route, status = key
        words = f"{method} {route} {status}"
        log.log(
            ERROR if status >= 500 else WARNING if took > SLOW_SECONDS else INFO,
            words,
            kind="access",
            service=self._service_of(route),
            method=method,
            route=route,
            status=status,
            nanoseconds=round(took * 1e9),
            request_id=state["request_id"],
            user_id=state.get("user_id"),
        )

    def _end(self, span: Span, key: tuple[str, str, int], state: Mapping[str, Any]) -> None:
        method, route, status = key
        about = {
            "http.request.method": method, "http.route": route, "http.response.status_code": status,
            "http.request.id": state["request_id"], "user.id": state.get("user_id", ""),
        }  # fmt: skip
        error = f"{status}" if status >= 500 else ""
        span.end(self._service_of(route), f"{method} {route}", "SERVER", about, error)

    def _meter(self, method: str, route: str, status: int) -> Callable[[float], None]:
        service = self._service_of(route)
        count, time_taken = requests.labels(service, method, route, str(status)), seconds.labels(service, route)

        def meter(took: float) -> None:
            count.inc()
            time_taken.observe(took)

        return meter
