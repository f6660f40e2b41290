"""A bus keeps the same promises in memory and on RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from aio_pika import RobustConnection, connect_robust
from aio_pika.exceptions import ChannelInvalidStateError

from artel.kernel.bus import Bus, MemoryBus, Message, UnreadableError, open_bus
from artel.kernel.events import new_id
from artel.kernel.rabbit import DELIVERIES, RabbitBus
from artel.kernel.rabbit import queue_arguments as rabbit_arguments
from detour import detour, moved
from servers import free_port

Buses = Callable[[], Awaitable[Bus]]


@pytest.fixture(params=["memory", "amqp"])
async def buses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Buses]:
    """Another process's bus each time; in memory there is only one process."""
    monkeypatch.setattr(RabbitBus, "PAUSE_SECONDS", 0.0)
    url = "memory://" if request.param == "memory" else request.getfixturevalue("amqp_url")
    only = MemoryBus()
    async with AsyncExitStack() as stack:

        async def another() -> Bus:
            bus = only if url == "memory://" else await open_bus(url)
            stack.push_async_callback(bus.close)
            return bus

        yield another


@pytest.fixture
async def rabbit(amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RabbitBus]:
    monkeypatch.setattr(RabbitBus, "PAUSE_SECONDS", 0.0)
    bus = await RabbitBus.open(amqp_url)
    yield bus
    await bus.close()


@dataclass
class Reader:
    """What came, and a way to wait for it. Refuses a body as often as `refuse` says."""

    got: list[Message] = field(default_factory=list)
    tries: int = 0
    refuse: dict[bytes, int] = field(default_factory=dict)
    error: type[Exception] = LookupError
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, message: Message) -> None:
        self.tries += 1
        left = self.refuse.get(message.body, 0)
        if left:
            self.refuse[message.body] = left - 1
            raise self.error(message.id)
        self.got.append(message)
        self.came.set()

    def receive(self, body: bytes) -> None:
        self.got.append(Message("", "", body))
        self.came.set()

    @property
    def bodies(self) -> list[bytes]:
        return sorted(message.body for message in self.got)

    async def has(self, count: int) -> "Reader":
        async with asyncio.timeout(30):
            while len(self.got) < count:
                self.came.clear()
                await self.came.wait()
        return self


def own(word: str = "topic") -> str:
    """A name that no other test has; the broker is everybody's."""
    return f"{word}-{new_id()}"


def message(topic: str, body: bytes = b"body") -> Message:
    return Message(new_id(), topic, body)


async def deliver(bus: Bus, *messages: Message) -> None:
    """As the relay does: what was refused is published again."""
    for item in messages:
        for _ in range(100):
            try:
                await bus.publish(item)
            except (LookupError, ConnectionError):
                continue
            break


async def test_every_group_gets_every_message_once(buses: Buses) -> None:
    publisher, other = await buses(), await buses()
    topic, first, second = own(), Reader(), Reader()
    await publisher.subscribe(own("group"), [topic], first.handle)
    await other.subscribe(own("group"), [topic], second.handle)
    sent = [message(topic, str(number).encode()) for number in range(20)]
    await asyncio.gather(*(publisher.publish(item) for item in sent))
    for reader in (await first.has(20), await second.has(20)):
        assert sorted(reader.got, key=lambda item: item.id) == sorted(sent, key=lambda item: item.id)


async def test_processes_of_one_group_share_the_work(buses: Buses) -> None:
    publisher, other = await buses(), await buses()
    topic, group, reader = own(), own("group"), Reader()
    await publisher.subscribe(group, [topic], reader.handle)
    await other.subscribe(group, [topic], reader.handle)
    sent = [message(topic, str(number).encode()) for number in range(50)]
    await asyncio.gather(*(publisher.publish(item) for item in sent))
    assert (await reader.has(50)).bodies == sorted(item.body for item in sent)
    assert reader.tries == 50


async def test_a_group_gets_only_what_it_asked_for(buses: Buses) -> None:
    bus = await buses()
    wanted, also, unwanted, reader = own(), own(), own(), Reader()
    await bus.subscribe(own("group"), [wanted, also], reader.handle)
    await deliver(bus, message(unwanted), message(wanted, b"1"), message(also, b"2"))
    assert (await reader.has(2)).bodies == [b"1", b"2"]


