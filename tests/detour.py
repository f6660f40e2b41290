"""Another address of a server, for a test that takes the server away, or only the way to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit


@dataclass
class Detour:
    """A way that can be cut (who comes is hung up on), stalled (nothing passes, nobody is told), mute (what is asked
    passes, and instead of an answer comes the end) and slow."""

    host: str
    to: int
    port: int = 0  # 0: one that is free
    slow: float = 0  # seconds that each piece takes
    mute: bool = False
    passed: int = 0
    _is_cut: bool = False
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _connected: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._come, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        self._is_cut = True
        for each in self._connected:
            each.transport.abort()

    def stall(self) -> None:
        self._flows.clear()

    def heal(self) -> None:
        """What waited goes on its way, as it does when a network comes back."""
        self._is_cut, self.mute, self.slow = False, False, 0
        self._flows.set()

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._through(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        self._connected.add(writer)
        try:
            await self._flows.wait()
            if self._is_cut:
                return
            there, back = await asyncio.open_connection(self.host, self.to)
            ends.add(back)
            self._connected.add(back)
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer, answers=True))
        except OSError:
            pass  # nobody is there
        finally:
            self._connected -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if self.slow:
                    await asyncio.sleep(self.slow)
                await self._flows.wait()
                if answers and self.mute:
                    break
                writer.write(data)
                self.passed += len(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def detour(port: int, to: str) -> AsyncIterator[None]:
    """A server that is there from now on, and in the end hangs up on everybody."""
    parts = urlsplit(to)
    assert parts.hostname
    assert parts.port
    way = Detour(parts.hostname, parts.port, port)
    await way.open()
    try:
        yield
    finally:
        await way.close()


def moved(url: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}".lstrip("@")))
