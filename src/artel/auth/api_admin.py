"""For those whom the settings name: find somebody, block him, look what happened."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from artel.auth import audit, finding, people, tokens
from artel.auth.audit import Kind, Where
from artel.auth.limits import AuthDep, guarded, where
from artel.auth.people import User
from artel.auth.schemas import AuditOut, KnownUser
from artel.kernel.caller import CallerDep
from artel.kernel.database import Tx
from artel.kernel.errors import Problem
from artel.kernel.events import now
from artel.kernel.http import Id, Page, PagingDep, Text

router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(guarded)])


@router.get("/users")
async def find_users(
    auth: AuthDep, caller: CallerDep, paging: PagingDep, query: Annotated[Text, Query(min_length=2)]
) -> Page[KnownUser]:
    """By the beginning of a name or username, or by the whole of an id or of a number in Telegram; hidden from others,
    blocked, or merged since."""

    def found(tx: Tx) -> list[KnownUser]:
        people.require_admin(tx, caller.user_id)
        rows = finding.find_any(tx, query, paging.limit + 1, paging.after)
        ways = finding.ways_of(tx, rows)
        return [_known(row, *ways[row.id]) for row in rows]

    return paging.page(await auth.database.read(found), lambda user: [user.id])


def _known(user: User, providers: list[str], telegram_ids: list[int]) -> KnownUser:
    return KnownUser(**user._asdict(), providers=providers, telegram_ids=telegram_ids)


@router.post("/users/{user_id}/block", status_code=204)
async def block(auth: AuthDep, request: Request, caller: CallerDep, user_id: Id) -> Response:
    """He is signed out everywhere within seconds, and is not let in again. What he has played stays."""
    await auth.database.write(_set_blocked, where(request), caller.user_id, user_id, "blocked")
    return Response(status_code=204)


@router.post("/users/{user_id}/unblock", status_code=204)
async def unblock(auth: AuthDep, request: Request, caller: CallerDep, user_id: Id) -> Response:
    await auth.database.write(_set_blocked, where(request), caller.user_id, user_id, "unblocked")
    return Response(status_code=204)


def _set_blocked(tx: Tx, here: Where, admin_id: str, user_id: str, kind: Kind) -> None:
    people.require_admin(tx, admin_id)
    if kind == "blocked" and user_id == admin_id:
        raise Problem(409, "own_account", "Nobody blocks himself.")
    if people.set_blocked(tx, user_id, now() if kind == "blocked" else None):
        tokens.sign_out_everywhere(tx, user_id)
        audit.note(tx, here, kind, user_id=user_id, by_id=admin_id)


@router.get("/audit")
async def look(
    auth: AuthDep, caller: CallerDep, paging: PagingDep, kind: Kind | None = None, user_id: Id | None = None
) -> Page[AuditOut]:
    """What happened around signing in, the newest first; for 400 days."""

    def found(tx: Tx) -> Sequence[Any]:
        people.require_admin(tx, caller.user_id)
        return audit.noted(tx, kind, user_id, paging.limit + 1, paging.key(str))

    rows = await auth.database.read(found)
    return paging.page([AuditOut(**row._asdict()) for row in rows], lambda row: [row.id])
