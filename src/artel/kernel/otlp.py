"""Spans on their way to a collector of traces: OTLP over HTTP, by OpenTelemetry's own exporter."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from prometheus_client import Counter

from artel.kernel.tracing import Span

SECONDS = 2
"""For one batch: what cannot be told by then is lost, and nobody waits for it."""
SAMPLED = TraceFlags(TraceFlags.SAMPLED)

spans = Counter("artel_spans", "parts of traces; of those taken, neither sent nor lost is what did not fit", ["fate"])


class Exporter(OTLPSpanExporter):
    def export(self, spans_: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans_)
        spans.labels("sent" if result is SpanExportResult.SUCCESS else "lost").inc(len(spans_))
        return result


class Collector:
    def __init__(self, url: str) -> None:
        exporter = Exporter(endpoint=url.rstrip("/") + "/v1/traces", timeout=SECONDS)
        self._batches = BatchSpanProcessor(exporter, schedule_delay_millis=1000)

    def take(self, span: Span) -> None:
        spans.labels("taken").inc()
        self._batches.on_end(
            ReadableSpan(
                span.name,
                context=_context(span.traceparent),
                parent=_context(span.parent),
                resource=_resource(span.service),
                attributes=dict(span.attributes),
                kind=SpanKind[span.kind],
                status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
                start_time=span.began,
                end_time=span.ended,
            )
        )

    def close(self) -> None:
        """What is still here is told, if the collector hears it in time."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # the SDK does not say


def _context(traceparent: str) -> SpanContext:
    _, trace, span, _ = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=SAMPLED)


@lru_cache
def _resource(service: str) -> Resource:
    return Resource({"service.namespace": "artel", "service.name": service, "service.version": version("artel")})
