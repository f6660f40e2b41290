"""What is looked at every few seconds, and what whoever collects metrics reads of it."""

import asyncio
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy import MetaData

from artel.contracts.friends import FriendRequested
from artel.kernel import outbox, watch
from artel.kernel.bus import MemoryBus
from artel.kernel.database import Database, Tx
from artel.kernel.events import new_id
from artel.kernel.outbox import Backlog, emit
from artel.kernel.relay import Relay
from artel.kernel.service import Context
from artel.kernel.settings import Settings
from artel.kernel.store import MemoryStore
from artel.kernel.watch import look, tell, watching
from artel_testing import installation
from game_testing import table

metadata = MetaData()
outbox.add_tables(metadata)


def value(metric: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(metric, labels)


def asked() -> FriendRequested:
    return FriendRequested(request_id=new_id(), user_id=new_id(), name="Аня", other_id=new_id(), version=1)


@pytest.fixture
def context(database: Database, tmp_path: Path) -> Context:
    name, bus, nobody = f"watched-{database.dialect}", MemoryBus(), None
    verifier: Any = nobody
    return Context(
        name, Settings(data_dir=tmp_path), database, bus, MemoryStore(), verifier, Relay(name, database, bus)
    )


class Away:
    async def ready(self) -> None:
        raise ConnectionError


async def test_what_waits_is_seen_with_its_age(context: Context) -> None:
    await look(context)
    box = {"service": context.name, "box": "table"}
    assert (value("artel_outbox_depth", **box), value("artel_outbox_age_seconds", **box)) == (0, 0)
    await context.database.write(emit, asked(), asked())
    await look(context)
    assert value("artel_outbox_depth", **box) == 2
    assert 0 < (value("artel_outbox_age_seconds", **box) or 0) < 60
    assert value("artel_outbox_given_up", service=context.name) == 0


def test_an_age_grows_while_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    tell("old", "table", Backlog(1, 1000.0))
    monkeypatch.setattr("artel.kernel.watch.time.time", lambda: 1090.0)
    assert value("artel_outbox_age_seconds", service="old", box="table") == 90
    monkeypatch.setattr("artel.kernel.watch.time.time", lambda: 990.0)  # another machine's clock
    assert value("artel_outbox_age_seconds", service="old", box="table") == 0


async def test_what_a_service_stands_on_is_there_or_not(context: Context) -> None:
    away: Any = Away()
    for store, is_there in ((context.store, 1), (away, 0)):
        context.store = store
        await look(context)
        assert value("artel_reachable", service=context.name, part="store") == is_there
        assert value("artel_reachable", service=context.name, part="database") == 1


async def test_connections_are_counted_when_somebody_collects(context: Context) -> None:
    def count(_tx: Tx) -> float | None:
        return value("artel_database_connections", service=context.name)

    async with watching(context):
        assert await context.database.write(count) in {1, 2}  # the watcher may have one too
        limit = {"sqlite": 3, "postgresql": 10}[context.database.dialect]
        assert value("artel_database_connections_limit", service=context.name) == limit


async def test_it_goes_on_after_an_outage(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, failures = asyncio.Event(), [ConnectionError("away"), ConnectionError("away")]

    def measure(_tx: Tx) -> None:
        if failures:
            raise failures.pop()
        looked.set()

    monkeypatch.setattr(watch, "SECONDS", 0.01)
    context.looks.append(measure)
    async with watching(context):
        await asyncio.wait_for(looked.wait(), 30)


async def test_whoever_collects_asks_no_database(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watching(context):
        await look(context)
        asked: list[int] = []
        for engine in context.database.engines:
            monkeypatch.setattr(engine.pool, "connect", lambda: asked.append(get_ident()))
        assert b"artel_outbox_depth" in generate_latest(REGISTRY)
        assert get_ident() not in asked  # the watcher's own first look may still go on, in a thread of its own


async def test_the_game_tells_what_its_log_has_not_told_and_how_many_play(database_url: str, tmp_path: Path) -> None:
    async with installation(tmp_path, ["game"], database_url=database_url) as house:
        anya, boris = house.person("Аня"), house.person("Борис")
        context, box = house.app.state.contexts["game"], {"service": "game", "box": "log"}
        played = await table(house, anya, "Гость", joined=[boris])
        await house.drain()
        before = value("artel_events_emitted_total", service="game", topic="artel.game.started.v1") or 0

        async def nothing(*_: Any) -> None:
            raise ConnectionError

        publish, context.bus.publish = context.bus.publish, nothing
        failed = {"service": "game", "topic": "artel.game.started.v1"}
        failures = value("artel_events_failed_total", **failed) or 0
        game = await played.start()
        await house.drain()
        assert (value("artel_events_failed_total", **failed) or 0) > failures
        await look(context)
        assert value("artel_outbox_depth", **box) == 1
        assert 0 < (value("artel_outbox_age_seconds", **box) or 0) < 60
        assert value("artel_game_sessions_open", service="game") == 1

        context.bus.publish = publish
        await house.drain()
        assert (await played.event("end", game=game, reason="timeout")).status_code == 201
        assert (await played.event("finish")).status_code == 201
        await house.drain()
        await look(context)
        assert (value("artel_outbox_depth", **box), value("artel_outbox_age_seconds", **box)) == (0, 0)
        assert value("artel_game_sessions_open", service="game") == 0
        after = value("artel_events_emitted_total", service="game", topic="artel.game.started.v1")
        assert after == before + 1


async def test_what_is_taken_is_counted_with_how_late_it_is(tmp_path: Path) -> None:
    async with installation(tmp_path, ["notification"]) as house:
        topic = {"service": "notification", "topic": FriendRequested.topic}
        told = {"service": "notification", "kind": "friend_requested"}

        def seen() -> list[float]:
            late = value("artel_inbox_lag_seconds_count", service="notification")
            counts = (
                value("artel_events_taken_total", **topic), value("artel_events_refused_total", **topic), late,
                value("artel_notifications_total", **told),
            )  # fmt: skip
            return [count or 0 for count in counts]

        before, event = seen(), asked()
        await house.publish(event, event)
        assert [now - then for now, then in zip(seen(), before, strict=True)] == [2, 0, 2, 1]  # told once

        database = house.app.state.contexts["notification"].database

        async def broken(*_: Any) -> None:
            raise LookupError

        write, database.write = database.write, broken
        with pytest.raises(LookupError):
            await house.publish(asked())
        database.write = write
        assert [now - then for now, then in zip(seen(), before, strict=True)] == [2, 1, 2, 1]


async def test_what_is_rolled_back_has_told_nobody(database: Database) -> None:
    from artel.notification.meters import told  # noqa: PLC0415 of a service, and only for this

    def work(tx: Tx, kind: str, *, fails: bool) -> None:
        told(tx, kind, 2)
        if fails:
            raise LookupError

    kind = f"kind-{database.dialect}"
    with pytest.raises(LookupError):
        await database.write(work, kind, fails=True)
    assert value("artel_notifications_total", service="notification", kind=kind) is None
    await database.write(work, kind, fails=False)
    await database.write(lambda _tx: None)
    assert value("artel_notifications_total", service="notification", kind=kind) == 2
