"""Each way in which a log, a phone or a sum may be wrong is a sentence; what is right is none."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from artel_testing import installation
from detour import Detour
from faults.checker import acknowledged, chores, seen, sums, whole_log
from playing import RULES, Company
from servers import free_port
from system.test_crash import Chores, Play

Log = list[dict[str, Any]]
SPOILS: dict[str, Callable[[Log], Any]] = {
    "is lost": lambda log: log.__setitem__(3, {**log[3], "at": "another time"}),
    "has gaps": lambda log: log.pop(2),
    "times": lambda log: log.__setitem__(4, {**log[3], "version": 5}),
    "nobody sent": lambda log: log.__setitem__(1, {**log[1], "id": "forged"}),
}


async def played(folder: Path) -> tuple[Play, Log, dict[str, Any], dict[str, Any]]:
    async with installation(folder) as house:
        company = Company(house.http, Random(4))
        people = [await company.sign_in(name) for name in ("Аня", "Борис")]
        play = Play(await company.sit_down(people[0], people[1:], RULES[0], guests=["Гость"]))
        while len(play.table.acknowledged) < 12:
            move = play.table.move()
            play.sent.add(move["id"])
            await play.table.post(move)
        log = [dict(event) for event in await whole_log(play.table)]
        return play, log, await play.table.whole(), await play.table.exported()


async def test_what_is_right_is_nothing_and_what_is_spoilt_is_told(tmp_path: Path) -> None:
    play, log, session, case = await played(tmp_path)
    frames = [{"event": event} for event in log]
    assert [*acknowledged(play, log), *seen(frames, log), *sums(session, case)] == []
    for sentence, spoil in SPOILS.items():
        other = list(log)
        spoil(other)
        assert any(sentence in told for told in acknowledged(play, other)), sentence
        assert seen(frames, other), sentence
    assert seen(frames[:-1], log) == [f"seen: {len(log) - 1} of {len(log)} events"]
    assert seen([*frames, frames[-1]], log) == [f"seen: {len(log) + 1} of {len(log)} events"]
    richer = {player: money + 1 for player, money in session["balances"].items()}
    assert [told.partition(": all makes ")[2] for told in sums({**session, "balances": richer}, case)] == ["3", ""]


async def test_what_was_kept_and_is_not_there(tmp_path: Path) -> None:
    async with installation(tmp_path) as house:
        company = Company(house.http, Random(4))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        work = Chores(company, anya)
        for _ in range(8):
            await work.one()
        await house.drain()
        evening: Any = type("Has", (), {"company": company, "chores": work})
        assert [wrong async for wrong in chores(evening)] == []
        work.templates.append("lost")
        work.friends.append(boris.id)
        work.people["Борис"] = anya.id
        assert len([wrong async for wrong in chores(evening)]) == 3


@pytest.fixture
async def echo() -> AsyncIterator[Detour]:
    """A server that says what it hears."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    port = free_port()
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        way = Detour("127.0.0.1", port)
        await way.open()
        yield way
        await way.close()


@asynccontextmanager
async def a_call(to: Detour) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", to.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def hears_nothing(reader: asyncio.StreamReader) -> bool:
    """It is over."""
    try:
        return await asyncio.wait_for(reader.read(100), 10) == b""
    except ConnectionError:
        return True


async def test_a_way_is_stalled_cut_and_healed(echo: Detour) -> None:
    async with a_call(echo) as (reader, writer):
        writer.write(b"one")
        assert await reader.read(100) == b"one"
        echo.stall()
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.2)
        echo.heal()
        assert await asyncio.wait_for(reader.read(100), 10) == b"two"
        echo.cut()
        assert await hears_nothing(reader)
    async with a_call(echo) as (reader, _):
        assert await hears_nothing(reader)
    echo.heal()
    async with a_call(echo) as (reader, writer):
        writer.write(b"three")
        assert await reader.read(100) == b"three"


async def test_what_a_mute_way_is_asked_arrives(echo: Detour) -> None:
    echo.mute = True
    async with a_call(echo) as (reader, writer):
        writer.write(b"one")
        assert await hears_nothing(reader)
    assert echo.passed == 3