async def test_what_was_refused_comes_again(buses: Buses) -> None:
    bus = await buses()
    topic, moody = own(), Reader(refuse={b"hard": 2})
    await bus.subscribe(own("group"), [topic], moody.handle)
    await deliver(bus, message(topic, b"hard"), message(topic, b"easy"))
    assert (await moody.has(2)).bodies == [b"easy", b"hard"]
    assert moody.tries == 4


async def test_what_nobody_can_read_is_tried_once_and_others_get_what_they_can(buses: Buses) -> None:
    bus = await buses()
    topic, helpless, good = own(), Reader(refuse={b"unreadable": 10**6}, error=UnreadableError), Reader()
    await bus.subscribe(own("group"), [topic], helpless.handle)
    await bus.subscribe(own("group"), [topic], good.handle)
    for body in (b"unreadable", b"plain"):
        with suppress(UnreadableError):  # in memory the publisher hears of it
            await bus.publish(message(topic, body))
    assert (await good.has(2)).bodies == [b"plain", b"unreadable"]
    assert (await helpless.has(1)).bodies == [b"plain"]
    assert helpless.tries == 2


async def test_one_bad_group_does_not_keep_it_from_another(buses: Buses) -> None:
    bus = await buses()
    topic, good, bad = own(), Reader(), Reader(refuse={b"body": 3})
    await bus.subscribe(own("group"), [topic], bad.handle)
    await bus.subscribe(own("group"), [topic], good.handle)
    sent = message(topic)
    await deliver(bus, sent)
    assert set((await good.has(1)).got) == {sent}
    assert (await bad.has(1)).got == [sent]


async def test_a_message_for_nobody_is_no_error(buses: Buses) -> None:
    bus = await buses()
    await bus.publish(message(own()))
    await bus.nudge(own(), b"x")


async def test_a_nudge_reaches_every_process(buses: Buses) -> None:
    here, there = await buses(), await buses()
    topic, first, second = own(), Reader(), Reader()
    await here.listen(topic, first.receive)
    await there.listen(topic, second.receive)
    await here.nudge(topic, b"session 1")
    await there.nudge(topic, b"session 2")
    for reader in (first, second):
        assert (await reader.has(2)).bodies == [b"session 1", b"session 2"]


async def test_it_is_ready(buses: Buses) -> None:
    await (await buses()).ready()


async def test_in_memory_it_is_safe_when_all_have_committed() -> None:
    bus, reader = MemoryBus(), Reader(refuse={b"body": 1})
    await bus.subscribe("group", ["topic"], reader.handle)
    with pytest.raises(LookupError):
        await bus.publish(message("topic"))
    assert reader.got == []
    await bus.publish(message("topic"))
    assert reader.bodies == [b"body"]


async def test_in_memory_what_may_pass_comes_again_though_somebody_cannot_read_it() -> None:
    bus, topic = MemoryBus(), own()
    helpless, moody = Reader(refuse={b"body": 10**6}, error=UnreadableError), Reader(refuse={b"body": 1})
    for reader in (helpless, moody):
        await bus.subscribe(own("group"), [topic], reader.handle)
    for error in (LookupError, UnreadableError):
        with pytest.raises(error):
            await bus.publish(message(topic))
    assert moody.bodies == [b"body"]


async def test_on_rabbit_a_poisoned_message_is_set_aside_and_the_queue_behind_it_moves(
    rabbit: RabbitBus, amqp_url: str
) -> None:
    topic, group, reader = own(), own("group"), Reader(refuse={b"poison": 10**6})
    await rabbit.subscribe(group, [topic], reader.handle)
    poison, healthy = message(topic, b"poison"), message(topic, b"healthy")
    await rabbit.publish(poison)
    await rabbit.publish(healthy)
    await reader.has(1)
    assert await buried(amqp_url, group) == (poison.id, topic, b"poison")
    assert reader.got == [healthy]
    assert reader.tries == 1 + DELIVERIES + 1


