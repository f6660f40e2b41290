"""A request's body, whole before anybody uses it."""

from collections.abc import Mapping

from starlette.types import Message, Receive

from artel.kernel.errors import Problem

BODY_LIMIT = 64 * 1024


async def read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """Problem `too_large` as soon as that is known, from the announced length or from what has come."""
    if not fits(headers.get(b"content-length", b"0")):
        raise _too_large()
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(422, "invalid_body", "The caller has gone before all was said.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            raise _too_large()
    return body


def read_again(body: bytes, receive: Receive) -> Receive:
    """For whoever reads after us."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def fits(length: bytes) -> bool:
    """What is announced."""
    return length.isdigit() and len(length) < 9 and int(length) <= BODY_LIMIT


def _too_large() -> Problem:
    return Problem(413, "too_large", "A request body is at most 64 KiB.")
