"""An inbox keeps what may still come, and forgets the rest; and what comes after that has no effect either."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select

from artel.compose import load
from artel.kernel import pruning
from artel.kernel.database import Database, Tx, open_database
from artel.kernel.events import now
from artel.kernel.migrations import migrate
from artel.kernel.outbox import inbox
from artel_testing import installation
from evenings import Story

DAY = timedelta(days=1)


def put(tx: Tx, *ages: timedelta) -> None:
    rows = [{"event_id": f"event-{number}", "at": now() - age} for number, age in enumerate(ages)]
    tx.execute(insert(inbox), rows)


def kept(tx: Tx) -> list[str]:
    return list(tx.execute(select(inbox.c.event_id).order_by(inbox.c.event_id)).scalars())


async def comes(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            pass


async def test_only_what_is_older_goes_however_many_there_are(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database_url.replace("{service}", "stats")
    await asyncio.to_thread(migrate, "stats", url)
    database: Database = open_database(url)
    await database.write(put, *[31 * DAY] * 7, 29 * DAY, timedelta())
    monkeypatch.setattr(pruning, "AT_ONCE", 3)
    assert await pruning.prune(database, now() - 30 * DAY) == 7
    assert await database.read(kept) == ["event-7", "event-8"]
    assert await pruning.prune(database, now() - 30 * DAY) == 0
    await database.close()


async def test_a_running_service_does_it_by_itself_and_outlives_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PAUSE_SECONDS", 0)
    failures = [OSError("the disk is away")]
    prune = pruning.prune

    async def failing(*args: Any) -> int:
        if failures:
            raise failures.pop()
        return await prune(*args)

    monkeypatch.setattr(pruning, "prune", failing)
    async with installation(tmp_path, ["stats"], inbox_days=2) as house:
        database = house.app.state.contexts["stats"].database
        await database.write(put, 3 * DAY, DAY)

        async def one_is_left() -> bool:
            return bool(await database.read(kept) == ["event-1"])

        await comes(one_is_left)
        assert failures == []


def after(service: str, told: list[Any], again: list[Any]) -> list[dict[str, list[tuple[Any, ...]]]]:
    """The tables when everything was told, and when some of it came again with no inbox to know it by."""
    made = load(service)
    engine = create_engine("sqlite://")
    tables = [table for table in made.metadata.sorted_tables if table.name not in {"inbox", "outbox"}]
    seen = []
    with engine.begin() as tx:
        made.metadata.create_all(tx)
        for events in (told, again):
            for event in events:
                if reaction := made.reactions.get(type(event)):
                    reaction(tx, event)
            seen.append({table.name: sorted(map(tuple, tx.execute(select(table))), key=repr) for table in tables})
    engine.dispose()
    return seen


@pytest.mark.parametrize("service", ["game", "stats", "friends", "notification"])
@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_what_comes_again_after_it_was_forgotten_changes_nothing(service: str, seed: int, rng: Random) -> None:
    told = Story(Random(seed)).events
    again = rng.sample(told, rng.randint(1, len(told)))
    first, second = after(service, told, again)
    assert second == first
    assert any(first.values())
