"""What all ways in share: who asks from where, how often he may, what is noted, and the tokens he gets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request

from artel.auth import audit, people
from artel.auth.audit import Where
from artel.auth.keys import ACCESS_SECONDS
from artel.auth.oidc import Party
from artel.auth.people import Profile, User, tidy_name
from artel.auth.schemas import TokensOut, UserOut
from artel.auth.tokens import TokenMaker, Tokens
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, rate_limited
from artel.kernel.service import Context, context_of
from artel.kernel.settings import Settings

ACCOUNT_BURST, ACCOUNT_RATE = 60, 0.1
"""Sign-ins that an account may make at once, and a second: each opening of the app is one."""
AGENT_LENGTH = 200
"""Which browser it is stands at the end."""

AuthDep = Annotated[Context, Depends(context_of("auth"))]


@dataclass(frozen=True)
class Own:
    """What auth has for its routes. `parties`: by the provider's name, those that are set up."""

    maker: TokenMaker
    parties: Mapping[str, Party]


def own(auth: Context) -> Own:
    made: Own = auth.own
    return made


def where(request: Request) -> Where:
    address = request.client.host if request.client else "unknown"
    return Where(address[:45], tidy_name(request.headers.get("user-agent", ""), "", AGENT_LENGTH))


async def limited(auth: AuthDep, request: Request) -> None:
    """Each address may try each way in so often: who cannot sign in any more still stays signed in."""
    await allowed(auth, f"{request.url.path}:{where(request).address}")


async def allowed(auth: Context, key: str, burst: int = 0, rate: float = 0) -> None:
    settings = auth.settings
    wait = await auth.store.allow(key, burst or settings.sign_in_burst, rate or settings.sign_in_rate)
    if wait:
        raise rate_limited(wait)


@asynccontextmanager
async def refusals_noted(auth: Context, request: Request) -> AsyncIterator[None]:
    """Who was not let in, and why; after what he wanted was undone."""
    try:
        yield
    except Problem as problem:
        if problem.status in {401, 403}:
            await auth.database.write(audit.note, where(request), "refused", problem.code)
        raise


def admins(settings: Settings) -> set[int]:
    """Their numbers of Telegram."""
    return {int(number) for number in settings.admins.split(",") if number}


async def tokens_for(auth: Context, request: Request, profile: Profile, device: str | None = None) -> TokensOut:
    """For somebody who has just proven who he is; a newcomer is registered. `device`: its secret."""
    here = where(request)

    def work(tx: Tx) -> Tokens:
        user = people.sign_in_or_register(tx, profile, admins(auth.settings))
        audit.note(tx, here, "signed_in", profile.provider, user_id=user.id)
        return own(auth).maker.start(tx, user, profile.provider, here.user_agent, digest(device))

    if profile.provider != "dev":
        await allowed(auth, f"account:{profile.provider}:{profile.subject}", ACCOUNT_BURST, ACCOUNT_RATE)
    return tokens_out(await auth.database.write(work))


def digest(device: str | None) -> str | None:
    return sha256(device.encode()).hexdigest() if device else None


def tokens_out(made: Tokens) -> TokensOut:
    return TokensOut(
        access_token=made.access_token,
        expires_in=ACCESS_SECONDS,
        refresh_token=made.refresh_token,
        user=user_out(made.user),
    )


def user_out(user: User) -> UserOut:
    return UserOut(**{name: getattr(user, name) for name in UserOut.model_fields})
