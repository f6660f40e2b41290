"""An event that was read can be written as it was."""

import json
from typing import Any

import pytest

from artel.engine.events import event_to_json, parse_event
from engine.random_evenings import evenings


def test_of_random_evenings() -> None:
    written = [event for case in evenings(5, 40) for event in readable(case["events"])]
    assert {event["type"] for event in written} >= {
        "start",
        "ball",
        "end",
        "expense",
        "payment",
        "undo",
        "join",
        "pause",
    }
    for event in written:
        assert event_to_json(parse_event(event)) == event


def readable(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what follows the first that is refused."""
    return events[:-1]


@pytest.mark.parametrize(
    "event",
    [
        {"id": "1", "type": "start", "sides": [["A"], ["B", "C"]], "breaker": "C"},
        {"id": "1", "type": "start", "order": ["B", "A"]},
        {"id": "1", "type": "ball", "player": "A", "ball": "red", "own": False, "lucky": False},
        {"id": "1", "type": "foul", "player": "A", "reason": ""},
        {"id": "1", "type": "join", "player": "A", "name": ""},
        {"id": "1", "type": "end", "reason": "concede", "player": "A"},
        {"id": "1", "type": "payment", "from": "A", "to": "B", "amount": 10**30},
        {"id": "1", "type": "expense", "payer": "A", "amount": 1, "split": "equal", "among": ["B"]},
        {"id": "1", "type": "finish"},
    ],
)
def test_what_is_false_or_empty_is_still_there(event: dict[str, Any]) -> None:
    assert json.dumps(event_to_json(parse_event(event))) == json.dumps(event)
