"""A connection on which nobody asks is closed after a while. uvicorn winds up a clock after each answer and stops it
with the next request, which takes 2 us of a tap; here it runs on, and the time is looked at when it rings."""

from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class IdleProtocol(HttpToolsProtocol):
    """Whoever takes a request in sets `idle_since` to 0."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle_since = 0.0  # by the loop's clock
        self._clock: TimerHandle | None = None

    def on_response_complete(self) -> None:
        if self.pipeline:
            super().on_response_complete()  # and goes on with what waits
            return
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        self.idle_since = self.loop.time()
        if self._clock is None:
            self._clock = self.loop.call_later(self.timeout_keep_alive, self.ring)

    def ring(self) -> None:
        self._clock = None
        if not (self.idle_since and self.cycle.response_complete):
            return  # it is wound up anew with the answer
        left = self.idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._clock = self.loop.call_later(left, self.ring)
        else:
            self.timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop()

    def handle_websocket_upgrade(self) -> None:
        self._stop()  # who looks on may be silent for longer
        super().handle_websocket_upgrade()

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
