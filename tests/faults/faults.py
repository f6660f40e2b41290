"""Each fault is a function: it breaks something, leaves it so for a while, and lets it heal. It says what it did."""

import asyncio
import errno
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from aio_pika import Message as AmqpMessage
from aio_pika import connect
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from asyncpg import Connection
from asyncpg.exceptions import LockNotAvailableError
from redis.asyncio import Redis

from artel.compose import SERVICES
from artel.kernel.rabbit import EVENTS
from detour import Detour
from faults.hall import SERVERS, Hall, helpers, send

Fault = Callable[[Hall, Random], Awaitable[str]]
FOLLOWERS = ("stats", "notification", "friends", "game")
LONGEST_SECONDS = 6.0
REACHES_THE_BUS = 'artel_reachable{part="bus"'
CLOCK_SECONDS = 25  # less than the leeway of a token


async def for_a_while(random: Random, shortest: float = 0.3) -> float:
    """Not to wait for something: it is how long the fault lasts."""
    seconds = random.uniform(shortest, LONGEST_SECONDS)
    await asyncio.sleep(seconds)
    return seconds


# Processes


def kill(name: str) -> Fault:
    async def fault(hall: Hall, _random: Random) -> str:
        async with hall.lock(name):
            family = await hall.tree(name)
            send(family, signal.SIGKILL)
            await hall.is_up(name)
        return f"kill -9 of {name}, {len(family)} processes"

    return fault


async def kill_postgres(hall: Hall, random: Random) -> str:
    """What nobody waits for does not get to its disk for a while, and is lost with it: as in a power cut, of all that
    was acknowledged that alone is there which was on disk when it was."""
    async with hall.lock("postgres"):
        still = helpers(await hall.tree("postgres"))
        send(still, signal.SIGSTOP)
        try:
            seconds = await for_a_while(random, 1)
            family = await hall.tree("postgres")
            send(family, signal.SIGKILL)
        finally:
            send(still, signal.SIGCONT)
        await hall.is_up("postgres")
    return f"kill -9 of postgres, {len(family)} processes, {len(still)} of which had stood still for {seconds:.1f} s"


def restart(name: str) -> Fault:
    async def fault(hall: Hall, _random: Random) -> str:
        async with hall.lock(name):
            await hall.control("restart", name)
            await hall.is_up(name)
        return f"{name} ended in order and started"

    return fault


async def stop(hall: Hall, random: Random) -> str:
    name = random.choice([*hall.stack.processes(), "gateway", *SERVERS])
    async with hall.lock(name):
        family = await hall.tree(name)
        send(family, signal.SIGSTOP)
        try:
            seconds = await for_a_while(random)
        finally:
            send(family, signal.SIGCONT)
    return f"{name} stood still for {seconds:.1f} s"


# The network


def some_way(hall: Hall, random: Random) -> tuple[str, Detour]:
    (one, other), way = random.choice(sorted(hall.ways.items()))
    return f"{one} - {other}", way


async def stall(hall: Hall, random: Random) -> str:
    where, way = some_way(hall, random)
    async with hall.lock(where):
        way.stall()
        try:
            seconds = await for_a_while(random)
        finally:
            way.heal()
    return f"{where}: nothing passed for {seconds:.1f} s, and nobody was told"


async def cut(hall: Hall, random: Random) -> str:
    where, way = some_way(hall, random)
    async with hall.lock(where):
        way.cut()
        try:
            seconds = await for_a_while(random)
        finally:
            way.heal()
    return f"{where}: cut for {seconds:.1f} s"


async def lost_answers(hall: Hall, random: Random) -> str:
    """Whatever is asked is done, and whoever has asked is hung up on when the answer comes."""
    where, way = some_way(hall, random)
    async with hall.lock(where):
        way.mute = True
        try:
            seconds = await for_a_while(random)
        finally:
            way.heal()
    return f"{where}: no answer came back for {seconds:.1f} s"


async def slow_broker(hall: Hall, random: Random) -> str:
    ways = {f"{one} - {other}": way for (one, other), way in hall.ways.items() if other == "rabbit"}
    delay = random.uniform(0.05, 0.5)
    for way in ways.values():
        way.slow = delay
    seconds = await for_a_while(random)
    for way in ways.values():
        way.slow = 0
    return f"the broker was {delay * 1000:.0f} ms away for {seconds:.1f} s"


