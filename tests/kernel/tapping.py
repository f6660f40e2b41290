"""A tap of no service, for whoever calls."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from artel.kernel.tap import Ready, Tap, WireForm
from artel.kernel.token import Caller, Verifier

Work = Callable[[bytes], Awaitable[Ready]]


class Anybody(Verifier):
    def __init__(self) -> None:
        super().__init__(Path())

    def caller(self, authorization: str) -> Caller:
        return Caller("user-1", "sign-in-1", authorization, "ru", "user", 1, 2**31)


def tap(work: Work, path: str = "/tap") -> Tap:
    """Whose body is what was posted."""

    async def endpoint(_own: object, _caller: Caller, body: Annotated[Any, WireForm(bytes, bytes)]) -> Ready:
        return await work(body)

    made = Tap(path, endpoint, methods=["POST"])
    made.belong(lambda: None, Anybody())
    return made
