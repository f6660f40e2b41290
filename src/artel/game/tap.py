"""A route that is documented like any other and runs like a bare one: to solve dependencies and to check a body by
models costs more than the rest of a tap."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from fastapi.routing import APIRoute
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from artel.kernel.token import Verifier


class WireForm:
    """In an annotation: how a parameter looks on the wire, for the OpenAPI document, and how it is read."""

    def __init__(self, model: Any, read: Callable[[bytes], Any]) -> None:
        self.model = model
        self.read = read

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.model)


class Ready(NamedTuple):
    """JSON."""

    status: int
    body: bytes


class Tap(APIRoute):
    """Its endpoint takes `request`, the `caller`, the parameters of the path as they stand there, and perhaps a `body`
    with a WireForm; it gives its answer, ready to send."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._endpoint: Callable[..., Awaitable[Ready]] = self.endpoint
        annotation = self.endpoint.__annotations__.get("body")
        forms = [each for each in getattr(annotation, "__metadata__", ()) if isinstance(each, WireForm)]
        self._read = forms[0].read if forms else None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self.methods or ()))})
        request = Request(scope, receive)
        verifier: Verifier = scope["app"].state.verifier
        caller = verifier.caller(_authorization(scope))
        scope["state"]["user_id"] = caller.user_id
        body = {"body": self._read(await _whole(receive))} if self._read else {}
        ready = await self._endpoint(request, caller, **scope["path_params"], **body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ready.body))]
        await send({"type": "http.response.start", "status": ready.status, "headers": headers})
        await send({"type": "http.response.body", "body": ready.body})


def _authorization(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value, "latin-1")
    return ""


async def _whole(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body
