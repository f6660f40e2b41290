"""What somebody may ask for of his own: all that is kept about him."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel

from artel.auth import exports
from artel.auth.archive import archived
from artel.auth.exports import Export, State
from artel.auth.signing_in import AuthDep, where
from artel.kernel.http import Id
from artel.kernel.token import CallerDep

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


@router.post("/export", status_code=202)
async def request_export(auth: AuthDep, request: Request, caller: CallerDep) -> ExportOut:
    """All that is kept about me. While one is being prepared, that one; else a new one, three a day."""
    return _out(await auth.database.write(exports.request, caller.user_id, where(request)))


@router.get("/exports")
async def list_exports(auth: AuthDep, caller: CallerDep) -> list[ExportOut]:
    """Those of the last seven days, the newest first."""
    return [_out(export) for export in await auth.database.read(exports.of_user, caller.user_id)]


@router.get("/exports/{export_id}")
async def get_export(auth: AuthDep, caller: CallerDep, export_id: Id) -> ExportOut:
    return _out(await auth.database.read(exports.get, caller.user_id, export_id))


@router.get(
    "/exports/{export_id}/archive",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def fetch_export(auth: AuthDep, request: Request, caller: CallerDep, export_id: Id) -> StreamingResponse:
    """A ZIP."""
    export = await auth.database.write(exports.fetch, caller.user_id, export_id, where(request))
    headers = {
        "Content-Disposition": f'attachment; filename="artel-{export.ready_at:%Y-%m-%d}.zip"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(archived(auth.database, export), media_type="application/zip", headers=headers)
