"""A log entry in the field names of the Elastic Common Schema (ECS), whoever has said it."""

import json
import os
import socket
import sys
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import orjson

from artel.kernel.settings import Settings
from artel.kernel.tracing import trace_id

ECS_VERSION = "8.11.0"
NAMES = {
    "service": "service.name",
    "trace_id": "trace.id",
    "request_id": "http.request.id",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "path": "url.path",
    "user_id": "user.id",
    "nanoseconds": "event.duration",
    "logger": "log.logger",
    "error": "error.message",
}
"""Every other word of ours is a field of its own, `artel.…`."""
WORDS_OF_AN_ERROR = 1000


def process_name(services: Sequence[str]) -> str:
    return services[0] if len(services) == 1 else "artel"


def process_fields(settings: Settings, names: Sequence[str]) -> dict[str, Any]:
    host = socket.gethostname()
    return {
        "ecs.version": ECS_VERSION,
        "service.name": process_name(names),
        "service.version": version("artel"),
        "service.environment": settings.log_environment or settings.env,
        "service.node.name": f"{host}:{settings.port}",
        "host.hostname": host,
        "process.pid": os.getpid(),
    }


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Ecs:
    """What was said, in the names of the schema, with what is known of the process."""

    def __init__(self, process: Mapping[str, Any]) -> None:
        self._process = process

    def __call__(self, _logger: Any, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line: dict[str, Any] = {
            "@timestamp": timestamp(),
            "log.level": said.pop("level"),
            "message": said.pop("event"),
            **self._process,
        }
        kind, raised, error = said.pop("kind", "log"), said.pop("exc_info", None), said.pop("error", None)
        if trace := trace_id():
            line["trace.id"] = trace
        line |= {NAMES.get(key, f"artel.{key}"): value for key, value in said.items() if value is not None}
        line["event.dataset"] = f"{line['service.name']}.{kind}"
        return line | _error(_raised(raised) or error, stack=bool(raised))


def _raised(told: Any) -> BaseException | None:
    """As `exc_info` has it: True for what is under way, itself, or the triple of `logging`."""
    if told is True:
        return sys.exc_info()[1]
    return told[1] if isinstance(told, tuple) else told or None


def _error(error: Any, *, stack: bool) -> dict[str, str]:
    if error is None:
        return {}
    if not isinstance(error, BaseException):
        return {"error.message": str(error)[:WORDS_OF_AN_ERROR]}
    kind = type(error)
    words = {"error.type": f"{kind.__module__}.{kind.__qualname__}", "error.message": str(error)[:WORDS_OF_AN_ERROR]}
    return words | ({"error.stack_trace": "".join(traceback.format_exception(error))} if stack else {})


def as_json(line: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # half a surrogate pair, or a number that is too long
        return json.dumps(line, default=str)
