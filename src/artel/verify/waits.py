"""What is still on its way: in the outboxes of those who tell, and in the queues of those who follow. What it would
change cannot be compared before it has arrived."""

import asyncio
import json
import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from aio_pika import connect_robust
from aio_pika.abc import AbstractRobustConnection
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

from artel.auth.tables import seats
from artel.compose import SERVICES, load
from artel.friends.tables import people
from artel.game.relay import announced
from artel.game.retold import PUBLISHED
from artel.game.tables import ties, users
from artel.kernel.database import Database
from artel.kernel.outbox import backlog
from artel.stats.tables import ratings, standings
from artel.verify.difference import Difference
from artel.verify.gone import left_to
from artel.verify.strays import UNKNOWN

CONNECT_SECONDS = 10
PAUSE_SECONDS = 0.5
# Of services that keep facts of their own too; and what is somebody's goes by whether he is heard to be no more.
FOLLOW = {
    "auth": {seats.name},
    "game": {users.name, ties.name, *left_to("game")},
    "friends": {people.name, *left_to("friends")},
    "template": left_to("template"),
}
OF_ITSELF = {ratings.name, standings.name}  # each row follows from those beside it
LOG = "the log of game"  # late itself, where it is not published to its end


class Wait(NamedTuple):
    """`late`: who has not heard of it."""

    words: str
    late: Collection[str]

    def __str__(self) -> str:
        return self.words

    def as_json(self) -> str:
        return json.dumps({"waits": self.words, "late": sorted(self.late)}, ensure_ascii=False)


def explained(difference: Difference, late: Collection[str]) -> bool:
    """It may be there only because something has not arrived."""
    if difference.expected == PUBLISHED:
        return LOG in late
    follows = difference.table in FOLLOW.get(difference.service, {difference.table}) - OF_ITSELF
    return difference.service in late and follows and difference.expected != UNKNOWN


async def look(databases: Mapping[str, Database], bus_url: str, patience: float) -> list[Wait]:
    """Of outboxes what has waited so long; of queues what nobody reads, or what whoever reads it is behind with."""
    told = [wait for name in SERVICES for wait in await _outbox(name, databases[name], time.time() - patience)]
    if bus_url.startswith("memory://"):
        return told
    try:
        async with await connect_robust(bus_url, timeout=CONNECT_SECONDS) as connection:
            followers = [name for name in SERVICES if load(name).reactions]
            queues = await asyncio.gather(*(_queue(connection, name, patience) for name in followers))
    except (OSError, AMQPError) as error:
        return [*told, Wait(f"RabbitMQ cannot be had ({error}), so what waits there is not known", SERVICES)]
    return told + [wait for wait in queues if wait]


async def _outbox(service: str, database: Database, since: float) -> list[Wait]:
    looks = [backlog, announced] if service == "game" else [backlog]
    found = [await database.read(each) for each in looks]
    count = sum(each.depth for each in found if each.depth and each.oldest <= since)
    words = f"{count} events of {service} wait to be published: is {service} running, and RabbitMQ?"
    return [Wait(words, [*_followers(service), *([LOG] if service == "game" else [])])] if count else []


def _followers(service: str) -> list[str]:
    told = f"artel.contracts.{service}"
    return [name for name in SERVICES if any(event.__module__ == told for event in load(name).reactions)]


async def _queue(connection: AbstractRobustConnection, service: str, patience: float) -> Wait | None:
    end = time.monotonic() + patience
    while True:
        waiting, readers = await counts(connection, f"artel.{service}")
        if not waiting:
            return None
        if not readers:
            return Wait(
                f"{waiting} events wait in artel.{service} and nobody reads them: start `artel serve {service}`",
                [service],
            )
        if time.monotonic() >= end:
            return Wait(f"{waiting} events wait in artel.{service}: {service} is behind with them", [service])
        await asyncio.sleep(min(PAUSE_SECONDS, patience))


async def counts(connection: AbstractRobustConnection, queue: str) -> tuple[int, int]:
    """Of events that wait, and of who reads them."""
    async with connection.channel() as channel:
        try:
            said = (await channel.declare_queue(queue, passive=True)).declaration_result
        except ChannelNotFoundEntity:
            return 0, 0
    return said.message_count or 0, said.consumer_count or 0
