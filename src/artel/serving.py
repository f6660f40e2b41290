"""A process that answers: its ports, its server, its end."""

import asyncio
import gc
import os
import resource
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import disable_created_metrics, start_http_server

from artel.compose import compose
from artel.kernel.logs import configure_logs
from artel.kernel.server import Protocol
from artel.kernel.settings import Settings
from artel.kernel.waiting import wait_for_all
from artel.kernel.wire import LiveProtocol

log = structlog.get_logger()
KEPT_SECONDS = 75
"""An idle connection: longer than the gateway keeps it, or a request may be on its way into one that is closing."""
PING_SECONDS = 20
"""So often is whoever looks on asked whether he is there, and so long may his answer take."""


@contextmanager
def ports(settings: Settings) -> Iterator[socket.socket]:
    """Both are had before anything else is done. OSError, with the setting that chooses another."""
    with _listen(settings) as listening:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of all there is, and nobody asks for it
        try:
            # Never beside the public routes: whoever collects metrics is on this machine, or in a network of its own.
            metrics, _thread = start_http_server(settings.admin, settings.admin_host)
        except (OSError, OverflowError) as error:
            raise OSError(
                f"port {settings.admin}, where metrics are, cannot be had ({error}); ARTEL_ADMIN_PORT chooses another"
            ) from None
        try:
            yield listening
        finally:
            metrics.shutdown()
            metrics.server_close()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise OSError(
            f"port {settings.port} on {settings.host} cannot be had ({error.strerror}); ARTEL_PORT chooses another"
        ) from None
    return listening


class Server(uvicorn.Server):
    """Says that it has begun, and why it ended; `quiet`, where somebody sees it with his own eyes."""

    quiet = False
    asked = ""  # by which signal to end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        at = [each.getsockname() for each in sockets or ()]
        if not self.quiet:
            log.info("started", address=", ".join(f"{host}:{port}" for host, port, *_ in at))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.asked = signal.Signals(sig).name
        super().handle_exit(sig, frame)

    def tell_end(self) -> None:
        if not self.asked:
            log.error("ended", why="it failed" if self.started else "it could not start")
        elif not self.quiet:
            log.info("ended", why=f"{self.asked} asked it to")


async def wait(settings: Settings, names: Sequence[str]) -> None:
    """Until all is there, or until it is asked to end: which the loop hears between two steps, and not in the middle of
    a line of the log, where no other could be said."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end_while_it_waits)
    await wait_for_all(settings, names)


def end_while_it_waits() -> None:
    log.info("ended", why="asked to while it waited")
    os._exit(0)


def end_at_once(_signal: int, _frame: FrameType | None) -> None:
    """Where nothing is open yet."""
    os._exit(0)


def serve(
    listening: socket.socket,
    settings: Settings,
    names: Sequence[str],
    grace: int,
    *,
    quiet: bool = False,
    gateway: str = "127.0.0.1",
) -> int:
    """Whoever is being answered gets `grace` seconds; whoever looks on is told at once to come back. `gateway` is who
    may say from where a request comes, unless FORWARDED_ALLOW_IPS does."""
    configure_logs(settings, names)
    _allow_many_sockets()
    if settings.dev_login:
        log.warning("ARTEL_DEV_LOGIN=1 lets anybody sign in as anybody by a name")
    config = uvicorn.Config(
        _frozen(compose(names, settings)),
        loop="uvloop",
        http=Protocol,
        ws=LiveProtocol,
        ws_per_message_deflate=False,  # compressing small frames costs two thirds more than sending them
        ws_max_size=64 * 1024,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        lifespan="on",
        timeout_keep_alive=KEPT_SECONDS,
        timeout_graceful_shutdown=grace,
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", gateway),
    )
    server = Server(config)
    server.quiet = quiet
    # Heard from now on, before uvicorn listens for itself; at its end it says again what it was told.
    signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        with suppress(KeyboardInterrupt):  # Ctrl-C, after everything was closed in order
            server.run(sockets=[listening])
    finally:
        server.tell_end()
    return 0 if server.started else 1


def _allow_many_sockets() -> None:
    """Each is an open file, of which a process may have 1,024 on most systems until it asks for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _frozen(app: FastAPI) -> FastAPI:
    """What is there after the start stays: without this a full collection stops everybody for 50 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    return app