async def away(hall: Hall, _random: Random) -> str:
    """RabbitMQ is away for long. Who plays does not notice, who watches does, and what is public waits."""
    seconds = hall.away_seconds
    async with hall.lock("rabbit"):
        before = await hall.sum_of("artel_game_events_written_total")
        assert await hall.sum_of(REACHES_THE_BUS), "nobody says that he reaches it"
        await hall.control("stop", "rabbit")
        try:
            await asyncio.sleep(seconds)
            written = await hall.sum_of("artel_game_events_written_total") - before
            waiting = await hall.sum_of("artel_outbox_depth")
            reaching = await hall.sum_of(REACHES_THE_BUS)
        finally:
            await hall.control("start", "rabbit")
        await hall.is_up("rabbit")
    assert written >= seconds, f"{written} events were written in {seconds} s"
    assert waiting, "nothing waited"
    assert not reaching, "somebody did not notice"
    return f"RabbitMQ was away for {seconds} s: {written:.0f} events were written meanwhile, {waiting:.0f} waited"


async def alarm(hall: Hall, random: Random) -> str:
    """A broker without memory takes nothing more from whoever publishes, and does not answer him either."""
    async with hall.lock("rabbit"):
        await hall.is_up("rabbit")
        await hall.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
        try:
            seconds = await for_a_while(random)
        finally:
            await hall.rabbitmqctl("set_vm_memory_high_watermark", "0.4")
    return f"the broker's alarm rang for {seconds:.1f} s"


# Deliveries


@asynccontextmanager
async def reached(hall: Hall) -> AsyncIterator[AbstractConnection]:
    await hall.is_up("rabbit")
    async with await connect(hall.bus) as connection:
        yield connection


def copy(message: AbstractIncomingMessage) -> AmqpMessage:
    return AmqpMessage(
        message.body, message_id=message.message_id, type=message.type, content_type=message.content_type,
        delivery_mode=message.delivery_mode, headers={"traceparent": str(message.headers.get("traceparent") or "")},
    )  # fmt: skip


async def duplicates(hall: Hall, random: Random) -> str:
    """All that is published meanwhile comes to everybody three times, later, in another order."""
    seen: list[AbstractIncomingMessage] = []
    async with hall.lock("rabbit"), reached(hall) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EVENTS)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "#")
        await queue.consume(_keep(seen), no_ack=True)
        await _some(seen, random)
        await queue.delete(if_unused=False, if_empty=False)
        again = [message for message in seen for _ in range(2)]
        random.shuffle(again)
        for message in again:
            await exchange.publish(copy(message), str(message.routing_key))
    return f"{len(seen)} events came three times each"


async def reorder(hall: Hall, random: Random) -> str:
    """What a service would have got now it gets later, in another order."""
    group = random.choice(FOLLOWERS[:2])
    held: list[AbstractIncomingMessage] = []
    async with hall.lock("rabbit"), reached(hall) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.get_queue(f"artel.{group}")
        tag = await queue.consume(_keep(held))
        await _some(held, random)
        await queue.cancel(tag)
        random.shuffle(held)
        for message in held:
            await channel.default_exchange.publish(copy(message), queue.name)
            await message.ack()
    return f"{len(held)} events came to {group} late and in another order"


def _keep(kept: list[AbstractIncomingMessage]) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
    async def keep(message: AbstractIncomingMessage) -> None:
        kept.append(message)

    return keep


async def _some(kept: Sequence[object], random: Random) -> None:
    """Two at least, or there is no order that could be another."""
    async with asyncio.timeout(60):
        while len(kept) < 2:
            await for_a_while(random)


async def forget(hall: Hall, _random: Random) -> str:
    async with hall.lock("redis"):
        store = Redis.from_url(hall.store)
        try:
            keys = await store.dbsize()
            await store.flushall()
        finally:
            await store.aclose()
    return f"Redis forgot {keys} keys"


# A release


