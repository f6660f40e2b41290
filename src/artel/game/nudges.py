"""Between processes: that a session has something new, and who looks on where. A lost nudge costs a little time.

A tap is told only to where somebody looks on. So whoever begins to look on says so, whoever takes a session into
memory asks, and whoever hears of a new looker tells him that there may be news: what was written before it was heard.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import orjson
import structlog

from artel.kernel.bus import Bus
from artel.kernel.events import new_id

log = structlog.get_logger()
TOPIC = "game.sessions"
PAUSE_SECONDS = 0.005
"""Between two nudges: what comes meanwhile goes with the next, and a flood of taps is no flood of messages."""


class Listener(Protocol):
    def heard_news(self, session_id: str) -> None:
        """It changed in another process."""

    def heard_presence(self, process: str, session_id: str, user_ids: frozenset[str] | None) -> None:
        """Who is online there; None: nobody looks on there any more."""

    def heard_question(self, session_id: str) -> None:
        """Another process wants to know who looks on here."""


class Nudges:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._me = new_id()
        self._changed: set[str] = set()
        self._online: dict[str, list[str] | None] = {}
        self._asked: set[str] = set()
        self._more = asyncio.Event()

    def changed(self, session_id: str) -> None:
        self._changed.add(session_id)
        self._more.set()

    def online(self, session_id: str, user_ids: Iterable[str] | None) -> None:
        self._online[session_id] = None if user_ids is None else sorted(user_ids)
        self._more.set()

    def ask(self, session_id: str) -> None:
        self._asked.add(session_id)
        self._more.set()

    async def listen(self, listener: Listener) -> None:
        await self._bus.listen(TOPIC, lambda body: self._hear(body, listener))

    async def run(self) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            body = {
                "from": self._me,
                "changed": list(self._changed),
                "online": self._online,
                "asked": list(self._asked),
            }
            self._changed, self._online, self._asked = set(), {}, set()
            try:
                await self._bus.nudge(TOPIC, orjson.dumps(body))
            except Exception as error:  # noqa: BLE001 the next look at the database finds it all the same
                log.warning("nudge not sent", error=error)
            await asyncio.sleep(PAUSE_SECONDS)

    def _hear(self, body: bytes, listener: Listener) -> None:
        heard = orjson.loads(body)
        if heard["from"] == self._me:
            return
        for session_id in heard["changed"]:
            listener.heard_news(session_id)
        for session_id, user_ids in heard["online"].items():
            listener.heard_presence(heard["from"], session_id, None if user_ids is None else frozenset(user_ids))
        for session_id in heard["asked"]:
            listener.heard_question(session_id)
