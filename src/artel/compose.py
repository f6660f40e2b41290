"""The six services, and one ASGI application of one of them, some, or all: the same code either way."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias, cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from artel.kernel.background import running
from artel.kernel.bus import Bus, open_bus
from artel.kernel.ecs import process_name
from artel.kernel.edge import Door, Edge
from artel.kernel.errors import add_handlers
from artel.kernel.limits import Limit, allow, place_of
from artel.kernel.pruning import pruning
from artel.kernel.service import Context, Service, opened, readiness, relaying
from artel.kernel.settings import Settings
from artel.kernel.store import open_store
from artel.kernel.tap import Tap
from artel.kernel.token import Verifier
from artel.kernel.tracing import told_to
from artel.kernel.traffic import Traffic
from artel.kernel.watch import watching

SERVICES = ("auth", "game", "stats", "friends", "template", "notification")
PREFIX = "/api/v1"
OPENED_BY_A_LINK = {f"{PREFIX}/shared", f"{PREFIX}/shared/live-ticket"}


PROBLEM = {"$ref": "#/components/schemas/ProblemDocument"}


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[dict[str, str]] = []


def _problem(text: str) -> dict[str, Any]:
    return {"model": ProblemDocument, "description": text}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: _problem("The request does not fit."),
    "default": _problem("Refused; `code` says why."),
}


class Artel(FastAPI):
    edge: Edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The Edge is outermost: its taps do without all that the framework puts around its routes."""
        scope["app"] = self
        await self.edge(scope, receive, send)

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The framework documents every model as plain JSON; ours of what is refused has a media type of its own."""
        document = super().openapi()
        for operations in document["paths"].values():
            for operation in operations.values():
                for response in operation["responses"].values():
                    content = response.get("content", {})
                    if content.get("application/json", {}).get("schema") == PROBLEM:
                        content["application/problem+json"] = content.pop("application/json")
        return document


def load(name: str) -> Service:
    service = import_module(f"artel.{name}").service
    assert isinstance(service, Service)  # noqa: S101 every service keeps this name
    return service


def compose(names: Sequence[str], settings: Settings) -> FastAPI:
    services = [load(name) for name in names]
    traffic = Traffic()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.enter_context(told_to(settings.otlp_url))
            bus = await open_bus(settings.bus_url, traffic)
            stack.push_async_callback(bus.close)
            await _prepare(bus)
            store = open_store(settings.store_url)
            stack.push_async_callback(store.close)
            app.state.store = store
            await stack.enter_async_context(running(app.state.verifier.revoked.watch(store), "revoked"))
            for service in services:
                context = await stack.enter_async_context(opened(service, settings, bus, store, app.state.verifier))
                app.state.contexts[service.name] = context
            for context in app.state.contexts.values():
                await stack.enter_async_context(relaying(context))
                await stack.enter_async_context(pruning(context))
                await stack.enter_async_context(watching(context))
            yield

    app = Artel(
        title="Artel Billiards",
        version="1",
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # to find out that nobody wants it costs 10 µs
    )
    app.state.contexts = {}
    app.state.verifier = Verifier(settings.keys)
    add_handlers(app)
    owners: dict[str, str] = {}
    own = process_name(names)  # says whether it is ready, and what is no route of anybody's
    guessed: dict[str, Any] = {}
    taps = [tap for service in services for tap in _taps(app, service)]
    app.include_router(health)
    for service in services:
        _include(app, service, owners, guessed)
    if settings.web_dir:
        app.router.default = GZipMiddleware(WebApp(settings.web_dir), compresslevel=6)
    app.edge = Edge(
        app.inside,
        service_of=lambda route: owners.get(route, own),
        taps=taps,
        traffic=traffic,
        door=_door(app, guessed, Limit(settings.sign_in_burst, settings.sign_in_rate)),
    )
    return app


async def _prepare(bus: Bus) -> None:
    """Services start in any order: what one says waits for the others."""
    everybody = [load(name) for name in SERVICES]
    followed = {event for service in everybody for event in service.reactions}
    for service in filter(lambda service: service.reactions, everybody):
        # What nobody follows any more goes on to a queue: processes of the release before want it to arrive somewhere.
        dropped = [event.topic for event in service.dropped if event in followed]
        await bus.prepare(service.name, [event.topic for event in service.reactions], dropped)


def _door(app: FastAPI, guessed: Mapping[str, Any], limit: Limit) -> Door:
    """Where a link is all that somebody needs, an address may try so often; it does not matter what he finds."""

    async def knock(scope: Scope) -> None:
        if route := guessed.get(scope["path"]):
            scope["route"] = route  # as which it is counted, if it comes no further
            await allow(app.state.store, f"{scope['path']}:{place_of(scope)}", limit)

    return knock


def _include(app: FastAPI, service: Service, owners: dict[str, str], guessed: dict[str, Any]) -> None:
    app.include_router(service.router, prefix=PREFIX)
    if service.root:
        app.include_router(service.root)
    # A request's scope names the route as its own router does, without the prefix.
    for router in filter(None, (service.taps, service.router, service.root)):
        for route in iter_route_contexts(router.routes):
            path = getattr(route.original_route, "path", "")
            owners[path] = owners[PREFIX + path] = service.name
            if PREFIX + path in OPENED_BY_A_LINK:
                guessed[PREFIX + path] = route.original_route


def _taps(app: FastAPI, service: Service) -> Iterator[Tap]:
    """As routes of the application itself, which documents them; the Edge serves them."""
    contexts: Mapping[str, Context] = app.state.contexts
    routes = cast("Sequence[Tap]", service.taps.routes if service.taps else ())
    for route in routes:
        tap = Tap(
            PREFIX + route.path,
            route.endpoint,
            methods=sorted(route.methods or ()),
            status_code=route.status_code,
            response_model=route.response_model,
            responses={**PROBLEMS, **route.responses},
            tags=route.tags,
        )
        tap.belong(lambda: contexts[service.name].own, app.state.verifier)
        app.router.routes.append(tap)
        yield tap


health = APIRouter(tags=["health"])


@health.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


Parts: TypeAlias = dict[str, dict[str, str]]


@health.get(
    "/readyz", response_model=Parts, responses={503: {"model": Parts, "description": "Something of it is not `ok`."}}
)
async def readyz(request: Request) -> Response:
    """Each service with what it stands on; 503 where something is missing."""
    parts = {name: await readiness(context) for name, context in request.app.state.contexts.items()}
    well = all(word == "ok" for service in parts.values() for word in service.values())
    return JSONResponse(parts, 200 if well else 503, {} if well else {"Retry-After": "2"})


class WebApp(StaticFiles):
    """The built web app: hashed assets for ever, and for every other path the page itself, never cached."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.startswith(("api/", ".well-known/")) or path in {"api", "metrics"}:
            raise HTTPException(404)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as missing:
            if missing.status_code != 404 or path.startswith("assets/"):
                raise
            path = "index.html"
            response = await super().get_response(path, scope)
        forever = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if forever else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response