async def newer_tables(hall: Hall, random: Random) -> str:
    """What a newer release's `artel migrate` does before any process of it runs: each table of a service has one column
    more, for which nobody waits longer than for a second; and in the end it is put back. PostgreSQL is well meanwhile:
    where its disk is full or it dies, nobody could put it back."""
    name = random.choice(SERVICES)
    async with hall.lock("postgres"), hall.database(name) as database:
        tables = [row["tablename"] for row in await database.fetch(TABLES)]
        before = await database.fetchval("SELECT version_num FROM alembic_version")
        try:
            for table in tables:
                await altered(database, table, "ADD COLUMN IF NOT EXISTS newer text")
            await database.execute("UPDATE alembic_version SET version_num = 'newer'")
            seconds = await for_a_while(random)
        finally:
            await database.execute("UPDATE alembic_version SET version_num = $1", before)
            for table in tables:
                await altered(database, table, "DROP COLUMN IF EXISTS newer")
    return f"{len(tables)} tables of {name} were newer for {seconds:.1f} s"


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


async def altered(database: Connection, table: str, how: str) -> None:
    """Whoever comes later waits behind who changes a table: so he gives up soon, and tries again."""
    while True:
        try:
            await database.execute(f'ALTER TABLE "{table}" {how}')
        except LockNotAvailableError:
            continue
        return


# Disk and clock


async def disk_full(hall: Hall, random: Random) -> str:
    """To the last byte, over what is kept for a log that grows."""
    filler = hall.stack.disk / "filler"
    async with hall.lock("postgres"):
        await hall.is_up("postgres")
        try:
            size = await asyncio.to_thread(_fill, filler)
            seconds = await for_a_while(random)
        finally:
            filler.unlink(missing_ok=True)
        await hall.is_up("postgres")
    return f"PostgreSQL's disk was full for {seconds:.1f} s ({size // 1_000_000} MB)"


def _fill(path: Path) -> int:
    size = 0
    with path.open("wb", buffering=0) as filler:
        for piece in (2**20, 2**12):
            while True:
                try:
                    size += filler.write(bytes(piece))
                except OSError as full:
                    assert full.errno == errno.ENOSPC  # noqa: PT017 a short write comes before it
                    break
    return size


async def clock_step(hall: Hall, random: Random) -> str:
    name = random.choice(list(hall.stack.processes()))
    step = random.choice([-CLOCK_SECONDS, CLOCK_SECONDS])
    clock = hall.stack.home / "clocks" / name
    async with hall.lock(f"clock of {name}"):
        clock.write_text(f"{step:+}\n")
        try:
            seconds = await for_a_while(random)
        finally:
            clock.write_text("+0\n")
    return f"the clock of {name} was {step:+} s for {seconds:.1f} s"


PROCESSES = (*SERVICES, *(f"{name}-2" for name in SERVICES), "gateway")
KINDS: dict[str, Fault] = {
    **{f"kill {name}": kill(name) for name in (*PROCESSES, "rabbit", "redis")},
    "kill postgres": kill_postgres,
    **{f"restart {name}": restart(name) for name in SERVERS},
    "stop": stop, "stall": stall, "cut": cut, "lost answers": lost_answers, "slow broker": slow_broker, "alarm": alarm,
    "newer tables": newer_tables,
    "duplicates": duplicates, "reorder": reorder, "forget": forget, "disk full": disk_full, "clock step": clock_step,
}  # fmt: skip


ALONE: dict[str, Fault] = {"away": away}
"""What has an evening of its own."""


async def inject(hall: Hall, kind: str, random: Random) -> str:
    """Until it really was: what it needs may be away because of another."""
    last: Exception | None = None
    for _ in range(5):
        try:
            return await {**KINDS, **ALONE}[kind](hall, random)
        except Exception as error:  # noqa: BLE001 a broker that is just coming, and the like
            last = error
            await asyncio.sleep(random.uniform(0, 1))
    raise AssertionError(f"{kind} could not be brought about: {last!r}")


async def one_after_another(hall: Hall, kinds: list[str], random: Random, tell: Callable[[str, str], None]) -> None:
    """`kinds` is shared with others who do the same at the same time."""
    while kinds:
        kind = kinds.pop()
        await asyncio.sleep(random.uniform(0, 1))  # a random moment
        tell(kind, await inject(hall, kind, random))
