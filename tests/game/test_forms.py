"""Two readers of one form: what the OpenAPI document promises is what the engine takes, neither more nor less."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from artel.game.forms import EVENT_FORM
from artel.game.posted import read_posted
from artel.kernel.errors import Problem
from artel_testing import Installation

PLAYERS = ["anna", "boris", "vera"]
IDS = some.sampled_from([*PLAYERS, "", "x" * 64, "x" * 65, 7, None])
KEYS: dict[str, Any] = {
    "id": some.sampled_from(["e1", "e1", "e1", "", "x" * 65, "a\nb", 1, None]),
    "type": some.sampled_from(
        ["start", "ball", "foul", "miss", "end", "leave", "pause", "resume", "undo", "expense", "payment", "finish"] * 4
        + ["join", "dance", None, 1]
    ),
    "game": some.sampled_from(["g", "g", "g", "", None, 3]),
    "player": IDS,
    "target": IDS,
    "payer": IDS,
    "from": IDS,
    "to": IDS,
    "breaker": IDS,
    "ball": IDS,
    "own": some.sampled_from([True, False, 1, None]),
    "lucky": some.sampled_from([True, False, "yes", None]),
    "reason": some.sampled_from(
        ["concede", "timeout", "draw", "abandoned", "late", "x" * 200, "x" * 201, "a\nb", "", None, 5]
    ),
    "amount": some.sampled_from([1, 500, 10**9, 10**9 + 1, 0, -1, 1.0, True, None, "5"]),
    "split": some.sampled_from(["equal", "minus_players", "minus_proportional", "half", None]),
    "among": some.lists(IDS, max_size=3) | some.none(),
    "sides": some.lists(some.lists(IDS, max_size=3), max_size=3) | some.none(),
    "order": some.lists(IDS, max_size=4) | some.just(PLAYERS) | some.none(),
    "client_at": some.sampled_from(["2026-11-22T20:00:00Z", "2026-11-22T20:00:00+03:00", "soon", None]),
    "what": some.just(1),
}
WANTED = {
    "start": ["sides", "order", "breaker"], "ball": ["game", "player", "ball", "own", "lucky"],
    "foul": ["game", "player", "reason"], "miss": ["game", "player"], "end": ["game", "reason", "player"],
    "leave": ["player"], "pause": ["player"], "resume": ["player"], "undo": ["target"],
    "expense": ["payer", "amount", "split", "among"], "payment": ["from", "to", "amount"], "finish": [],
}  # fmt: skip


@some.composite
def almost(draw: some.DrawFn) -> dict[str, Any]:
    """An event that mostly fits."""
    kind = draw(KEYS["type"])
    keys = ["id", "type", *WANTED.get(str(kind), [])]
    if draw(some.integers(0, 9)) == 0:
        keys.append(draw(some.sampled_from(sorted(KEYS))))
    if draw(some.integers(0, 9)) == 0:
        keys.remove(draw(some.sampled_from(keys)))
    left_out = {"sides", "order", "breaker", "ball", "own", "lucky", "split", "among"}
    return {
        key: kind if key == "type" else draw(KEYS[key]) for key in keys if key not in left_out or draw(some.booleans())
    }


def refusal(event: Any) -> Problem | None:
    try:
        read_posted(json.dumps(event).encode())
    except Problem as problem:
        return problem
    return None


def promised(event: Any) -> bool:
    try:
        EVENT_FORM.validate_python(event)
    except ValueError:
        return False
    return True


TWICE = [
    b'{"id":"a","type":"finish","id":"b"}',
    b'{"id" :"a","type":"finish","id":"b"}',
    b'{"id":"a","type":"finish","id"\n:"b"}',
    b'{"id":"a","i\\u0064":"b","type":"finish"}',
    b'{"events":[{"id":"a","type":"finish","id" :"b"}]}',
    b'{"events":[],"events" :[{"id":"a","type":"finish"}]}',
    b'{"id":"a","type":"miss","game":"g","player":{"a":1,"a" :2}}',
]


@pytest.mark.parametrize("body", TWICE)
def test_a_key_stands_once(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_posted(body)
    assert "twice" in refused.value.errors[0]["message"]


@pytest.mark.parametrize("name", ['"id":"b"', '\\"', "a:", '":', "\u0437\u0430"])
def test_what_only_looks_like_a_key_is_none(name: str) -> None:
    body = json.dumps({"id": "a", "type": "foul", "game": "g", "player": "p", "reason": name}).encode()
    assert read_posted(body)[0].value["reason"] == name


@given(almost())
@settings(max_examples=2_000, suppress_health_check=[HealthCheck.too_slow])
def test_the_document_and_the_engine_agree(event: dict[str, Any]) -> None:
    refused = refusal(event)
    assert (refused is None) == promised(event)
    if refused:
        assert (refused.status, refused.code) == (422, "invalid_body")
        assert refused.errors


async def test_the_document_tells_of_taps(house: Installation) -> None:
    document = (await house.http.get("/openapi.json")).json()
    post = document["paths"]["/api/v1/sessions/{session_id}/events"]["post"]
    assert set(post["responses"]) >= {"200", "201", "422", "default"}
    assert post["requestBody"]["required"]
    answer = post["responses"]["201"]["content"]["application/json"]["schema"]
    schemas = document["components"]["schemas"]
    assert set(schemas[answer["$ref"].rpartition("/")[2]]["required"]) == {"version", "events", "table"}
    ball = schemas["BallForm"]
    assert set(ball["required"]) == {"id", "type", "player", "game"}
    assert ball["additionalProperties"] is False
    assert "default" not in ball["properties"]["own"]
    assert ball["properties"]["own"]["type"] == "boolean"
    assert {"get", "patch"} == set(document["paths"]["/api/v1/sessions/{session_id}"])


async def test_the_meters_know_the_routes(house: Installation) -> None:
    from prometheus_client import REGISTRY  # noqa: PLC0415

    anna = house.person("Анна")
    await house.call(anna, "POST", "/sessions/01a20562-a592-7046-8162-bed2c4466afa/events", json={})
    labels = {"service": "game", "method": "POST", "route": "/api/v1/sessions/{session_id}/events", "status": "422"}
    assert REGISTRY.get_sample_value("artel_http_requests_total", labels)
