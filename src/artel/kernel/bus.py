"""Events between services. `publish` returns when the message is safe: on the memory bus when every
subscriber has committed, on RabbitMQ on the broker's confirm. A nudge may be lost; whoever needs it asks again."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from artel.kernel.traffic import Traffic


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    topic: str
    body: bytes
    traceparent: str = ""  # of the one who published it last


class UnreadableError(ValueError):
    """No event, and no try will make it one. Its text is the reason, and tells nothing that stands in it."""


Handle = Callable[[Message], Awaitable[None]]
Receive = Callable[[bytes], None]


class Bus(Protocol):
    async def publish(self, message: Message) -> None: ...

    async def prepare(self, group: str, topics: Sequence[str], dropped: Sequence[str] = ()) -> None:
        """From now on messages wait for a group that may not have come yet; of `dropped` topics no more."""

    async def subscribe(self, group: str, topics: Sequence[str], handle: Handle) -> None:
        """Each message once a group, again when `handle` raises; after bounded tries it is set aside, and at once when
        it raises UnreadableError."""

    async def nudge(self, topic: str, body: bytes) -> None:
        """A copy to every listener in every process."""

    async def listen(self, topic: str, receive: Receive) -> None: ...
    async def ready(self) -> None: ...
    async def close(self) -> None: ...


async def open_bus(url: str, traffic: Traffic | None = None) -> Bus:
    if url.startswith("memory://"):
        return MemoryBus(traffic)
    from artel.kernel.rabbit import RabbitBus  # noqa: PLC0415 the newcomer's process does without it

    return await RabbitBus.open(url)


class MemoryBus:
    """One process. The publisher's outbox is the queue: what a subscriber refuses is published again.

    Messages are taken one at a time, each in a lull of the traffic: their reactions run on the loop that answers.
    """

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()
        self._turn = asyncio.Lock()
        self._groups: dict[str, dict[str, Handle]] = defaultdict(dict)
        self._listeners: dict[str, list[Receive]] = defaultdict(list)

    async def publish(self, message: Message) -> None:
        handles = self._groups[message.topic].values()
        async with self._turn:
            await self._traffic.lull()
            results = await asyncio.gather(*(handle(message) for handle in handles), return_exceptions=True)
        failures = [each for each in results if each is not None]
        for failure in sorted(failures, key=lambda each: isinstance(each, UnreadableError)):
            raise failure  # one that may pass, if there is one: then it comes again

    async def prepare(self, group: str, topics: Sequence[str], dropped: Sequence[str] = ()) -> None:
        """Here nobody comes later: all are in this process, and subscribe before anything is published."""

    async def subscribe(self, group: str, topics: Sequence[str], handle: Handle) -> None:
        for topic in topics:
            self._groups[topic][group] = handle

    async def nudge(self, topic: str, body: bytes) -> None:
        for receive in self._listeners[topic]:
            receive(body)

    async def listen(self, topic: str, receive: Receive) -> None:
        self._listeners[topic].append(receive)

    async def ready(self) -> None:
        """Always."""

    async def close(self) -> None:
        self._groups.clear()
        self._listeners.clear()
