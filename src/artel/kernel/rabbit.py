"""The bus on RabbitMQ: topic exchange, a quorum queue a group, publisher confirms, dead letters."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self

import structlog
from aio_pika import DeliveryMode, ExchangeType, RobustConnection
from aio_pika import Message as AmqpMessage
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from artel.kernel.bus import Handle, Message, Receive, UnreadableError
from artel.kernel.outage import is_outage

log = structlog.get_logger()
EVENTS = "artel.events"
NUDGES = "artel.nudges"
DEAD = "artel.dead"
DELIVERIES = 10
PREFETCH = 32
CONFIRM_SECONDS = 10


class RabbitBus:
    PAUSE_SECONDS = 1.0  # before the first repeat; doubled for each further one
    LONGEST_PAUSE_SECONDS = 30.0

    def __init__(
        self,
        connection: RobustConnection,
        channel: AbstractChannel,
        events: AbstractExchange,
        nudges: AbstractExchange,
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._events = events
        self._nudges = nudges
        self._wanted: set[str] = set()  # topics that somebody waits for

    @classmethod
    async def open(cls, url: str) -> Self:
        """ConnectionError: it is not there, or not for us; both may pass."""
        connection = RobustConnection(make_url(url))
        async with AsyncExitStack() as undoing:  # else the collector closes it, on whatever loop it finds itself
            undoing.push_async_callback(connection.close)
            try:
                await connection.connect(timeout=CONFIRM_SECONDS)
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                events = await channel.declare_exchange(EVENTS, ExchangeType.TOPIC, durable=True)
                nudges = await channel.declare_exchange(NUDGES, ExchangeType.TOPIC)
            except (AMQPError, ChannelInvalidStateError, StopAsyncIteration) as error:  # it is coming, or going
                raise ConnectionError(f"RabbitMQ lets nobody in: {str(error) or repr(error)}") from error
            undoing.pop_all()
        return cls(connection, channel, events, nudges)

    async def publish(self, message: Message) -> None:
        amqp = AmqpMessage(
            message.body,
            message_id=message.id,
            type=message.topic,
            content_type="application/cloudevents+json",
            delivery_mode=DeliveryMode.PERSISTENT,
            headers={"traceparent": message.traceparent} if message.traceparent else None,
        )
        wanted = message.topic in self._wanted
        try:
            await self._events.publish(amqp, message.topic, mandatory=wanted, timeout=CONFIRM_SECONDS)
        except (AMQPError, ChannelInvalidStateError) as refused:
            # A queue is full, or gone, or the connection is on its way back: nothing is wrong with the message.
            raise ConnectionError(f"RabbitMQ does not take {message.topic}: {refused!r}") from refused

    async def prepare(self, group: str, topics: Sequence[str], dropped: Sequence[str] = ()) -> None:
        queue = await declare(self._channel, group, topics)
        for topic in dropped:
            await queue.unbind(EVENTS, topic)
        self._wanted.update(topics)

    async def subscribe(self, group: str, topics: Sequence[str], handle: Handle) -> None:
        channel = await self._connection.channel()
        await channel.set_qos(PREFETCH)
        queue = await declare(channel, group, topics)
        await queue.consume(partial(self._consume, handle))

    async def _consume(self, handle: Handle, incoming: AbstractIncomingMessage) -> None:
        """Refused, it goes back to the queue, whose delivery limit sends it on to the dead letters in the end, and
        what nobody can read at once."""
        tries = int(str(incoming.headers.get("x-delivery-count", 0)))
        said = str(incoming.headers.get("traceparent") or "")
        while True:
            try:
                await handle(Message(incoming.message_id or "", incoming.type or "", incoming.body, said))
            except Exception as error:  # noqa: BLE001 whatever it is, the message is not done
                about = {"topic": incoming.type, "event_id": incoming.message_id, "trace_id": said[3:35] or None}
                log.warning("event not handled", kind="event", **about, tries=tries, error=error)
                if may_pass := not isinstance(error, UnreadableError):
                    await asyncio.sleep(min(self.PAUSE_SECONDS * 2**tries, self.LONGEST_PAUSE_SECONDS))
                if not is_outage(error):
                    await incoming.reject(requeue=may_pass)
                    return
            else:
                await incoming.ack()
                return

    async def nudge(self, topic: str, body: bytes) -> None:
        await self._nudges.publish(AmqpMessage(body), topic, mandatory=False, timeout=CONFIRM_SECONDS)

    async def listen(self, topic: str, receive: Receive) -> None:
        channel = await self._connection.channel()
        exchange = await channel.declare_exchange(NUDGES, ExchangeType.TOPIC)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, topic)

        async def consume(incoming: AbstractIncomingMessage) -> None:
            receive(incoming.body)

        await queue.consume(consume, no_ack=True)

    async def ready(self) -> None:
        if not self._connection.connected.is_set():
            raise ConnectionError("RabbitMQ is not connected")

    async def close(self) -> None:
        await self._connection.close()


async def declare(channel: AbstractChannel, group: str, topics: Sequence[str]) -> AbstractQueue:
    """The queue of a group and its dead letters. The channel declares them again after each reconnection."""
    dead = await channel.declare_exchange(DEAD, ExchangeType.DIRECT, durable=True)
    graveyard = await channel.declare_queue(f"artel.{group}.dead", durable=True, arguments={"x-queue-type": "quorum"})
    await graveyard.bind(dead, group)
    queue = await channel.declare_queue(f"artel.{group}", durable=True, arguments=queue_arguments(group))
    for topic in topics:
        await queue.bind(EVENTS, topic)
    return queue


def queue_arguments(group: str) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERIES,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": group,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
