"""Logs are lines of JSON in ECS fields, whoever speaks. In a process of its own: logging is set up once a process."""

import ast
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from artel.kernel.ecs import NAMES

SOURCE = Path(__file__).parents[2] / "src" / "artel"
TEMPLATE = SOURCE.parents[1] / "deploy" / "logs" / "index-template.json"
BOT = "7123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SECRET = "open sesame of no form"
PREPARED = """
import logging, sys, threading, warnings
from asyncio import CancelledError

import structlog

from artel.kernel.logs import configure_logs
from artel.kernel.settings import Settings

log = structlog.get_logger()
configure_logs(Settings(), ["game"])
"""


def run(says: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PREPARED + says]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("ARTEL_")}
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**bare, **env})


def said(says: str, **env: str) -> list[dict[str, Any]]:
    done = run(says, **env)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.split("\n") if line]


def test_the_environment_has_a_name_of_its_own_or_that_of_the_settings() -> None:
    names = [said('log.info("x")', **env)[0]["service.environment"] for env in ({}, {"ARTEL_LOG_ENVIRONMENT": "hall"})]
    assert names == ["local", "hall"]


def test_ours_in_the_names_of_the_schema() -> None:
    says = 'log.info("ours", user_id="ё", request_id="r", status=200, nanoseconds=5, topic="t", what=None)'
    [line] = said(says + '\nlog.debug("not asked for")', ARTEL_PORT="9001")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("@timestamp"))
    host, pid = line.pop("host.hostname"), line.pop("process.pid")
    assert pid > 0
    assert line == {
        "log.level": "info", "message": "ours", "ecs.version": "8.11.0", "event.dataset": "game.log",
        "service.name": "game", "service.version": "0.1.0", "service.environment": "local",
        "service.node.name": f"{host}:9001", "user.id": "ё", "http.request.id": "r", "http.response.status_code": 200,
        "event.duration": 5, "artel.topic": "t",
    }  # fmt: skip


def test_a_process_of_several_services_says_which() -> None:
    one, other = said(
        'configure_logs(Settings(), ["auth", "game"])\nlog.info("a")\nlog.info("b", service="auth", kind="access")'
    )
    assert (one["service.name"], one["event.dataset"]) == ("artel", "artel.log")
    assert (other["service.name"], other["event.dataset"]) == ("auth", "auth.access")


LIBRARIES = """
library = logging.getLogger("library")
library.info("chatter")
library.warning("it is %s", "late")
warnings.warn("old ways")
for error in (CancelledError("a stop"), ValueError("a bug")):
    try:
        raise error
    except BaseException:
        library.exception("failed")
"""


def test_libraries_and_warnings_speak_as_we_do() -> None:
    late, old, bug = said(LIBRARIES)
    assert (late["message"], late["log.level"], late["log.logger"]) == ("it is late", "warning", "library")
    assert (old["log.logger"], "old ways" in old["message"]) == ("py.warnings", True)
    assert (bug["message"], bug["log.level"]) == ("failed", "error")
    assert (bug["error.type"], bug["error.message"]) == ("builtins.ValueError", "a bug")
    assert bug["error.stack_trace"].startswith("Traceback (most recent call last):")
    assert bug["error.stack_trace"].endswith("ValueError: a bug\n")


ERRORS = """
class Ours(Exception): pass
log.warning("as words", error="x" * 3000)
log.warning("as it is", error=Ours("no"))
try:
    raise Ours("deep")
except Ours:
    log.exception("under way")
"""


def test_an_error_is_told_in_three_fields() -> None:
    words, itself, under_way = said(ERRORS)
    assert (words["error.message"], "error.type" in words) == ("x" * 1000, False)
    assert (itself["error.type"], itself["error.message"]) == ("__main__.Ours", "no")
    assert "error.stack_trace" not in itself
    assert (under_way["error.type"], under_way["log.level"]) == ("__main__.Ours", "error")
    assert "Ours: deep" in under_way["error.stack_trace"]


def test_what_nobody_catches_is_a_line_too() -> None:
    thread, main = said('t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\nraise ValueError("the end")')
    assert (thread["error.type"], thread["log.level"]) == ("builtins.ZeroDivisionError", "critical")
    assert (main["error.message"], main["log.level"]) == ("the end", "critical")


@pytest.mark.parametrize("value", [r'"\ud800"', "2 ** 70", "object()", "b'x'", "{1: 2}", "float('nan')"])
def test_what_is_no_json_is_a_line_nevertheless(value: str) -> None:
    [line] = said(f'log.info("odd", what={value})')
    assert line["message"] == "odd"


def test_what_is_said_is_one_line() -> None:
    [line] = said(r'log.info("a\nb\r\nc\x00 {\"log.level\": \"error\"}", path="/\u2028")')
    assert line["message"].startswith("a\nb")
    assert line["log.level"] == "info"


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_are_hidden_in_both_forms(form: str) -> None:
    says = f"""
log.warning("from settings: %s" % {SECRET!r}, error=ConnectionError("postgresql://artel:pw-of-db@h/d"))
try:
    raise ValueError("https://api.telegram.org/bot{BOT}/getMe")
except ValueError:
    log.exception("failed")
"""
    url = f"amqp://artel:{SECRET.replace(' ', '%20')}@h/"
    done = run(says, ARTEL_LOG_FORMAT=form, ARTEL_TELEGRAM_BOT_TOKEN=BOT, ARTEL_BUS_URL=url)
    assert done.stderr.count("***") >= 3
    assert all(secret not in done.stderr for secret in (SECRET, "pw-of-db", BOT))
    assert (done.stderr[0] == "{") is (form == "json")


def test_a_terminal_is_for_people() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PREPARED + 'log.info("hello", kind="access", nanoseconds=1500000, user_id=None)']
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARTEL_")} | {"NO_COLOR": ""}
    process = subprocess.Popen(command, stderr=theirs, env=env)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        text = re.sub(r"\x1b\[[\d;]*m", "", terminal.readline().decode())
        assert process.wait(30) == 0
    assert re.fullmatch(r"\d\d:\d\d:\d\d \[info +\] hello +ms=1.5\r\n", text), text


def test_text_for_whoever_asks_for_it() -> None:
    assert "[warning" in run('log.warning("hello")', ARTEL_LOG_FORMAT="text").stderr


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    says = PREPARED + 'import time\nsys.stdin.read()\nfor _ in range(3):\n    log.info("hello")\nprint("went on")'
    process = subprocess.Popen(
        [sys.executable, "-c", says],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stderr.close()
    process.stdin.close()
    assert process.stdout.read() == "went on\n"
    process.stdout.close()
    process.wait(30)


def words_of_log_calls() -> set[str]:
    """Of every call of a log in the source, the names under which something is told."""
    calls = [
        node
        for module in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("log.", "structlog.get_logger()."))
    ]
    assert len(calls) > 10
    return {keyword.arg for call in calls for keyword in call.keywords if keyword.arg}


def test_every_word_has_a_field_in_the_index() -> None:
    mapped = fields(json.loads(TEMPLATE.read_text())["template"]["mappings"]["properties"])
    words = words_of_log_calls() - {"exc_info", "kind"}
    assert {NAMES.get(word, f"artel.{word}") for word in words} <= mapped
    assert set(NAMES.values()) <= mapped


def fields(properties: dict[str, Any], above: str = "") -> set[str]:
    found: set[str] = set()
    for name, about in properties.items():
        found |= fields(about["properties"], f"{above}{name}.") if "properties" in about else {above + name}
    return found
