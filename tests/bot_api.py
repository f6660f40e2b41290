"""Telegram's Bot API in a small server: it takes messages for one bot, and misbehaves when it is told to.

`python tests/bot_api.py PORT` serves on 127.0.0.1, the bot's token is TOKEN.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from socket import create_server
from threading import Thread
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

TOKEN = "7000000001:AAFake-Token_for_TESTS_only_000000000001"
PATIENCE_SECONDS = 20


def problem(status: int, words: str, **parameters: Any) -> Response:
    said = {"ok": False, "error_code": status, "description": words}
    return JSONResponse({**said, **({"parameters": parameters} if parameters else {})}, status)


FAULTS = {
    "broken": PlainTextResponse("<html>Bad Gateway", 502),
    "not_what_was_agreed": PlainTextResponse("<html>log in to this hotel"),
    "not_ok": JSONResponse({"ok": False}),
    "elsewhere": RedirectResponse("http://169.254.169.254/", 307),
    "limited": problem(429, "Too Many Requests: retry after 7", retry_after=7),
    "limited_without_a_word": problem(429, "Too Many Requests"),
    "limited_badly": problem(429, "Too Many Requests", retry_after="soon"),
    "limited_for_ever": problem(429, "Too Many Requests", retry_after=10**9),
    "blocked": problem(403, "Forbidden: bot was blocked by the user"),
    "not_found": problem(400, "Bad Request: chat not found"),
    "too_long": problem(400, "Bad Request: message is too long"),
}


@dataclass(frozen=True)
class Message:
    chat: int
    text: str


@dataclass
class Bot:
    """`always` it misbehaves so; else `faults` come first, one for each call. `token` is the one that is good."""

    address: str
    token: str = TOKEN
    always: str = ""
    faults: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    calls: int = 0
    come: Queue[Message] = field(default_factory=Queue)

    async def heard(self) -> Message:
        """The next that nobody has waited for."""
        return await asyncio.to_thread(self.come.get, timeout=PATIENCE_SECONDS)

    async def send(self, request: Request) -> Response:
        self.calls += 1
        if request.path_params["token"] != self.token:
            return problem(401, "Unauthorized")
        said = orjson.loads(await request.body())
        fault = self.always or (self.faults.pop(0) if self.faults else "")
        message = Message(said["chat_id"], said["text"])
        if fault == "taken_and_silent":  # what it said of it was lost
            self._take(message)
            fault = "silent"
        if fault == "silent":
            self.come.put(message)
            while (await request.receive())["type"] != "http.disconnect":
                pass
        if fault:
            return FAULTS.get(fault, FAULTS["broken"])
        if set(said) != {"chat_id", "text", "link_preview_options"}:
            return problem(400, "Bad Request: more than plain text")
        self._take(message)
        self.come.put(message)
        return JSONResponse({"ok": True, "result": {"message_id": len(self.messages)}})

    def _take(self, message: Message) -> None:
        self.messages.append(message)

    def me(self, request: Request) -> Response:
        if request.path_params["token"] != self.token:
            return problem(401, "Unauthorized")
        return JSONResponse({"ok": True, "result": {"id": 7000000001, "is_bot": True, "username": "artel_bot"}})


def application(bot: Bot) -> Starlette:
    routes = [Route("/bot{token}/sendMessage", bot.send, methods=["POST"]), Route("/bot{token}/getMe", bot.me)]
    return Starlette(routes=routes)


@contextmanager
def serving() -> Iterator[Bot]:
    """In a thread of this process."""
    listening = create_server(("127.0.0.1", 0))
    bot = Bot(f"http://127.0.0.1:{listening.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(application(bot), log_config=None))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield bot
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def settings_of(bot: Bot) -> dict[str, str]:
    return {"notify_url": "telegram://", "telegram_api_url": bot.address, "telegram_bot_token": bot.token}


if __name__ == "__main__":
    where = int(sys.argv[1])
    uvicorn.run(application(Bot(f"http://127.0.0.1:{where}")), host="127.0.0.1", port=where, log_level="warning")
