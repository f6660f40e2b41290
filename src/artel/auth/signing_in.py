"""What all ways in share: the tokens that somebody gets who has proven who he is."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from fastapi import Request

from artel.auth import audit, people
from artel.auth.keys import ACCESS_SECONDS
from artel.auth.limits import where
from artel.auth.oidc import Party
from artel.auth.people import Profile, User
from artel.auth.schemas import TokensOut, UserOut
from artel.auth.tokens import TokenMaker, Tokens
from artel.kernel.database import Tx
from artel.kernel.service import Context
from artel.kernel.settings import Settings


@dataclass(frozen=True)
class Own:
    """What auth has for its routes. `parties`: by the provider's name, those that are set up."""

    maker: TokenMaker
    parties: Mapping[str, Party]


def own(auth: Context) -> Own:
    made: Own = auth.own
    return made


def admins(settings: Settings) -> set[int]:
    """Their numbers of Telegram."""
    return {int(number) for number in settings.admins.split(",") if number}


async def tokens_for(auth: Context, request: Request, profile: Profile, device: str | None = None) -> TokensOut:
    """For somebody who has just proven who he is, and may; a newcomer is registered. `device`: its secret."""
    here = where(request)

    def work(tx: Tx) -> Tokens:
        user = people.sign_in_or_register(tx, profile, admins(auth.settings))
        audit.note(tx, here, "signed_in", profile.provider, user_id=user.id)
        return own(auth).maker.start(tx, user, profile.provider, here.user_agent, digest(device))

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
