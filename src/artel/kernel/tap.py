"""A route that is documented like any other and runs like a bare one: to solve dependencies, to check a body by models
and to pass messages to and fro costs more than the rest of a tap."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from fastapi.routing import APIRoute
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from artel.kernel.token import Verifier

JSON = (b"content-type", b"application/json")


class WireForm:
    """In an annotation: how a parameter looks on the wire, for the OpenAPI document, and how it is read."""

    def __init__(self, model: Any, read: Callable[[bytes], Any]) -> None:
        self.model = model
        self.read = read

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.model)


class Ready(NamedTuple):
    """An answer with all its bytes; JSON, unless its headers say otherwise."""

    status: int
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = (JSON,)


class Soon(NamedTuple):
    """An answer that may be given once something is on disk. `when` calls back, with an error where that has failed:
    then `instead` finds the answer."""

    ready: Ready
    when: Callable[[Callable[[Exception | None], None]], None]
    instead: Callable[[], Awaitable[Ready]]


Found: TypeAlias = Ready | Soon | Awaitable[Ready]


async def in_time(found: Found) -> Ready:
    """For whoever can wait."""
    if isinstance(found, Ready):
        return found
    if not isinstance(found, Soon):
        return await found
    told: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    found.when(lambda error: None if told.done() else told.set_result(error))
    return found.ready if await told is None else await found.instead()


class Tap(APIRoute):
    """Its endpoint takes, in this order, what its service made when it was opened, the caller, the parameters of the
    path as they stand there, and perhaps a `body` with a WireForm. It gives the answer, or how to come to it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._endpoint: Callable[..., Found] = self.endpoint
        annotation = self.endpoint.__annotations__.get("body")
        forms = [each for each in getattr(annotation, "__metadata__", ()) if isinstance(each, WireForm)]
        (self.method,) = list(self.methods or [])  # a route of several would be several taps
        self._read = forms[0].read if forms else None
        self._verifier: Verifier
        self._own: Callable[[], Any]

    def belong(self, own: Callable[[], Any], verifier: Verifier) -> None:
        """To a service that may not be open yet."""
        self._own = own
        self._verifier = verifier

    def take(
        self, state: dict[str, Any], headers: Mapping[bytes, bytes], params: Mapping[str, str], body: bytes
    ) -> Found:
        caller = self._verifier.caller(headers.get(b"authorization", b"").decode("latin-1"))
        state["user_id"] = caller.user_id
        if self._read:
            return self._endpoint(self._own(), caller, **params, body=self._read(body))
        return self._endpoint(self._own(), caller, **params)
