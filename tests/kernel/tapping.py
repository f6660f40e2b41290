"""A tap of no service, for whoever calls."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from artel.kernel.tap import Found, Tap, WireForm
from artel.kernel.token import Caller, Verifier

Work = Callable[[bytes], Found]


class Anybody(Verifier):
    def __init__(self) -> None:
        super().__init__(Path())

    def caller(self, authorization: str) -> Caller:
        return Caller("user-1", "sign-in-1", authorization, "ru", "user", 1, 2**31)


def tap(work: Work, path: str = "/tap") -> Tap:
    """Whose body is what was posted."""

    def endpoint(_own: object, _caller: Caller, body: Annotated[Any, WireForm(bytes, bytes)]) -> Found:
        return work(body)

    made = Tap(path, endpoint, methods=["POST"], response_model=None)
    made.belong(lambda: None, Anybody())
    return made
