"""Who looks on at one session in this process."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

import orjson

from artel.game import meters
from artel.game.frames import Frame
from artel.game.meta import Meta
from artel.kernel.wire import Wire, encoded

RING = 128
"""Frames kept for those who come back; older ones are made again from the log."""
QUEUE = 256
"""Frames that may wait for one slow reader, beside what he has missed."""
TOGETHER = 16
"""Frames that go to a reader in one piece: each piece is a call of the system, here and in the gateway."""
PRESENT_SECONDS = 60
"""How long another process's word on who is online is taken, if it does not repeat it."""
NO_RIGHT, TOO_SLOW, UNSIGNED, RESTART = 4403, 4008, 4401, 1012

CHANGED = encoded(orjson.dumps({"type": "session"}))
PING = encoded(orjson.dumps({"type": "ping"}))


class Socket:
    """One reader: what waits for him never grows beyond QUEUE; and, when it is over, the code to close with.

    `user_id` is None for somebody who looks on by a share link; `since` is the version he already has; `sid` the
    sign-in by which he came.
    """

    def __init__(self, user_id: str | None, since: int, wire: Wire, sid: str = "") -> None:
        self.user_id = user_id
        self.sid = sid
        self.since = since
        self.code = 0
        self.over = asyncio.Event()
        self._wire = wire
        self._begun = False
        self._first: deque[bytes] = deque()
        self._waiting: deque[bytes] = deque()
        self._more = asyncio.Event()

    def put(self, *said: bytes) -> None:
        """Out at once and in one piece, if there is nothing before it."""
        if self._begun and not self._first and not self._waiting and self._wire.write(b"".join(said)):
            return
        if len(self._waiting) + len(said) > QUEUE:
            self.close(TOO_SLOW)
            return
        self._waiting.extend(said)
        self._more.set()

    def begin(self, said: Sequence[bytes]) -> None:
        """With these, however many: what was missed is bounded by who asks for it."""
        self._first.extend(said)
        self._begun = True
        self._more.set()

    def show(self, frames: Sequence[Frame]) -> None:
        said = [
            one
            for frame in frames
            if frame.version > self.since and (one := frame.full if self.user_id else frame.shared)
        ]
        if said:
            self.put(*said)

    def close(self, code: int) -> None:
        self.code = self.code or code
        self.over.set()

    async def send(self) -> None:
        """What could not go out at once, from the beginning on and for ever."""
        while True:
            await self._more.wait()
            self._more.clear()
            while left := self._first or self._waiting:
                await self._wire.writable.wait()
                if self._wire.write(left[0]):
                    left.popleft()


class Live:
    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self._elsewhere: dict[str, tuple[frozenset[str], float]] = {}  # by process: who is online there, until when
        self._presence = b""
        self._ring: dict[int, Frame] = {}

    @property
    def is_shared(self) -> bool:
        return bool(self.sockets) and any(socket.user_id is None for socket in self.sockets)

    def tell(self, frames: Sequence[Frame], since: Sequence[float] = ()) -> None:
        """What is on disk, and the times `since` when, if this process has put it there. Nothing is kept where nobody
        has looked on yet."""
        if not (self.sockets or self._ring):
            return
        for frame in frames:
            self._ring[frame.version] = frame
            self._ring.pop(frame.version - RING, None)
        for first in range(0, len(frames), TOGETHER) if self.sockets else ():
            together = frames[first : first + TOGETHER]
            for socket in self.sockets:
                socket.show(together)
        if self.sockets:
            now = time.perf_counter()
            for moment in since:
                meters.fan_out.observe(now - moment)

    def missed(self, after: int, upto: int) -> list[Frame] | None:
        """None if some of them are not kept any more."""
        kept = [self._ring[version] for version in range(after + 1, upto + 1) if version in self._ring]
        return kept if len(kept) == upto - after else None

    def tell_all(self, said: bytes) -> None:
        for socket in self.sockets:
            socket.put(said)

    def close_all(self, code: int) -> None:
        for socket in self.sockets:
            socket.close(code)

    # Who may look, and who does

    def meta_changed(self, before: Meta, after: Meta) -> None:
        """Whoever lost his right goes; the others look again."""
        for socket in self.sockets:
            if socket.user_id is None:
                lost = before.share_hash != after.share_hash
            else:
                lost = socket.user_id not in after.members
            if lost:
                socket.close(NO_RIGHT)
            else:
                socket.put(CHANGED)

    def here(self) -> frozenset[str] | None:
        """Who is online; None where nobody looks on. Whoever looks on by a share link has no name."""
        return frozenset(socket.user_id for socket in self.sockets if socket.user_id) if self.sockets else None

    def heard(self, process: str, user_ids: frozenset[str] | None) -> bool:
        """Who is online in another process; True if nobody looked on there before."""
        is_new = process not in self._alive()
        if user_ids is None:
            self._elsewhere.pop(process, None)
        else:
            self._elsewhere[process] = user_ids, time.monotonic() + PRESENT_SECONDS
        self.tell_presence()
        return is_new and user_ids is not None

    @property
    def is_seen_elsewhere(self) -> bool:
        return bool(self._elsewhere) and bool(self._alive())

    def _alive(self) -> dict[str, frozenset[str]]:
        now = time.monotonic()
        return {process: who for process, (who, until) in self._elsewhere.items() if until > now}

    def presence(self) -> bytes:
        online = (self.here() or frozenset()).union(*self._alive().values())
        return encoded(orjson.dumps({"type": "presence", "online": sorted(online)}))

    def tell_presence(self, newcomer: Socket | None = None) -> None:
        """To everybody if it has changed, else to the newcomer alone."""
        before, self._presence = self._presence, self.presence()
        for socket in (newcomer,) if self._presence == before else tuple(self.sockets):
            if socket and socket.user_id:
                socket.put(self._presence)
