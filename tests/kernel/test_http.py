"""What every route shares: names a person can read, ids, pages that end."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from artel.kernel.errors import Problem
from artel.kernel.events import new_id
from artel.kernel.http import Id, Name, NewId, Paging, Text

NAME: TypeAdapter[str] = TypeAdapter(Name)
TEXT: TypeAdapter[str] = TypeAdapter(Text)
ID: TypeAdapter[str] = TypeAdapter(Id)
NEW_ID: TypeAdapter[str] = TypeAdapter(NewId)


@pytest.mark.parametrize(
    "name", ["Саша", "O'Neil", "李小龍", "محمد", "👨‍👩‍👧", "<b>", "${jndi:ldap://x}", "'; DROP TABLE", "é", "x" * 64]
)
def test_a_name_is_kept_as_it_was_written(name: str) -> None:
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize("name", [" Саша ", "\u00a0Саша\u2003"])
def test_blanks_around_it_go(name: str) -> None:
    assert NAME.validate_python(name) == "Саша"


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "\u00a0", "\u2003\u3000", "x" * 65, "a\0b", "a\nb", "a\r\nb", "a\tb", "\x1b[31m", "\x7f", "\u0085",
        "\u202eаnna", "\u2066x", "x\u200f", "\u061cx", "\ud800", "a\u2028b", "a\u2029b", "\u200b", "\u200d\u2060",
        "\ufeff", "\u0301", "\u00ad",
    ],
)  # fmt: skip
def test_a_name_that_nobody_can_see_or_that_plays_tricks_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(name)


@given(st.text(max_size=70))
def test_a_name_is_refused_or_fit_to_be_shown(name: str) -> None:
    try:
        kept = NAME.validate_python(name)
    except ValidationError:
        return
    assert kept == kept.strip() != ""
    assert len(kept.splitlines()) == 1
    assert kept.encode()
    assert NAME.validate_python(kept) == kept


def test_a_text_may_be_longer() -> None:
    assert TEXT.validate_python("x" * 200)
    with pytest.raises(ValidationError):
        TEXT.validate_python("x" * 201)


def test_an_id_is_a_uuid_in_one_spelling() -> None:
    made = new_id()
    assert ID.validate_python(made) == NEW_ID.validate_python(made) == made
    for wrong in (
        made.upper(),
        made.replace("-", ""),
        f"{{{made}}}",
        made + "\n",
        f" {made}",
        "",
        "x" * 36,
        made[:-1] + "٣",
    ):
        with pytest.raises(ValidationError):
            ID.validate_python(wrong)


def test_a_new_id_is_in_order_of_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(set(made))
    with pytest.raises(ValidationError, match="UUIDv7"):
        NEW_ID.validate_python("f47ac10b-58cc-4372-a567-0e02b2c3d479")


def pages(rows: list[tuple[datetime, str]], limit: int) -> list[tuple[datetime, str]]:
    """Read a list to its end, as a client does; newest first."""
    seen: list[tuple[datetime, str]] = []
    cursor = ""
    while True:
        paging = Paging(limit, cursor)
        key = paging.moment_and_id()
        rest = sorted((row for row in rows if key is None or row < key), reverse=True)
        page = paging.page(rest[: limit + 1], lambda row: (row[0].isoformat(), row[1]))
        seen += page.items
        assert len(page.items) <= limit
        if page.next_cursor is None:
            return seen
        assert page.items
        cursor = page.next_cursor


@given(
    st.lists(st.tuples(st.datetimes(timezones=st.just(UTC)), st.text("ab", max_size=2)), max_size=30, unique=True),
    st.integers(1, 10),
)
def test_page_by_page_one_sees_everything_once(rows: list[tuple[datetime, str]], limit: int) -> None:
    assert pages(rows, limit) == sorted(rows, reverse=True)


def cursor(key: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


MOMENT = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "forged",
    [
        "x", "=", "%", "ё", "W10", "e30", "bnVsbA", "A" * 300, cursor([]), cursor([MOMENT]), cursor([MOMENT, "a", "b"]),
        cursor([MOMENT, 5]), cursor([5, "a"]), cursor(["yesterday", "a"]), cursor(["2026-01-01T00:00:00", "a"]),
        cursor([MOMENT, None]), cursor([MOMENT, True]), cursor([MOMENT, "a\0b"]), cursor([["x"], "a"]),
        cursor(["0001-01-01T00:00:00+14:00", "a"]), cursor(["9999-12-31T23:59:59-14:00", "a"]), cursor({MOMENT: "a"}),
    ],
)  # fmt: skip
def test_a_cursor_that_is_not_ours_is_refused(forged: str) -> None:
    with pytest.raises(Problem) as caught:
        Paging(20, forged).moment_and_id()
    assert (caught.value.status, caught.value.code) == (422, "invalid_query")


@given(st.text(max_size=100))
def test_no_cursor_breaks_anything(forged: str) -> None:
    try:
        key = Paging(20, forged).key(int, str)
    except Problem:
        return
    assert key is None or (isinstance(key[0], int) and isinstance(key[1], str))


def test_numbers_in_a_cursor_fit_a_database() -> None:
    assert Paging(20, cursor([2**63 - 1])).key(int) == [2**63 - 1]
    for number in (2**63, -(2**64) + 1, 1.5, True):
        with pytest.raises(Problem):
            Paging(20, urlsafe_b64encode(f"[{str(number).lower()}]".encode()).decode()).key(int)
