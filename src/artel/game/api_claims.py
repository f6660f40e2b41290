from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from artel.game import claims
from artel.game.api_joining import open_by_code
from artel.game.deps import GameDep
from artel.game.owner import Owner
from artel.game.schemas import Claiming, ClaimOut
from artel.kernel.caller import CallerDep
from artel.kernel.errors import not_found
from artel.kernel.http import Id, Page, PagingDep
from artel.kernel.idempotency import OnceDep

router = APIRouter(tags=["sessions"])
PATH = "/sessions/{session_id}"


def _played(owner: Owner) -> frozenset[str]:
    return frozenset(owner.sheet.play.players)


async def _claimed_at(
    game: GameDep, caller: CallerDep, request: Request, session_id: Id, body: Claiming | None = None
) -> Owner:
    """The session, for a member or for somebody who says its code."""
    if body is None or body.code is None:
        return await game.owners.member(session_id, caller.user_id)
    if await open_by_code(game, caller, request, body.code) != session_id:
        raise not_found()
    return await game.owners.fresh(session_id)


@router.post(PATH + "/players/{player_id}/claim", status_code=202)
async def claim_guest(
    game: GameDep, caller: CallerDep, once: OnceDep, owner: Annotated[Owner, Depends(_claimed_at)], player_id: Id
) -> ClaimOut:
    """This guest is me: the organizer accepts or declines. Who is no member yet says the session's code."""
    session_id = owner.sheet.meta.id
    made = await once.run(game.context.database, claims.claim, session_id, caller, player_id, _played(owner))
    await game.owners.changed(session_id)
    return ClaimOut(**made)


@router.get(PATH + "/claims")
async def list_claims(game: GameDep, caller: CallerDep, session_id: Id, paging: PagingDep) -> Page[ClaimOut]:
    """All of them for the organizer, one's own for anybody else."""
    owner = await game.owners.member(session_id, caller.user_id)
    after = paging.key(str)
    rows = await game.context.database.read(
        claims.seen,
        session_id,
        caller,
        organizer=owner.sheet.meta.organizer_id == caller.user_id,
        limit=paging.limit + 1,
        after=after[0] if after else None,
    )
    return paging.page([ClaimOut(**claims.claim_json(row)) for row in rows], lambda claim: [claim.id])


@router.post(PATH + "/claims/{claim_id}/accept")
async def accept_claim(game: GameDep, caller: CallerDep, session_id: Id, claim_id: Id) -> ClaimOut:
    """By the organizer: from now on the guest is this user, also in what was played."""
    owner = await game.owners.member(session_id, caller.user_id)
    decided = await game.context.database.write(claims.accept, session_id, caller, claim_id, _played(owner))
    await game.owners.changed(session_id)
    return ClaimOut(**decided)


@router.post(PATH + "/claims/{claim_id}/decline")
async def decline_claim(game: GameDep, caller: CallerDep, session_id: Id, claim_id: Id) -> ClaimOut:
    """By the organizer."""
    decided = await game.context.database.write(claims.decline, session_id, caller, claim_id)
    await game.owners.changed(session_id)
    return ClaimOut(**decided)


@router.delete(PATH + "/players/{player_id}/claim", status_code=204)
async def take_claim_back(game: GameDep, caller: CallerDep, session_id: Id, player_id: Id) -> Response:
    """While it waits, by who claimed; once accepted, by the organizer too: the player is a guest again."""
    await game.context.database.write(claims.take_back, session_id, caller, player_id)
    await game.owners.changed(session_id)
    return Response(status_code=204)
