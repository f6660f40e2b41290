"""The live socket: who may open it, what comes first, and how it ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from artel.game import meters
from artel.game.caps import MISSED
from artel.game.frames import frames_again
from artel.game.game import Game
from artel.game.live import NO_RIGHT, RESTART, UNSIGNED, Socket
from artel.game.owner import Owner
from artel.game.tickets import Grant, redeem
from artel.game.views import session_json, shared_json
from artel.kernel.errors import Problem, forbidden
from artel.kernel.outage import is_outage
from artel.kernel.wire import Wire, encoded, wire_of

router = APIRouter(tags=["live"])
PROTOCOL = "artel.v1"
TICKET = "ticket."
POLITE = 1000
TOO_MUCH, TOO_BIG = 1008, 1009
LONGEST = 1024  # characters of what a client may say; it has nothing to say
WORDS_A_SECOND, WORDS_AT_ONCE = 2, 60
GOODBYE_SECONDS = 10


@router.websocket("/sessions/{session_id}/live")
async def live(socket: WebSocket, session_id: str) -> None:
    await _serve(socket, session_id)


@router.websocket("/shared/live")
async def shared_live(socket: WebSocket) -> None:
    await _serve(socket, None)


async def _serve(socket: WebSocket, session_id: str | None) -> None:
    game: Game = socket.app.state.contexts["game"].own
    refused = _refusal(socket, game.context.settings.public)
    if refused:
        await socket.send_denial_response(refused.response(""))
        return
    await socket.accept(PROTOCOL)
    try:
        code = await _look_on(game, socket, session_id)
    except Problem as problem:
        code = NO_RIGHT if problem.status == 404 else RESTART
    except WebSocketDisconnect:
        return
    except Exception as error:
        if not is_outage(error):
            raise
        code = RESTART
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await socket.close(code)


# Before it opens


def _refusal(socket: WebSocket, public: str) -> Problem | None:
    if not _is_ours(socket, public):
        return forbidden("This page may not open a live socket here.")
    if PROTOCOL not in socket.scope["subprotocols"]:
        return Problem(400, "unknown_protocol", f"The subprotocol is {PROTOCOL}.")
    return None


def _is_ours(socket: WebSocket, public: str) -> bool:
    """Our own page, or no page at all: a browser always says whose page it is."""
    origin = socket.headers.get("origin")
    if origin is None:
        return not socket.headers.get("user-agent", "").startswith("Mozilla/")
    page = urlsplit(origin)
    if page.scheme not in {"http", "https"} or origin != f"{page.scheme}://{page.netloc}":
        return False
    ours = urlsplit(public)
    return (page.scheme, page.netloc) == (ours.scheme, ours.netloc) or page.netloc == socket.headers.get("host")


async def _grant(game: Game, socket: WebSocket, session_id: str | None) -> Grant | None:
    tickets = [word.removeprefix(TICKET) for word in socket.scope["subprotocols"] if word.startswith(TICKET)]
    grant = await redeem(game.context.store, tickets[0]) if tickets else None
    if grant is None or session_id not in {grant.session_id, None if grant.share else grant.session_id}:
        return None
    return grant if grant.exp > time.time() and grant.sid not in game.context.verifier.revoked else None


# While it is open


async def _look_on(game: Game, socket: WebSocket, session_id: str | None) -> int:
    """Until it is over; the code to close with."""
    grant = await _grant(game, socket, session_id)
    if grant is None:
        return UNSIGNED
    looker, owner = await _attach(game, grant, _asked_from(socket), wire_of(socket.scope))
    async with _present(game, owner, looker):
        if grant.sid in game.context.verifier.revoked:  # while he came in; whoever tells sockets did not know him yet
            looker.close(UNSIGNED)
        tasks = [asyncio.create_task(looker.send()), asyncio.create_task(_listen(socket, looker))]
        expiry = asyncio.get_running_loop().call_later(grant.exp - time.time(), looker.close, UNSIGNED)
        try:
            await looker.over.wait()
        finally:
            expiry.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return looker.code


def _asked_from(socket: WebSocket) -> tuple[int, str] | None:
    """The version that the client has, and the epoch if he says it."""
    after, epoch = socket.query_params.get("after", ""), socket.query_params.get("epoch", "")
    return (int(after), epoch) if after.isascii() and after.isdigit() and len(after) < 9 else None


async def _attach(game: Game, grant: Grant, has: tuple[int, str] | None, wire: Wire) -> tuple[Socket, Owner]:
    """From here every new frame is queued; what comes first is put before them."""
    for _ in range(10):
        owner = await game.owners.fresh(grant.session_id)
        _require_right(owner, grant)
        if has and not grant.share and _can_catch_up(owner, *has):
            return await _missed(owner, grant, has[0], wire), owner
        looker = Socket(grant.user_id, owner.sheet.version, wire, grant.sid)
        first = _snapshot(owner, grant)
        owner.live.sockets.add(looker)
        if await game.owners.is_on_disk(owner):
            looker.begin([first])
            return looker, owner
        owner.live.sockets.discard(looker)
    raise Problem(503, "unavailable", "Too many are writing to this session.")


def _require_right(owner: Owner, grant: Grant) -> None:
    meta = owner.sheet.meta
    if not (meta.share_hash == grant.share if grant.share else grant.user_id in meta.members):
        raise Problem(404, "not_found")


def _can_catch_up(owner: Owner, after: int, epoch: str) -> bool:
    return epoch in {"", owner.sheet.meta.epoch} and 0 <= owner.committed - after <= MISSED


async def _missed(owner: Owner, grant: Grant, after: int, wire: Wire) -> Socket:
    upto = owner.committed
    looker = Socket(grant.user_id, upto, wire, grant.sid)
    owner.live.sockets.add(looker)
    frames = owner.live.missed(after, upto)
    if frames is None:
        frames = await frames_again(owner.sheet, after, upto)
    looker.begin([frame.full for frame in frames])
    return looker


def _snapshot(owner: Owner, grant: Grant) -> bytes:
    session = shared_json(owner.sheet) if grant.share else session_json(owner.sheet)
    return encoded(orjson.dumps({"type": "snapshot", "session": session}))


@asynccontextmanager
async def _present(game: Game, owner: Owner, looker: Socket) -> AsyncIterator[None]:
    meters.sockets.inc()
    owner.live.tell_presence(looker)
    game.nudges.online(owner.sheet.meta.id, owner.live.here())
    try:
        yield
    finally:
        meters.sockets.dec()
        owner.live.sockets.discard(looker)
        owner.live.tell_presence()
        game.nudges.online(owner.sheet.meta.id, owner.live.here())


async def _listen(socket: WebSocket, looker: Socket) -> None:
    """A client has nothing to say; what it says all the same is bounded."""
    words, since = 0.0, time.monotonic()
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            looker.close(POLITE)
            return
        now = time.monotonic()
        words, since = max(0.0, words - (now - since) * WORDS_A_SECOND) + 1, now
        if len(message.get("text") or message.get("bytes") or "") > LONGEST:
            looker.close(TOO_BIG)
        elif words > WORDS_AT_ONCE:
            looker.close(TOO_MUCH)
