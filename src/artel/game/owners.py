"""The sessions in this process's memory: fetched when somebody asks, compared with the log, put away when idle."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

import structlog

from artel.engine.rules import parse_rules
from artel.game import meters
from artel.game.live import RESTART, UNSIGNED, Live
from artel.game.log import Fenced, Log
from artel.game.meta import Head, Meta, heads, load_lines, load_meta
from artel.game.nudges import Nudges
from artel.game.owner import Answer, Owner
from artel.game.posted import Posted
from artel.game.sheet import AT_ONCE, Sheet
from artel.game.writer import Lost, Writer
from artel.kernel.database import Database, Tx
from artel.kernel.errors import Problem, not_found, unavailable
from artel.kernel.revoked import Revoked

T = TypeVar("T")
log = structlog.get_logger()
FENCED_TRIES = 10
"""Another process plays at the same table; before each try all that it has written is seen."""
LOST_TRIES = 2
IDLE_SECONDS = 600


@dataclass(frozen=True)
class News:
    """What the database has beyond `known`; `meta` only if it changed."""

    head: Head
    meta: Meta | None
    lines: Sequence[bytes]


def _news(tx: Tx, session_id: str, known: Head) -> News | None:
    head = heads(tx, [session_id]).get(session_id)
    if head is None:
        return None
    meta = load_meta(tx, session_id) if head.stamp != known.stamp else None
    lines = load_lines(tx, session_id, known.version) if head.version > known.version else []
    return News(head, meta, lines)


def _whole(tx: Tx, session_id: str, user_id: str | None) -> tuple[Meta, Sequence[bytes]] | None:
    """None for whoever may not know of it: strangers do not make us read a log."""
    meta = load_meta(tx, session_id)
    if meta is None or (user_id is not None and user_id not in meta.members):
        return None
    return meta, load_lines(tx, session_id)


class Owners:
    def __init__(self, database: Database, events: Log, nudges: Nudges, announced: Callable[[], None]) -> None:
        self.writer = Writer(events, self.doubt, announced)
        self._database = database
        self._nudges = nudges
        self._owners: dict[str, Owner] = {}
        self._used: dict[str, float] = {}
        self._refreshing: set[asyncio.Task[None]] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def __iter__(self) -> Iterator[Owner]:
        return iter(list(self._owners.values()))

    # Somebody asks

    async def member(self, session_id: str, user_id: str) -> Owner:
        """As of now, whichever process wrote last; 404 for whoever is no member."""
        owner = await self.fresh(session_id, user_id)
        if user_id not in owner.sheet.meta.members:
            raise not_found()
        return owner

    async def show(self, session_id: str, user_id: str | None, view: Callable[[Sheet], T]) -> T:
        """What a member sees, or, without a user, whoever the view lets see it: nothing of it may still be lost."""
        for _ in range(FENCED_TRIES):
            owner = await (self.member(session_id, user_id) if user_id else self.fresh(session_id))
            seen = view(owner.sheet)
            if await self.is_on_disk(owner):
                return seen
        raise _busy()

    def post_now(self, session_id: str, user_id: str, asked: Sequence[Posted]) -> Answer | None:
        """To be given once its batch is on disk. None where `post` has to wait for something else first, or finds out
        whether a refusal rests on what is written."""
        owner = self._owners.get(session_id)
        if owner is None or owner.doubtful or user_id not in owner.sheet.meta.members:
            return None
        self._used[session_id] = time.monotonic()
        try:
            return owner.post(user_id, asked)
        except Problem:
            return None

    async def post(self, session_id: str, user_id: str, asked: Sequence[Posted]) -> Answer:
        """On disk when it returns."""
        for _ in range(LOST_TRIES):
            try:
                return await self._post(session_id, user_id, asked)
            except Lost:
                continue
        raise unavailable("The log cannot be written now: post the same events again.")

    async def _post(self, session_id: str, user_id: str, asked: Sequence[Posted]) -> Answer:
        for _ in range(FENCED_TRIES):
            owner = self._owners.get(session_id)
            if owner is None or owner.doubtful or user_id not in owner.sheet.meta.members:
                owner = await self.member(session_id, user_id)
            self._used[session_id] = time.monotonic()
            answer = await self._answer(owner, user_id, asked)
            if answer.batch is None:
                return answer
            try:
                await answer.batch.wait()
            except Fenced:
                continue
            return answer
        raise _busy()

    async def _answer(self, owner: Owner, user_id: str, asked: Sequence[Posted]) -> Answer:
        """A refusal must rest on what is written, wherever it was, and not on what this process still thinks."""
        try:
            return owner.post(user_id, asked)
        except Problem:
            if not await self._is_news(owner):
                raise
        owner = await self.member(owner.sheet.meta.id, user_id)
        return owner.post(user_id, asked)

    async def changed(self, session_id: str) -> Owner:
        """Something beside the log was changed: everybody is told, and who may join or leave now does."""
        self._nudges.changed(session_id)
        for _ in range(FENCED_TRIES):
            owner = await self.fresh(session_id)
            owner.grant_wishes()
            if await self.is_on_disk(owner):
                return owner
        raise _busy()

    async def _is_news(self, owner: Owner) -> bool:
        def known() -> tuple[int, int, int]:
            return owner.life, owner.sheet.version, owner.sheet.meta.stamp

        before = known()
        await self.is_on_disk(owner)
        return await self.fresh(owner.sheet.meta.id) is not owner or known() != before

    async def is_on_disk(self, owner: Owner) -> bool:
        """Waits for all that memory knows; False if it could not be written."""
        waiting = owner.on_disk()
        if waiting is not None:
            try:
                await waiting
            except (Fenced, Lost):
                return False
        return True

    # Memory and database

    async def fresh(self, session_id: str, user_id: str | None = None) -> Owner:
        """The session as the database has it; `user_id` is who asks, where that may be a stranger."""
        turn = self._turns.setdefault(session_id, asyncio.Lock())
        async with turn:
            self._used[session_id] = time.monotonic()
            owner = self._owners.get(session_id)
            if owner is not None and await self._catch_up(owner):
                return owner
            return await self._load(session_id, user_id)

    async def _catch_up(self, owner: Owner) -> bool:
        """False if memory is of another history than the database."""
        meta = owner.sheet.meta
        known = Head(owner.committed, meta.stamp, meta.epoch)
        news = await self._database.read(_news, meta.id, known)
        if news is None or news.head.epoch != known.epoch or news.head.version < known.version:
            self._drop(owner)
            return False
        if news.meta and news.meta.stamp > owner.sheet.meta.stamp:
            owner.set_meta(news.meta)
        if not owner.busy:  # else either they are our own, or ours will be fenced
            owner.follow(news.lines[owner.committed - known.version :])
            owner.doubtful = False
            owner.grant_wishes()
        return True

    async def _load(self, session_id: str, user_id: str | None) -> Owner:
        whole = await self._database.read(_whole, session_id, user_id)
        if whole is None:
            self._used.pop(session_id, None)
            raise not_found()
        meta, lines = whole
        sheet = Sheet(meta, parse_rules(meta.rules))
        for number, line in enumerate(lines, 1):
            sheet.follow(line)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        owner = self._owners[session_id] = Owner(sheet, self.writer, Live(), self._written)
        meters.owners.set(len(self._owners))
        self._nudges.ask(session_id)
        owner.grant_wishes()
        return owner

    def _drop(self, owner: Owner) -> None:
        log.warning("history has changed under a session", session_id=owner.sheet.meta.id)
        owner.forget_pending()
        owner.live.close_all(RESTART)
        del self._owners[owner.sheet.meta.id]

    def doubt(self) -> None:
        """The log was out of reach: what is in memory may be more than what is left of it."""
        for owner in self:
            owner.forget_pending()

    # From time to time

    def peek(self, session_id: str) -> Owner | None:
        return self._owners.get(session_id)

    async def look(self) -> None:
        """Finds what no nudge has told."""
        stale = await self._database.read(heads, list(self._owners))
        for owner in self:
            meta = owner.sheet.meta
            if stale.get(meta.id) != Head(owner.committed, meta.stamp, meta.epoch) and not owner.busy:
                await self._refresh(meta.id)

    def idle(self, seconds: float = IDLE_SECONDS) -> list[Owner]:
        """Those that nobody has asked for; they are out of memory then."""
        since = time.monotonic() - seconds
        idle = [owner for owner in self if self._used[owner.sheet.meta.id] <= since]
        idle = [owner for owner in idle if not (owner.busy or owner.doubtful or owner.live.sockets)]
        for owner in idle:
            del self._owners[owner.sheet.meta.id], self._used[owner.sheet.meta.id]
        meters.owners.set(len(self._owners))
        return idle

    def close(self, code: int) -> None:
        for owner in self:
            owner.live.close_all(code)

    def sign_out(self, revoked: Revoked) -> None:
        """Whoever looks on by a sign-in that has ended."""
        for socket in [socket for owner in self for socket in owner.live.sockets if socket.sid in revoked]:
            socket.close(UNSIGNED)

    def _written(self, owner: Owner, state_changed: bool) -> None:
        session_id = owner.sheet.meta.id
        if state_changed or owner.live.is_seen_elsewhere:
            self._nudges.changed(session_id)
        if state_changed:  # and the code with it
            self.heard_news(session_id)

    # What other processes say

    def heard_news(self, session_id: str) -> None:
        if session_id in self._owners:
            task = asyncio.create_task(self._refresh(session_id))
            self._refreshing.add(task)
            task.add_done_callback(self._refreshing.discard)

    async def _refresh(self, session_id: str) -> None:
        try:
            await self.fresh(session_id)
        except Exception as error:  # noqa: BLE001 whoever asks next will be told
            log.warning("a session could not be refreshed", session_id=session_id, error=error)

    def heard_presence(self, process: str, session_id: str, user_ids: frozenset[str] | None) -> None:
        owner = self._owners.get(session_id)
        if owner and owner.live.heard(process, user_ids):
            self._nudges.changed(session_id)

    def heard_question(self, session_id: str) -> None:
        owner = self._owners.get(session_id)
        if owner and owner.live.sockets:
            self._nudges.online(session_id, owner.live.here())


def _busy() -> Problem:
    return unavailable("Too many are writing to this session at once; post the same events again.")
