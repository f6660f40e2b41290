"""Telegram and Google, as each wants to be asked and says who somebody is.

Sources: core.telegram.org/bots/telegram-login; developers.google.com/identity/openid-connect/openid-connect.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from httpx2 import AsyncClient

from artel.auth.oidc import NotProven, Party, Provider
from artel.auth.people import Profile, https_or_none, language_or_russian, tidy_name
from artel.auth.telegram import is_user_id
from artel.kernel.settings import Settings

LONGEST_SUBJECT = 255


def providers(settings: Settings) -> Iterator[Provider]:
    """Those that are set up."""
    if settings.telegram_client_id and settings.telegram_client_secret:
        yield telegram(
            settings.telegram_issuer, settings.telegram_client_id, settings.telegram_client_secret.get_secret_value()
        )
    if settings.google_client_id and settings.google_client_secret:
        yield google(
            settings.google_issuer, settings.google_client_id, settings.google_client_secret.get_secret_value()
        )


def parties(settings: Settings, http: AsyncClient) -> dict[str, Party]:
    return {
        each.name: Party(each, http, f"{settings.public}/api/v1/auth/{each.name}/callback")
        for each in providers(settings)
    }


def telegram(issuer: str, client_id: str, client_secret: str) -> Provider:
    return Provider(
        "telegram",
        issuer,
        [issuer],
        client_id,
        client_secret,
        "openid profile",
        ["RS256", "ES256", "EdDSA"],  # whichever BotFather was asked for
        always_nonce=False,  # Telegram does not say it again; the state, PKCE and the code's one use stand for it
        profile=_of_telegram,
    )


def google(issuer: str, client_id: str, client_secret: str) -> Provider:
    return Provider(
        "google",
        issuer,
        [issuer, issuer.partition("://")[2]],  # both are documented
        client_id,
        client_secret,
        "openid email profile",
        ["RS256"],
        always_nonce=True,
        profile=_of_google,
    )


def _of_telegram(claims: Mapping[str, Any]) -> Profile:
    """He is the claim `id`, as in the Mini App; `sub` is another one for each client."""
    number = claims.get("id")
    if not is_user_id(number):
        raise NotProven("invalid_id_token", "it does not say who somebody is in Telegram")
    username = tidy_name(_text(claims, "preferred_username"), "") or None
    return Profile(
        "telegram",
        str(number),
        tidy_name(_text(claims, "name"), otherwise="Игрок"),
        username=username,
        avatar_url=https_or_none(_text(claims, "picture")),
        telegram_id=number,
        label=f"@{username}" if username else "",
    )


def _of_google(claims: Mapping[str, Any]) -> Profile:
    subject = _text(claims, "sub")
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotProven("invalid_id_token", "it does not say who somebody is")
    email = _text(claims, "email") if claims.get("email_verified") is True else ""
    return Profile(
        "google",
        subject,
        tidy_name(_text(claims, "name"), otherwise="Игрок"),
        avatar_url=https_or_none(_text(claims, "picture")),
        language=language_or_russian(_text(claims, "locale")),
        label=tidy_name(email, ""),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
