from fastapi import APIRouter, Request, Response

from artel.game import joining, sessions
from artel.game.caps import CODE_TRIES
from artel.game.deps import GameDep, as_json, changed_session
from artel.game.game import Game
from artel.game.joining import Inside
from artel.game.schemas import Join, SessionOut
from artel.kernel.caller import CallerDep
from artel.kernel.errors import Problem, rate_limited
from artel.kernel.limits import place_of
from artel.kernel.token import Caller

router = APIRouter(tags=["sessions"])
A_SECOND = CODE_TRIES / 60


@router.post("/sessions/join", response_model=SessionOut)
async def join(game: GameDep, caller: CallerDep, request: Request, body: Join) -> Response:
    """By its code: a member at once, a player as soon as no game runs. Again changes nothing."""
    session_id = await open_by_code(game, caller, request, body.code)
    owner = await game.owners.fresh(session_id)
    await game.context.database.write(joining.join, session_id, caller, Inside(owner.sheet))
    return as_json(await changed_session(game, session_id, caller))


async def open_by_code(game: Game, caller: Caller, request: Request, code: str) -> str:
    """The session of the code. So many tries a minute for each user, and so many wrong ones for each address: a
    company that joins from one club is no attack."""
    store = game.context.store
    address = place_of(request.scope)
    wait = await store.allow(f"join:{caller.user_id}", CODE_TRIES, A_SECOND)
    if wait or await store.get(f"join-closed:{address}"):
        raise rate_limited(wait or 60)
    session_id = await game.context.database.read(sessions.by_code, tidy(code))
    if session_id is None:
        wait = await store.allow(f"join:{address}", CODE_TRIES, A_SECOND)
        if wait:
            await store.put(f"join-closed:{address}", "1", wait)
            raise rate_limited(wait)
        raise Problem(404, "unknown_code", "No open session has this code.")
    return session_id


def tidy(code: str) -> str:
    """As it is written on a napkin."""
    return "".join(char for char in code.upper() if char in sessions.LETTERS)
