"""What every route shares: strict bodies, clean text, pages."""

import re
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from artel.kernel.errors import Problem

T = TypeVar("T")
HOLLOW = "\u115f\u1160\u2800\u3164\uffa0"  # letters and signs by their category, nothing by sight
JOINERS = "\u200c\u200d"  # format characters that some scripts and emoji are written with
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Body(BaseModel):
    """A request body: unknown fields are refused, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True)


def plain(text: str) -> str:
    """Any script; one line, no control or format characters (direction overrides are such)."""
    if any(is_control(char) for char in text):
        raise ValueError("control and format characters are not allowed")
    return text


def clean(text: str) -> str:
    """Plain, and something to see."""
    if not is_seen(plain(text)):
        raise ValueError("must not be blank")
    return text.strip()


def is_control(char: str) -> bool:
    is_noncharacter = ord(char) & 0xFFFE == 0xFFFE or "\ufdd0" <= char <= "\ufdef"
    is_format = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return is_noncharacter or (is_format and char not in JOINERS)


def is_seen(text: str) -> bool:
    return any(unicodedata.category(char)[0] in "LNPS" and char not in HOLLOW for char in text)


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(clean)]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(clean)]


def uuid_text(value: str) -> str:
    if not UUID_TEXT.fullmatch(value):
        raise ValueError("must be a UUID in lower case")
    return value


def uuid7_text(value: str) -> str:
    if UUID(uuid_text(value)).version != 7:
        raise ValueError("must be a UUIDv7")
    return value


Id = Annotated[str, AfterValidator(uuid_text)]
NewId = Annotated[str, AfterValidator(uuid7_text)]


class Page(BaseModel, Generic[T]):
    items: Sequence[T]
    next_cursor: str | None


class Paging:
    """`after` is the key of the last row seen, whatever the list is ordered by; None at the start."""

    def __init__(
        self, limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str, Query(max_length=300)] = ""
    ) -> None:
        self.limit = limit
        self.after: list[Any] | None = _read_cursor(cursor) if cursor else None

    def key(self, *kinds: type[str] | type[int] | type[datetime]) -> list[Any] | None:
        """`after`, if its parts are of these kinds: a cursor comes from outside like anything else."""
        if self.after is None:
            return None
        if len(self.after) != len(kinds):
            raise _bad_cursor()
        return [_part(part, kind) for part, kind in zip(self.after, kinds, strict=True)]

    def moment_and_id(self) -> tuple[datetime, str] | None:
        key = self.key(datetime, str)
        return (key[0], key[1]) if key else None

    def page(self, rows: Sequence[T], key: Callable[[T], Sequence[Any]]) -> "Page[T]":
        """`rows` holds up to limit + 1 of them; the last one only says that there is more."""
        more = len(rows) > self.limit
        rows = rows[: self.limit]
        return Page(items=rows, next_cursor=_cursor(key(rows[-1])) if more else None)


PagingDep = Annotated[Paging, Depends()]


def _cursor(key: Sequence[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def _read_cursor(cursor: str) -> list[Any]:
    try:
        key = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise _bad_cursor() from error
    if not isinstance(key, list) or not all(isinstance(part, str | int) and "\0" not in str(part) for part in key):
        raise _bad_cursor()
    return key


def _part(part: Any, kind: type[str] | type[int] | type[datetime]) -> Any:
    if kind is int and type(part) is int and abs(part) < 2**63:
        return part
    if kind is not int and isinstance(part, str):
        return part if kind is str else _moment(part)
    raise _bad_cursor()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise _bad_cursor()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad_cursor() from error


def _bad_cursor() -> Problem:
    return Problem(422, "invalid_query", "Not a cursor.", errors=[{"field": "cursor", "message": "not one of ours"}])


def bad_field(field: str, message: str, code: str = "invalid_body") -> Problem:
    return Problem(422, code, "The request does not fit.", errors=[{"field": field, "message": message}])
