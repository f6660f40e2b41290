"""uvicorn as Artel runs it. Between a request and an ASGI application stand messages, checks and two writes; a tap goes
from the connection to its route and back, and out in one piece: a quarter less work for the loop."""

from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from artel.kernel.edge import Edge
from artel.kernel.tap import Ready, Tap


class Protocol(HttpToolsProtocol):
    """For an application with an `edge`."""

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        ours: Any = self.config.app  # around it uvicorn has put layers of its own
        edge: Edge = ours.edge
        if tap := edge.tap(cycle.scope):
            task = self.loop.create_task(self._tapped(edge, tap, cycle))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        else:
            super()._start_asgi_task(cycle, app)

    async def _tapped(self, edge: Edge, tap: Tap, cycle: Any) -> None:
        ready = await edge.answer(tap, cycle.scope, cycle.receive)
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(_wire(ready, cycle.default_headers, keep_alive=cycle.keep_alive))
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        del cycle.on_response  # it leads back to the connection, which would outlive its end


def _wire(ready: Ready, servers: Sequence[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """`servers`: headers that every answer has, the date among them."""
    parts = [STATUS_LINE[ready.status]]
    for name, value in (*servers, *ready.headers):
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    parts.append(ready.body)
    return b"".join(parts)
