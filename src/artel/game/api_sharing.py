import time
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Header, Response

from artel.game import sharing
from artel.game.deps import GameDep, as_json
from artel.game.export import as_csv, case
from artel.game.game import Game
from artel.game.owner import Owner
from artel.game.schemas import CaseOut, Share, SharedOut, ShareOut, TicketOut
from artel.game.sheet import Sheet
from artel.game.tickets import Grant, issue
from artel.game.views import shared_json
from artel.kernel.caller import CallerDep
from artel.kernel.errors import not_found
from artel.kernel.http import Id
from artel.kernel.idempotency import OnceDep

router = APIRouter(tags=["sessions"])
TokenHeader = Annotated[str, Header(alias="X-Share-Token", max_length=200)]
DAY_SECONDS = 24 * 3600  # after which a screen on the wall connects anew


@router.post("/sessions/{session_id}/share")
async def share(game: GameDep, caller: CallerDep, once: OnceDep, session_id: Id, body: Share) -> ShareOut:
    """A new link to a scoreboard that anybody may look at; it replaces the one before."""
    made = await once.run(game.context.database, sharing.share, session_id, caller, money=body.money)
    await game.owners.changed(session_id)
    return ShareOut(url=f"{game.context.settings.public}/s/#{made['token']}")


@router.delete("/sessions/{session_id}/share", status_code=204)
async def unshare(game: GameDep, caller: CallerDep, session_id: Id) -> Response:
    """The link opens nothing any more, and whoever is looking is cut off."""
    await game.context.database.write(sharing.unshare, session_id, caller)
    await game.owners.changed(session_id)
    return Response(status_code=204)


@router.post("/sessions/{session_id}/live-ticket")
async def live_ticket(game: GameDep, caller: CallerDep, session_id: Id) -> TicketOut:
    """Opens one live socket, soon."""
    await game.owners.member(session_id, caller.user_id)
    return await issue(game.context.store, Grant(session_id, caller.user_id, caller.exp, None, caller.sid))


@router.get("/shared", response_model=SharedOut)
async def get_shared(game: GameDep, x_share_token: TokenHeader = "") -> Response:
    """The scoreboard of a link."""
    owner, share_hash = await _linked(game, x_share_token)
    session_id = owner.sheet.meta.id

    def view(sheet: Sheet) -> bytes:
        if sheet.meta.share_hash != share_hash:
            raise not_found()
        return orjson.dumps(shared_json(sheet))

    body = await game.owners.show(session_id, None, view)
    return as_json(body)


@router.post("/shared/live-ticket")
async def shared_live_ticket(game: GameDep, x_share_token: TokenHeader = "") -> TicketOut:
    """Opens one live socket to the scoreboard, soon."""
    owner, share_hash = await _linked(game, x_share_token)
    return await issue(game.context.store, Grant(owner.sheet.meta.id, None, int(time.time()) + DAY_SECONDS, share_hash))


async def _linked(game: Game, token: str) -> tuple[Owner, str]:
    share_hash = sharing.hashed(token)
    session_id = await game.context.database.read(sharing.shared, share_hash)
    if session_id is None:
        raise not_found("This link opens nothing.")
    return await game.owners.fresh(session_id), share_hash


@router.get(
    "/sessions/{session_id}/export",
    response_model=CaseOut,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export(
    game: GameDep,
    caller: CallerDep,
    session_id: Id,
    format: Literal["json", "csv"] = "json",  # noqa: A002 the address says so
) -> Response:
    """The case that `artel replay` reads, or, with `format=csv`, a table for people: a line for each event of the log,
    with names in place of ids. `amount` is a whole number in minor units of the `currency` beside it, as everywhere
    (120000 RUB is 1 200 ₽); both are empty where an event moves no money by itself."""
    kinds = {
        "json": ("application/json", lambda sheet: orjson.dumps(case(sheet))),
        "csv": ("text/csv; charset=utf-8", as_csv),
    }
    media_type, view = kinds[format]
    content = await game.owners.show(session_id, caller.user_id, view)
    name = {"Content-Disposition": f'attachment; filename="session-{session_id}.{format}"'}
    return Response(content, headers=name, media_type=media_type)
