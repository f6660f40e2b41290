"""One type for everything that is refused, one place where it becomes application/problem+json (RFC 9457)."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from artel.kernel.outage import KINDS, is_outage, sqlstate

log = structlog.get_logger()


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        # In ASCII: a refused field's name may be half a surrogate pair, which is no UTF-8.
        return json.dumps(content, separators=(",", ":")).encode()


class Problem(Exception):  # noqa: N818 it is a problem document, RFC 9457
    """A refusal with a stable `code`. `extra` stands beside the standard members; `about`, a user, is never told."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        about: str | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.about = about
        self.extra = extra

    def response(self, request_id: str) -> Response:
        body: dict[str, Any] = {
            "type": f"urn:artel:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            **self.extra,
        }
        if self.errors:
            body["errors"] = list(self.errors)
        return ProblemResponse(body, self.status, self.headers)


def not_found(what: str = "There is no such thing, or it is not yours to see.") -> Problem:
    return Problem(404, "not_found", what)


def forbidden(why: str) -> Problem:
    return Problem(403, "forbidden", why)


def rate_limited(seconds: float) -> Problem:
    wait = str(max(1, round(seconds + 0.5)))
    return Problem(429, "rate_limited", "Too many requests; come back a little later.", headers={"Retry-After": wait})


def unavailable(what: str) -> Problem:
    return Problem(503, "unavailable", what, headers={"Retry-After": "2"})


def _id(scope: Scope) -> str:
    return str(scope.get("state", {}).get("request_id", ""))


def _problem(scope: Scope, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 registered for this type only
    return error.response(_id(scope))


def _invalid(scope: Scope, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 registered for this type only
    fields = [
        {"field": ".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0]), "message": str(item["msg"])}
        for item in error.errors()
    ]
    where = {str(item["loc"][0]) for item in error.errors()}
    code = "invalid_query" if where <= {"query", "header"} else "invalid_body"
    if where <= {"path"}:
        return not_found().response(_id(scope))
    return Problem(422, code, "The request does not fit.", errors=fields).response(_id(scope))


def _http(scope: Scope, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 registered for this type only
    code = {404: "not_found", 405: "method_not_allowed", 400: "invalid_body"}.get(error.status_code, "refused")
    status = 422 if error.status_code == 400 else error.status_code
    return Problem(status, code, str(error.detail), headers=error.headers).response(_id(scope))


def _unforeseen(scope: Scope, error: Exception) -> Response:
    if is_outage(error):
        log.error("a server does not answer", error=error, request_id=_id(scope))
        return unavailable("A part of the system does not answer.").response(_id(scope))
    if sqlstate(error).startswith("22"):
        return Problem(422, "invalid_body", "A value is out of bounds.").response(_id(scope))
    return _bug(scope, error)


def _bug(scope: Scope, error: Exception) -> Response:
    """What nobody foresaw: the whole story to the log, to the caller only where to find it."""
    log.error("unexpected error", exc_info=error, request_id=_id(scope), path=scope.get("path"))
    return Problem(500, "internal", "Something broke on our side.").response(_id(scope))


Answer = Callable[[Scope, Exception], Response]
ANSWERS: Mapping[type[Exception], Answer] = {
    Problem: _problem,
    RequestValidationError: _invalid,
    HTTPException: _http,
    **dict.fromkeys((*KINDS, DBAPIError), _unforeseen),
}


def answer_to(error: Exception, scope: Scope) -> Response:
    """What is said to whoever met this error."""
    return next((answer for kind, answer in ANSWERS.items() if isinstance(error, kind)), _bug)(scope, error)


def add_handlers(app: FastAPI) -> None:
    for kind, answer in {**ANSWERS, Exception: _bug}.items():
        app.add_exception_handler(kind, _handler(answer))


def _handler(answer: Answer) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return answer(request.scope, error)

    return handle
