from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Response
from fastapi import Body as InBody

from artel.game import joining, sessions
from artel.game.deps import GameDep, as_json, changed_session, first_answer, possible, session_bytes
from artel.game.forms import BatchForm, EventForm
from artel.game.joining import Inside
from artel.game.listing import list_mine
from artel.game.posted import Posted, read_posted
from artel.game.posting import post
from artel.game.schemas import LogOut, NewPlayer, NewSession, PostedOut, SessionChange, SessionItem, SessionOut
from artel.game.views import log_json
from artel.kernel.caller import CallerDep
from artel.kernel.http import Id, Page, PagingDep
from artel.kernel.idempotency import OnceDep
from artel.kernel.tap import Found, Ready, Tap, WireForm

router = APIRouter(tags=["sessions"])
taps = APIRouter(tags=["sessions"], route_class=Tap)
EventsBody = Annotated[list[Posted], WireForm(EventForm | BatchForm, read_posted), InBody()]


@taps.post(
    "/sessions/{session_id}/events",
    status_code=201,
    response_model=PostedOut,
    responses={200: {"model": PostedOut, "description": "Nothing was new."}},
)
def post_events(game: GameDep, caller: CallerDep, session_id: Id, body: EventsBody) -> Found:
    """One event, or several, all or nothing. The id of an event is its idempotency key."""
    return post(game, session_id, caller.user_id, body)


@taps.get("/sessions/{session_id}", response_model=SessionOut)
async def get_session(game: GameDep, caller: CallerDep, session_id: Id) -> Ready:
    return Ready(200, await game.owners.show(possible(session_id), caller.user_id, session_bytes))


@router.get("/sessions/{session_id}/events", response_model=LogOut)
async def get_events(
    game: GameDep,
    caller: CallerDep,
    session_id: Id,
    after: Annotated[int, Query(ge=0, le=10**6)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """The log, in order."""
    return as_json(await game.owners.show(session_id, caller.user_id, lambda sheet: log_json(sheet, after, limit)))


@router.post("/sessions", status_code=201, response_model=SessionOut)
async def create_session(game: GameDep, caller: CallerDep, once: OnceDep, body: NewSession) -> Response:
    """The creator is its organizer and, unless he says otherwise, its first player."""
    made = sessions.draft(caller, body)
    answer = await once.run(game.context.database, sessions.create, caller, made)
    if "again" in answer:
        return as_json(await game.owners.show(made.id, caller.user_id, session_bytes), 201)
    return as_json(orjson.dumps(answer), 201, once.headers)


@router.get("/sessions", response_model=Page[SessionItem])
async def list_sessions(
    game: GameDep, caller: CallerDep, paging: PagingDep, state: Literal["open", "finished"] | None = None
) -> Response:
    """Those I am a member of, the newest first, without their games and rules."""
    return as_json(await list_mine(game.context.database, game.owners, caller.user_id, state, paging))


@router.patch("/sessions/{session_id}", response_model=SessionOut)
async def change_session(game: GameDep, caller: CallerDep, session_id: Id, body: SessionChange) -> Response:
    """By the organizer."""
    await game.context.database.write(sessions.change, session_id, caller, body)
    return as_json(await changed_session(game, session_id, caller))


@router.post("/sessions/{session_id}/code", response_model=SessionOut)
async def renew_code(game: GameDep, caller: CallerDep, once: OnceDep, session_id: Id) -> Response:
    """Another code to join by; the old one opens nothing any more."""
    made = await once.run(game.context.database, sessions.renew_code, session_id, caller)
    return as_json(await first_answer(game, session_id, caller, once, made), 200, once.headers)


@router.post("/sessions/{session_id}/players", status_code=201, response_model=SessionOut)
async def add_player(game: GameDep, caller: CallerDep, once: OnceDep, session_id: Id, body: NewPlayer) -> Response:
    """By the organizer; he is in as soon as no game runs."""
    owner = await game.owners.member(session_id, caller.user_id)
    inside = Inside(owner.sheet)
    made = await once.run(game.context.database, joining.add_player, session_id, caller, body, inside)
    return as_json(await first_answer(game, session_id, caller, once, made), 201, once.headers)


@router.delete("/sessions/{session_id}/members/{user_id}", status_code=204)
async def remove_member(game: GameDep, caller: CallerDep, session_id: Id, user_id: Id) -> Response:
    """By the organizer: he sees the session no more, and leaves the table as soon as no game runs. The code that he
    knows opens nothing any more; the session has another one."""
    owner = await game.owners.member(session_id, caller.user_id)
    await game.context.database.write(joining.remove_member, session_id, caller, user_id, Inside(owner.sheet))
    await game.owners.changed(session_id)
    return Response(status_code=204)
