"""Telegram's Bot API, as far as it sends messages: core.telegram.org/bots/api#sendmessage.

The bot's token is part of the address. So nothing that the client says of a failure is told any further, but for its
kind.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import orjson
from httpx2 import AsyncClient, HTTPError, InvalidURL

from artel.kernel.settings import Settings
from artel.notification.channel import SENT, Answer

PATIENCE_SECONDS = 10
LIMITED_SECONDS = 30
"""Where it does not say how long."""
LONGEST_LIMIT_SECONDS = 3600
TOKEN = re.compile(r"\d+:[\w-]{30,}")


def address(settings: Settings) -> str:
    """ValueError, in a sentence without the token."""
    token = settings.telegram_bot_token.get_secret_value() if settings.telegram_bot_token else ""
    if not TOKEN.fullmatch(token):
        raise ValueError(
            "ARTEL_NOTIFY_URL=telegram:// needs the bot's token: ARTEL_TELEGRAM_BOT_TOKEN is missing, or is none"
        )
    return f"{settings.telegram_api_url.rstrip('/')}/bot{token}"


class Telegram:
    def __init__(self, http: AsyncClient, address: str) -> None:
        self._http = http
        self._url = f"{address}/sendMessage"

    async def send(self, chat: int, text: str) -> Answer:
        """As plain text: nothing in it is markup."""
        message = {"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": True}}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._http.post(self._url, json=message)
        except (HTTPError, InvalidURL, TimeoutError) as error:
            return Answer("failed", type(error).__name__)
        return _read(answer.status_code, _said(answer.content))


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(body)
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {}


def _read(status: int, said: Mapping[str, Any]) -> Answer:
    why = f"{status} {str(said.get('description', ''))[:100]}".strip()
    match status:
        case 200 if said.get("ok") is True:
            return SENT
        case 401 | 404:
            return Answer("token_refused", why)
        case 429:
            return Answer("limited", why, _seconds(said.get("parameters")))
        case 403:
            return Answer("closed", why)
        case 400:
            return Answer("closed" if "chat not found" in why.lower() else "refused", why)
        case _:
            return Answer("failed", why)


def _seconds(parameters: Any) -> float:
    said = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return min(said, LONGEST_LIMIT_SECONDS) if isinstance(said, int | float) and said > 0 else LIMITED_SECONDS
