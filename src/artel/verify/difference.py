"""What is there beside what should be: a line each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LONGEST = 300  # characters of a value in a line
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """`where` names the session, the player, whatever tells the row from others; None stands for no row at all."""

    service: str
    table: str
    where: Mapping[str, Any] = field(default_factory=dict)
    found: Any = None
    expected: Any = None

    @property
    def key(self) -> tuple[object, ...]:
        """The same place, whatever is wrong there."""
        return self.service, self.table, *(f"{name}={value}" for name, value in self.where.items())

    def __str__(self) -> str:
        place = ", ".join(f"{name} {value}" for name, value in self.where.items())
        return f"{self.service}.{self.table}: {place}: {said(self.found)}, should be {said(self.expected)}"

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, default=str)


def said(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str) if not isinstance(value, str) else value
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def compare(
    service: str,
    table: str,
    names: Mapping[str, str],
    found: Sequence[Row],
    expected: Sequence[Row],
    *,
    ignored: Sequence[str] = (),
    about: Mapping[str, str] | None = None,
) -> list[Difference]:
    """Rows by the columns of `names`, which says what people call them. Of rows that differ, only what differs."""
    told: list[Difference] = []
    there, wanted = by_key(found, names), by_key(expected, names)
    for key in {**wanted, **there}:
        rows, should = there.get(key, []), wanted.get(key, [])
        where = {**(about or {}), **dict(zip(names.values(), key, strict=True))}
        told += [Difference(service, table, where, *pair) for pair in _pairs(rows, should, {*names, *ignored})]
    return told


def by_key(rows: Sequence[Row], names: Mapping[str, str]) -> dict[tuple[Any, ...], list[Row]]:
    known: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        known.setdefault(tuple(row[name] for name in names), []).append(row)
    return known


def _pairs(rows: Sequence[Row], should: Sequence[Row], passed: set[str]) -> list[tuple[Any, Any]]:
    """At most one row should be there."""
    expected = should[0] if should else None
    if expected is None:
        return [(_but(row, passed) or "a row", None) for row in rows]
    if not rows:
        return [(None, _but(expected, passed) or "a row")]
    told: list[tuple[Any, Any]] = [] if len(rows) == 1 else [(f"{len(rows)} rows", "one")]
    for row in rows:
        different = [name for name in expected if name not in passed and row[name] != expected[name]]
        if different:
            told.append(({name: row[name] for name in different}, {name: expected[name] for name in different}))
    return told


def _but(row: Row, passed: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in passed}
