"""Events set aside after too many tries: what a service could not take in, in its queue of dead letters on RabbitMQ,
and what could not be published, in the outbox of who said it."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aio_pika import Message, connect_robust
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from sqlalchemy import delete, select, update

from artel.compose import load
from artel.kernel.database import Tx, open_database
from artel.kernel.events import now
from artel.kernel.outbox import outbox
from artel.kernel.settings import Settings

Action = Literal["list", "show", "replay", "drop"]
CONFIRM_SECONDS = 10


@dataclass(frozen=True)
class Letter:
    """`of` is the service that could not take it in (`place` is queue), or could not get it out (outbox)."""

    of: str
    place: str
    id: str
    topic: str
    body: bytes

    def __str__(self) -> str:
        return f"{self.of} {self.place} {self.id} {self.topic} {self.said().get('time', '')}".rstrip()

    def said(self) -> dict[str, Any]:
        """The whole event; of what is none, its bytes."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        return value if isinstance(value, dict) else {"bytes": self.body.decode(errors="replace")}

    def whole(self) -> str:
        return f"{self}\n{json.dumps(self.said(), indent=2, ensure_ascii=False)}"


Wanted = Callable[[Letter], bool]


async def dead_letters(
    settings: Settings, action: Action, services: Sequence[str], ids: Sequence[str] = ()
) -> AsyncIterator[Letter]:
    """Each letter, when `action` has been done to it. ConnectionError where a server is away, or takes nothing back."""

    def wanted(letter: Letter) -> bool:
        return not ids or letter.id in ids

    for service in services:
        for letter in await _of_outbox(settings, action, service, wanted):
            yield letter
    if not settings.bus_url.startswith("memory://"):
        followers = [service for service in services if load(service).reactions]
        async for letter in _of_queues(settings.bus_url, action, followers, wanted):
            yield letter


# What could not be published


async def _of_outbox(settings: Settings, action: Action, service: str, wanted: Wanted) -> list[Letter]:
    database = open_database(settings.database(service))
    try:
        given_up = [letter for letter in await database.read(_given_up, service) if wanted(letter)]
        if action in {"replay", "drop"}:
            await database.write(_settle, action, [letter.id for letter in given_up])
    finally:
        await database.close()
    return given_up


def _given_up(tx: Tx, service: str) -> list[Letter]:
    found = tx.execute(select(outbox).where(outbox.c.due.is_(None)).order_by(outbox.c.seq))
    return [Letter(service, "outbox", row.id, row.topic, row.body) for row in found]


def _settle(tx: Tx, action: Action, ids: Sequence[str]) -> None:
    """Replayed, it is tried as if for the first time; the relay of a running service finds it within seconds."""
    these = outbox.c.due.is_(None) & outbox.c.id.in_(ids)
    tx.execute(
        update(outbox).where(these).values(due=now(), tries=0) if action == "replay" else delete(outbox).where(these)
    )


# What could not be taken in


async def _of_queues(url: str, action: Action, services: Sequence[str], wanted: Wanted) -> AsyncIterator[Letter]:
    try:
        async with await connect_robust(url, timeout=CONFIRM_SECONDS) as connection:
            for service in services:
                async with connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
                    async for letter in _of_queue(channel, action, service, wanted):
                        yield letter
    except AMQPError as error:
        raise ConnectionError(f"RabbitMQ: {error!r}") from error


async def _of_queue(channel: AbstractChannel, action: Action, service: str, wanted: Wanted) -> AsyncIterator[Letter]:
    """Looked at once each: what dies again meanwhile is for the next time. What is not settled goes back when the
    channel closes."""
    try:
        queue = await channel.declare_queue(f"artel.{service}.dead", passive=True)
    except ChannelNotFoundEntity:
        return
    for _ in range(queue.declaration_result.message_count or 0):
        incoming = await queue.get(fail=False)
        if incoming is None:
            return  # somebody else has them
        letter = Letter(service, "queue", incoming.message_id or "", incoming.type or "", incoming.body)
        if not wanted(letter):
            continue
        if action == "replay":
            await _put_back(channel, service, incoming)
        if action in {"replay", "drop"}:
            await incoming.ack()
        yield letter


async def _put_back(channel: AbstractChannel, service: str, incoming: AbstractIncomingMessage) -> None:
    """Into this service's queue alone, with its own id, and safe there before it is taken away here. Whoever dies
    between leaves it in both: the inbox then drops the second."""
    again = Message(
        incoming.body,
        message_id=incoming.message_id,
        type=incoming.type,
        content_type=incoming.content_type,
        delivery_mode=incoming.delivery_mode,
        headers={name: value for name, value in incoming.headers.items() if not name.startswith("x-")},
    )
    await channel.default_exchange.publish(again, f"artel.{service}", mandatory=True, timeout=CONFIRM_SECONDS)


async def tell(settings: Settings, action: Action, services: Sequence[str], ids: Sequence[str]) -> int:
    """What `artel dead-letters` prints; its exit status: 1 if nothing has the id that was named."""
    count = 0
    async for letter in dead_letters(settings, action, services, ids):
        print(letter.whole() if action == "show" else letter, flush=True)  # noqa: T201 a command's own words
        count += 1
    done = {"list": "", "show": "", "replay": " replayed", "drop": " dropped"}[action]
    print(f"{count} dead letter{'' if count == 1 else 's'}{done}")  # noqa: T201
    return int(bool(ids) and count == 0)
