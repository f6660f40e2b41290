import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from artel.auth import audit, people, tokens
from artel.auth.audit import Where
from artel.auth.ended import ended
from artel.auth.keys import public_keys
from artel.auth.people import Profile, User, language_or_russian, tidy_name
from artel.auth.replay import claim_launch
from artel.auth.schemas import (
    DeviceOut,
    DevSignIn,
    MeChange,
    PersonOut,
    Refresh,
    TelegramSignIn,
    TokensOut,
    UserOut,
)
from artel.auth.telegram import (
    MAX_AGE_SECONDS,
    SKEW_SECONDS,
    BadInitData,
    Proof,
    TelegramUser,
    signed_by_telegram,
    signed_with_token,
    verify_init_data,
)
from artel.auth.tokens import ACCESS_SECONDS, TokenMaker, Tokens
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, not_found, rate_limited
from artel.kernel.http import Id, Page, PagingDep, Text
from artel.kernel.service import Context, context_of
from artel.kernel.settings import Settings
from artel.kernel.token import CallerDep, unauthenticated

AuthDep = Annotated[Context, Depends(context_of("auth"))]

router = APIRouter()
root = APIRouter()


def where(request: Request) -> Where:
    address = request.client.host if request.client else "unknown"
    return Where(address[:45], tidy_name(request.headers.get("user-agent", ""), ""))


async def limited(auth: AuthDep, request: Request) -> None:
    """Each address may try each way in so often: who cannot sign in any more still stays signed in."""
    key = f"{request.url.path}:{where(request).address}"
    wait = await auth.store.allow(key, auth.settings.sign_in_burst, auth.settings.sign_in_rate)
    if wait:
        raise rate_limited(wait)


@router.post("/auth/dev", tags=["auth"])
async def sign_in_by_name(auth: AuthDep, request: Request, body: DevSignIn) -> TokensOut:
    """Development only: the same name is the same user."""
    # Without a limit: a name proves nothing, and a whole company is played from one address.
    if not auth.settings.dev_login_allowed:
        raise not_found()
    async with _refusals_noted(auth, request):
        return await _signed_in(auth, request, Profile("dev", body.name, body.name))


@router.post("/auth/telegram", tags=["auth"], dependencies=[Depends(limited)])
async def sign_in_by_telegram(auth: AuthDep, request: Request, body: TelegramSignIn) -> TokensOut:
    """With the init data of a Mini App launch; the first use binds it to `device`."""
    proof = _telegram_proof(auth.settings)
    if proof is None:
        raise not_found("Sign-in by Telegram is not set up here.")
    async with _refusals_noted(auth, request):
        try:
            user, launch = verify_init_data(body.init_data, proof, time.time())
        except BadInitData as error:
            raise Problem(401, error.code, f"Telegram's launch data was refused: {error}.") from error
        device = sha256(body.device.encode()).hexdigest() if body.device else None
        expires = datetime.now(UTC) + timedelta(seconds=MAX_AGE_SECONDS + SKEW_SECONDS)
        await auth.database.write(claim_launch, sha256(launch.encode()).hexdigest(), device, expires)
        return await _signed_in(auth, request, _telegram_profile(user))


@asynccontextmanager
async def _refusals_noted(auth: Context, request: Request) -> AsyncIterator[None]:
    """Who was not let in, and why; after what he wanted was undone."""
    try:
        yield
    except Problem as problem:
        if problem.status in {401, 403}:
            await auth.database.write(audit.note, where(request), "refused", problem.code)
        raise


def _telegram_proof(settings: Settings) -> Proof | None:
    """With the token, if we have it: Telegram's own signature came later, and older apps do not send it."""
    if settings.telegram_bot_token:
        return signed_with_token(settings.telegram_bot_token.get_secret_value())
    if settings.telegram_bot_id:
        return signed_by_telegram(settings.telegram_bot_id)
    return None


def admins(settings: Settings) -> set[int]:
    """Their numbers of Telegram."""
    return {int(number) for number in settings.admins.split(",") if number}


