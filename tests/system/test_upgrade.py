"""An upgrade and the way back, as docs/operations.md tells them, while evenings are played through the gateway.

The release that comes and goes has what a release may bring: a column more where the log and statistics are kept, and a
field more in an event. Its tables come first and stay; the processes are replaced one by one, there and back.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Self, cast

import httpx2
import orjson
import pytest
from alembic.script import ScriptDirectory
from httpx2 import AsyncClient, TransportError
from sqlalchemy import text

from artel.auth.keys import ensure_key
from artel.compose import SERVICES
from artel.kernel.database import Database, Tx, open_database
from artel.kernel.migrations import config
from artel.kernel.settings import Settings
from faults.checker import broken, until
from faults.evening import Evening, Repeating, evening
from servers import free_port
from system.test_gateway import running
from system.test_serving import COME_BACK

if TYPE_CHECKING:
    from faults.hall import Hall

ROOT = Path(__file__).parents[2]
CLIENTS = 6
PATIENCE_SECONDS = 240
PROCESSES: Mapping[str, Sequence[str]] = {
    "game": ("game",), "game-2": ("game",), "auth": ("auth",), "stats": ("stats",),
    "others": ("friends", "template", "notification"),
}  # fmt: skip
EXPANDS = {"game": "events", "stats": "games"}
SAYS = """
_said = _finished
def _finished(sheet, game):
    return _said(sheet, game).model_copy(update={"said_by": "next"})
"""
WRITES = """
PostgresLog.INSERT = PostgresLog.INSERT.replace("xid)", "xid, said_by)").replace("::bigint", "::bigint, 'next'")
"""
KEEPS = """
from artel.stats.games import key_of
from artel.stats.tables import games
def _keep_who_said_it(tx, event):
    game_finished(tx, event)
    tx.execute(update(games).where(games.c.key == key_of(event)).values(said_by=event.said_by))
REACTIONS = {**REACTIONS, GameFinished: _keep_who_said_it}
"""
BRINGS = {
    "contracts/game.py": ("class GameFinished(GameEvent):", "    said_by: str | None = None\n"),
    "game/announce.py": ("", SAYS),
    "game/log.py": ("", WRITES),
    "game/tables.py": ("", 'events.append_column(Column("said_by", String(8)))\n'),
    "stats/reactions.py": ("", KEEPS),
    "stats/tables.py": ("", 'games.append_column(Column("said_by", String(8)))\n'),
}
"""File → after which line, or at the end, and what."""
REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "of_the_next", "{head}", None, None


def upgrade():
    op.add_column("{table}", sa.Column("said_by", sa.String(8)))
"""


async def comes(true: Callable[[], Awaitable[bool]]) -> None:
    assert await until(true, time.monotonic() + PATIENCE_SECONDS)


