"""How a service takes what others say."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import MetaData, select, text

from artel.contracts.friends import FriendAccepted, FriendRequested
from artel.kernel import outbox
from artel.kernel.bus import Handle, MemoryBus, Message, UnreadableError
from artel.kernel.database import Tx
from artel.kernel.events import new_id
from artel.kernel.service import REACTIONS_AT_ONCE, Service, opened
from artel.kernel.settings import Settings
from artel.kernel.store import MemoryStore

metadata = MetaData()
outbox.add_tables(metadata)


class Flood(MemoryBus):
    """Brings all it has at once, as a broker does."""

    async def subscribe(self, group: str, topics: Sequence[str], handle: Handle) -> None:
        await super().subscribe(group, topics, handle)
        self.handle = handle


async def test_what_a_service_does_not_follow_any_more_counts_for_nothing(tmp_path: Path) -> None:
    """It may be in its queue, from the release before; and what nobody has ever said is a fault as before."""
    taken: list[str] = []
    bus, nobody = Flood(), cast("Any", None)
    follows: Any = {FriendRequested: lambda _, event: taken.append(event.event_id)}
    service = Service("moved", metadata=metadata, reactions=follows, dropped=[FriendAccepted], router=nobody)
    async with opened(service, Settings(data_dir=tmp_path), bus, MemoryStore(), nobody) as context:
        await context.database.write(metadata.create_all)
        said = {"request_id": new_id(), "user_id": new_id(), "name": "Аня", "other_id": new_id(), "version": 1}
        asked, accepted = FriendRequested(**said), FriendAccepted(**said)
        for each in (accepted, asked):
            await bus.handle(Message(each.event_id, each.topic, each.envelope()))
        with pytest.raises(LookupError, match=r"nobody here follows artel\.friend\.sung\.v1"):
            await bus.handle(Message(new_id(), "artel.friend.sung.v1", b"{}"))
        with pytest.raises(UnreadableError, match="names no topic"):
            await bus.handle(Message(new_id(), "", b"{}"))
        assert taken == [asked.event_id]
        assert (
            await context.database.read(lambda tx: tx.execute(select(outbox.inbox.c.event_id)).scalars().all()) == taken
        )


async def test_a_flood_of_events_leaves_connections_to_those_who_ask(postgres_url: str, tmp_path: Path) -> None:
    at_work, most, done = 0, 0, 0

    def react(tx: Tx, _: FriendRequested) -> None:
        nonlocal at_work, most, done
        at_work += 1
        most = max(most, at_work)
        tx.execute(text("SELECT pg_sleep(0.01)"))
        at_work -= 1
        done += 1

    bus = Flood()
    nobody: Any = None
    service = Service("flooded", metadata=metadata, reactions={FriendRequested: react}, router=nobody)
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    async with opened(service, settings, bus, MemoryStore(), nobody) as context:
        await context.database.write(metadata.create_all)
        said = [
            FriendRequested(request_id=new_id(), user_id=new_id(), name="Аня", other_id=new_id(), version=1)
            for _ in range(30)
        ]
        await asyncio.gather(*(bus.handle(Message(each.event_id, each.topic, each.envelope())) for each in said))
    assert done == 30
    assert most == REACTIONS_AT_ONCE < 10