def _telegram_profile(user: TelegramUser) -> Profile:
    return Profile(
        "telegram",
        str(user.id),
        tidy_name(f"{user.first_name} {user.last_name}", otherwise="Игрок"),
        username=tidy_name(user.username or "", "") or None,
        avatar_url=_https(user.photo_url),
        language=language_or_russian(user.language),
        telegram_id=user.id,
    )


def _https(address: str | None) -> str | None:
    return address if address and address.startswith("https://") and len(address) <= 500 else None


async def _signed_in(auth: Context, request: Request, profile: Profile) -> TokensOut:
    maker: TokenMaker = auth.own
    here = where(request)

    def work(tx: Tx) -> Tokens:
        user = people.sign_in_or_register(tx, profile, admins(auth.settings))
        audit.note(tx, here, "signed_in", profile.provider, user_id=user.id)
        return maker.start(tx, user, profile.provider, here.user_agent)

    return _tokens_out(await auth.database.write(work))


def _tokens_out(made: Tokens) -> TokensOut:
    return TokensOut(
        access_token=made.access_token,
        expires_in=ACCESS_SECONDS,
        refresh_token=made.refresh_token,
        user=_user_out(made.user),
    )


def _user_out(user: User) -> UserOut:
    return UserOut(**{name: getattr(user, name) for name in UserOut.model_fields})


def _person_out(user: User) -> PersonOut:
    return PersonOut(**{name: getattr(user, name) for name in PersonOut.model_fields})


@router.post("/auth/refresh", tags=["auth"], dependencies=[Depends(limited)])
async def refresh(auth: AuthDep, request: Request, body: Refresh) -> TokensOut:
    """Rotates. A token used before ends its whole family, but for the last one within 10 seconds."""
    maker: TokenMaker = auth.own
    async with _refusals_noted(auth, request):
        made = await auth.database.write(maker.refresh, body.refresh_token)
        if not isinstance(made, Tokens):
            await auth.database.write(audit.note, where(request), "refresh_reused", user_id=made)
            raise unauthenticated("This refresh token was used before; sign in again.", "refresh_reused")
    return _tokens_out(made)


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
    """Where I am signed in."""
    rows = await auth.database.read(tokens.devices, caller.user_id)
    return [_device_out(row, caller.sid) for row in rows]


def _device_out(row: Any, current: str) -> DeviceOut:
    return DeviceOut(
        id=row.id,
        provider=row.provider,
        user_agent=row.user_agent,
        created_at=row.created_at,
        last_seen_at=row.refreshed_at,
        current=row.id == current,
    )


@router.delete("/auth/sessions/{sign_in_id}", tags=["auth"], status_code=204)
async def sign_out_device(auth: AuthDep, request: Request, caller: CallerDep, sign_in_id: Id) -> Response:
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
async def me(auth: AuthDep, caller: CallerDep) -> UserOut:
    return _user_out(await auth.database.read(people.get, caller.user_id))


@router.patch("/users/me", tags=["users"])
async def change_me(auth: AuthDep, caller: CallerDep, body: MeChange) -> UserOut:
    changes = {name: value for name, value in body.model_dump().items() if value is not None}
    return _user_out(await auth.database.write(people.change, caller.user_id, changes))


@router.get("/users", tags=["users"])
async def find_people(
    auth: AuthDep, caller: CallerDep, paging: PagingDep, query: Annotated[Text, Query(min_length=2)]
) -> Page[PersonOut]:
    """By the beginning of a name or username."""
    rows: Sequence[User] = await auth.database.read(people.find, query, caller.user_id, paging.limit + 1, paging.after)
    return paging.page([_person_out(row) for row in rows], lambda person: [person.id])


@router.get("/users/{user_id}", tags=["users"])
async def person(auth: AuthDep, caller: CallerDep, user_id: Id) -> PersonOut:  # noqa: ARG001 only the signed-in look
    return _person_out(await auth.database.read(people.get, user_id))


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
