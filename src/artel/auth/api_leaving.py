"""To go, and to think again."""

from fastapi import APIRouter, Depends, Request, Response

from artel.auth import leaving, linking
from artel.auth.limits import AuthDep, guarded, where
from artel.auth.schemas import LeavingOut
from artel.kernel.caller import CallerDep

router = APIRouter(prefix="/users/me", tags=["users"])


@router.delete("", status_code=202, dependencies=[Depends(guarded)])
async def delete_me(auth: AuthDep, request: Request, caller: CallerDep) -> LeavingOut:
    """In 14 days; until then whoever signs in again may take it back. Signs out everywhere. 403 `sign_in_again`
    where one signed in more than 15 minutes ago."""
    await auth.database.read(linking.require_fresh, caller.sid)
    return LeavingOut(deletes_at=await auth.database.write(leaving.ask, caller.user_id, where(request)))


@router.post("/keep", status_code=204)
async def keep_me(auth: AuthDep, request: Request, caller: CallerDep) -> Response:
    """I am not to be deleted after all."""
    await auth.database.write(leaving.take_back, caller.user_id, where(request))
    return Response(status_code=204)
