"""One JSON line a log entry, on standard error."""

import logging
import sys
from asyncio import CancelledError

import structlog


def configure_logs(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Libraries()], level=logging.WARNING, force=True)


class Libraries(logging.Handler):
    """What libraries have to say is a line like ours.

    But for what uvicorn says, with a stack of fifty calls, of each request that a stop has cut off: that is what a
    stop does, and its own line in the log tells of it.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, CancelledError):
            structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, exc_info=error)