async def test_on_rabbit_what_nobody_can_read_is_set_aside_at_once(rabbit: RabbitBus, amqp_url: str) -> None:
    topic, group, reader = own(), own("group"), Reader(refuse={b"body": 10**6}, error=UnreadableError)
    await rabbit.subscribe(group, [topic], reader.handle)
    sent = message(topic)
    await rabbit.publish(sent)
    assert await buried(amqp_url, group) == (sent.id, topic, b"body")
    assert reader.tries == 1


async def buried(amqp_url: str, group: str) -> tuple[str | None, str | None, bytes]:
    """The first of the dead letters of a group, once there is one."""
    async with await connect_robust(amqp_url) as connection, connection.channel() as channel:
        graveyard = await channel.get_queue(f"artel.{group}.dead")
        async with graveyard.iterator(timeout=30) as dead:
            found = await anext(dead)
            await found.ack()
            return found.message_id, found.type, found.body


async def test_on_rabbit_an_outage_does_not_use_up_the_tries(rabbit: RabbitBus) -> None:
    topic, reader = own(), Reader(refuse={b"body": 5 * DELIVERIES}, error=ConnectionError)
    await rabbit.subscribe(own("group"), [topic], reader.handle)
    await rabbit.publish(message(topic))
    await reader.has(1)
    assert reader.tries == 5 * DELIVERIES + 1


async def test_on_rabbit_what_a_dead_process_had_not_finished_goes_to_another(amqp_url: str) -> None:
    topic, group = own(), own("group")
    dying, heir = await RabbitBus.open(amqp_url), await RabbitBus.open(amqp_url)
    began = asyncio.Event()

    async def never(_: Message) -> None:
        began.set()
        await asyncio.Event().wait()

    await dying.subscribe(group, [topic], never)
    sent = message(topic)
    await heir.publish(sent)
    async with asyncio.timeout(30):
        await began.wait()
    reader = Reader()
    await heir.subscribe(group, [topic], reader.handle)
    await dying.close()
    assert (await reader.has(1)).got == [sent]
    await heir.close()


async def test_on_rabbit_a_message_waits_for_a_group_that_was_there_before(amqp_url: str) -> None:
    topic, group, reader = own(), own("group"), Reader()
    yesterday = await RabbitBus.open(amqp_url)
    await yesterday.subscribe(group, [topic], reader.handle)
    await yesterday.close()
    today = await RabbitBus.open(amqp_url)
    await today.publish(message(topic, b"kept"))
    await today.subscribe(group, [topic], reader.handle)
    assert (await reader.has(1)).bodies == [b"kept"]
    await today.close()


async def test_on_rabbit_a_message_waits_for_a_group_that_never_was_there(rabbit: RabbitBus, amqp_url: str) -> None:
    topic, group, reader = own(), own("group"), Reader()
    await rabbit.prepare(group, [topic])
    await rabbit.publish(message(topic, b"kept"))
    later = await RabbitBus.open(amqp_url)
    await later.subscribe(group, [topic], reader.handle)
    assert (await reader.has(1)).bodies == [b"kept"]
    await later.close()


async def test_on_rabbit_a_group_gets_no_more_of_a_topic_that_it_has_dropped(rabbit: RabbitBus, amqp_url: str) -> None:
    """Its queue was bound to it by the release before, and stays where it is; others follow it as before."""
    topic, dropped, group, other, reader = own(), own(), own("group"), own("other"), Reader()
    before = await RabbitBus.open(amqp_url)
    await before.prepare(group, [topic, dropped])
    await before.prepare(other, [dropped])
    await before.publish(message(dropped, b"before"))
    for _ in range(2):  # and again, by the next process
        await rabbit.prepare(group, [topic], [dropped])
    await before.publish(message(dropped, b"after"))
    await before.publish(message(topic, b"last"))
    await rabbit.subscribe(group, [topic], reader.handle)
    assert (await reader.has(2)).bodies == [b"before", b"last"]
    await rabbit.subscribe(other, [dropped], reader.handle)
    assert (await reader.has(4)).bodies == [b"after", b"before", b"before", b"last"]
    await before.close()


