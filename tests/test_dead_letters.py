"""`artel dead-letters`: what was set aside is seen, comes back once in effect, or is dropped."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from aio_pika import DeliveryMode, Message, connect_robust
from sqlalchemy import func, insert, select

from artel.cli import main
from artel.contracts.auth import UserRegistered
from artel.dead_letters import Action, Letter, dead_letters
from artel.kernel.database import Tx
from artel.kernel.events import now
from artel.kernel.outbox import inbox, outbox
from artel.kernel.rabbit import RabbitBus
from artel.kernel.settings import Settings
from artel.stats.tables import people
from artel_testing import Installation, installation


async def comes(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():
            pass


async def letters(settings: Settings, action: Action, *services: str, ids: tuple[str, ...] = ()) -> list[Letter]:
    return [letter async for letter in dead_letters(settings, action, services, ids)]


async def the_one(settings: Settings, action: Action, *services: str) -> Letter:
    """RabbitMQ takes a moment to put back what was only looked at."""
    async with asyncio.timeout(60):
        while not (found := await letters(settings, action, *services)):
            pass
    (letter,) = found
    return letter


async def lie(url: str, queue: str, *events: UserRegistered) -> None:
    """As RabbitMQ would have put them there."""
    async with await connect_robust(url) as connection, connection.channel() as channel:
        for event in events:
            amqp = Message(
                event.envelope(), message_id=event.event_id, type=event.topic, delivery_mode=DeliveryMode.PERSISTENT,
                headers={"x-delivery-count": 11, "traceparent": "00-1"},
            )  # fmt: skip
            await channel.default_exchange.publish(amqp, queue)


def registered(name: str) -> UserRegistered:
    return UserRegistered(user_id=f"user-{name}", version=1, display_name=name)


async def names(house: Installation) -> list[str]:
    def read(tx: Tx) -> list[str]:
        return list(tx.execute(select(people.c.display_name).order_by(people.c.display_name)).scalars())

    return await house.app.state.contexts["stats"].database.read(read)  # type: ignore[no-any-return]  # state has no types


async def count(house: Installation) -> int:
    """Of what stats has taken in."""

    def read(tx: Tx) -> int:
        return tx.execute(select(func.count()).select_from(inbox)).scalar_one()

    return await house.app.state.contexts["stats"].database.read(read)  # type: ignore[no-any-return]  # state has no types


async def test_what_stats_could_not_take_in_comes_back_once_it_can(
    tmp_path: Path, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the refusal to the effect, and by nobody but stats."""
    monkeypatch.setattr(RabbitBus, "PAUSE_SECONDS", 0.0)
    broken, anya = [True], registered("Аня")

    async with installation(tmp_path, ["auth", "stats", "friends"], bus_url=broker) as house:
        database = house.app.state.contexts["stats"].database
        write = database.write

        async def failing(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            if broken[0]:
                raise LookupError("a bug")
            return await write(work, *args, **kwargs)

        monkeypatch.setattr(database, "write", failing)
        await house.publish(anya)

        async def is_dead() -> bool:
            return bool(await letters(house.settings, "list", "stats"))

        await comes(is_dead)
        found = await the_one(house.settings, "show", "stats", "friends")
        assert (found.of, found.place, found.id, found.topic) == ("stats", "queue", anya.event_id, anya.topic)
        assert found.said()["data"]["display_name"] == "Аня"
        broken[0] = False
        assert await letters(house.settings, "replay", "stats", ids=("another",)) == []
        assert (await the_one(house.settings, "replay", "stats")).id == anya.event_id

        async def is_known() -> bool:
            return await names(house) == ["Аня"]

        await comes(is_known)
        assert await letters(house.settings, "list", "stats", "friends") == []


async def test_replayed_twice_it_has_its_effect_once(tmp_path: Path, broker: str) -> None:
    """As if `replay` had died before it took the letter away."""
    anya, boris = registered("Аня"), registered("Борис")
    async with installation(tmp_path, ["stats"], bus_url=broker) as house:
        await lie(broker, "artel.stats.dead", anya, anya, boris)
        assert len(await letters(house.settings, "replay", "stats")) == 3

        async def all_came() -> bool:
            return await names(house) == ["Аня", "Борис"]

        await comes(all_came)
        await lie(broker, "artel.stats.dead", anya)
        await letters(house.settings, "replay", "stats")
        vera = registered("Вера")
        await house.publish(vera)  # behind it in the same queue

        async def vera_came() -> bool:
            return "Вера" in await names(house)

        await comes(vera_came)
        assert await count(house) == 3


async def test_one_is_dropped_and_the_others_stay(tmp_path: Path, broker: str) -> None:
    anya, boris = registered("Аня"), registered("Борис")
    async with installation(tmp_path, ["stats"], bus_url=broker) as house:
        await lie(broker, "artel.stats.dead", anya, boris)
        assert [each.id for each in await letters(house.settings, "drop", "stats", ids=(boris.event_id,))] == [
            boris.event_id
        ]
        assert (await the_one(house.settings, "list", "stats")).id == anya.event_id
        assert await names(house) == []


async def test_what_has_no_queue_to_go_back_to_stays(tmp_path: Path, broker: str) -> None:
    anya = registered("Аня")
    async with installation(tmp_path, ["stats"], bus_url=broker) as house:
        await lie(broker, "artel.stats.dead", anya)
        settings = house.settings
    async with await connect_robust(broker) as connection, connection.channel() as channel:
        await channel.queue_delete("artel.stats")
    with pytest.raises(ConnectionError):
        await letters(settings, "replay", "stats")
    assert (await the_one(settings, "list", "stats")).id == anya.event_id


def given_up(tx: Tx, event: UserRegistered) -> None:
    row = {"id": event.event_id, "topic": event.topic, "body": event.envelope(), "due": None, "tries": 10}
    tx.execute(insert(outbox).values(row))


async def test_what_could_not_be_published_is_tried_again_in_one_process_too(tmp_path: Path) -> None:
    anya, boris = registered("Аня"), registered("Борис")
    async with installation(tmp_path, ["auth", "stats"]) as house:
        relay = house.app.state.contexts["auth"]
        for event in (anya, boris):
            await relay.database.write(given_up, event)
        await house.drain()
        assert await names(house) == []
        found = await letters(house.settings, "list", "auth", "stats")
        assert [(each.of, each.place, each.id) for each in found] == [
            ("auth", "outbox", anya.event_id), ("auth", "outbox", boris.event_id),
        ]  # fmt: skip
        assert len(await letters(house.settings, "drop", "auth", ids=(boris.event_id,))) == 1
        assert len(await letters(house.settings, "replay", "auth")) == 1
        await house.drain()
        assert await names(house) == ["Аня"]
        assert await letters(house.settings, "list", "auth") == []


# The command


def artel(*arguments: str) -> int:
    """On a loop of its own, as in a terminal."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(main, arguments).result()


async def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ARTEL_DATA_DIR", str(tmp_path))
    anya = UserRegistered(user_id="u", version=1, display_name="Аня", at=now())
    async with installation(tmp_path) as house:
        await house.app.state.contexts["auth"].database.write(given_up, anya)
    line = f"auth outbox {anya.event_id} artel.user.registered.v1 {anya.at.isoformat().replace('+00:00', 'Z')}"
    assert artel("dead-letters", "list") == 0
    assert capsys.readouterr().out == f"{line}\n1 dead letter\n"
    assert artel("dead-letters", "show", "auth") == 0
    head, body = capsys.readouterr().out.removesuffix("1 dead letter\n").split("\n", 1)
    assert (head, json.loads(body)["data"]["display_name"]) == (line, "Аня")
    assert artel("dead-letters", "list", "stats") == 0
    assert capsys.readouterr().out == "0 dead letters\n"
    assert artel("dead-letters", "replay", "--id", "another") == 1
    capsys.readouterr()
    assert artel("dead-letters", "drop") == 2
    assert capsys.readouterr().err == "artel: drop: a service, or --id, says which\n"
    assert artel("dead-letters", "drop", "auth") == 0
    assert capsys.readouterr().out == f"{line}\n1 dead letter dropped\n"
    assert artel("dead-letters", "list") == 0
    assert capsys.readouterr().out == "0 dead letters\n"
