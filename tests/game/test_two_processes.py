"""One table, played in one process and looked at in another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest

from artel.game.game import Game
from artel.kernel.bus import Bus
from artel_testing import Installation, Person, installation
from game_testing import Table, listening, table, watching


@pytest.fixture
async def two(tmp_path: Path, postgres_url: str, broker: str, redis_url: str) -> AsyncIterator[list[Installation]]:
    shared = {"database_url": postgres_url, "bus_url": broker, "store_url": redis_url}
    free = {"event_burst": 100_000, "event_rate": 100_000}
    async with (
        installation(tmp_path, ["game"], **shared, **free) as here,
        installation(tmp_path, ["game"], **shared, **free) as there,
    ):
        yield [here, there]


@pytest.fixture
def anna(two: list[Installation]) -> Person:
    return two[0].person("Анна")


@pytest.fixture
async def played(two: list[Installation], anna: Person) -> Table:
    """In the first process."""
    return await table(two[0], anna, "Борис")


def game_of(house: Installation) -> Game:
    game: Game = house.app.state.contexts["game"].own
    return game


def told(house: Installation, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sessions of whose news this process tells the others, from now on."""
    bus: Bus = house.app.state.contexts["game"].bus
    nudge, sessions = bus.nudge, []

    async def spying(topic: str, body: bytes) -> None:
        sessions.extend(orjson.loads(body)["changed"])
        await nudge(topic, body)

    monkeypatch.setattr(bus, "nudge", spying)
    return sessions


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        for _ in iter(true, True):
            await asyncio.sleep(0)


def known_elsewhere(house: Installation, played: Table) -> Callable[[], bool]:
    def known() -> bool:
        owner = game_of(house).owners.peek(played.id)
        return owner is not None and owner.live.is_seen_elsewhere

    return known


class TestTaps:
    async def test_a_looker_elsewhere_sees_each(self, two: list[Installation], played: Table) -> None:
        _, there = two
        async with listening(there) as port, watching(port, played) as screen:
            await screen.next("snapshot")
            game = await played.start()
            await played.win(game, "Анна", 5)
            versions = [(await screen.next("event"))["version"] for _ in range(6)]
            assert versions == list(range(versions[0], versions[0] + 6))

    async def test_those_before_he_was_heard_of_too(
        self, two: list[Installation], played: Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The looker's word is kept back until there are taps that nobody told him of."""
        here, there = two
        game = await played.start()
        nudges = game_of(there).nudges
        say, kept = nudges.online, list[Callable[[], None]]()
        monkeypatch.setattr(nudges, "online", lambda *word: kept.append(lambda: say(*word)))
        async with listening(there) as port, watching(port, played) as screen:
            await screen.next("snapshot")
            await played.win(game, "Анна", 3)
            assert not known_elsewhere(here, played)()
            kept[0]()
            last = [(await screen.next("event"))["version"] for _ in range(3)][-1]
            assert last == (await played.now())["version"]

    async def test_whoever_takes_the_table_up_asks_who_looks_on(self, two: list[Installation], played: Table) -> None:
        here, there = two
        game = await played.start()
        async with listening(there) as port, watching(port, played) as screen:
            await screen.next("snapshot")
            await until(known_elsewhere(here, played))
            game_of(here).owners.idle(0)  # as after ten quiet minutes, or in a new process
            assert game_of(here).owners.peek(played.id) is None
            await played.win(game, "Анна", 2)
            for _ in range(2):
                await screen.next("event")
            await until(known_elsewhere(here, played))

    async def test_are_told_nobody_where_nobody_looks_on(
        self, two: list[Installation], played: Table, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here, there = two
        game = await played.start()
        async with listening(there) as port, watching(port, played) as screen:
            await screen.next("snapshot")
            await until(known_elsewhere(here, played))
        await until(lambda: not known_elsewhere(here, played)())
        sessions = told(here, monkeypatch)
        game_of(here).nudges.changed("what was under way is told")
        await until(lambda: bool(sessions))
        sessions.clear()
        async with listening(here) as port, watching(port, played) as screen:
            await screen.next("snapshot")
            await played.win(game, "Анна", 3)
            for _ in range(3):
                await screen.next("event")
        game_of(here).nudges.changed("the next")
        await until(lambda: bool(sessions))
        assert sessions == ["the next"]

    async def test_by_a_share_link_one_looks_on_too(self, two: list[Installation], played: Table) -> None:
        here, there = two
        game = await played.start()
        share = (
            (await here.call(played.organizer, "POST", f"{played.path}/share", json={"money": False}))
            .json()["url"]
            .partition("#")[2]
        )
        asked = await here.call(None, "POST", "/shared/live-ticket", headers={"X-Share-Token": share})
        given, path = asked.json()["ticket"], "/shared/live"
        async with listening(there) as port, watching(port, played, ticket=given, path=path) as screen:
            await screen.next("snapshot")
            await until(known_elsewhere(here, played))
            await played.win(game, "Анна", 2)
            for _ in range(2):
                await screen.next("table")


async def test_what_is_beside_the_log_is_told_everywhere(
    two: list[Installation], played: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights rest on it, and another process may have the session in memory though nobody looks on there."""
    here, _ = two
    sessions = told(here, monkeypatch)
    await here.call(played.organizer, "PATCH", played.path, json={"name": "Другое"})
    await until(lambda: played.id in sessions)
