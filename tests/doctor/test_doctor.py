"""`artel doctor`: a healthy installation is well, and whatever is done to it is said in a sentence."""

import asyncio
import json
import os
import re
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aio_pika import Message, connect_robust
from aio_pika.abc import AbstractIncomingMessage
from sqlalchemy import insert, text
from sqlalchemy.engine import make_url

from artel.auth.keys import reseal, rotate
from artel.cli import main
from artel.compose import SERVICES, load
from artel.contracts.auth import UserRegistered
from artel.databases import provide
from artel.doctor import examine
from artel.doctor.databases import WAITS
from artel.doctor.finding import clock
from artel.kernel.database import Tx, open_database
from artel.kernel.events import now
from artel.kernel.migrations import downgrade, migrate
from artel.kernel.outbox import outbox
from artel.kernel.settings import Settings
from artel_testing import installation
from game_testing import listening
from servers import free_port
from test_databases import Psql, address, psql, services
from tidy import databases

__all__ = ["psql", "services"]  # fixtures
NOTHING = "http://127.0.0.1:9"


async def wrongs(settings: Settings, url: str | None = None, *names: str) -> dict[str, str]:
    """What is wrong, by what it is."""
    found = [finding async for finding in examine(settings, names or SERVICES, url)]
    assert len({finding.what for finding in found if not finding.wrong}) == len([f for f in found if not f.wrong])
    return {finding.what: finding.wrong for finding in found if finding.wrong}


@asynccontextmanager
async def running(data: Path, **settings: Any) -> AsyncIterator[tuple[Settings, str]]:
    """Everything in this process, and its address."""
    async with installation(data, **settings) as house, listening(house) as port:
        yield house.settings, f"http://{port}"


async def test_one_process_is_well(tmp_path: Path) -> None:
    async with running(tmp_path) as (settings, url):
        said = [finding async for finding in examine(settings, SERVICES, url)]
    assert [str(finding) for finding in said if finding.wrong] == []
    databases, ready = ([f"{name} {what}" for name in SERVICES] for what in ("database", "ready"))
    assert [finding.what for finding in said] == [*databases, "keys", "disk", "public address", *ready]
    assert str(said[0]) == "auth database: ok"


# Databases


async def on(settings: Settings, service: str, work: Callable[[Tx], object]) -> None:
    database = open_database(settings.database(service))
    await database.write(work)
    await database.close()


async def test_tables_of_yesterday(tmp_path: Path) -> None:
    async with running(tmp_path) as (settings, url):
        await asyncio.to_thread(downgrade, "template", settings.database("template"))
        said = await wrongs(settings, url)
    assert said == {"template database": "its tables are of revision none: `artel migrate template` makes them new"}


async def test_a_broken_file(tmp_path: Path) -> None:
    async with running(tmp_path) as (settings, url):
        pass
    file = tmp_path / "stats.db"
    content = bytearray(file.read_bytes())
    content[8192:8292] = b"\xff" * 100
    file.write_bytes(bytes(content))
    said = await wrongs(settings, url, "stats")
    assert "stats database" in said
    assert "broken" in said["stats database"] or "malformed" in said["stats database"]


async def test_what_waits_and_what_was_given_up(tmp_path: Path) -> None:
    async with running(tmp_path) as (settings, url):
        pass

    def leave(tx: Tx) -> None:
        event = UserRegistered(user_id="u", version=1, display_name="Аня")
        row = {"id": event.event_id, "topic": event.topic, "body": event.envelope(), "tries": 0}
        late = now() - 2 * WAITS
        tx.execute(insert(outbox), [{**row, "due": None}, {**row, "due": late}, {**row, "due": late}])

    await on(settings, "auth", leave)
    found = [finding async for finding in examine(settings, ["auth"], url)]
    assert [finding.wrong for finding in found if finding.what == "auth database"] == [
        "1 events could not be published: `artel dead-letters show auth` shows them",
        "2 events wait to be published: is auth running, and RabbitMQ?",
    ]


