"""One JSON line a log entry, in ECS fields, on standard error; on a terminal a text for people."""

import logging
import sys
import threading
from asyncio import CancelledError
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from artel.kernel.ecs import Ecs, as_json, process_fields
from artel.kernel.redact import passwords, redactor
from artel.kernel.settings import Settings


def configure_logs(settings: Settings, names: Sequence[str]) -> None:
    """`names`: the services of this process. Whatever anybody says in it from now on is a line of its log."""
    hidden = settings.telegram_bot_token.get_secret_value() if settings.telegram_bot_token else ""
    urls = (settings.database_url, settings.bus_url, settings.store_url)
    redact = redactor(hidden, *passwords(urls))
    wants_text = settings.log_format == "text" or (not settings.log_format and sys.stderr.isatty())

    def render(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> str:
        return redact(write(said))

    form, write = (_for_people, _console()) if wants_text else (Ecs(process_fields(settings, names)), as_json)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            form,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=Lines,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Libraries()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda _kind, error, _trace: _died(error)
    threading.excepthook = lambda told: _died(told.exc_value)


def _for_people(_logger: Any, _method: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    said.pop("kind", None)
    if nanoseconds := said.pop("nanoseconds", None):
        said["ms"] = round(nanoseconds / 1e6, 1)
    said["timestamp"] = f"{datetime.now():%H:%M:%S}"  # noqa: DTZ005 the clock on the wall
    return {key: value for key, value in said.items() if value is not None}


def _console() -> Callable[[MutableMapping[str, Any]], str]:
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return lambda said: console(None, "", said)


class Lines(structlog.WriteLogger):
    """A line is one write, so that lines of several processes never mix; one that cannot be written stops nobody."""

    def __init__(self, *_names: str) -> None:
        super().__init__(sys.stderr)

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


RAISED_TOO = "error when creating transport: %r"


class Libraries(logging.Handler):
    """What libraries have to say is a line like ours.

    But for what uvicorn says, with a stack of fifty calls, of each request that a stop has cut off: that is what a
    stop does, and its own line in the log tells of it. And for what aiormq says before it raises the same.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, CancelledError) and record.msg != RAISED_TOO:
            structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, exc_info=error)


def _died(error: BaseException | None) -> None:
    structlog.get_logger().critical("nobody has caught this", exc_info=error)
