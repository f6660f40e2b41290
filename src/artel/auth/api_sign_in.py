"""The ways in: a launch in Telegram, a provider in a browser, a name alone in development."""

import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from artel.auth import linking, replay, trips
from artel.auth.limits import AuthDep, account_allowed, limited, note_refusal, proven_by, refusals_noted, where
from artel.auth.oidc import NotProven, Party, challenge_of
from artel.auth.people import Profile
from artel.auth.schemas import (
    Challenge,
    Device,
    DevSignIn,
    Exchange,
    Provider,
    ReturnTo,
    TelegramSignIn,
    TokensOut,
    WayBack,
    WaysOut,
    WidgetSignIn,
)
from artel.auth.signing_in import digest, own, tokens_for
from artel.auth.telegram import (
    MAX_AGE_SECONDS,
    SKEW_SECONDS,
    BadInitData,
    Proof,
    TelegramUser,
    profile_of,
    signed_by_telegram,
    signed_with_token,
    verify_init_data,
    verify_widget,
)
from artel.kernel.errors import Problem, not_found
from artel.kernel.service import Context
from artel.kernel.settings import Settings
from artel.kernel.token import unauthenticated

log = structlog.get_logger()
COOKIE_PATH = "/api/v1/auth"
MOST_AWAY = 5
router = APIRouter(prefix="/auth", tags=["auth"])
Limited = [Depends(limited)]


@router.get("/ways")
async def ways(auth: AuthDep) -> WaysOut:
    """For whoever is not signed in."""
    settings = auth.settings
    return WaysOut(
        telegram="telegram" in own(auth).parties,
        telegram_widget=_widget(settings),
        google="google" in own(auth).parties,
        dev=settings.dev_login_allowed,
        app=settings.telegram_app or None,
    )


@router.post("/dev")
async def sign_in_by_name(auth: AuthDep, request: Request, body: DevSignIn) -> TokensOut:
    """Development only: the same name is the same user."""
    # Without a limit: a name proves nothing, and a whole company is played from one address.
    if not auth.settings.dev_login_allowed:
        raise not_found()
    async with refusals_noted(auth, request):
        return await tokens_for(auth, request, Profile("dev", body.name, body.name))


# Telegram's own signature


@router.post("/telegram", dependencies=Limited)
async def sign_in_by_telegram(auth: AuthDep, request: Request, body: TelegramSignIn) -> TokensOut:
    """With the init data of a Mini App launch; the first use binds it to `device`."""
    proof = _telegram_proof(auth.settings)
    if proof is None:
        raise not_found("Sign-in by Telegram is not set up here.")
    async with refusals_noted(auth, request):
        try:
            user, launch = verify_init_data(body.init_data, proof, time.time())
        except BadInitData as error:
            raise Problem(401, error.code, f"Telegram's launch data was refused: {error}.") from error
        return await _launched(auth, request, user, launch, body.device)


def _telegram_proof(settings: Settings) -> Proof | None:
    """With the token, if we have it: Telegram's own signature came later, and older apps do not send it."""
    if settings.telegram_bot_token:
        return signed_with_token(settings.telegram_bot_token.get_secret_value())
    if settings.telegram_bot_id:
        return signed_by_telegram(settings.telegram_bot_id)
    return None


@router.post("/telegram-widget", dependencies=Limited)
async def sign_in_by_widget(auth: AuthDep, request: Request, body: WidgetSignIn) -> TokensOut:
    """With what Telegram's older Login Widget gave; otherwise as `/auth/telegram`."""
    token = auth.settings.telegram_bot_token
    if token is None or not auth.settings.telegram_widget:
        raise not_found("Sign-in by Telegram's widget is not set up here.")
    fields = {name: str(value) for name, value in body.fields.items()}
    async with refusals_noted(auth, request):
        try:
            user, launch = verify_widget(fields, token.get_secret_value(), time.time())
        except BadInitData as error:
            raise Problem(401, error.code, f"What the widget gave was refused: {error}.") from error
        return await _launched(auth, request, user, launch, body.device)


def _widget(settings: Settings) -> str | None:
    if not (settings.telegram_widget and settings.telegram_bot_token):
        return None
    page = urlsplit(settings.public)
    asked = {
        "bot_id": settings.telegram_client_id,
        "origin": f"{page.scheme}://{page.netloc}",
        "request_access": "write",
    }
    return f"{settings.telegram_issuer}/auth?{urlencode(asked)}&return_to="


async def _launched(
    auth: Context, request: Request, user: TelegramUser, launch: str, device: Device | None
) -> TokensOut:
    expires = datetime.now(UTC) + timedelta(seconds=MAX_AGE_SECONDS + SKEW_SECONDS)
    profile, used = profile_of(user), (sha256(launch.encode()).hexdigest(), digest(device))
    async with proven_by(auth, profile):
        # Asked before the launch is used up, but not for whoever brings another's.
        await auth.database.read(replay.require_unused, *used)
        await account_allowed(auth, profile)
        await auth.database.write(replay.claim_launch, *used, expires)
    return await tokens_for(auth, request, profile, device)


# A provider, in a browser


