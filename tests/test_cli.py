"""`artel run` and its sisters as whoever types them meets them: a start, a stop, and a sentence where it cannot be."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import asyncpg
import pytest
from httpx2 import Client, HTTPTransport, get
from sqlalchemy.engine import make_url

from artel.cli import main
from artel.cli_kit import NAMES
from artel.kernel.settings import Settings
from servers import free_port, wait_for

GATEWAY = "gateway x " + " ".join(f"--upstream {name}=127.0.0.1:1" for name in NAMES)
PRODUCTION = {
    "ARTEL_ENV": "production", "ARTEL_PUBLIC_URL": "https://artel.example", "ARTEL_KEYS_DIR": "/dev/null",
    "ARTEL_DATABASE_URL": "sqlite+aiosqlite:////dev/null/{service}.db",
}  # fmt: skip
IN_USE = "cannot be had (Address already in use)"


@pytest.fixture(autouse=True)
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Ports and files of this test's own, and no other settings."""
    for name in [name for name in os.environ if name.startswith(("ARTEL_P", "ARTEL_D", "PYTHONDONTWRITE"))]:
        monkeypatch.delenv(name)
    ours = {"ARTEL_PORT": free_port(), "ARTEL_ADMIN_PORT": free_port(), "ARTEL_DATA_DIR": tmp_path / "var"}
    for name, value in ours.items():
        monkeypatch.setenv(name, str(value))
    return dict(os.environ)


