"""What the routes share: the running game, the caller, answers whose bytes are ready."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response

from artel.game.game import Game
from artel.game.sheet import Sheet
from artel.game.views import session_json
from artel.kernel.errors import not_found
from artel.kernel.http import UUID_TEXT
from artel.kernel.idempotency import Once
from artel.kernel.token import Caller


async def running_game(request: Request) -> Game:
    game: Game = request.app.state.contexts["game"].own
    return game


GameDep = Annotated[Game, Depends(running_game)]


def possible(session_id: str) -> str:
    """For a tap, whose path nobody has checked: 404 for what is no id."""
    if not UUID_TEXT.fullmatch(session_id):
        raise not_found()
    return session_id


def as_json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


def session_bytes(sheet: Sheet) -> bytes:
    return orjson.dumps(session_json(sheet))


async def changed_session(game: Game, session_id: str, caller: Caller) -> bytes:
    """*Session* after a change that is made: with the joins and leaves that follow from it."""
    await game.owners.changed(session_id)
    return await game.owners.show(session_id, caller.user_id, session_bytes)


async def first_answer(game: Game, session_id: str, caller: Caller, once: Once, made: Mapping[str, Any]) -> bytes:
    """The same for what `once` has `made`: a repeat gets the *Session* of the first time."""
    if "session" in made:
        return orjson.dumps(made["session"])
    body = await changed_session(game, session_id, caller)
    await once.keep(game.context.database, {"session": orjson.loads(body)})
    return body