async def test_no_server(tmp_path: Path) -> None:
    address = f"postgresql+asyncpg://artel:secret@127.0.0.1:{free_port()}/{{service}}"
    said = await wrongs(Settings(data_dir=tmp_path, database_url=address), NOTHING, "game")
    assert "cannot be had (" in said["game database"]
    assert said["game database"].endswith("start it, or set ARTEL_DATABASE_URL right")
    (tmp_path / "game.url").write_text(address.replace("{service}", "game"))
    said = await wrongs(Settings(data_dir=tmp_path, databases_dir=tmp_path), NOTHING, "game")
    assert said["game database"].endswith("start it, or set ARTEL_DATABASES_DIR right")
    assert "secret" not in said["game database"]


def shown(tx: Tx, setting: str) -> str:
    return str(tx.execute(text(f"SHOW {setting}")).scalar_one())


async def database_wrongs(settings: Settings, *names: str) -> list[str]:
    return [finding.wrong async for finding in examine(settings, names, NOTHING) if "database" in finding.what]


async def test_a_role_that_may_enter_others_and_a_server_that_may_lose(
    postgres_urls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' own server keeps nothing safe, and its user is a superuser."""
    for name in ("auth", "game"):
        await asyncio.to_thread(migrate, name, postgres_urls.replace("{service}", name))
    settings = Settings(data_dir=tmp_path, database_url=postgres_urls)
    database = open_database(settings.database("auth"))
    names = ("fsync", "full_page_writes", "synchronous_commit")
    safe = {name: await database.read(shown, name) for name in names}
    await database.close()
    found = await database_wrongs(settings, "auth", "game")
    for name, value in safe.items():
        assert sum(f"{name} is off" in wrong for wrong in found) == (2 if value == "off" else 0)
    other = settings.database("game").rpartition("/")[2]
    assert any(f"may enter {other} too: `artel databases` makes a role that may not" in wrong for wrong in found)
    real = time.time
    monkeypatch.setattr("artel.doctor.databases.time.time", lambda: real() + 100)
    found = await database_wrongs(settings, "auth")
    said = re.compile(r"its clock is (99|100|101) s behind ours: let both hosts keep time \(chrony\)")
    assert [wrong for wrong in found if said.fullmatch(wrong)]


async def test_one_address_for_all_is_none_for_any(tmp_path: Path) -> None:
    """As a service of its own has it: what is there would be taken for that of each."""
    settings = Settings(data_dir=tmp_path, database_url="postgresql+asyncpg://artel:secret@127.0.0.1:1/artel_game")
    said = await wrongs(settings, NOTHING)
    assert said["ARTEL_DATABASE_URL"].startswith("it names one for several services")
    assert not [what for what in said if what.endswith("database")]


async def test_a_database_that_cannot_keep_names(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables are there: they were made before anybody looked."""
    server = make_url(postgres_url)
    name = f"{server.database}_ascii"
    ascii_only = server.set(database=name).render_as_string(hide_password=False)
    with databases(postgres_url, name, how="TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"):
        with monkeypatch.context() as before:
            before.setattr("artel.kernel.migrations.unfit", lambda _: "")
            await asyncio.to_thread(migrate, "game", ascii_only)
        found = await database_wrongs(Settings(data_dir=tmp_path, database_url=ascii_only), "game")
    assert any(wrong.startswith("its encoding is SQL_ASCII, and Artel needs UTF8") for wrong in found)


async def test_a_role_of_its_own_may_not(postgres_url: str, psql: Psql, services: list[str], tmp_path: Path) -> None:
    psql(provide(tmp_path, address(postgres_url), services))
    for name, service in zip(services, SERVICES, strict=True):
        (tmp_path / f"{name}.url").rename(tmp_path / f"{service}.url")
        psql(f"ALTER ROLE artel_{name} SET synchronous_commit = on;")
    settings = Settings(data_dir=tmp_path, databases_dir=tmp_path)
    for service in ("auth", "game"):
        await asyncio.to_thread(migrate, service, settings.database(service))
    found = await database_wrongs(settings, "auth", "game")
    assert not [wrong for wrong in found if "may enter" in wrong or "synchronous_commit" in wrong]


@pytest.mark.parametrize(
    ("theirs", "said"), [(100.0, ""), (98.1, ""), (107, "5 s ahead of ours"), (90, "10 s behind ours")]
)
def test_clocks(theirs: float, said: str) -> None:
    told = clock(theirs, 100, 102)
    assert bool(told) == bool(said)
    assert not said or said in told[0]


# RabbitMQ and Redis


async def broker_wrongs(settings: Settings) -> dict[str, str]:
    said = await wrongs(settings, NOTHING)
    return {what: wrong for what, wrong in said.items() if what != "public address"}


async def test_rabbit_is_well_and_each_way_is_looked_at(tmp_path: Path, broker: str) -> None:
    async with installation(tmp_path, bus_url=broker) as house:
        found = [str(finding) async for finding in examine(house.settings, SERVICES, NOTHING)]
        assert [line for line in found if not line.endswith(": ok") and not line.startswith("public address")] == []
        followers = [name for name in SERVICES if load(name).reactions]
        for name in followers:
            assert f"{name} bindings: ok" in found
            assert f"{name} queue: ok" in found
        async with await connect_robust(broker) as connection, connection.channel() as channel:
            queue = await channel.get_queue("artel.stats")
            await queue.unbind("artel.events", "artel.game.finished.v1")
        said = await broker_wrongs(house.settings)
        assert list(said) == ["stats bindings"]
        assert said["stats bindings"].startswith("does not take in artel.game.finished.v1: start a service")
    async with installation(tmp_path, bus_url=broker) as house:  # which binds it
        assert await broker_wrongs(house.settings) == {}


async def take_and_never_say_so(_: AbstractIncomingMessage) -> None: ...


async def test_a_reader_who_is_held_up_is_not_taken_for_a_missing_way(tmp_path: Path, broker: str) -> None:
    async with installation(tmp_path, bus_url=broker) as house:
        settings = house.settings
    async with await connect_robust(broker) as connection, connection.channel() as channel:
        await channel.set_qos(1)
        queue = await channel.get_queue("artel.stats")
        for _ in range(2):
            await channel.default_exchange.publish(Message(b"{}"), "artel.stats")
        await queue.consume(take_and_never_say_so)
        said = await broker_wrongs(settings)
        await queue.purge()
    assert re.fullmatch(
        "no answer within 5 s, behind [1-9][0-9]* that wait: look into the log of stats", said["stats bindings"]
    )


async def test_queues_that_nobody_reads_that_are_not_there_or_hold_dead_letters(tmp_path: Path, broker: str) -> None:
    async with installation(tmp_path, bus_url=broker) as house:
        settings = house.settings
    async with await connect_robust(broker) as connection, connection.channel() as channel:
        await channel.queue_delete("artel.notification")
        await channel.queue_delete("artel.friends.dead")
        await lie_down(channel, "artel.game.dead")
        await channel.queue_delete("artel.stats")
        await channel.declare_queue("artel.stats", durable=True)
    said = await broker_wrongs(settings)
    assert said["notification queue"] == "artel.notification is not there: any service makes it when it starts"
    assert said["friends dead letters"] == "artel.friends.dead is not there: any service makes it when it starts"
    assert said["game queue"] == "nobody reads it, and 0 events wait: start `artel serve game`"
    assert said["game dead letters"].startswith("1 lie there: `artel dead-letters show game`; ")
    assert said["stats queue"].startswith("it was made with other arguments: ")
    async with await connect_robust(broker) as connection, connection.channel() as channel:
        for name in ("artel.game", "artel.friends"):
            queue = await channel.declare_queue(name, passive=True)
            assert queue.declaration_result.message_count == 0, "a question was left lying"
        await channel.queue_delete("artel.stats")


async def lie_down(channel: Any, queue: str) -> None:
    from aio_pika import Message  # noqa: PLC0415

    await channel.default_exchange.publish(Message(b"{}"), queue)


async def test_no_broker_and_no_store(tmp_path: Path) -> None:
    away: dict[str, Any] = {
        "bus_url": f"amqp://artel:secret@127.0.0.1:{free_port()}/",
        "store_url": f"redis://:secret@127.0.0.1:{free_port()}",
    }
    said = await wrongs(Settings(data_dir=tmp_path, **away), NOTHING)
    assert "cannot be had (" in said["RabbitMQ"]
    assert "set ARTEL_BUS_URL right" in said["RabbitMQ"]
    assert "set ARTEL_STORE_URL right" in said["Redis"]
    assert "secret" not in "".join(said.values())


async def test_redis_is_well_but_for_its_clock(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_dir=tmp_path, store_url=redis_url)
    assert "Redis" not in await wrongs(settings, NOTHING)
    real = time.time
    monkeypatch.setattr("artel.doctor.surroundings.time.time", lambda: real() - 60)
    assert re.match(r"its clock is (59|60|61) s ahead of ours", (await wrongs(settings, NOTHING))["Redis"])


# Keys, disk, addresses


async def test_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as (settings, url):
        folder = settings.keys
        key = next(folder.glob("*.private.pem"))
        key.chmod(0o644)
        long_ago = time.time() - 100 * 86_400
        os.utime(key, (long_ago, long_ago))
        found = [finding.wrong async for finding in examine(settings, SERVICES, url) if finding.what == "keys"]
        assert found == [
            "the key that signs is 100 days old: `artel keys rotate`",
            f"others may read {key}: chmod 600 {key}",
        ]
        (folder / "refresh.secret").unlink()
        (folder / "jwks.json").write_text('{"keys":[]}')
        found = [finding.wrong async for finding in examine(settings, SERVICES, url) if finding.what == "keys"]
        assert found[0].startswith(f"the key that signs, {key.name.removesuffix('.private.pem')}, is not in jwks.json")
        assert any(wrong.startswith("refresh.secret is not in") for wrong in found)
        (folder / "jwks.json").write_text("[")
        assert "jwks.json cannot be read" in (await wrongs(settings, url))["keys"]
        key.unlink()
        (folder / "jwks.json").write_text('{"keys":[]}')
        assert (await wrongs(settings, url))["keys"].startswith("no signing key is in")
        rotate(folder)
        (folder / "refresh.secret").write_bytes(b"x" * 32)
        (folder / "refresh.secret").chmod(0o600)
        reseal(folder)
        assert await wrongs(settings, url) == {}
        (folder / "refresh.before").chmod(0o644)
        assert (await wrongs(settings, url))["keys"].startswith(f"others may read {folder}/refresh.before")
        monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)  # as in a container
        assert await wrongs(settings, url) == {}


async def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        total: int
        used: int
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 << 30, 98 << 30, 2 << 30))
    settings = Settings(data_dir=tmp_path)
    assert (await wrongs(settings, NOTHING))["disk"] == f"only 2.0 GiB of 100 are free under {tmp_path}: make room"
    said = await wrongs(Settings(data_dir=tmp_path / "nowhere"), NOTHING)
    assert said["game database"].startswith(f"there is no file {tmp_path}/nowhere/game.db: ")
    assert said["disk"] == f"{tmp_path}/nowhere is not there: ARTEL_DATA_DIR names the data"
    elsewhere = Settings(data_dir=tmp_path / "nowhere", database_url="postgresql+asyncpg://127.0.0.1:1/{service}")
    assert "disk" not in await wrongs(elsewhere, NOTHING)


class Answers(NamedTuple):
    url: str
    said: dict[str, tuple[int, Any]]  # by path
    asked: list[str]


@pytest.fixture
def answers() -> Iterator[Answers]:
    """An HTTP server that says what it is told to."""
    with serving_http() as made:
        yield made


@contextmanager
def serving_http() -> Iterator[Answers]:
    said: dict[str, tuple[int, Any]] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, value = said.get(self.path, (404, {"ok": False, "description": "Not Found"}))
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Answers(f"http://127.0.0.1:{server.server_address[1]}", said, asked)
        finally:
            server.shutdown()
            thread.join()


async def test_what_answers_at_the_address(tmp_path: Path, answers: Answers) -> None:
    settings = Settings(data_dir=tmp_path)
    said = await wrongs(settings, NOTHING)
    assert said["public address"].startswith(f"{NOTHING}/readyz does not answer as it should (")
    answers.said["/readyz"] = 503, {"auth": {"database": "ok"}, "game": {"bus": "ConnectionError", "store": "ok"}}
    said = await wrongs(settings, answers.url)
    assert said["game ready"] == "its bus is not ready (ConnectionError): see its log"
    assert "auth ready" not in said
    assert "public address" not in said
    answers.said["/readyz"] = 200, ["no such thing"]
    assert "does not answer as it should" in (await wrongs(settings, answers.url))["public address"]
    answers.said["/readyz"] = 500, {}
    assert (await wrongs(settings, answers.url))["public address"] == f"{answers.url}/readyz answers 500"


async def test_telegram(tmp_path: Path, answers: Answers) -> None:
    token = "1:very-secret"
    given: dict[str, Any] = {
        "telegram_bot_token": token,
        "telegram_api_url": answers.url,
        "public_url": "https://artel.example",
    }
    settings = Settings(data_dir=tmp_path, **given)
    path = f"/bot{token}/getWebhookInfo"
    assert "it knows no such bot (Not Found)" in (await wrongs(settings, NOTHING))["Telegram"]
    assert path in answers.asked
    well = {"url": "https://artel.example/api/v1/telegram", "pending_update_count": 0}
    answers.said[path] = 200, {"ok": True, "result": well}
    assert "Telegram" not in await wrongs(settings, NOTHING)
    answers.said[path] = 200, {"ok": True, "result": {"url": "", "pending_update_count": 900}}
    assert "Telegram" not in await wrongs(settings, NOTHING)  # nobody wanted one
    ill = {
        "url": "https://other.example/hook", "pending_update_count": 101,
        "last_error_date": int(time.time()) - 60, "last_error_message": "Connection refused",
    }  # fmt: skip
    answers.said[path] = 200, {"ok": True, "result": ill}
    found = [finding.wrong async for finding in examine(settings, SERVICES, NOTHING) if finding.what == "Telegram"]
    assert "goes to https://other.example/hook and not under https://artel.example" in found[0]
    assert "it could not deliver lately (Connection refused)" in found[1]
    assert found[2].startswith("101 updates wait")
    assert "bot" not in await wrongs(settings, NOTHING)  # nobody is told anything there
    away = Settings(data_dir=tmp_path, **{**given, "telegram_api_url": NOTHING})
    said = (await wrongs(away, NOTHING))["Telegram"]
    assert "does not answer (" in said
    assert "very-secret" not in said


async def test_the_bot_that_tells_people_of_their_accounts(tmp_path: Path, answers: Answers) -> None:
    token = "1:very-secret"
    given: dict[str, Any] = {"notify_url": "telegram://", "telegram_api_url": answers.url}
    without = Settings(data_dir=tmp_path, **given)
    assert "set ARTEL_TELEGRAM_BOT_TOKEN" in (await wrongs(without, NOTHING))["bot"]
    settings = Settings(data_dir=tmp_path, telegram_bot_token=token, **given)
    path = f"/bot{token}/getMe"
    answers.said[path] = 401, {"ok": False, "description": "Unauthorized"}
    assert (await wrongs(settings, NOTHING))["bot"] == (
        "it knows no such bot (Unauthorized): set ARTEL_TELEGRAM_BOT_TOKEN right"
    )
    answers.said[path] = 200, {"ok": True, "result": {"id": 1, "is_bot": True}}
    assert "bot" in [finding.what async for finding in examine(settings, SERVICES, NOTHING) if not finding.wrong]
    answers.said[path] = 200, {"ok": True, "result": {"id": 1, "is_bot": False}}
    assert "is of somebody who is no bot" in (await wrongs(settings, NOTHING))["bot"]
    away = Settings(data_dir=tmp_path, telegram_bot_token=token, **{**given, "telegram_api_url": NOTHING})
    said = (await wrongs(away, NOTHING))["bot"]
    assert "does not answer (" in said
    assert "very-secret" not in said


# The command


def artel(*arguments: str) -> int:
    """On a loop of its own, as in a terminal."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(main, arguments).result()


async def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in [name for name in os.environ if name.startswith(("ARTEL_P", "ARTEL_D"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ARTEL_DATA_DIR", str(tmp_path))
    async with running(tmp_path) as (_, url):
        assert await asyncio.to_thread(artel, "doctor", "--url", url + "/") == 0
        assert {line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()} == {"ok"}
    assert await asyncio.to_thread(artel, "doctor", "auth", "--url", url, "--json") == 1
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[0] == {"what": "auth database", "ok": True, "wrong": ""}
    assert [each["what"] for each in said if not each["ok"]] == ["public address"]
