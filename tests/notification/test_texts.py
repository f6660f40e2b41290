from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.notification.money import MINOR_DIGITS, WITHOUT_MINOR, signed, unsigned
from artel.notification.texts import counted, language

ROOT = Path(__file__).resolve().parents[2]
N = "\u00a0"
M = "\u2212"


@pytest.mark.parametrize(
    ("minor", "currency", "russian", "english"),
    [
        (0, "RUB", f"0{N}₽", f"0{N}₽"),
        (100, "RUB", f"1{N}₽", f"1{N}₽"),
        (1, "RUB", f"0,01{N}₽", f"0.01{N}₽"),
        (-5, "RUB", f"{M}0,05{N}₽", f"{M}0.05{N}₽"),
        (30_000, "RUB", f"300{N}₽", f"300{N}₽"),
        (99_999, "RUB", f"999,99{N}₽", f"999.99{N}₽"),
        (-100_000, "RUB", f"{M}1{N}000{N}₽", f"{M}1{N}000{N}₽"),
        (123_456_789_01, "RUB", f"123{N}456{N}789,01{N}₽", f"123{N}456{N}789.01{N}₽"),
        (1250, "EUR", f"12,50{N}EUR", f"12.50{N}EUR"),
        (1250, "JPY", f"1{N}250{N}JPY", f"1{N}250{N}JPY"),
        (1250, "KWD", f"1,250{N}KWD", f"1.250{N}KWD"),
        (1250, "XXX", f"12,50{N}XXX", f"12.50{N}XXX"),
    ],
)
def test_money(minor: int, currency: str, russian: str, english: str) -> None:
    assert unsigned(minor, currency, "ru") == russian
    assert unsigned(minor, currency, "en") == english
    assert signed(minor, currency, "ru") == ("+" if minor > 0 else "") + russian


@given(st.integers(-(10**13), 10**13), st.sampled_from(["RUB", "EUR", "JPY", "KWD"]))
def test_money_can_be_read_back(minor: int, currency: str) -> None:
    text = signed(minor, currency, "ru").rpartition(N)[0].replace(N, "").replace(M, "-")
    whole, _, part = text.lstrip("+-").partition(",")
    digits = {"JPY": 0, "KWD": 3}.get(currency, 2)
    assert len(part) in {0, digits}
    assert (text[0] == "+", text[0] == "-") == (minor > 0, minor < 0)
    assert int(whole) * 10**digits + int(part or 0) == abs(minor)


@pytest.mark.parametrize(
    ("count", "russian", "english"),
    [
        (0, "0 партий", "0 games"),
        (1, "1 партия", "1 game"),
        (2, "2 партии", "2 games"),
        (4, "4 партии", "4 games"),
        (5, "5 партий", "5 games"),
        (10, "10 партий", "10 games"),
        (11, "11 партий", "11 games"),
        (12, "12 партий", "12 games"),
        (14, "14 партий", "14 games"),
        (19, "19 партий", "19 games"),
        (20, "20 партий", "20 games"),
        (21, "21 партия", "21 games"),
        (22, "22 партии", "22 games"),
        (25, "25 партий", "25 games"),
        (100, "100 партий", "100 games"),
        (101, "101 партия", "101 games"),
        (111, "111 партий", "111 games"),
        (112, "112 партий", "112 games"),
        (1_002, "1002 партии", "1002 games"),
    ],
)
def test_games(count: int, russian: str, english: str) -> None:
    assert (counted("games", count, "ru"), counted("games", count, "en")) == (russian, english)


@pytest.mark.parametrize(
    ("points", "russian", "english"),
    [
        (1, "1 очко", "1 point"),
        (-1, f"{M}1 очко", f"{M}1 point"),
        (-2, f"{M}2 очка", f"{M}2 points"),
        (-11, f"{M}11 очков", f"{M}11 points"),
        ("8/3", "8/3 очка", "8/3 points"),
        ("-1/2", f"{M}1/2 очка", f"{M}1/2 points"),
    ],
)
def test_points(points: int | str, russian: str, english: str) -> None:
    assert (counted("points", points, "ru"), counted("points", points, "en")) == (russian, english)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("ru", "ru"),
        ("ru-RU", "ru"),
        ("en", "en"),
        ("en-GB", "en"),
        ("EN_us", "en"),
        ("de", "ru"),
        ("", "ru"),
        ("enm", "ru"),
    ],
)
def test_language(tag: str, expected: Literal["ru", "en"]) -> None:
    assert language(tag) == expected


def test_the_page_counts_minor_digits_as_the_letters_do() -> None:
    page = (ROOT / "web" / "src" / "lib" / "money.ts").read_text(encoding="utf-8")
    of_three = [currency for currency, digits in MINOR_DIGITS.items() if digits == 3]
    for digits in (WITHOUT_MINOR, of_three):
        assert f'"{" ".join(digits)}"' in page
