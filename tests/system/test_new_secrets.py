"""Every secret is changed as docs/operations.md tells it, on `make stack`, while evenings are played there."""

import asyncio
import json
import os
import shlex
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import asyncpg
import pytest
from aio_pika import connect
from aio_pika.exceptions import AMQPError
from httpx2 import AsyncClient, Response
from joserfc import jws
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from artel.auth.keys import KNOWN_SECONDS
from artel.compose import SERVICES
from artel.kernel.settings import Settings
from artel_testing import age
from auth.test_api import TOKEN, init_data
from faults.checker import broken, until
from faults.evening import Evening, evening
from system.test_stack import ROOT, Host, host
from system.test_upgrade import Strict

if TYPE_CHECKING:
    from faults.hall import Hall

__all__ = ["host"]
CLIENTS = 5
INSTANCES = (*SERVICES, "game-2")
PATIENCE_SECONDS = 240
OF_TELEGRAM = ("Telegram: ", "bot: ")
"""Which cannot be reached from here."""
NEW_TOKEN = "7000000001:AAFake-Token_for_TESTS_only_000000000002"


@dataclass
class Place:
    """A stack, those who play there, and somebody who asks on his own."""

    host: Host
    played: Evening
    http: AsyncClient

    @property
    def home(self) -> Path:
        return self.host.data / "stack"

    def read(self, name: str) -> str:
        return (self.home / name).read_text()

    async def stack(self, *words: str) -> None:
        await asyncio.to_thread(self.host.stack, *words)

    async def artel(self, *words: str) -> subprocess.CompletedProcess[str]:
        """As whoever has said `. var/stack/env`."""
        lines = [line.removeprefix("export ") for line in self.read("env").splitlines()]
        env = {**os.environ, **dict(part.split("=", 1) for line in lines for part in shlex.split(line))}
        env["ARTEL_TELEGRAM_API_URL"] = "http://127.0.0.1:9"  # nobody's
        command = [str(ROOT / ".venv" / "bin" / "artel"), *words]
        run = partial(subprocess.run, command, check=False, env=env, capture_output=True, text=True)
        return await asyncio.to_thread(run)

    async def goes_on(self) -> None:
        """Everybody has played on."""
        before = [len(play.table.acknowledged) for play in self.played.plays]

        def played() -> bool:
            now = [len(play.table.acknowledged) for play in self.played.plays]
            return all(more > was + 1 for more, was in zip(now, before, strict=True))

        assert await until(played, time.monotonic() + PATIENCE_SECONDS)

    async def post(self, path: str, **body: str) -> Response:
        return await self.http.post(path, json=body)


async def passwords(place: Place) -> None:
    """Of every role, of RabbitMQ's user and of Redis; who is in stays in, each process comes in anew in its turn."""
    await who_was_put_out_asks_to_be_asked_again(place)
    urls = [f"databases/{name}.url" for name in SERVICES]
    old = {name: place.read(name) for name in (*urls, "bus.url", "store.url")}
    processes = {name: place.host.pid(name) for name in (*INSTANCES, "watch-postgres", "watch-redis")}
    for name in (*urls, "rabbit.secret", "redis.secret", "watch.secret"):
        (place.home / name).unlink()
    await place.stack("up")
    assert all(place.read(name) != before for name, before in old.items())
    assert [name for name, pid in processes.items() if place.host.pid(name) == pid] == []
    await place.goes_on()
    assert [name for name, url in old.items() if await lets_in(url)] == []
    assert [name for name in old if not await lets_in(place.read(name))] == []


async def who_was_put_out_asks_to_be_asked_again(place: Place) -> None:
    """A service whose password is another one by now, of which it has not heard."""
    server = f"127.0.0.1:{place.host.port + 20}/postgres"
    connection: Any = await asyncpg.connect(f"postgresql://postgres:{place.read('postgres.secret')}@{server}")
    try:
        await connection.execute("ALTER ROLE artel_stats PASSWORD 'by-hand'")
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'artel_stats'")
    finally:
        await connection.close()
    somebody = place.played.people[0]
    headers = {"authorization": f"Bearer {somebody.token}"}
    answer = await place.http.get(f"/stats/players/{somebody.id}", headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), answer.text


