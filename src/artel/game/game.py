"""What a running game service has: the sessions in memory, the writer of their log, and what keeps both going."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

import structlog

from artel.game import meters
from artel.game.leaving import follow, is_behind
from artel.game.listing import keep_summaries, summary_row
from artel.game.live import PING, RESTART
from artel.game.log import open_log
from artel.game.nudges import Nudges
from artel.game.owner import Owner
from artel.game.owners import IDLE_SECONDS, Owners
from artel.game.relay import LogRelay
from artel.kernel.background import running
from artel.kernel.service import Context
from artel.kernel.store import MemoryStore

log = structlog.get_logger()
PING_SECONDS = 20
MOMENTS = 20
"""Of a round of signs of life. Each table has its own: to thousands at once they would hold up every tap."""


@dataclass
class Game:
    context: Context
    owners: Owners
    nudges: Nudges
    limits: MemoryStore = field(default_factory=MemoryStore)  # of each user's events; a process keeps its own
    ping_seconds: float = PING_SECONDS

    async def keep(self) -> None:
        """Every now and then: a sign of life to everybody who looks on, and a look at what no nudge has told."""
        for moment in cycle(range(MOMENTS)):
            await asyncio.sleep(self.ping_seconds / MOMENTS)
            try:
                self.greet(owner for owner in self.owners if hash(owner.sheet.meta.id) % MOMENTS == moment)
                if moment == 0:
                    await self.owners.look()
                    await self.put_away()
            except Exception as error:  # noqa: BLE001 an outage passes, and the next round finds what it hid
                log.warning("the sessions in memory could not be looked after", error=error)

    async def follow(self) -> int:
        """The sessions of those who are no more; how many that was. Whoever has one in memory looks at it again."""
        total = 0
        if not await self.context.database.read(is_behind):
            return 0
        while (followed := await self.context.database.write(follow)) is not None:
            for session_id in followed:
                self.nudges.changed(session_id)
                self.owners.heard_news(session_id)
            total += len(followed)
        return total

    def greet(self, owners: Iterable[Owner]) -> None:
        for owner in owners:
            if owner.live.sockets:
                owner.live.tell_all(PING)
                owner.live.tell_presence()  # a process that was heard of may have gone without a word
                self.nudges.online(owner.sheet.meta.id, owner.live.here())

    async def put_away(self, idle: float = IDLE_SECONDS) -> None:
        rows = [summary_row(owner.sheet) for owner in self.owners.idle(idle)]
        if rows:
            await self.context.database.write(keep_summaries, rows)


@asynccontextmanager
async def open_game(context: Context) -> AsyncIterator[Game]:
    async with AsyncExitStack() as stack:
        events = open_log(context.database)
        stack.push_async_callback(events.close)
        relay = LogRelay(context.database, context.bus)
        context.relay.sources.append(relay.drain)
        context.looks.append(meters.look)
        nudges = Nudges(context.bus)
        owners = Owners(context.database, events, nudges, context.relay.wake)
        game = Game(context, owners, nudges)
        context.relay.sources.append(game.follow)
        revoked = context.verifier.revoked
        revoked.listeners.append(partial(owners.sign_out, revoked))
        await nudges.listen(owners)
        for work in (owners.writer.run(), nudges.run(), game.keep()):
            await stack.enter_async_context(running(work))
        yield game
        owners.close(RESTART)