class PageRoute(APIRoute):
    """Where a browser goes by itself: who asks wrongly, or too often, is told so by our page, not in JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def on_a_page(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                if any(item["loc"][0] == "path" for item in error.errors()):
                    raise
                return _back("/", sign_in_error="state_lost")
            except Problem as problem:
                if problem.status != 429:
                    raise
                page = _back("/", sign_in_error=problem.code)
                page.headers.update(problem.headers)
                return page

        return on_a_page


pages = APIRouter(prefix="/auth", tags=["auth"], route_class=PageRoute)


@pages.get("/{provider}/start", dependencies=Limited, status_code=303, response_class=RedirectResponse)
async def start(
    auth: AuthDep,
    request: Request,
    provider: Provider,
    challenge: Annotated[Challenge, Query()],
    return_to: Annotated[ReturnTo, Query()] = "/",
) -> RedirectResponse:
    """Leaves for the provider. In the end `return_to`, or the first page where that is none of ours, gets
    `#signed_in=<code>` for `/auth/exchange`, or `#sign_in_error=<code>`."""
    asked = party(auth, provider)
    try:
        departure = await trips.depart(auth.store, asked, return_to=return_to, challenge=challenge)
    except NotProven as refusal:
        return _back(return_to, sign_in_error=refusal.code)
    answer = RedirectResponse(departure.address, 303, {"Cache-Control": "no-store"})
    give_cookie(request, auth.settings, answer, departure)
    return answer


@pages.get("/{provider}/callback", dependencies=Limited, status_code=303, response_class=RedirectResponse)
async def callback(
    auth: AuthDep, request: Request, provider: Provider, said: Annotated[WayBack, Query()]
) -> RedirectResponse:
    """Where the provider sends people back to."""
    trip = await trips.come_back(auth.store, provider, said.state, request.cookies)
    if trip is None:
        return await _refused(auth, request, "/", sign_in_error="state_lost")
    try:
        profile = await trips.proven(party(auth, provider), trip, said)
    except NotProven as refusal:
        log.warning("somebody came back from a provider without a proof", what=provider, why=str(refusal))
        if trip.link_id:
            await linking.fail(auth.store, trip.link_id, refusal.code)
            return await _refused(auth, request, linking.PAGE, about=trip.link_id, linked=refusal.code)
        return await _refused(auth, request, trip.return_to, sign_in_error=refusal.code)
    if trip.link_id:
        return _back(linking.PAGE, **await _linked(auth, request, trip.link_id, profile))
    return _back(trip.return_to, signed_in=await trips.put_proof(auth.store, profile, trip.challenge))


async def _linked(auth: Context, request: Request, link_id: str, profile: Profile) -> dict[str, str]:
    link = await linking.pending(auth.store, link_id)
    if link is None or link.state == "failed":  # refused in another tab
        return {"linked": "expired"}
    outcome = await auth.database.write(linking.link, where(request), link.user_id, link.sid, profile)
    await linking.arrive(auth.store, link, outcome, profile)
    if outcome == "taken":
        return {"linked": outcome, "consent": await linking.ask_consent(auth.store, link)}
    return {"linked": outcome}


@router.post("/exchange", dependencies=Limited)
async def exchange(auth: AuthDep, request: Request, body: Exchange) -> TokensOut:
    """The code that came back, for tokens: once, within a minute, by the page that asked."""
    async with refusals_noted(auth, request):
        profile = await trips.proof(auth.store, body.code, challenge_of(body.verifier))
        if profile:
            async with proven_by(auth, profile):
                await account_allowed(auth, profile)  # before the code is used up: it is good once he may
        if profile is None or not await trips.use_up(auth.store, body.code):
            raise unauthenticated("This code is not good any more; sign in again.", "invalid_code")
        return await tokens_for(auth, request, profile, body.device)


def party(auth: Context, provider: str) -> Party:
    known = own(auth).parties.get(provider)
    if known is None:
        raise not_found(f"Sign-in by {provider} is not set up here.")
    return known


def give_cookie(request: Request, settings: Settings, answer: Response, departure: trips.Departure) -> None:
    """For the way back, which comes from another site: Lax. Of departures without a return the oldest are forgotten, or
    a page that makes somebody leave again and again would fill his requests with them."""
    for name in [name for name in request.cookies if name.startswith(trips.COOKIE)][:-MOST_AWAY]:
        answer.delete_cookie(name, path=COOKIE_PATH)
    answer.set_cookie(
        departure.cookie,
        departure.secret,
        max_age=trips.AWAY_SECONDS,
        path=COOKIE_PATH,
        secure=settings.public.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


async def _refused(auth: Context, request: Request, return_to: str, about: str = "", **said: str) -> RedirectResponse:
    """`about`: the link that comes to nothing."""
    link = await linking.pending(auth.store, about) if about else None
    code = next(iter(said.values()))
    await note_refusal(auth, request, code, link.user_id if link else None)
    return _back(return_to, **said)


def _back(return_to: str, **said: str) -> RedirectResponse:
    """Behind a #, which no server and no log ever sees."""
    return RedirectResponse(f"{return_to}#{urlencode(said)}", 303, {"Cache-Control": "no-store"})
