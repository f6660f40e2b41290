"""What is published is promised: the committed schema of an event changes only on purpose (`make schemas`)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from artel.contracts import published
from artel.kernel.events import Event

SCHEMAS = Path(__file__).parent / "schemas"
EVENTS = {event.topic: event for event in published()}


def committed(topic: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{topic}.json").read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("topic", EVENTS)
def test_the_committed_schema_is_the_code_s(topic: str) -> None:
    assert EVENTS[topic].model_json_schema(mode="serialization") == committed(topic)


def test_no_schema_is_left_of_an_event_that_is_gone() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(EVENTS)


def test_a_topic_belongs_to_one_event() -> None:
    assert len(EVENTS) == len(published())


@pytest.mark.parametrize("topic", EVENTS)
def test_a_schema_is_one_and_hides_nothing_of_the_envelope(topic: str) -> None:
    schema = committed(topic)
    Draft202012Validator.check_schema(schema)
    assert not {"event_id", "at", "traceparent"} & set(schema["properties"])
    assert schema["required"]


@pytest.mark.parametrize("topic", EVENTS)
def test_what_the_wire_carries_fits_its_schema_and_comes_back(topic: str) -> None:
    event = example(EVENTS[topic])
    wire = json.loads(event.envelope())
    Draft202012Validator(committed(topic)).validate(wire["data"])
    assert wire["type"] == topic
    assert wire["source"] == f"/{EVENTS[topic].__module__.rpartition('.')[2]}"
    assert wire["subject"] == event.subject != ""
    assert EVENTS[topic].read(event.envelope()) == event


def example(event: type[Event]) -> Event:
    schema = event.model_json_schema(mode="serialization")
    return event.model_validate({name: sample(part, schema) for name, part in schema["properties"].items()})


def sample(part: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Some value that fits: the first alternative, one element of each kind."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    if "anyOf" in part:
        return sample(part["anyOf"][0], schema)
    return next(value for value in samples(part, schema) if value is not None)


def samples(part: dict[str, Any], schema: dict[str, Any]) -> Iterator[Any]:
    kind = part.get("type", "string")
    yield {"date-time": "2026-01-01T00:00:00Z", "uuid": "0192f0c1-0000-7000-8000-000000000000"}.get(
        part.get("format", "")
    )
    if kind == "array":
        yield [sample(part["items"], schema)]
    if kind == "object" and "properties" in part:
        yield {name: sample(inner, schema) for name, inner in part["properties"].items()}
    if kind == "object" and isinstance(part.get("additionalProperties"), dict):
        yield {"key": sample(part["additionalProperties"], schema)}
    yield part["enum"][0] if "enum" in part else part.get("const")
    yield {"integer": 1, "number": 1.5, "boolean": True, "object": {"any": "thing"}, "string": "words"}[kind]
