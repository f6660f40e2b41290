"""What is told of every answer: counters by route and status; and a line in the log where it failed, was slow, or its
trace was chosen. The gateway has a line of every request; here one costs a fifth of a tap."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from logging import ERROR, INFO, WARNING
from typing import Any, Final

import structlog
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from artel.kernel.tracing import Inside, Span, is_sampled

SLOW_SECONDS: Final = 0.25
METHODS: Final = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
BOUNDS: Final = [*map(str, map(float, BUCKETS)), "+Inf"]

log = structlog.get_logger()


class Times:
    """How long answers took, in seconds."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * len(BOUNDS)  # how many in each; what Prometheus is told adds up
        self.total = 0.0


class Meter:
    """Of the answers with one status."""

    __slots__ = ("count", "times")

    def __init__(self, times: Times) -> None:
        self.count = 0
        self.times = times  # of all answers of its route

    def add(self, took: float) -> None:
        self.count += 1
        self.times.buckets[bisect_left(BUCKETS, took)] += 1
        self.times.total += took


class Meters(Collector):
    """Told when Prometheus asks. Its own counters are made for threads, and two of them cost 2 us of a tap."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], Meter] = {}
        self._times: dict[tuple[str, ...], Times] = {}

    def meter(self, service: str, method: str, route: str, status: int) -> Meter:
        times = self._times.setdefault((service, route), Times())
        return self._counts.setdefault((service, method, route, str(status)), Meter(times))

    def collect(self) -> Iterator[Metric]:
        """In the thread of whoever asks, while others count on."""
        labels = ["service", "method", "route", "status"]
        requests = CounterMetricFamily("artel_http_requests", "answers by route and status", labels=labels)
        for key, meter in list(self._counts.items()):
            requests.add_metric(key, meter.count)
        yield requests
        seconds = HistogramMetricFamily("artel_http_seconds", "time to answer", labels=["service", "route"])
        for key, times in list(self._times.items()):
            upto = zip(BOUNDS, accumulate(times.buckets), strict=True)
            seconds.add_metric(key, list(upto), times.total)
        yield seconds


meters: Final = Meters()
REGISTRY.register(meters)


class Observer:
    """Looks each meter up once: by its labels that costs as much as to read a body."""

    def __init__(self, service_of: Callable[[str], str]) -> None:
        """`service_of` tells whose a route is, by its path."""
        self._service_of = service_of
        self._meters: dict[tuple[str, str, int], Meter] = {}

    def answered(self, scope: Scope, status: int, took: float, traceparent: str) -> None:
        """In `took` seconds, as a part of that trace."""
        route = getattr(scope.get("route"), "path", "unmatched")
        key = (scope["method"] if scope["method"] in METHODS else "other", route, status)
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = meters.meter(self._service_of(route), *key)
        meter.add(took)
        state = scope["state"]
        if span := state["span"]:
            self._end(span, key, state)
        if status >= 500 or took > SLOW_SECONDS or is_sampled(traceparent):
            with Inside(traceparent):
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
