"""A service is a declaration; `opened` is the only place that knows how one lives and ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import APIRouter, Request
from prometheus_client import Counter, Histogram
from sqlalchemy import MetaData

from artel.kernel.background import running
from artel.kernel.bus import Bus, Message
from artel.kernel.database import Database, Tx, open_database
from artel.kernel.events import Event, not_followed, now
from artel.kernel.outbox import once
from artel.kernel.probe import PROBE, answer
from artel.kernel.relay import Relay
from artel.kernel.settings import Settings
from artel.kernel.store import Store
from artel.kernel.token import Verifier
from artel.kernel.tracing import is_sampled, span

log = structlog.get_logger()
Reaction = Callable[[Tx, Any], None]
REACTIONS_AT_ONCE = 2
"""In one process: one by one they cost least, and beside one that waits for a lock the others go on."""

taken = Counter("artel_events_taken", "events of others that took effect, repeats among them", ["service", "topic"])
refused = Counter("artel_events_refused", "attempts to take an event that failed", ["service", "topic"])
lag = Histogram(
    "artel_inbox_lag_seconds",
    "from the making of an event until its effect is on disk",
    ["service"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
)


@dataclass
class Context:
    """What a service is given. `own` is what its `open` made, for its own routes only."""

    name: str
    settings: Settings
    database: Database
    bus: Bus
    store: Store
    verifier: Verifier
    relay: Relay
    own: Any = None
    looks: list[Callable[[Tx], None]] = field(default_factory=list)  # what it measures every few seconds


@dataclass(frozen=True)
class Service:
    name: str
    router: APIRouter  # under /api/v1
    metadata: MetaData
    reactions: Mapping[type[Event], Reaction] = field(default_factory=dict)
    dropped: Collection[type[Event]] = ()  # what the release before followed; it may still be in the queue
    root: APIRouter | None = None  # routes at the root, such as /.well-known
    taps: APIRouter | None = None  # under /api/v1 too, and found first: the few routes that must be fast
    open: Callable[[Context], AbstractAsyncContextManager[Any]] | None = None


def context_of(name: str) -> Callable[[Request], Awaitable[Context]]:
    """A dependency: the running service's context."""

    async def context(request: Request) -> Context:
        running_context: Context = request.app.state.contexts[name]
        return running_context

    return context


@asynccontextmanager
async def opened(
    service: Service, settings: Settings, bus: Bus, store: Store, verifier: Verifier
) -> AsyncIterator[Context]:
    """The service with its database and its subscriptions; its relay starts when all services listen."""
    database = open_database(settings.database(service.name))
    context = Context(service.name, settings, database, bus, store, verifier, Relay(service.name, database, bus))
    try:
        async with service.open(context) if service.open else _nothing() as own:
            context.own = own
            await _subscribe(service, context)
            yield context
    finally:
        await database.close()


def relaying(context: Context) -> AbstractAsyncContextManager[None]:
    return running(context.relay.run(), f"relay-{context.name}")


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


async def _subscribe(service: Service, context: Context) -> None:
    by_topic = {event.topic: (event, reaction) for event, reaction in service.reactions.items()}
    name, dropped = service.name, {event.topic for event in service.dropped}
    turns = asyncio.Semaphore(REACTIONS_AT_ONCE)

    async def handle(message: Message) -> None:
        if message.topic == PROBE:
            await context.bus.nudge(*answer(message.body, name))
            return
        if message.topic in dropped:
            return
        kind, reaction = by_topic.get(message.topic) or not_followed(message.topic)
        event = kind.read(message.body)
        about = {"messaging.destination.name": event.topic, "artel.event.id": event.event_id}
        said = message.traceparent or event.traceparent or ""
        with (
            span(name, f"process {event.topic}", "CONSUMER", said, about),
            refused.labels(name, event.topic).count_exceptions(),
        ):
            async with turns:
                await context.database.write(_react, event, reaction)
            if is_sampled(said):
                log.info("event handled", kind="event", service=name, topic=event.topic, event_id=event.event_id)
        taken.labels(name, event.topic).inc()
        lag.labels(name).observe((now() - event.at).total_seconds())

    if by_topic:
        await context.bus.subscribe(name, list(by_topic), handle)


def _react(tx: Tx, event: Event, reaction: Reaction) -> None:
    if once(tx, event.event_id):
        reaction(tx, event)


async def readiness(context: Context) -> dict[str, str]:
    """One word for each thing the service stands on."""
    parts = {"database": context.database.ready, "bus": context.bus.ready, "store": context.store.ready}

    async def look(ready: Callable[[], Any]) -> str:
        try:
            async with asyncio.timeout(2):
                await ready()
        except Exception as error:  # noqa: BLE001 whatever is wrong, the answer is a word
            return type(error).__name__
        return "ok"

    return dict(zip(parts, await asyncio.gather(*map(look, parts.values())), strict=True))
