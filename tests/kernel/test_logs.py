"""Logs are lines of JSON, whoever speaks. In a process of its own: logging is set up once a process."""

import json
import subprocess
import sys

SAYS = """
import logging
from asyncio import CancelledError

import structlog

from artel.kernel.logs import configure_logs

configure_logs("info")
structlog.get_logger().info("ours", user_id="ё")
structlog.get_logger().debug("not asked for")
library = logging.getLogger("library")
library.info("chatter")
library.warning("it is %s", "late")
for error in (CancelledError("a stop"), ValueError("a bug")):
    try:
        raise error
    except BaseException:
        library.exception("failed")
"""


def test_everybody_speaks_json() -> None:
    run = subprocess.run([sys.executable, "-c", SAYS], check=True, capture_output=True, text=True)
    assert run.stdout == ""
    ours, late, bug = (json.loads(line) for line in run.stderr.splitlines())
    assert (ours["event"], ours["level"], ours["user_id"]) == ("ours", "info", "ё")
    assert (late["event"], late["level"], late["logger"]) == ("it is late", "warning", "library")
    assert (bug["event"], bug["level"]) == ("failed", "error")
    assert bug["exception"].endswith("ValueError: a bug")
