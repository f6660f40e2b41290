from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row

from artel.auth import audit, finding, people, tokens
from artel.auth.audit import Where
from artel.auth.ended import ended
from artel.auth.keys import public_keys
from artel.auth.limits import SIGN_INS, AuthDep, limited, refusals_noted, where
from artel.auth.people import User
from artel.auth.schemas import DeviceOut, MeChange, MeOut, PersonOut, PrivacyOut, Refresh, TokensOut
from artel.auth.signing_in import own, tokens_out, user_out
from artel.auth.tokens import Tokens
from artel.kernel.caller import CallerDep
from artel.kernel.database import Tx
from artel.kernel.errors import not_found
from artel.kernel.http import Id, Page, PagingDep, Text
from artel.kernel.limits import allow
from artel.kernel.token import unauthenticated

router = APIRouter()
root = APIRouter()


@router.post("/auth/refresh", tags=["auth"], dependencies=[Depends(limited)])
async def refresh(auth: AuthDep, request: Request, body: Refresh) -> TokensOut:
    """Rotates. A token used before ends its whole family, but for the last one within 10 seconds."""
    maker = own(auth).maker
    async with refusals_noted(auth, request):
        sid, _ = maker.read(body.refresh_token)
        await allow(auth.store, f"refresh:{sid}", SIGN_INS)
        made = await auth.database.write(maker.refresh, body.refresh_token)
        if not isinstance(made, Tokens):
            await auth.database.write(audit.note, where(request), "refresh_reused", user_id=made)
            raise unauthenticated("This refresh token was used before; sign in again.", "refresh_reused", made)
    return tokens_out(made)


@router.post("/auth/logout", tags=["auth"], status_code=204)
async def sign_out(auth: AuthDep, request: Request, caller: CallerDep) -> Response:
    """Again, too: whoever did not hear the first answer asks twice."""
    await auth.database.write(_sign_out, where(request), caller.user_id, caller.sid)
    return Response(status_code=204)


def _sign_out(tx: Tx, here: Where, user_id: str, sid: str) -> bool:
    done = tokens.sign_out(tx, user_id, sid)
    if done:
        audit.note(tx, here, "signed_out", user_id=user_id)
    return done


@router.get("/auth/sessions", tags=["auth"])
async def devices(auth: AuthDep, caller: CallerDep) -> list[DeviceOut]:
    """Where I am signed in: of each device the latest sign-in."""
    found = await auth.database.read(tokens.devices, caller.user_id)
    return [_device_out(rows, caller.sid) for rows in found]


def _device_out(rows: Sequence[Row[Any]], current: str) -> DeviceOut:
    latest = rows[0]
    return DeviceOut(
        id=latest.id,
        provider=latest.provider,
        user_agent=latest.user_agent,
        created_at=latest.created_at,
        last_seen_at=latest.refreshed_at,
        current=any(row.id == current for row in rows),
    )


@router.delete("/auth/sessions/{sign_in_id}", tags=["auth"], status_code=204)
async def sign_out_device(auth: AuthDep, request: Request, caller: CallerDep, sign_in_id: Id) -> Response:
    """All sign-ins on that device end."""
    if not await auth.database.write(_sign_out, where(request), caller.user_id, sign_in_id):
        raise not_found()
    return Response(status_code=204)


@router.delete("/auth/sessions", tags=["auth"], status_code=204)
async def sign_out_everywhere(auth: AuthDep, request: Request, caller: CallerDep) -> Response:
    await auth.database.write(_sign_out_everywhere, where(request), caller.user_id)
    return Response(status_code=204)


def _sign_out_everywhere(tx: Tx, here: Where, user_id: str) -> None:
    tokens.sign_out_everywhere(tx, user_id)
    audit.note(tx, here, "signed_out_everywhere", user_id=user_id)


@router.get("/users/me", tags=["users"])
async def me(auth: AuthDep, caller: CallerDep) -> MeOut:
    return _me_out(await auth.database.read(people.get, caller.user_id))


@router.patch("/users/me", tags=["users"])
async def change_me(auth: AuthDep, caller: CallerDep, body: MeChange) -> MeOut:
    said = body.model_dump()
    wanted = said | (said.pop("privacy") or {})
    changes = {name: value for name, value in wanted.items() if value is not None}
    return _me_out(await auth.database.write(people.change, caller.user_id, changes))


def _me_out(user: User) -> MeOut:
    privacy = PrivacyOut(**{name: getattr(user, name) for name in PrivacyOut.model_fields})
    return MeOut(**user_out(user).model_dump(), privacy=privacy)


@router.get("/users", tags=["users"])
async def find_people(
    auth: AuthDep, caller: CallerDep, paging: PagingDep, query: Annotated[Text, Query(min_length=2)]
) -> Page[PersonOut]:
    """By the beginning of a name or username."""
    rows: Sequence[User] = await auth.database.read(finding.find, query, caller.user_id, paging.limit + 1, paging.after)
    return paging.page([_person_out(row) for row in rows], lambda person: [person.id])


@router.get("/users/{user_id}", tags=["users"])
async def person(auth: AuthDep, caller: CallerDep, user_id: Id) -> PersonOut:  # noqa: ARG001 only the signed-in look
    return _person_out(await auth.database.read(people.whoever, user_id))


def _person_out(user: User) -> PersonOut:
    return PersonOut(**{name: getattr(user, name) for name in PersonOut.model_fields})


@root.get("/inner/revoked", include_in_schema=False)
async def revoked(auth: AuthDep, request: Request) -> list[str]:
    """For the gateway, which lets nobody else through to it; before the one process nobody stands."""
    if len(request.app.state.contexts) > 1:
        raise not_found()
    return await auth.database.read(ended)


@root.get("/.well-known/jwks.json", tags=["auth"])
async def jwks(auth: AuthDep, response: Response) -> dict[str, Any]:
    """The public keys of access tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return public_keys(auth.settings.keys)