def next_release(folder: Path) -> Path:
    package = folder / "artel"
    shutil.copytree(ROOT / "src" / "artel", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, (after, more) in BRINGS.items():
        source = (package / name).read_text()
        at = source.index("\n", source.index(after)) + 1 if after else len(source)
        (package / name).write_text(source[:at] + more + source[at:])
    for service, table in EXPANDS.items():
        head = ScriptDirectory.from_config(config(service)).get_current_head()
        versions = package / service / "migrations" / "versions"
        (versions / "of_the_next.py").write_text(REVISION.format(head=head, table=table))
    return folder


@dataclass
class Release:
    """The program as it is at `path`, of which processes can be had."""

    path: Path
    env: Mapping[str, str]
    words: Path
    _nursery: Process = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        env = {**os.environ, **self.env, "PYTHONPATH": str(self.path)}
        with self.words.open("ab") as said:
            self._nursery = await asyncio.create_subprocess_exec(
                sys.executable, ROOT / "tests" / "system" / "nursery.py", env=env, stdin=PIPE, stdout=PIPE, stderr=said
            )
        try:
            yield self
        finally:
            assert self._nursery.stdin
            self._nursery.stdin.close()
            await self._nursery.wait()

    async def begin(self, *words: str, **env: object) -> int:
        """The number of the process."""
        return await self._ask({"words": words, "env": {name: str(value) for name, value in env.items()}})

    async def end_of(self, pid: int) -> int:
        """Its status."""
        return await asyncio.wait_for(self._ask(pid), 30)

    async def _ask(self, what: object) -> int:
        assert self._nursery.stdin
        assert self._nursery.stdout
        async with self._turn:
            self._nursery.stdin.write(json.dumps(what).encode() + b"\n")
            answer = await self._nursery.stdout.readline()
        assert answer, self.words.read_text()[-3000:]
        return int(answer)


@dataclass
class House:
    """Processes, each at its place whichever release it is of."""

    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PROCESSES})
    processes: dict[str, tuple[Release, int]] = field(default_factory=dict)

    @property
    def upstreams(self) -> dict[str, list[str]]:
        return {
            service: [f"127.0.0.1:{self.ports[name]}" for name, served in PROCESSES.items() if service in served]
            for service in SERVICES
        }

    async def start(self, name: str, release: Release) -> None:
        ports = {"ARTEL_PORT": self.ports[name], "ARTEL_ADMIN_PORT": free_port()}
        self.processes[name] = release, await release.begin("serve", *PROCESSES[name], **ports)
        async with AsyncClient(base_url=f"http://127.0.0.1:{self.ports[name]}", timeout=30) as http:

            async def is_ready() -> bool:
                with suppress(TransportError):
                    return (await http.get("/readyz")).is_success
                return False

            await comes(is_ready)

    async def replace(self, name: str, by: Release) -> None:
        release, pid = self.processes[name]
        os.kill(pid, signal.SIGTERM)
        assert await release.end_of(pid) == 0
        await self.start(name, by)


class Heard(httpx2.AsyncHTTPTransport):
    """Keeps what has to be asked again, and was not said to be."""

    untold: list[str]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await super().handle_async_request(request)
        await answer.aread()
        again = answer.status_code >= 429 or b'"in_progress"' in answer.content
        if again and "retry-after" not in answer.headers:
            self.untold.append(f"{request.method} {request.url}: {answer.status_code} {answer.text}")
        return answer


class Strict(Repeating, Heard):
    def __init__(self, untold: list[str], random: Random) -> None:
        super().__init__(random)
        self.untold = untold


@pytest.fixture
def env(tmp_path: Path, postgres_urls: str, broker: str, redis_url: str) -> Mapping[str, str]:
    ensure_key(tmp_path / "keys")
    return {
        "ARTEL_KEYS_DIR": str(tmp_path / "keys"), "ARTEL_DATABASE_URL": postgres_urls, "ARTEL_BUS_URL": broker,
        "ARTEL_STORE_URL": redis_url, "ARTEL_DATA_DIR": str(tmp_path), "ARTEL_DEV_LOGIN": "1",
        "ARTEL_EVENT_BURST": "1000", "ARTEL_LOG_LEVEL": "warning",
    }  # fmt: skip


@pytest.fixture
async def releases(env: Mapping[str, str], tmp_path: Path) -> AsyncIterator[tuple[Release, Release]]:
    """This one, and the next."""
    words = tmp_path / "words.log"
    this, following = Release(ROOT / "src", env, words), Release(next_release(tmp_path / "next"), env, words)
    async with this.open(), following.open():
        yield this, following


