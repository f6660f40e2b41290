"""All that a service keeps about somebody, told a page at a time: messages are small, and so is the memory for it.

Files are told one after another in pieces that are read one after another, so that whoever puts them together needs to
know nothing of what is in them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, Row, Select, tuple_

from artel.kernel.database import Tx

PAGE_BYTES = 200_000
"""A page is longer by one row at the most."""
AT_ONCE = 100
"""Rows that are in memory."""

Place = Sequence[Any] | None
"""Where in a file the next piece begins, or it is at its start."""


class Piece(BaseModel):
    """The next part of a text file."""

    model_config = ConfigDict(frozen=True)

    file: str
    text: str


class Chapter(Protocol):
    """One file."""

    @property
    def file(self) -> str: ...

    def tell(self, tx: Tx, user_id: str, place: Place, room: int) -> tuple[str, Place]:
        """About `room` bytes of it from this place on, and where it goes on; None: that was all."""


def page(tx: Tx, chapters: Sequence[Chapter], user_id: str, after: str | None) -> tuple[list[Piece], str | None]:
    """`after`, as the page before gave it, leads to the next one; None is before the first and after the last."""
    number, place = orjson.loads(after) if after else (0, None)
    pieces: list[Piece] = []
    room = PAGE_BYTES
    while number < len(chapters) and room > 0:
        text, place = chapters[number].tell(tx, user_id, place, room)
        pieces.append(Piece(file=chapters[number].file, text=text))
        room -= len(text.encode())
        number += place is None
    return pieces, orjson.dumps([number, place]).decode() if number < len(chapters) else None


def _as_it_is(row: Row[Any], _user_id: str) -> Mapping[str, Any]:
    return row._asdict()


@dataclass(frozen=True)
class Rows:
    """A JSON array of the rows about a user, a line each. `key`, texts and integers, tells them apart and orders them;
    the rows have its columns too."""

    file: str
    about: Callable[[str], Select[Any]]
    key: Sequence[Column[Any]]
    said: Callable[[Row[Any], str], Mapping[str, Any]] = _as_it_is

    def tell(self, tx: Tx, user_id: str, place: Place, room: int) -> tuple[str, Place]:
        lines: list[str] = []
        while True:
            rows = self._after(tx, user_id, place)
            for row in rows:
                lines.append(("[\n" if place is None else ",\n") + json_line(self.said(row, user_id)))
                place = [getattr(row, column.name) for column in self.key]
                room -= len(lines[-1].encode())
                if room <= 0:
                    return "".join(lines), place
            if len(rows) < AT_ONCE:
                return "".join(lines) + ("[]\n" if place is None else "\n]\n"), None

    def _after(self, tx: Tx, user_id: str, place: Place) -> Sequence[Row[Any]]:
        found = self.about(user_id).order_by(*self.key).limit(AT_ONCE)
        if place is not None:
            found = found.where(tuple_(*self.key) > tuple_(*place))
        return tx.execute(found).all()


def json_line(value: Any) -> str:
    # Names of columns are a kind of text of their own.
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()
