"""Stands where Elasticsearch would: takes `_bulk`, and checks every document against the index template as it would.

Stricter in one thing: a field that the template does not name is remembered, so that a test can say there was none.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Condition, Thread
from typing import Any

Json = dict[str, Any]
LONG = 2**63


class BulkError(Exception):
    pass


@dataclass
class Elastic:
    """What it knows stays when the server goes away and comes back."""

    port: int
    templates: Json = field(default_factory=dict)
    put: Json = field(default_factory=dict)  # whatever else was put, by its path
    documents: dict[tuple[str, str], Json] = field(default_factory=dict)  # by index and id
    refused: list[str] = field(default_factory=list)
    unmapped: set[str] = field(default_factory=set)
    says: int = 200  # another number: the whole request is refused
    asked: int = 0
    imported: bytes = b""
    changed: Condition = field(default_factory=Condition)

    @contextmanager
    def open(self) -> Iterator[None]:
        server = Server(self)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def wait_for(self, many: int, seconds: float = 60) -> list[Json]:
        """Until there are so many documents."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.documents) >= many, seconds), (
                f"{len(self.documents)} of {many}; refused: {self.refused[:3]}"
            )
        return list(self.documents.values())

    def bulk(self, body: bytes) -> Json:
        if not body.endswith(b"\n"):
            raise BulkError("The bulk request must be terminated by a newline [\\n]")
        lines = [line for line in body.split(b"\n") if line]
        items = [self._one(json.loads(action), text) for action, text in zip(lines[::2], lines[1::2], strict=True)]
        return {"took": 1, "errors": any("error" in next(iter(item.values())) for item in items), "items": items}

    def _one(self, action: Json, text: bytes) -> Json:
        [(kind, about)] = action.items()
        index, name = about["_index"], about.get("_id") or f"made-{len(self.documents)}"
        try:
            status = self._keep(kind, index, name, json.loads(text))
        except (BulkError, ValueError) as refused:
            self.refused.append(f"{refused}: {text[:300]!r}")
            return {kind: {"_index": index, "status": 400, "error": {"type": "refused", "reason": str(refused)}}}
        return {kind: {"_index": index, "_id": name, "status": status}}

    def _keep(self, kind: str, index: str, name: str, document: Json) -> int:
        template = next(t for t in self.templates.values() if any(fnmatch(index, p) for p in t["index_patterns"]))
        if "data_stream" in template and (kind != "create" or "@timestamp" not in document):
            raise BulkError("only write ops with an op_type of create, and with a @timestamp, in data streams")
        properties = template["template"]["mappings"]["properties"]
        for path, value in leaves(document):
            self._check(path, value, properties)
        if (index, name) in self.documents:
            return 409
        self.documents[index, name] = dict(leaves(document))
        return 201

    def _check(self, path: str, value: Any, properties: Mapping[str, Any]) -> None:
        about: Mapping[str, Any] = {"properties": properties}
        for word in path.split("."):
            if word not in about.get("properties", {}):
                self.unmapped.add(path)
                return
            about = about["properties"][word]
        if "type" not in about or not fits(value, about["type"]):
            raise BulkError(f"failed to parse field [{path}] of type [{about.get('type', 'object')}]: {value!r}")


def leaves(document: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{name}.")
        else:
            yield above + name, value


def fits(value: Any, kind: str) -> bool:
    try:
        match kind:
            case "date":
                return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
            case "long":
                return type(value) is int and -LONG <= value < LONG
            case "ip":
                return bool(ip_address(value))
            case "keyword" | "wildcard" | "match_only_text":
                return isinstance(value, str)
    except ValueError:
        return False
    raise AssertionError(f"{kind} is a type that nobody has thought of here")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever has asked is dead: that is what is tested."""

    def __init__(self, elastic: Elastic) -> None:
        super().__init__(("127.0.0.1", elastic.port), Handler)
        self.elastic = elastic


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(200, {"status": "green", "version": {"number": "8.19.0"}})

    do_HEAD = do_GET  # noqa: N815 the library's name

    def do_PUT(self) -> None:
        elastic, said = self.server.elastic, json.loads(self._body())
        into = elastic.templates if self.path.startswith("/_index_template/") else elastic.put
        into[self.path] = said
        self._answer(200, {"acknowledged": True})

    def do_POST(self) -> None:
        elastic, body = self.server.elastic, self._body()
        with elastic.changed:
            elastic.asked += 1
            status, said = self._posted(elastic, body)
            elastic.changed.notify_all()
        self._answer(status, said)

    def _posted(self, elastic: Elastic, body: bytes) -> tuple[int, Json]:
        if self.path.startswith("/api/saved_objects/_import"):
            elastic.imported = body
            return 200, {"success": bool(self.headers.get("kbn-xsrf"))}
        if elastic.says != 200:
            return elastic.says, {"error": {"type": "circuit_breaking_exception"}, "status": elastic.says}
        try:
            return 200, elastic.bulk(body)
        except (BulkError, ValueError) as refused:
            elastic.refused.append(f"{refused}: {body[:300]!r}")
            return 400, {"error": {"type": "illegal_argument_exception", "reason": str(refused)}, "status": 400}

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _answer(self, status: int, said: Any) -> None:
        body = b"" if self.command == "HEAD" else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests have enough to say."""


def with_words(documents: Sequence[Json], **words: Any) -> list[Json]:
    """Those that have these values, fields with underscores for points."""
    return [each for each in documents if all(each.get(k.replace("_", ".")) == v for k, v in words.items())]
