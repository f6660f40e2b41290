"""What somebody may ask for of his own: all that is kept about him."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel

from artel.auth import exports, linking
from artel.auth.archive import archived
from artel.auth.exports import Export, State
from artel.auth.limits import AuthDep, guarded, where
from artel.kernel.caller import CallerDep
from artel.kernel.database import Tx
from artel.kernel.http import Id
from artel.kernel.idempotency import OnceDep

router = APIRouter(prefix="/users/me", tags=["users"])


class ExportOut(BaseModel):
    """`until`: so long a ready one may be fetched. One that failed may be asked for again."""

    id: str
    state: State
    created_at: AwareDatetime
    until: AwareDatetime | None


def _out(export: Export) -> ExportOut:
    state = exports.state_of(export)
    until = exports.until(export) if state == "ready" else None
    return ExportOut(id=export.id, state=state, created_at=export.created_at, until=until)


@router.post("/export", status_code=202, dependencies=[Depends(guarded)])
async def request_export(auth: AuthDep, request: Request, caller: CallerDep, once: OnceDep) -> ExportOut:
    """All that is kept about me. While one is being prepared, that one; else a new one, three a day. 403
    `sign_in_again` where one signed in more than 15 minutes ago."""
    await auth.database.read(linking.require_fresh, caller.sid)

    def work(tx: Tx) -> dict[str, Any]:
        return _out(exports.request(tx, caller.user_id, where(request))).model_dump(mode="json")

    return ExportOut(**await once.run(auth.database, work))


@router.get("/exports")
async def list_exports(auth: AuthDep, caller: CallerDep) -> list[ExportOut]:
    """Those of the last seven days, the newest first."""
    return [_out(export) for export in await auth.database.read(exports.of_user, caller.user_id)]


@router.get("/exports/{export_id}")
async def get_export(auth: AuthDep, caller: CallerDep, export_id: Id) -> ExportOut:
    return _out(await auth.database.read(exports.get, caller.user_id, export_id))


@router.get(
    "/exports/{export_id}/archive",
    dependencies=[Depends(guarded)],
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def fetch_export(auth: AuthDep, request: Request, caller: CallerDep, export_id: Id) -> StreamingResponse:
    """A ZIP. 403 `sign_in_again` where one signed in more than 15 minutes ago."""
    await auth.database.read(linking.require_fresh, caller.sid)
    export = await auth.database.write(exports.fetch, caller.user_id, export_id, where(request))
    headers = {
        "Content-Disposition": f'attachment; filename="artel-{export.ready_at:%Y-%m-%d}.zip"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(archived(auth.database, export), media_type="application/zip", headers=headers)