@dataclass
class Look:
    """What can be seen of it meanwhile: how far the tables are, and what is in two databases."""

    played: Evening
    databases: Mapping[str, Database]

    async def ask(self, service: str, question: str) -> list[str]:
        def asked(tx: Tx) -> list[str]:
            return [str(each) for each in tx.execute(text(question)).scalars()]

        return await self.databases[service].read(asked)

    async def said_by_the_next(self) -> set[str]:
        """Ids of the events that have the new field."""
        rows = await self.ask("game", "SELECT announce FROM events WHERE announce LIKE '%said_by%next%'")
        return {each for row in rows for each, _, body in orjson.loads(row) if "next" in str(body)}

    async def goes_on(self) -> None:
        """Everybody has played on."""
        before = [len(play.table.acknowledged) for play in self.played.plays]

        async def played() -> bool:
            now = [len(play.table.acknowledged) for play in self.played.plays]
            return all(more > was + 1 for more, was in zip(now, before, strict=True))

        await comes(played)

    async def old_statistics_take_what_the_next_says(self) -> None:
        async def taken() -> bool:
            inbox = await self.ask("stats", "SELECT event_id FROM inbox")
            return bool(await self.said_by_the_next() & set(inbox))

        await comes(taken)

    async def new_statistics_keep_it(self) -> None:
        async def kept() -> bool:
            return bool(await self.ask("stats", "SELECT key FROM games WHERE said_by = 'next'"))

        await comes(kept)

    async def written(self) -> tuple[int, int]:
        """Events that stand in the log by this release and by the next."""
        by = Counter(await self.ask("game", "SELECT coalesce(said_by, 'this') FROM events"))
        return by["this"], by["next"]


@pytest.mark.timeout(600)
async def test_there_and_back_while_they_play(
    env: Mapping[str, str],
    releases: tuple[Release, Release],
    nginx: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    untold: list[str] = []
    monkeypatch.setattr("faults.evening.Repeating", partial(Strict, untold))
    this, following = releases
    settings, house = Settings(database_url=env["ARTEL_DATABASE_URL"], bus_url=env["ARTEL_BUS_URL"]), House()
    await migrated(this)
    await asyncio.gather(*(house.start(name, this) for name in PROCESSES))
    rates = {"user_rate": 10_000, "address_rate": 10_000}
    async with running(nginx, tmp_path / "gateway", house.upstreams, tmp_path / "keys", **rates) as (port, _):
        place = SimpleNamespace(url=f"http://127.0.0.1:{port}/api/v1", stack=SimpleNamespace(port=port))
        async with evening(cast("Hall", place), CLIENTS, Random(17)) as played, looking(played, settings) as look:
            await there(house, following, look)
            await back(house, this, look)
            sockets = Counter(code for phone in played.phones for code in phone.codes)
            await played.finished()
            assert await broken(played, settings) == []
        assert sockets.keys() == {COME_BACK}, sockets
        assert untold == []
        assert set(played.repeated) == {"503"}, played.repeated
        await doctor_finds_nothing(env, f"http://127.0.0.1:{port}")


@asynccontextmanager
async def looking(played: Evening, settings: Settings) -> AsyncIterator[Look]:
    databases = {name: open_database(settings.database(name)) for name in EXPANDS}
    try:
        yield Look(played, databases)
    finally:
        for database in databases.values():
            await database.close()


async def migrated(release: Release) -> None:
    assert await release.end_of(await release.begin("migrate")) == 0, release.words.read_text()[-3000:]


async def there(house: House, following: Release, look: Look) -> None:
    await look.goes_on()
    await migrated(following)
    await look.goes_on()
    assert (await look.written())[1] == 0
    for name in PROCESSES:
        if name == "stats":
            await look.old_statistics_take_what_the_next_says()
        await house.replace(name, following)
        await look.goes_on()
    await look.new_statistics_keep_it()


async def back(house: House, this: Release, look: Look) -> None:
    await migrated(this)  # as its steps are: it leaves the newer tables alone
    for name in PROCESSES:
        await house.replace(name, this)
        await look.goes_on()
    old, new = await look.written()
    await look.goes_on()
    now = await look.written()
    assert now[0] > old
    assert now[1] == new > CLIENTS


async def doctor_finds_nothing(env: Mapping[str, str], url: str) -> None:
    """But that the tests' PostgreSQL is no place for what has to last, and that its one role may do all."""
    command = [sys.executable, "-m", "artel.cli", "doctor", "--json", "--url", url]
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **env}, stdout=PIPE)
    said, _ = await process.communicate()
    found = [json.loads(line) for line in said.splitlines()]
    wrong = [each for each in found if each["wrong"] and not re.search("is off, so|may enter", each["wrong"])]
    assert wrong == []
    assert len(found) > 20
