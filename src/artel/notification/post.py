"""Takes letters to where they go, one after another, for as long as the service runs. Any number of processes may be at
it; that a bot rests, and how often it speaks, holds for all of them.
"""

import asyncio
import time
from contextlib import suppress

import structlog

from artel.kernel.database import Database
from artel.kernel.store import Store
from artel.notification import letters, meters
from artel.notification.channel import Answer, Channel
from artel.notification.letters import Letter
from artel.notification.texts import Door, language, letter_text

log = structlog.get_logger()
POLL_SECONDS = 1
AWAY_SECONDS = 5
"""Where the database is away, which is said each time."""
A_SECOND = 25
"""Telegram lets a bot say thirty."""
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 600
TOKEN_PAUSE_SECONDS = 300
RESTS = "letters.rest"


class Post:
    def __init__(self, database: Database, store: Store, channel: Channel, door: Door) -> None:
        self._database = database
        self._store = store
        self._channel = channel
        self._door = door
        self._turn = asyncio.Lock()
        self._rests_until = 0.0

    async def run(self) -> None:
        """For ever."""
        while True:
            pause = POLL_SECONDS
            try:
                await self.deliver()
            except Exception as error:  # noqa: BLE001 an outage passes, and letters wait
                log.warning("letters wait", service="notification", error=error)
                pause = AWAY_SECONDS
            await asyncio.sleep(pause)

    async def deliver(self) -> None:
        """All that is due. One at a time, so that who waits has waited for all."""
        async with self._turn:
            while not await self._rests() and await self._database.read(letters.is_due):
                if wait := await self._store.allow("letters", 1, A_SECOND):
                    await asyncio.sleep(wait)
                elif letter := await self._database.write(letters.claim):
                    await self._deliver(letter)

    async def _deliver(self, letter: Letter) -> None:
        if letter.ended:
            self._tell(letter, Answer("failed", "it could not be told for a day"), letter.ended)
            return
        text = letter_text(letter.news, language(letter.language), self._door)
        answer = await self._channel.send(letter.chat, text)
        count = await self._settle(letter, answer)
        self._tell(letter, answer, answer.outcome, count)

    async def _settle(self, letter: Letter, answer: Answer) -> int:
        """How many letters have this fate."""
        write = self._database.write
        match answer.outcome:
            case "sent" | "refused":
                await write(letters.finish, letter)
            case "closed":
                return await write(letters.close, letter)
            case "limited" | "token_refused":
                pause = answer.seconds or TOKEN_PAUSE_SECONDS
                await self._rest(pause)
                await write(letters.put_off, letter, pause, tried=False)
            case "failed":
                pause = min(FIRST_PAUSE_SECONDS * 2 ** (letter.tries - 1), LONGEST_PAUSE_SECONDS)
                await write(letters.put_off, letter, pause)
        return 1

    async def _rest(self, seconds: float) -> None:
        self._rests_until = time.monotonic() + seconds
        with suppress(ConnectionError):  # then each process finds out by itself
            await self._store.put(RESTS, "1", seconds)

    async def _rests(self) -> bool:
        if self._rests_until > time.monotonic():
            return True
        with suppress(ConnectionError):
            return await self._store.get(RESTS) is not None
        return False

    def _tell(self, letter: Letter, answer: Answer, outcome: str, count: int = 1) -> None:
        meters.letter(outcome, count)
        about = {"service": "notification", "what": letter.news.kind, "why": answer.why, "user_id": letter.user_id}
        match outcome:
            case "token_refused":
                log.error("Telegram knows no such bot: nobody is told anything there", **about)
            case "given_up":
                log.error("a letter was given up", **about, tries=letter.tries)
            case "closed":
                log.info("nobody hears in this chat", **about)
            case "refused" | "failed" | "limited":
                log.warning("a letter did not go", **about, tries=letter.tries)
