"""What is in deploy/logs for programs that are not run here: it can be read, and says the same as the code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from logstash_pipeline_parser.tree import AST, ParseError

from artel.kernel.ecs import ECS_VERSION
from artel.kernel.redact import FORMS

LOGS = Path(__file__).parents[1] / "deploy" / "logs"
LOGSTASH = (LOGS / "logstash.conf").read_text()
TEMPLATE = json.loads((LOGS / "index-template.json").read_text())
KIBANA = [json.loads(line) for line in (LOGS / "kibana.ndjson").read_text().splitlines()]


def mapped(properties: dict[str, Any], above: str = "") -> set[str]:
    found: set[str] = set()
    for name, about in properties.items():
        found |= mapped(about["properties"], f"{above}{name}.") if "properties" in about else {above + name}
    return found


FIELDS = mapped(TEMPLATE["template"]["mappings"]["properties"])


def test_the_pipeline_is_one() -> None:
    assert [section[0] for section in AST().parse_config(LOGSTASH)] == ["input", "filter", "output"]


@pytest.mark.parametrize("spoil", [("input {", "input"), ('=> "message"', '= "message"'), ("else if", "elif")])
def test_a_pipeline_that_is_none_is_seen(spoil: tuple[str, str]) -> None:
    assert spoil[0] in LOGSTASH
    with pytest.raises(ParseError):
        AST().parse_config(LOGSTASH.replace(*spoil, 1))


def in_ruby(form: str) -> str:
    """A string there has no escapes of its own: quotes by their number."""
    return form.replace('\\"', "\\x22").replace("'", "\\x27")


def test_the_pipeline_hides_what_the_code_hides() -> None:
    hidden = re.findall(r'^ +"message", \'(.+)\', "((?:\\1)?)\*\*\*",?$', LOGSTASH, re.MULTILINE)
    assert hidden == [(in_ruby(form), "\\1" if re.compile(form).groups else "") for form in FORMS]


def test_both_shippers_and_the_template_mean_the_same_stream() -> None:
    [pattern] = TEMPLATE["index_patterns"]
    assert pattern == "logs-artel-*"
    assert 'string="logs-artel-default"' in (LOGS / "rsyslog.conf").read_text()
    told = dict(re.findall(r'data_stream_(\w+) => "(\w+)"', LOGSTASH))
    assert (told["type"], told["dataset"], told["namespace"]) == ("logs", "artel", "default")
    assert f'"ecs.version" => "{ECS_VERSION}"' in LOGSTASH
    assert f'value="{ECS_VERSION}"' in (LOGS / "rsyslog.conf").read_text()


def test_the_template_names_the_policy_which_keeps_a_month() -> None:
    assert f"_ilm/policy/{TEMPLATE['template']['settings']['index']['lifecycle']['name']} " in setup()
    assert json.loads((LOGS / "lifecycle.json").read_text())["policy"]["phases"]["delete"]["min_age"] == "30d"


def setup() -> str:
    return (LOGS / "setup.sh").read_text()


def test_a_search_asks_for_fields_that_there_are() -> None:
    [view, *searches] = KIBANA
    assert (view["type"], view["attributes"]["title"]) == ("index-pattern", TEMPLATE["index_patterns"][0])
    assert len(searches) >= 5
    assert len({each["id"] for each in KIBANA}) == len(KIBANA)
    for search in searches:
        assert [reference["id"] for reference in search["references"]] == [view["id"]]
        assert set(search["attributes"]["columns"]) <= FIELDS
        source = json.loads(search["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        assert source["indexRefName"] == search["references"][0]["name"]
        asked = re.findall(r"([\w.]+) (?::|>=) ", source["query"]["query"])
        assert asked
        assert set(asked) <= FIELDS


def test_a_document_is_never_refused_for_a_field_that_nobody_has_thought_of() -> None:
    assert TEMPLATE["template"]["mappings"]["dynamic"] is False
    assert TEMPLATE["template"]["settings"]["index"]["mapping"]["ignore_malformed"] is True
