"""What the tests of every service share: a composed application in this process, people, and a drain."""

import asyncio
import atexit
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy.engine import make_url

from artel.auth.keys import KNOWN_SECONDS, KeyRing, ensure_key, rotate
from artel.compose import SERVICES, compose
from artel.game.relay import _ahead
from artel.kernel.events import Event, new_id
from artel.kernel.migrations import migrate
from artel.kernel.settings import Settings
from artel.kernel.token import AUDIENCE, ISSUER

CLOSING_SECONDS = 60


@dataclass
class Person:
    """Somebody with a valid access token; ids are as auth would make them."""

    name: str
    id: str = field(default_factory=new_id)
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Installation:
    """Services composed in this process on SQLite files of their own, called without a network."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.http = AsyncClient(
            transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://testserver/api/v1"
        )
        self._ring = KeyRing(settings.keys)

    def person(self, name: str, **claims: Any) -> Person:
        person = Person(name)
        now = int(time.time())
        standard = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": person.id, "sid": new_id(), "jti": new_id(),
            "iat": now, "exp": now + 900, "epoch": 0, "role": "user", "name": name, "lang": "ru",
        }  # fmt: skip
        person.token = self._ring.sign({**standard, **claims})
        return person

    async def call(self, who: Person | None, method: str, path: str, json: Any = None, **kwargs: Any) -> Response:
        headers = {**(who.headers if who else {}), **kwargs.pop("headers", {})}
        return await self.http.request(method, path, json=json, headers=headers, **kwargs)

    async def publish(self, *events: Event) -> None:
        """As if another service had said it; returns when all subscribers have committed."""
        from artel.kernel.bus import Message  # noqa: PLC0415

        bus = next(iter(self.app.state.contexts.values())).bus
        for event in events:
            await bus.publish(Message(event.event_id, event.topic, event.envelope()))

    async def drain(self) -> None:
        """Until no outbox has anything left: then every projection has followed."""
        relays = [context.relay for context in self.app.state.contexts.values()]
        before = -1
        while (published := sum(relay.published for relay in relays)) != before or await self._older_ones_go_on():
            before = published
            for relay in relays:
                await relay.drain()

    async def _older_ones_go_on(self) -> bool:
        """Whether a table's words wait for an older transaction: on a server that others use too it may be theirs, and
        longer than a relay waits at once."""
        game = self.app.state.contexts.get("game")
        return game is not None and not all(row.safe for row in await game.database.read(_ahead))


def age(keys_dir: Path, kid: str, seconds: float) -> None:
    made = time.time() - seconds
    os.utime(keys_dir / f"{kid}.private.pem", (made, made))


def rotated(keys_dir: Path) -> str:
    """As it is when everybody has had time to read the new key; its kid."""
    kid = rotate(keys_dir)
    age(keys_dir, kid, KNOWN_SECONDS)
    return kid


@cache
def _model(service: str) -> Path:
    """A SQLite file with the service's tables, made once a process: a copy is a hundred times cheaper."""
    folder = Path(tempfile.mkdtemp(prefix="artel-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate(service, f"sqlite+aiosqlite:///{folder}/{service}.db")
    return folder / f"{service}.db"


def _migrate(service: str, url: str) -> None:
    file = Path(make_url(url).database or "") if url.startswith("sqlite") else None
    if file is None or file.exists():
        migrate(service, url)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_model(service), file)


@asynccontextmanager
async def installation(data: Path, names: Sequence[str] = SERVICES, **settings: Any) -> AsyncIterator[Installation]:
    config = Settings(data_dir=data, **settings)
    ensure_key(config.keys)
    for name in names:
        await asyncio.to_thread(_migrate, name, config.database(name))
    app = compose(names, config)
    made = Installation(app, config)
    closing = AsyncExitStack()
    await closing.enter_async_context(app.router.lifespan_context(app))
    await closing.enter_async_context(made.http)
    try:
        yield made
    finally:
        async with asyncio.timeout(CLOSING_SECONDS):  # before the test's own limit, whose trace shows only the loop
            await closing.aclose()
