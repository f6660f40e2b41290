"""An event leaves with the transaction that made it true and takes effect once, on both databases."""

import asyncio
import re
import time
from datetime import datetime, timedelta
from typing import Any, ClassVar

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import MetaData, select, update

from artel.kernel import events, outbox, relay
from artel.kernel.background import running
from artel.kernel.bus import MemoryBus, Message, UnreadableError
from artel.kernel.database import Database, Tx
from artel.kernel.events import Event
from artel.kernel.outbox import emit, once
from artel.kernel.relay import LEASE, TRIES, Relay

metadata = MetaData()
outbox.add_tables(metadata)


class Happened(Event):
    topic: ClassVar[str] = "artel.thing.happened.v1"

    number: int


class Clock:
    def __init__(self) -> None:
        self.time = events.now()

    def now(self) -> datetime:
        return self.time

    def passes(self, **span: float) -> None:
        self.time += timedelta(**span)


class Subscriber:
    """Remembers what came; refuses the numbers it was told to."""

    def __init__(self, *refused: int, error: type[Exception] = LookupError) -> None:
        self.got: list[int] = []
        self.asked: list[int] = []
        self.refused = set(refused)
        self.error = error

    async def handle(self, message: Message) -> None:
        number = Happened.read(message.body).number
        self.asked.append(number)
        if number in self.refused:
            raise self.error(str(number))
        self.got.append(number)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(outbox, "now", clock.now)
    monkeypatch.setattr(relay, "now", clock.now)
    return clock


@pytest.fixture
def bus() -> MemoryBus:
    return MemoryBus()


async def subscribed(bus: MemoryBus, subscriber: Subscriber) -> Subscriber:
    await bus.subscribe(f"group-{id(subscriber)}", [Happened.topic], subscriber.handle)
    return subscriber


def happen(tx: Tx, *numbers: int) -> None:
    emit(tx, *(Happened(number=number) for number in numbers))


def waiting(tx: Tx) -> list[Any]:
    return list(tx.execute(select(outbox.outbox).order_by(outbox.outbox.c.seq)))


async def test_what_was_emitted_is_published_and_gone(database: Database, bus: MemoryBus) -> None:
    subscriber = await subscribed(bus, Subscriber())
    await database.write(happen, 1, 2, 3)
    assert len(await database.read(waiting)) == 3
    assert await Relay("test", database, bus).drain() == 3
    assert subscriber.got == [1, 2, 3]
    assert await database.read(waiting) == []


async def test_nothing_leaves_a_transaction_that_was_rolled_back(database: Database, bus: MemoryBus) -> None:
    subscriber = await subscribed(bus, Subscriber())

    def broken(tx: Tx) -> None:
        happen(tx, 1)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(broken)
    assert await database.read(waiting) == []
    assert await Relay("test", database, bus).drain() == 0
    assert subscriber.asked == []


async def test_more_than_a_batch_is_published_whole(database: Database, bus: MemoryBus) -> None:
    subscriber = await subscribed(bus, Subscriber())
    await database.write(happen, *range(250))
    assert await Relay("test", database, bus).drain() == 250
    assert sorted(subscriber.got) == list(range(250))


async def test_one_that_fails_waits_longer_each_time_and_stops_no_other(
    database: Database, bus: MemoryBus, clock: Clock
) -> None:
    subscriber = await subscribed(bus, Subscriber(2))
    sender = Relay("test", database, bus)
    await database.write(happen, 1, 2, 3)
    assert await sender.drain() == 2
    assert subscriber.got == [1, 3]
    for seconds in (2, 4, 8):
        clock.passes(seconds=seconds - 0.1)
        assert await sender.drain() == 0
        asked = len(subscriber.asked)
        clock.passes(seconds=0.1)
        await sender.drain()
        assert len(subscriber.asked) == asked + 1
    subscriber.refused.clear()
    clock.passes(hours=1)
    assert await sender.drain() == 1
    assert subscriber.got == [1, 3, 2]


async def test_after_ten_tries_it_is_kept_and_left_alone(database: Database, bus: MemoryBus, clock: Clock) -> None:
    subscriber = await subscribed(bus, Subscriber(1))
    sender = Relay("test", database, bus)
    await database.write(happen, 1)
    for _ in range(TRIES + 5):
        await sender.drain()
        clock.passes(days=1)
    assert len(subscriber.asked) == TRIES
    [row] = await database.read(waiting)
    assert row.due is None
    assert orjson.loads(row.body)["data"] == {"number": 1}


async def test_what_nobody_can_read_is_kept_and_not_tried_again(
    database: Database, bus: MemoryBus, clock: Clock
) -> None:
    subscriber = await subscribed(bus, Subscriber())
    sender = Relay("test", database, bus)
    await database.write(happen, 1, 2)
    await database.write(lambda tx: tx.execute(update(outbox.outbox).where(outbox.outbox.c.seq == 1).values(body=b"{")))
    for _ in range(3):
        await sender.drain()
        clock.passes(days=1)
    assert subscriber.got == [2]
    [row] = await database.read(waiting)
    assert (row.due, row.tries, row.body) == (None, 0, b"{")


