"""One thing that was looked at: well, or a sentence that says what is wrong and what to do."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

CLOCK_SECONDS = 2.0


class Finding(NamedTuple):
    what: str
    wrong: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.wrong or 'ok'}"


def found(what: str, wrongs: Iterable[str]) -> list[Finding]:
    return [Finding(what, wrong) for wrong in wrongs] or [Finding(what)]


def reason(error: BaseException) -> str:
    """One line of it, and what it is where it has no words."""
    words = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return words[:200] or type(error).__name__


def place(url: str) -> str:
    """An address without who comes, and with which password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def clock(theirs: float, before: float, after: float) -> list[str]:
    """Seconds since 1970; ours before and after theirs was asked. Less than the way there and back tells nothing."""
    off = theirs - before if theirs < before else max(0.0, theirs - after)
    if abs(off) <= CLOCK_SECONDS:
        return []
    return [
        f"its clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} ours: let both hosts keep time (chrony)"
    ]
