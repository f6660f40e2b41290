"""A route that is documented like any other and runs like a bare one: to solve dependencies and to check a body by
models costs more than the rest of a tap."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema
from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")


class WireForm:
    """In an annotation: how a parameter looks on the wire, for the OpenAPI document, and how it is read."""

    def __init__(self, model: Any, read: Callable[[bytes], Any]) -> None:
        self.model = model
        self.read = read

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.model)


class Tap(APIRoute):
    """Its endpoint takes `request`, the parameters of the path as they stand there, and perhaps a `body` with a
    WireForm; it gives a Response."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[..., Awaitable[Response]] = self.endpoint
        read = next((each.read for each in self._metadata("body") if isinstance(each, WireForm)), None)

        async def bare(request: Request) -> Response:
            if read is None:
                return await endpoint(request, **request.path_params)
            return await endpoint(request, **request.path_params, body=read(await request.body()))

        return bare

    def _metadata(self, parameter: str) -> tuple[Any, ...]:
        annotation = self.endpoint.__annotations__.get(parameter)
        return getattr(annotation, "__metadata__", ())
