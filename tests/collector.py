"""Stands where Jaeger would: takes traces over OTLP, protobuf from the services and JSON from the gateway."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """A span as it came; ids in hexadecimal digits, times in nanoseconds since 1970."""

    service: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    began: int
    ended: int
    failed: bool
    about: dict[str, Any]


@dataclass
class Collector:
    url: str
    spans: list[Seen] = field(default_factory=list)

    def of(self, trace: str) -> list[Seen]:
        return sorted((span for span in self.spans if span.trace == trace), key=lambda span: span.began)


@contextmanager
def collecting() -> Iterator[Collector]:
    spans: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            is_json = self.headers["Content-Type"] == "application/json"
            is_here = self.path == "/v1/traces"
            if is_here:
                spans.extend(_of_json(json.loads(body)) if is_json else _of_protobuf(body))
            self.send_response(200 if is_here else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the library's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Collector(f"http://127.0.0.1:{server.server_port}", spans)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _of_protobuf(body: bytes) -> Iterator[Seen]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = {item.key: item.value.string_value for item in resource.resource.attributes}
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            yield Seen(
                about["service.name"], span.name, span.kind, span.trace_id.hex(), span.span_id.hex(),
                span.parent_span_id.hex(), span.start_time_unix_nano, span.end_time_unix_nano, span.status.code == 2,
                {item.key: item.value.string_value or item.value.int_value for item in span.attributes},
            )  # fmt: skip


def _of_json(body: dict[str, Any]) -> Iterator[Seen]:
    for resource in body["resourceSpans"]:
        about = _attributes(resource["resource"])
        for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
            yield Seen(
                about["service.name"], span["name"], span["kind"], span["traceId"], span["spanId"],
                span.get("parentSpanId", ""), int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]),
                span["status"]["code"] == 2, _attributes(span),
            )  # fmt: skip


def _attributes(of: dict[str, Any]) -> dict[str, Any]:
    return {item["key"]: item["value"]["stringValue"] for item in of["attributes"]}
