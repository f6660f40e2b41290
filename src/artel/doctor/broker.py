"""RabbitMQ: exchanges, a queue a service with its dead letters, and whether each event finds its way there."""

import asyncio
from collections.abc import Mapping, Sequence

import orjson
from aio_pika import Message, connect_robust
from aio_pika.abc import AbstractQueue, AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelClosed, ChannelNotFoundEntity, ChannelPreconditionFailed

from artel.doctor.finding import Finding, found, place, reason
from artel.kernel import probe
from artel.kernel.events import new_id
from artel.kernel.rabbit import DEAD, EVENTS, NUDGES, RabbitBus, queue_arguments

CONNECT_SECONDS = 10
ANSWER_SECONDS = 5.0
MANY = 1000  # events that wait
Topics = Mapping[str, Sequence[str]]  # of each service that follows others
EXPIRES_SECONDS = 30


async def examine(url: str, topics: Topics) -> list[Finding]:
    try:
        async with await connect_robust(url, timeout=CONNECT_SECONDS) as connection:
            return await _look(connection, url, topics)
    except (OSError, AMQPError) as error:
        wrong = f"{place(url)} cannot be had ({reason(error)}): start it, or set ARTEL_BUS_URL right"
        return [Finding("RabbitMQ", wrong)]


async def _look(connection: AbstractRobustConnection, url: str, topics: Topics) -> list[Finding]:
    missing = [name for name in (EVENTS, NUDGES, DEAD) if not await _has_exchange(connection, name)]
    if missing:
        return [
            Finding("RabbitMQ", f"exchange {name} is not there: any service makes it when it starts")
            for name in missing
        ]
    findings = [Finding("RabbitMQ")]
    read: dict[str, bool] = {}
    for service in topics:
        wrongs, read[service] = await _queue(connection, service)
        findings += found(f"{service} queue", wrongs)
        findings += found(f"{service} dead letters", await _dead_letters(connection, service))
    return findings + await _ways(connection, url, topics, read)


async def _has_exchange(connection: AbstractRobustConnection, name: str) -> bool:
    async with connection.channel() as channel:
        try:
            await channel.get_exchange(name, ensure=True)
        except ChannelNotFoundEntity:
            return False
    return True


async def _passive(connection: AbstractRobustConnection, name: str) -> AbstractQueue | None:
    async with connection.channel() as channel:
        try:
            return await channel.declare_queue(name, passive=True)
        except ChannelNotFoundEntity:
            return None


async def _queue(connection: AbstractRobustConnection, service: str) -> tuple[list[str], bool]:
    """What is wrong with it, and whether anybody reads it."""
    queue = await _passive(connection, f"artel.{service}")
    if queue is None:
        return [f"artel.{service} is not there: any service makes it when it starts"], False
    wrongs, said = [], queue.declaration_result
    if not said.consumer_count:
        wrongs.append(f"nobody reads it, and {said.message_count} events wait: start `artel serve {service}`")
    elif (said.message_count or 0) > MANY:
        wrongs.append(f"{said.message_count} events wait: look into the log of {service}, or start another of it")
    if not await _is_as_declared(connection, service):
        wrongs.append(
            "it was made with other arguments: stop who publishes, let it run empty, delete it and start a service"
        )
    return wrongs, bool(said.consumer_count)


async def _is_as_declared(connection: AbstractRobustConnection, service: str) -> bool:
    async with connection.channel() as channel:
        try:
            await channel.declare_queue(f"artel.{service}", durable=True, arguments=queue_arguments(service))
        except (ChannelPreconditionFailed, ChannelClosed):
            return False
    return True


async def _dead_letters(connection: AbstractRobustConnection, service: str) -> list[str]:
    queue = await _passive(connection, f"artel.{service}.dead")
    if queue is None:
        return [f"artel.{service}.dead is not there: any service makes it when it starts"]
    count = queue.declaration_result.message_count
    if not count:
        return []
    return [f"{count} lie there: `artel dead-letters show {service}`; when the cause is gone, `replay` puts them back"]


async def _ways(
    connection: AbstractRobustConnection, url: str, topics: Topics, read: Mapping[str, bool]
) -> list[Finding]:
    """Each topic is asked once, unless it would be left lying in a queue that nobody reads."""
    unread = {topic for service, its in topics.items() if not read[service] for topic in its}
    expected = {(service, topic) for service, its in topics.items() for topic in its if topic not in unread}
    silent = expected - await _answers(connection, url, expected)
    findings: list[Finding] = []
    for service in topics:
        its = sorted(topic for who, topic in silent if who == service)
        wrongs = [await _why_silent(connection, service, its)] if its else []
        findings += found(f"{service} bindings", wrongs) if read[service] else []
    return findings


async def _why_silent(connection: AbstractRobustConnection, service: str, topics: Sequence[str]) -> str:
    queue = await _passive(connection, f"artel.{service}")
    waiting = queue.declaration_result.message_count if queue else 0
    if waiting:
        return f"no answer within {ANSWER_SECONDS:.0f} s, behind {waiting} that wait: look into the log of {service}"
    return f"does not take in {', '.join(topics)}: start a service, which binds it, then `artel verify` what was missed"


async def _answers(
    connection: AbstractRobustConnection, url: str, expected: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    probe_id, answered, complete = new_id(), set[tuple[str, str]](), asyncio.Event()

    def receive(body: bytes) -> None:
        service, topic = orjson.loads(body)
        answered.add((service, topic))
        if answered >= expected:
            complete.set()

    bus = await RabbitBus.open(url)
    try:
        await bus.listen(f"{probe.ANSWERS}.{probe_id}", receive)
        for topic in sorted({topic for _, topic in expected}):
            await _ask(connection, probe_id, topic)
        async with asyncio.timeout(ANSWER_SECONDS):
            await complete.wait() if expected else None
    except TimeoutError:
        pass  # who has not answered by now is told of
    finally:
        await bus.close()
    return answered


async def _ask(connection: AbstractRobustConnection, probe_id: str, topic: str) -> None:
    async with connection.channel() as channel:
        events = await channel.get_exchange(EVENTS, ensure=False)
        asked = Message(probe.asked(probe_id, topic), type=probe.PROBE, expiration=EXPIRES_SECONDS)
        await events.publish(asked, topic, mandatory=False)
