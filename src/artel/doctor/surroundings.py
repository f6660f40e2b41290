"""What else an installation stands on: Redis, keys, room on the disk, Telegram, and what its address answers."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from artel.auth.keys import REFRESH_BEFORE, REFRESH_SECRET
from artel.doctor.finding import Finding, clock, found, place, reason
from artel.kernel.settings import Settings

DAY = 86_400
OLDEST_KEY_DAYS = 90
ROOM_BYTES = 1 << 30
ROOM_SHARE = 0.05
WEB_SECONDS = 10
RECENT_SECONDS = 3600
MANY_UPDATES = 100
DATE_SECONDS = 5
"""So old may a Date be: it has whole seconds, and uvicorn makes one a second, later where its loop is held up."""


# Redis


async def store(settings: Settings) -> list[Finding]:
    url = settings.store_url
    if url.startswith("memory://"):
        return []
    redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        before = time.time()
        seconds, micros = await redis.time()
        return found("Redis", clock(seconds + micros / 1e6, before, time.time()))
    except (OSError, RedisError) as error:
        return [
            Finding("Redis", f"{place(url)} cannot be had ({reason(error)}): start it, or set ARTEL_STORE_URL right")
        ]
    finally:
        await redis.aclose()


# Keys


def keys(settings: Settings) -> list[Finding]:
    return found("keys", _look_at_keys(settings.keys))


def _look_at_keys(folder: Path) -> Iterator[str]:
    try:
        published = {key["kid"] for key in orjson.loads((folder / "jwks.json").read_bytes())["keys"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        yield f"{folder}/jwks.json cannot be read ({reason(error)}), so no token is good: `artel keys rotate` writes it"
        return
    private = sorted(folder.glob("*.private.pem"))
    if not private:
        yield f"no signing key is in {folder}: `artel keys rotate` makes one, and auth starts with it"
        return
    kid = private[-1].name.removesuffix(".private.pem")
    if kid not in published:
        yield f"the key that signs, {kid}, is not in jwks.json: `artel keys rotate` publishes a new one"
    age = (time.time() - private[-1].stat().st_mtime) / DAY
    if age > OLDEST_KEY_DAYS:
        yield f"the key that signs is {age:.0f} days old: `artel keys rotate`"
    yield from _secrets(folder, private)


def _secrets(folder: Path, private: list[Path]) -> Iterator[str]:
    seals = [folder / name for name in (REFRESH_SECRET, REFRESH_BEFORE)]
    if not seals[0].exists():
        yield f"{REFRESH_SECRET} is not in {folder}: `artel keys rotate` makes it; people sign in again"
    for file in [*private, *(seal for seal in seals if seal.exists())]:
        kept = file.stat()  # in a container by somebody else, whose folder nobody enters
        if kept.st_mode & 0o077 and kept.st_uid == os.geteuid():
            yield f"others may read {file}: chmod 600 {file}"


# Disk


def disk(settings: Settings) -> list[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        if settings.databases_dir or settings.database_url.startswith("postgresql"):
            return []  # nothing has to be kept there
        return [Finding("disk", f"{folder} is not there: ARTEL_DATA_DIR names the data")]
    usage = shutil.disk_usage(folder)
    short = usage.free < ROOM_BYTES or usage.free < ROOM_SHARE * usage.total
    room = (
        f"only {usage.free / ROOM_BYTES:.1f} GiB of {usage.total / ROOM_BYTES:.0f} are free under {folder}: make room"
    )
    return found("disk", [room] if short else [])


# By its address


async def public(settings: Settings, url: str | None) -> list[Finding]:
    """The gateway, or the one process, and every service behind it."""
    address = (url or settings.public) + "/readyz"
    before = time.time()
    try:
        status, date, body = await asyncio.to_thread(_get, address)
        parts = json.loads(body)
        services = {service: dict(words) for service, words in parts.items()}
    except (OSError, HTTPException, ValueError, TypeError, AttributeError) as error:
        return [Finding("public address", f"{address} does not answer as it should ({reason(error)}): is it running?")]
    theirs = parsedate_to_datetime(date).timestamp() if date else before
    findings = found("public address", clock(theirs, before - DATE_SECONDS, time.time()))
    for service, words in services.items():
        away = [f"its {part} is not ready ({word})" for part, word in words.items() if word != "ok"]
        findings += found(f"{service} ready", [f"{', '.join(away)}: see its log"] if away else [])
    if status == 200 or any(finding.wrong for finding in findings):
        return findings
    return [*findings, Finding("public address", f"{address} answers {status}")]


def _get(url: str) -> tuple[int, str | None, bytes]:
    request = Request(url, headers={"User-Agent": "artel-doctor"})  # noqa: S310 an address of the operator's own
    try:
        with urlopen(request, timeout=WEB_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.headers["Date"], answer.read()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.headers["Date"], refused.read()


# Telegram


async def telegram(settings: Settings) -> list[Finding]:
    token = settings.telegram_bot_token
    if token is None:
        return []
    info, wrong = await _ask_bot(settings, token.get_secret_value(), "getWebhookInfo")
    return [Finding("Telegram", wrong)] if wrong else found("Telegram", _webhook(info, settings.public))


async def bot(settings: Settings) -> list[Finding]:
    """Who tells people in Telegram about their accounts."""
    if settings.notify_url != "telegram://":
        return []
    token = settings.telegram_bot_token
    if token is None:
        return [Finding("bot", "ARTEL_NOTIFY_URL=telegram:// needs its token: set ARTEL_TELEGRAM_BOT_TOKEN")]
    me, wrong = await _ask_bot(settings, token.get_secret_value(), "getMe")
    if wrong or not me.get("is_bot"):
        return [Finding("bot", wrong or "the token is of somebody who is no bot: set ARTEL_TELEGRAM_BOT_TOKEN right")]
    return [Finding("bot")]


async def _ask_bot(settings: Settings, secret: str, method: str) -> tuple[dict[str, Any], str]:
    """What it says, or what is wrong."""
    try:
        _, _, body = await asyncio.to_thread(_get, f"{settings.telegram_api_url.rstrip('/')}/bot{secret}/{method}")
        said = json.loads(body)
        if said["ok"]:
            return dict(said["result"]), ""
    except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
        words = reason(error).replace(secret, "…")
        return {}, f"{settings.telegram_api_url} does not answer ({words}): is there a way to it?"
    why = str(said.get("description", ""))[:100]
    return {}, f"it knows no such bot ({why}): set ARTEL_TELEGRAM_BOT_TOKEN right"


def _webhook(info: dict[str, Any], public_url: str) -> Iterator[str]:
    url = str(info.get("url", ""))
    if url and not url.startswith(public_url + "/"):
        yield f"its webhook goes to {place(url)} and not under {public_url}: set it again, or ARTEL_PUBLIC_URL right"
    if time.time() - float(info.get("last_error_date", 0)) < RECENT_SECONDS:
        why = info.get("last_error_message", "")
        yield f"it could not deliver lately ({why}): can {place(url)} be reached from outside?"
    waiting = int(info.get("pending_update_count", 0))
    if url and waiting > MANY_UPDATES:
        yield f"{waiting} updates wait for the webhook: look into the log of notification"