async def test_an_outage_uses_up_no_tries(database: Database, bus: MemoryBus, clock: Clock) -> None:
    subscriber = await subscribed(bus, Subscriber(1, error=ConnectionError))
    sender = Relay("test", database, bus)
    await database.write(happen, 1)
    for _ in range(3 * TRIES):
        assert await sender.drain() == 0
        clock.passes(minutes=1)
    subscriber.refused.clear()
    assert await sender.drain() == 1
    assert subscriber.got == [1]


async def test_only_a_subscriber_that_failed_gets_an_effect_again(database: Database, bus: MemoryBus) -> None:
    """The same message comes twice to the one that was well, and `once` makes nothing of it."""
    effects: list[str] = []

    async def well(message: Message) -> None:
        if await database.write(once, message.id):
            effects.append(message.id)

    moody = await subscribed(bus, Subscriber(1))
    await bus.subscribe("well", [Happened.topic], well)
    event = Happened(number=1)
    await database.write(lambda tx: emit(tx, event))
    sender = Relay("test", database, bus)
    await sender.drain()
    moody.refused.clear()
    await bus.publish(Message(event.event_id, event.topic, event.envelope()))
    assert effects == [event.event_id]
    assert moody.got == [1]


async def test_once_is_once_even_for_many_at_a_time(database: Database) -> None:
    first = await asyncio.gather(*(database.write(once, "event-1") for _ in range(20)))
    assert sorted(first) == [False] * 19 + [True]
    assert await database.write(once, "event-2")


async def test_once_is_undone_with_its_effect(database: Database) -> None:
    def effect(tx: Tx) -> None:
        assert once(tx, "event-1")
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await database.write(effect)
    assert await database.write(once, "event-1")


async def test_what_a_killed_process_had_claimed_is_published_by_the_next(
    database: Database, bus: MemoryBus, clock: Clock
) -> None:
    await database.write(happen, 1)
    assert len(await database.write(relay._claim)) == 1  # and here it is killed
    subscriber = await subscribed(bus, Subscriber())
    successor = Relay("test", database, bus)
    assert await successor.drain() == 0
    if database.dialect == "sqlite":
        await database.write(relay._release)  # the first thing a relay does: nobody else can be alive
    else:
        clock.passes(seconds=LEASE.total_seconds())
    assert await successor.drain() == 1
    assert subscriber.got == [1]


async def test_two_relays_share_the_work(database: Database, bus: MemoryBus) -> None:
    subscriber = await subscribed(bus, Subscriber())
    await database.write(happen, *range(300))
    drained = await asyncio.gather(*(Relay("test", database, bus).drain() for _ in range(2)))
    assert sum(drained) == 300
    assert sorted(subscriber.got) == list(range(300))


async def test_a_running_relay_wakes_at_once(
    database: Database, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relay, "POLL_SECONDS", 3600)
    came = asyncio.Event()

    async def handle(_: Message) -> None:
        came.set()

    await bus.subscribe("group", [Happened.topic], handle)
    running = asyncio.create_task(Relay("test", database, bus).run())
    for number in range(3):
        await database.write(happen, number)
        async with asyncio.timeout(30):
            await came.wait()
        came.clear()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_running_relay_outlives_an_outage_of_its_database(
    database: Database, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relay, "POLL_SECONDS", 0)
    outage = iter([True] * 5)
    came = asyncio.Event()

    async def handle(_: Message) -> None:
        came.set()

    def claim(tx: Tx) -> list[relay.Waiting]:
        if next(outage, False):
            raise ConnectionError("away")
        return claimed(tx)

    claimed = relay._claim
    monkeypatch.setattr(relay, "_claim", claim)
    await bus.subscribe("group", [Happened.topic], handle)
    await database.write(happen, 1)
    running = asyncio.create_task(Relay("test", database, bus).run())
    async with asyncio.timeout(30):
        await came.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_running_relay_outlives_an_outage_at_its_very_start(
    database: Database, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that comes up after the service: what it holds is published then, a killed process's claim too."""
    monkeypatch.setattr(Relay, "POLL_SECONDS", 0)
    outage = iter([True] * 5)
    came = asyncio.Event()

    async def handle(_: Message) -> None:
        came.set()

    def release(tx: Tx) -> None:
        if next(outage, False):
            raise ConnectionError("away")
        released(tx)

    released = relay._release
    monkeypatch.setattr(relay, "_release", release)
    await bus.subscribe("group", [Happened.topic], handle)
    await database.write(happen, 1)
    if database.dialect == "sqlite":
        await database.write(relay._claim)
    running = asyncio.create_task(Relay("test", database, bus).run())
    async with asyncio.timeout(30):
        await came.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_comes_shortly_after_goes_together(
    database: Database, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Relay, "PAUSE_SECONDS", 3600)
    first = asyncio.Event()
    got: list[int] = []

    async def handle(message: Message) -> None:
        got.append(Happened.read(message.body).number)
        first.set()

    await bus.subscribe("group", [Happened.topic], handle)
    sender = Relay("test", database, bus)
    await database.write(happen, 1)  # before its first look: the pause that follows is longer than any test
    async with running(sender.run()):
        async with asyncio.timeout(30):
            await first.wait()
        await sender.drain()  # after the one that goes on
        for number in range(2, 12):
            await database.write(happen, number)
            await database.read(waiting)  # time enough for one that would look each time
        assert got == [1], "the first at once"
        await sender.drain()
        assert got == list(range(1, 12))


async def test_a_service_may_publish_from_elsewhere_too(database: Database, bus: MemoryBus) -> None:
    left = [3, 2]

    async def log() -> int:
        return left.pop() if left else 0

    sender = Relay("test", database, bus)
    sender.sources.append(log)
    await database.write(happen, 1)
    assert [await sender.drain() for _ in range(3)] == [3, 3, 0]
    assert sender.published == 6


async def test_who_drains_waits_for_who_drains_already(database: Database, bus: MemoryBus) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Message) -> None:
        began.set()
        await go_on.wait()

    await bus.subscribe("group", [Happened.topic], slow)
    await database.write(happen, 1)
    sender = Relay("test", database, bus)
    first = asyncio.create_task(sender.drain())
    await began.wait()
    second = asyncio.create_task(sender.drain())
    await database.read(waiting)  # time enough for somebody who would not wait
    assert not second.done()
    go_on.set()
    await asyncio.gather(first, second)
    assert sender.published == 1