async def lets_in(url: str) -> bool:
    try:
        if url.startswith("amqp"):
            async with await connect(url):
                return True
        if url.startswith("redis"):
            async with Redis.from_url(url) as redis:
                return bool(await redis.ping())
        connection: Any = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.close()
    except (AMQPError, AuthenticationError, asyncpg.InvalidPasswordError, ConnectionError):
        return False
    return True


async def signing_key(place: Place) -> None:
    """Without a restart."""
    await place.artel("keys", "rotate")
    kid = max(path.name for path in (place.home / "keys").glob("*.private.pem")).removesuffix(".private.pem")
    age(place.home / "keys", kid, KNOWN_SECONDS)
    tokens: dict[str, Any] = {}

    async def signs() -> bool:
        tokens.update((await place.post("/auth/dev", name="Новый")).json())
        return bool(jws.extract_compact(tokens["access_token"].encode()).headers()["kid"] == kid)

    assert await until(signs, time.monotonic() + PATIENCE_SECONDS)
    answer = await place.http.get("/users/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert answer.is_success, answer.text
    published = json.loads(place.read("keys/jwks.json"))["keys"]
    assert [key["kid"] for key in published][-1] == kid
    assert len(published) == 2


async def seal(place: Place) -> None:
    """At once, without a restart, and nobody is signed out."""
    before = (await place.post("/auth/dev", name="Верный")).json()
    assert (await place.artel("keys", "reseal")).returncode == 0
    answer = await place.post("/auth/refresh", refresh_token=before["refresh_token"])
    assert answer.is_success, answer.text
    again = await place.post("/auth/refresh", refresh_token=answer.json()["refresh_token"])
    assert again.is_success, again.text


async def bot(place: Place) -> None:
    """Launches of the old token are refused; whoever is signed in stays so."""
    before = (await place.post("/auth/telegram", init_data=init_data())).json()
    (place.home / "telegram.secret").write_text(NEW_TOKEN)
    await place.stack("restart", "auth", "notification")
    refused = await place.post("/auth/telegram", init_data=init_data())
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_init_data")
    now = await place.post("/auth/telegram", init_data=init_data(token=NEW_TOKEN))
    assert now.json()["user"]["id"] == before["user"]["id"]
    assert (await place.post("/auth/refresh", refresh_token=before["refresh_token"])).is_success


CHANGES: tuple[Callable[[Place], Awaitable[None]], ...] = (passwords, signing_key, seal, bot)


@pytest.mark.timeout(900)
async def test_each_is_changed_while_they_play(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untold: list[str] = []
    monkeypatch.setattr("faults.evening.Repeating", partial(Strict, untold))
    (tmp_path / "token").write_text(TOKEN)
    await asyncio.to_thread(partial(host.stack, "up", ARTEL_TELEGRAM_BOT_TOKEN_FILE=str(tmp_path / "token")))
    url = f"http://127.0.0.1:{host.port}/api/v1"
    hall = cast("Hall", SimpleNamespace(url=url, stack=SimpleNamespace(port=host.port)))
    async with evening(hall, CLIENTS, Random(23)) as played, AsyncClient(base_url=url, timeout=30) as http:
        place = Place(host, played, http)
        for change in CHANGES:
            await place.goes_on()
            await change(place)
        await place.goes_on()
        await played.finished()
        settings = Settings(databases_dir=place.home / "databases", bus_url=place.read("bus.url"))
        assert await broken(played, settings) == []
        said = (await place.artel("doctor")).stdout.splitlines()
    assert untold == []
    assert set(played.repeated) <= {"503", "429"}, played.repeated
    assert [line for line in said if not line.endswith(": ok") and not line.startswith(OF_TELEGRAM)] == []
    assert len(said) > 20
    words = "".join(file.read_text() for file in (place.home / "words").glob("*.log"))
    assert not [secret for secret in secrets_of(place) if secret in words]


def secrets_of(place: Place) -> list[str]:
    urls = [place.read(name) for name in ("bus.url", "store.url", *(f"databases/{name}.url" for name in SERVICES))]
    return [NEW_TOKEN, *(urlsplit(url).password or url for url in urls)]
