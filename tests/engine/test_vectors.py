"""Whole evenings, each with what must come of it: the contract in numbers."""

import json
from pathlib import Path
from typing import Any

import pytest

from artel.engine.replay import replay_case, replay_line

Json = dict[str, Any]
VECTORS: list[Json] = [
    json.loads(line) for line in (Path(__file__).parent / "vectors/scoring.jsonl").read_text("utf-8").splitlines()
]


def test_none_is_missing() -> None:
    assert len({vector["case"]["id"] for vector in VECTORS}) == 148


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"]["id"])
def test_vector(vector: Json) -> None:
    assert essence(replay_line(json.dumps(vector["case"]))) == vector["expect"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"]["id"])
def test_a_retry_of_every_event_changes_nothing(vector: Json) -> None:
    case = vector["case"]
    twice = [event for event in case["events"] for _ in range(2)]
    result = essence(replay_case({**case, "events": twice}))
    if result.get("error", {}).get("event") is not None:
        assert result["error"]["event"] % 2 == 0  # the first of the two is refused
        result["error"]["event"] //= 2
    assert result == vector["expect"]


def essence(result: Json) -> Json:
    """Which transfers is left open, how many is not; that they settle is looked at here."""
    if "error" in result:
        error = result["error"]
        assert isinstance(error.pop("detail"), str)
        return result
    open_balances = dict(result["balances"])
    for transfer in result["transfers"]:
        assert transfer["amount"] > 0
        open_balances[transfer["from"]] += transfer["amount"]
        open_balances[transfer["to"]] -= transfer["amount"]
    assert not any(open_balances.values())
    return {**without(result, "transfers"), "transfers_count": len(result["transfers"])}


def without(value: Json, key: str) -> Json:
    return {each: given for each, given in value.items() if each != key}
