"""Whole evenings through HTTP on all six services: whoever follows by events knows what the log says."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from artel_testing import Installation, installation
from playing import RULES, Company, agrees, figures, replayed, told


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, event_burst=10_000) as made:
        yield made


@pytest.mark.parametrize("number", range(len(RULES)))
async def test_an_evening(house: Installation, number: int) -> None:
    company = Company(house.http, Random(number))
    anya, boris, vera = [await company.sign_in(name) for name in ("Аня", "Борис", "Вера")]
    await house.drain()
    await company.befriend(anya, boris)
    table = await company.sit_down(anya, [boris, vera], RULES[number], guests=["Гость"])
    await table.play(120)
    await table.finish()
    await house.drain()

    session, case = await table.whole(), await table.exported()
    result = replayed(case)
    agrees(session, result)
    assert session["version"] == len(table.acknowledged) + count_joins(case)
    assert [event["id"] for event in case["events"] if event["type"] != "join"] == [e["id"] for e in table.acknowledged]
    assert result["games"], "an evening without a game says nothing"

    expected = figures(case, session)
    for somebody in (anya, boris, vera):
        shown = await company.ok(somebody, "GET", f"/stats/players/{somebody.id}")
        assert told(shown) == expected[somebody.id], somebody.name
        history = await company.ok(somebody, "GET", "/stats/history", player=somebody.id, limit=100)
        assert len(history["items"]) == expected[somebody.id]["games"]
        inbox = (await company.ok(somebody, "GET", "/notifications", limit=100))["items"]
        kinds = Counter(item["kind"] for item in inbox)
        assert kinds["session_finished"] == 1
        assert kinds["game_finished"] == expected[somebody.id]["games"]


def count_joins(case: dict[str, list[dict[str, str]]]) -> int:
    return sum(event["type"] == "join" for event in case["events"])