async def test_what_waits_and_what_failed_can_be_seen(database: Database, bus: MemoryBus) -> None:
    await subscribed(bus, Subscriber(2))
    await database.write(happen, 1, 2)
    name = f"seen-{database.dialect}"
    await Relay(name, database, bus).drain()
    labels = {"service": name, "topic": Happened.topic}
    assert REGISTRY.get_sample_value("artel_events_emitted_total", labels) == 1
    assert REGISTRY.get_sample_value("artel_events_failed_total", labels) == 1
    seen = await database.read(outbox.backlog)
    assert (seen.depth, seen.given_up) == (1, 0)
    assert 0 <= time.time() - seen.oldest < 60


async def test_the_oldest_that_waits_and_what_was_given_up_are_told_apart(database: Database) -> None:
    assert await database.read(outbox.backlog) == (0, 0.0, 0)
    await database.write(happen, 1, 2, 3)
    first, second, _ = await database.read(waiting)

    def give_up(tx: Tx) -> None:
        tx.execute(update(outbox.outbox).where(outbox.outbox.c.seq == first.seq).values(due=None))

    await database.write(give_up)
    assert await database.read(outbox.backlog) == (2, events.born(second.id), 1)


async def test_more_than_so_many_are_not_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST", 2)
    await database.write(happen, 1, 2, 3)
    assert (await database.read(outbox.backlog)).depth == 2


def test_an_event_is_a_cloudevent() -> None:
    event = Happened(number=7, traceparent="00-1-2-01")
    envelope = orjson.loads(event.envelope())
    assert envelope.pop("time").endswith("Z")
    assert envelope == {
        "specversion": "1.0", "id": event.event_id, "type": "artel.thing.happened.v1", "source": "/test_outbox",
        "subject": event.event_id, "datacontenttype": "application/json", "traceparent": "00-1-2-01",
        "data": {"number": 7},
    }  # fmt: skip
    again = Happened.read(event.envelope())
    assert (again, again.event_id, again.at, again.traceparent) == (event, event.event_id, event.at, "00-1-2-01")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "it is no JSON: .*"),
        (b"\xff", "it is no JSON: .*"),
        (b"[]", "it is no object with an object of data"),
        (b"null", "it is no object with an object of data"),
        (b"{}", "it has no 'id'"),
        (b'{"id": "1", "time": "2026-11-26T20:00:00Z"}', "it has no 'data'"),
        (b'{"id": "1", "time": "2026-11-26T20:00:00Z", "data": []}', "it is no object with an object of data"),
        (b'{"id": "1", "time": "2026-11-26T20:00:00Z", "data": {}}', "number: Field required"),
        (b'{"id": "1", "time": "never", "data": {"number": "Anya"}}', "at: .*; number: Input should be .*"),
    ],
)
def test_why_something_is_no_event_is_said_without_what_stands_in_it(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        Happened.read(body)
    assert re.fullmatch(f"no artel.thing.happened.v1: ({why})", str(refused.value))
    assert not {"Anya", "never"} & set(re.findall(r"\w+", str(refused.value)))
    assert events.said_in(body) == ""


def test_a_reader_ignores_what_a_newer_writer_adds() -> None:
    envelope = orjson.loads(Happened(number=7).envelope())
    envelope["data"]["colour"] = "green"
    envelope["datacontentencoding"] = "none"
    assert Happened.read(orjson.dumps(envelope)).number == 7


@pytest.mark.parametrize("topic", ["artel.done.v1", "thing.done.v1", "artel.thing.done", "artel.Thing.done.v1"])
def test_a_topic_has_one_form(topic: str) -> None:
    with pytest.raises(TypeError, match="a topic looks like"):
        type("Wrong", (Event,), {"topic": topic, "__annotations__": {"topic": ClassVar[str]}, "__module__": __name__})
