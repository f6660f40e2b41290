"""Telegram Mini App init data: a query string signed by Telegram with the bot's token.

Source: core.telegram.org/bots/webapps, "Validating data received via the Mini App". Every received pair but `hash`
is signed, `signature` included; the values are hashed as received, decoded once.
"""

import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

MAX_AGE_SECONDS = 3600
SKEW_SECONDS = 60


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


def verify_init_data(raw: str, token: str, now: float) -> tuple[TelegramUser, str]:
    """The user and the hash that names this launch. `now` in seconds of Unix time."""
    fields = _fields(raw)
    given = fields.pop("hash", "")
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    if not hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex().encode(), given.encode()):
        raise BadInitData("the hash does not fit")
    _check_age(fields.get("auth_date", ""), now)
    return _user(fields.get("user", "")), given


def _fields(raw: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise BadInitData("not a query string") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadInitData("a field comes twice")
    return fields


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
    if not isinstance(user, dict) or not _is_id(user.get("id")) or not isinstance(user.get("first_name"), str):
        raise BadInitData("there is no user")
    return TelegramUser(
        user["id"],
        user["first_name"],
        _text(user.get("last_name")) or "",
        _text(user.get("username")),
        _text(user.get("photo_url")),
        _text(user.get("language_code")),
    )


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