async def test_on_rabbit_a_message_whose_queue_was_taken_away_is_not_lost_silently(
    rabbit: RabbitBus, amqp_url: str
) -> None:
    topic, group = own(), own("group")
    await rabbit.prepare(group, [topic])
    async with await connect_robust(amqp_url) as connection, connection.channel() as channel:
        await channel.queue_delete(f"artel.{group}")
    with pytest.raises(ConnectionError, match=topic):
        await rabbit.publish(message(topic))
    await rabbit.prepare(group, [topic])
    await rabbit.publish(message(topic))


async def test_on_rabbit_a_full_queue_is_an_outage(rabbit: RabbitBus, monkeypatch: pytest.MonkeyPatch) -> None:
    """It will be emptied: what waits in the outbox is not to use up its tries meanwhile."""
    topic, group = own(), own("group")
    small = {**rabbit_arguments(group), "x-max-length": 1}
    monkeypatch.setattr("artel.kernel.rabbit.queue_arguments", lambda _: small)
    await rabbit.prepare(group, [topic])

    async def fill() -> None:
        async with asyncio.timeout(30):
            while True:  # the broker notices a little later
                await rabbit.publish(message(topic))

    with pytest.raises(ConnectionError, match=topic):
        await fill()


async def test_on_rabbit_a_lost_connection_is_an_outage_and_comes_back(amqp_url: str) -> None:
    port, topic, reader = free_port(), own(), Reader()
    async with detour(port, to=amqp_url):
        bus = await RabbitBus.open(moved(amqp_url, port))
        await bus.subscribe(own("group"), [topic], reader.handle)
    for _ in range(3):
        with pytest.raises((ConnectionError, TimeoutError)):
            await bus.publish(message(topic))
    async with detour(port, to=amqp_url), asyncio.timeout(60):
        while not reader.got:
            with suppress(ConnectionError, TimeoutError):
                await bus.publish(message(topic))
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.came.wait(), 0.1)
    await bus.close()


async def test_a_virtual_host_that_is_not_there_yet_is_an_outage(amqp_url: str) -> None:
    nowhere = urlunsplit(urlsplit(amqp_url)._replace(path=f"/{own()}"))
    with pytest.raises(ConnectionError):
        await RabbitBus.open(nowhere)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[RobustConnection]:
    """Each connection that a bus has tried."""
    made: list[RobustConnection] = []

    class Kept(RobustConnection):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            made.append(self)

    monkeypatch.setattr("artel.kernel.rabbit.RobustConnection", Kept)
    return made


async def test_a_rabbit_that_goes_before_it_has_said_anything_is_an_outage(
    monkeypatch: pytest.MonkeyPatch, tried: list[RobustConnection]
) -> None:
    connect = asyncio.open_connection

    async def slowly(*given: Any, **named: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await connect(*given, **named)
        await reader.read()  # by now it has gone
        return reader, writer

    monkeypatch.setattr(asyncio, "open_connection", slowly)
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        with pytest.raises(ConnectionError):
            await RabbitBus.open(f"amqp://a:b@127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert [each.is_closed for each in tried] == [True]


@pytest.mark.parametrize("there", [False, True])
async def test_what_could_not_be_opened_is_closed(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch, tried: list[RobustConnection], there: bool
) -> None:
    """Not by the collector, which would do it on the loop of another thread: an error in the log at each start."""

    async def refuse(*_given: Any, **_named: Any) -> None:
        raise ChannelInvalidStateError("it is starting")

    monkeypatch.setattr("aio_pika.RobustChannel.declare_exchange", refuse)
    with pytest.raises(ConnectionError, match=r"lets nobody in: .*(starting|Connect call failed)"):
        await RabbitBus.open(amqp_url if there else f"amqp://127.0.0.1:{free_port()}/")
    assert [each.is_closed for each in tried] == [True]


async def test_a_closed_rabbit_bus_is_not_ready(amqp_url: str) -> None:
    bus = await open_bus(amqp_url)
    await bus.ready()
    await bus.close()
    with pytest.raises(ConnectionError):
        await bus.ready()
