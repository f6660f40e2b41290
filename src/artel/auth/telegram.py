"""What Telegram itself signs: the init data of a Mini App, and the fields of the older Login Widget.

Init data is a query string that is signed twice, with the bot's token and with Telegram's own key. Source:
core.telegram.org/bots/webapps, "Validating data received via the Mini App" and "… for Third-Party Use". With the token
every received pair but `hash` is signed, `signature` included; with Telegram's key every one but those two. Values are
taken as received, decoded once. The widget: core.telegram.org/widgets/login, "Checking authorization".
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from artel.auth.people import Profile, https_or_none, language_or_russian, tidy_name

MAX_AGE_SECONDS = 3600
SKEW_SECONDS = 60
PUBLIC_KEY = "e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d"
"""Telegram's own, Ed25519, in hex."""


class BadInitData(Exception):  # noqa: N818 it is a refusal
    """`code` is invalid_init_data or init_data_expired; the raw string is never part of it."""

    def __init__(self, why: str, code: str = "invalid_init_data") -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class TelegramUser:
    id: int  # up to 52 bits
    first_name: str
    last_name: str
    username: str | None
    photo_url: str | None
    language: str | None


Proof = Callable[[Mapping[str, str]], str]
"""Raises BadInitData for fields that are not signed well; else what names this launch and no other."""


def verify_init_data(raw: str, proof: Proof, now: float) -> tuple[TelegramUser, str]:
    """The user and what names this launch. `now` in seconds of Unix time."""
    fields = _fields(raw)
    launch = proof(fields)
    _check_age(fields.get("auth_date", ""), now)
    return _user(fields.get("user", "")), launch


def verify_widget(fields: Mapping[str, str], token: str, now: float) -> tuple[TelegramUser, str]:
    """The same of what the Login Widget gives."""
    if not all(re.fullmatch("[a-z_]+", name) for name in fields):
        raise BadInitData("no fields of the widget")
    _require_lines(fields)
    launch = _signed_with(hashlib.sha256(token.encode()).digest())(fields)
    _check_age(fields.get("auth_date", ""), now)
    number = fields.get("id", "")
    user = {**fields, "id": int(number) if number.isascii() and number.isdigit() and len(number) < 17 else None}
    return _read(user), launch


def signed_with_token(token: str) -> Proof:
    return _signed_with(hmac.digest(b"WebAppData", token.encode(), "sha256"))


def _signed_with(key: bytes) -> Proof:
    def proof(fields: Mapping[str, str]) -> str:
        given = fields.get("hash", "")
        wanted = hmac.digest(key, _text_but(fields, "hash"), "sha256").hex()
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise BadInitData("the hash does not fit")
        return given

    return proof


def signed_by_telegram(bot_id: int) -> Proof:
    """For whoever knows the bot's number and not its token."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC_KEY))

    def proof(fields: Mapping[str, str]) -> str:
        try:
            given = urlsafe_b64decode(fields.get("signature", "") + "==")
            key.verify(given, f"{bot_id}:WebAppData\n".encode() + _text_but(fields, "hash", "signature"))
        except (InvalidSignature, ValueError) as error:
            raise BadInitData("the signature does not fit") from error
        return given.hex()  # the text may be written in several ways

    return proof


def _text_but(fields: Mapping[str, str], *unsigned: str) -> bytes:
    return "\n".join(f"{name}={value}" for name, value in sorted(fields.items()) if name not in unsigned).encode()


def _fields(raw: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise BadInitData("not a query string") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadInitData("a field comes twice")
    _require_lines(fields)
    return fields


def _require_lines(fields: Mapping[str, str]) -> None:
    """Each is one line of what is signed: with a break in it the same text could be read as other fields."""
    if any("\n" in name + value for name, value in fields.items()):
        raise BadInitData("a line break")


def _check_age(auth_date: str, now: float) -> None:
    if not (auth_date.isascii() and auth_date.isdigit() and len(auth_date) <= 12):
        raise BadInitData("auth_date is not a time")
    age = now - int(auth_date)
    if age < -SKEW_SECONDS:
        raise BadInitData("auth_date is in the future")
    if age > MAX_AGE_SECONDS:
        raise BadInitData("too old: open the app again", "init_data_expired")


def _user(text: str) -> TelegramUser:
    try:
        user = orjson.loads(text)
    except ValueError as error:
        raise BadInitData("user is not JSON") from error
    return _read(user)


def _read(user: Any) -> TelegramUser:
    if not isinstance(user, dict) or not is_user_id(user.get("id")) or not isinstance(user.get("first_name"), str):
        raise BadInitData("there is no user")
    return TelegramUser(
        user["id"],
        user["first_name"],
        _text(user.get("last_name")) or "",
        _text(user.get("username")),
        _text(user.get("photo_url")),
        _text(user.get("language_code")),
    )


def is_user_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53


def profile_of(user: TelegramUser) -> Profile:
    username = tidy_name(user.username or "", "") or None
    return Profile(
        "telegram",
        str(user.id),
        tidy_name(f"{user.first_name} {user.last_name}", otherwise="Игрок"),
        username=username,
        avatar_url=https_or_none(user.photo_url),
        language=language_or_russian(user.language),
        telegram_id=user.id,
        label=f"@{username}" if username else "",
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