def artel(*arguments: str) -> int:
    """In this process: the exit status."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(str(end.code))


@contextmanager
def running(env: Mapping[str, str], words: Path) -> Iterator[subprocess.Popen[str]]:
    with words.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "artel.cli", "run"], env=env, stdout=subprocess.PIPE, stderr=said, text=True
        )
    try:
        assert process.stdout
        assert "open at" in process.stdout.readline(), words
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


COUNTED = 'artel_http_requests_total{method="POST",route="/auth/dev",service="auth",status="200"}'


def test_a_start_and_a_stop(env: dict[str, str], tmp_path: Path) -> None:
    """Ctrl-C ends it, whoever holds a connection, and the next start has everything again."""
    address, metrics = (f"http://127.0.0.1:{env[port]}" for port in ("ARTEL_PORT", "ARTEL_ADMIN_PORT"))
    users = set()
    for _ in range(2):
        with running(env, tmp_path / "words") as process, Client(base_url=address, timeout=30) as http:
            users.add(http.post("/api/v1/auth/dev", json={"name": "Аня"}).raise_for_status().json()["user"]["id"])
            wait_for(lambda: COUNTED in get(f"{metrics}/metrics").text, COUNTED)  # which is a moment after the answer
            idle, half = (socket.create_connection(("127.0.0.1", int(env["ARTEL_PORT"]))) for _ in range(2))
            half.sendall(b"POST /api/v1/auth/dev HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            idle.close()
            half.close()
    assert len(users) == 1
    lines = [json.loads(line) for line in (tmp_path / "words").read_text().splitlines()]
    assert [line["message"] for line in lines if line["log.level"] == "info"] == ["started", "ended"]


def test_nobody_says_by_himself_where_he_is(env: dict[str, str], tmp_path: Path) -> None:
    """Or every request would be of another address, and the limit of each of nobody."""
    address = f"http://127.0.0.1:{env['ARTEL_PORT']}/api/v1"
    with running(env, tmp_path / "words"), Client(base_url=address, timeout=30) as http:
        answers = [
            http.post(
                "/auth/exchange", json={"code": "x", "verifier": "y"}, headers={"X-Forwarded-For": f"192.0.2.{n}"}
            )
            for n in range(150)
        ]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) > 0


def test_on_a_terminal_it_says_only_where_it_is(env: dict[str, str]) -> None:
    screen, terminal = pty.openpty()
    with running(env, Path(os.ttyname(terminal))) as process:
        os.close(terminal)
        with Client(timeout=30, transport=HTTPTransport(retries=9)) as http:
            assert http.get(f"http://127.0.0.1:{env['ARTEL_PORT']}/healthz").is_success
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    with os.fdopen(screen, "rb") as said:
        lines = list(_until_its_end(said))
    assert [line for line in lines if b"/healthz 200" not in line] == [], "but an answer that was slow"


def _until_its_end(said: BinaryIO) -> Iterator[bytes]:
    with suppress(OSError):  # nobody can write any more
        yield from said


def test_ctrl_c_before_it_is_open_is_no_drama(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> Settings:
        raise KeyboardInterrupt

    monkeypatch.setattr("artel.cli._settings", interrupted)
    assert artel("run") == 130


def test_a_second_one_does_not_share_the_files(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(env, tmp_path / "words"):
        assert artel("run") == 2
        words = capsys.readouterr().err
        assert words == f"artel: port {env['ARTEL_PORT']} on 127.0.0.1 {IN_USE}; ARTEL_PORT chooses another\n"
        for name in ("ARTEL_PORT", "ARTEL_ADMIN_PORT"):
            monkeypatch.setenv(name, str(free_port()))
        assert artel("run") == 2
        words = capsys.readouterr().err
        assert words == f"artel: another Artel has the files in {tmp_path}/var; ARTEL_DATA_DIR chooses another folder\n"
    with running(dict(os.environ), tmp_path / "words"):
        """What was killed holds them no longer."""


def test_both_ports_are_had_before_it_says_that_it_is_open(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTEL_ADMIN_PORT", env["ARTEL_PORT"])
    assert artel("run") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "ARTEL_ADMIN_PORT chooses another" in said.err


@pytest.mark.parametrize(
    ("command", "given", "said"),
    [
        ("run", {"ARTEL_DATA_DIR": "/dev/null/var"}, "/dev/null/var cannot be written to (Not a directory)"),
        ("run", {"ARTEL_KEYS_DIR": "/dev/null/keys"}, "/dev/null/keys"),
        ("run", {"ARTEL_PORT": "x"}, "ARTEL_PORT: "),
        ("run", {"ARTEL_HOST": "192.0.2.1"}, "on 192.0.2.1 cannot be had"),
        ("run", {"ARTEL_WEB_DIR": "/dev/null"}, "ARTEL_WEB_DIR: "),
        ("run", {"ARTEL_BUS_URL": "kafka://bus"}, "ARTEL_BUS_URL: "),
        ("run", {"ARTEL_NOTIFY_URL": "smtp://host"}, "ARTEL_NOTIFY_URL: "),
        ("run", {"ARTEL_NOTIFY_URL": "telegram://"}, "needs the bot's token: ARTEL_TELEGRAM_BOT_TOKEN is missing"),
        ("serve notification", {"ARTEL_NOTIFY_URL": "telegram://"}, "needs the bot's token"),
        ("run", {"ARTEL_ENV": "production", "ARTEL_DEV_LOGIN": "1"}, "ARTEL_DEV_LOGIN=1 is refused with ARTEL_ENV"),
        ("run", {"ARTEL_ENV": "production"}, "ARTEL_DATABASE_URL is missing"),
        ("run", {**PRODUCTION}, "ARTEL_TELEGRAM_BOT_TOKEN is missing, or is no token"),
        ("run", {**PRODUCTION, "ARTEL_TELEGRAM_BOT_TOKEN": "put it here"}, "ARTEL_TELEGRAM_BOT_TOKEN is missing"),
        ("run", {"ARTEL_TELEGRAM_BOT_TOKEN_FILE": "/dev/null/token"}, "/dev/null/token"),
        ("run", {"ARTEL_TELEGRAM_BOT_ID": "0"}, "ARTEL_TELEGRAM_BOT_ID: "),
        # By that number somebody can sign in; what is missing next is the keys.
        ("serve auth", {**PRODUCTION, "ARTEL_TELEGRAM_BOT_ID": "7000000001"}, "no signing key in /dev/null"),
        ("migrate", {"ARTEL_DATABASE_URL": "sqlite+aiosqlite:////dev/shm/one.db"}, "a database of its own"),
        ("migrate", {"ARTEL_DATABASE_URL": "postgresql+asyncpg://a@127.0.0.1:9/{service}"}, "the database of auth"),
        ("migrate auth nobody", {}, "no service is called 'nobody'"),
        ("serve", {}, "NAME"),
        ("serve auth", {}, "make one with `artel keys rotate`"),
        ("keys rotate", {"ARTEL_KEYS_DIR": "/dev/null/keys"}, "/dev/null/keys"),
        ("schemas /dev/null/schemas", {}, "/dev/null/schemas"),
        ("databases /dev/null/databases", {}, "/dev/null/databases"),
        ("secrets /dev/null/secrets", {}, "/dev/null/secrets"),
        ("gateway /dev/null/gateway", {}, "--upstream is missing for auth, game"),
        ("gateway x --upstream game", {}, "'game' is no NAME=HOST:PORT"),
        ("gateway x --upstream games=127.0.0.1:1", {}, "no service is called 'games'"),
        (
            "gateway x --resolver 127.0.0.11 " + " ".join(f"--upstream {name}=a:1,b:1" for name in NAMES),
            {},
            "all processes of a service have one name",
        ),
        ("gateway x --traced 101", {}, "'101' is no number from 0 to 100"),
        ("gateway x --user-rate 0", {}, "'0' is no number from 1 on"),
        (f"{GATEWAY} --behind my-proxy", {}, "'my-proxy' is no network, as 172.18.0.0/16, and no address\n"),
        (f"{GATEWAY} --behind 127.0.0.1,", {}, "'' is no network"),
        (f"{GATEWAY} --behind 172.18.0.1/16", {}, "no address (172.18.0.1/16 has host bits set)"),
        (f"{GATEWAY} --behind ::1,0.0.0.0/0", {}, "0.0.0.0/0 is everybody"),
        (f"{GATEWAY} --behind fe80::1%eth0", {}, "has a zone, and nginx knows none"),
        (GATEWAY, {"ARTEL_OTLP_URL": "http://jaeger:4318"}, "with a resolver, to a name"),
        ("dance", {}, "invalid choice: 'dance'"),
        ("", {}, "COMMAND"),
    ],
)
def test_a_sentence_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    given: dict[str, str],
    said: str,
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert artel(*command.split()) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("who", ["artel", "nobody"])
def test_a_database_that_is_not_there_or_not_ours(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], who: str
) -> None:
    url = make_url(postgres_url).set(database="there_is_none", username=who)
    monkeypatch.setenv("ARTEL_DATABASE_URL", url.render_as_string(hide_password=False))
    assert artel("migrate", "auth") == 2
    words = capsys.readouterr().err
    assert words.startswith("artel: the database of auth cannot be had")
    assert words.endswith("; see ARTEL_DATABASE_URL\n")
    assert words.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["", "run", "serve", "migrate", "keys", "openapi", "schemas", "replay", "restored", "gateway"]
)
def test_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert artel(*command.split(), "--help") == 0
    assert capsys.readouterr().out.startswith(f"usage: artel {command}".strip())


def test_a_backup_that_was_put_back_begins_an_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    epochs = set()
    for _ in range(2):
        assert artel("restored") == 0
        with sqlite3.connect(tmp_path / "var" / "game.db") as database:
            epochs.add(database.execute("SELECT epoch FROM epochs").fetchone()[0])
        database.close()
    assert len(epochs) == 2
    assert epochs <= set(capsys.readouterr().out.split())


def test_a_backup_is_put_back_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "var").mkdir()
    with (tmp_path / "var" / "lock").open("a") as lock:  # as `artel run` has it
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert artel("restored") == 2
    assert "another Artel has the files in" in capsys.readouterr().err
    assert artel("restored") == 0


def test_a_database_that_a_service_has_open_begins_no_epoch(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTEL_DATABASE_URL", postgres_url)

    async def beside_a_service() -> int:
        service = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
        try:
            return await asyncio.to_thread(artel, "restored")
        finally:
            await service.close()

    assert asyncio.run(beside_a_service()) == 2
    why = "somebody has the database of game open (1 connection of the service): stop what runs first"
    assert capsys.readouterr() == ("", f"artel: {why}\n")
    assert artel("restored") == 0
