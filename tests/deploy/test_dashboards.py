"""The dashboards are what their program writes, and nothing that Grafana would show badly."""

import importlib.util
import json
import re
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deploy.dashboards import FOLDER, HERE, documents, metrics, questions
from deploy.test_alerts import promtool


@pytest.fixture
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("artel_dashboards", HERE / "dashboards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def written() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}


def test_they_are_what_the_program_writes(program: ModuleType, written: dict[str, str], tmp_path: Path) -> None:
    program.write(tmp_path / "dashboards")
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "dashboards").iterdir()}
    assert made == written, "stale: make dashboards"
    assert set(made) == {f"{name}.json" for name in ("overview", "service", "live", "broker", "business")}


@pytest.mark.parametrize("name", documents())
def test_no_panel_lies_on_another(name: str) -> None:
    panels = documents()[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 4

    def squares(panel: Any) -> set[tuple[int, int]]:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= 24
        return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}

    for one, other in combinations(panels, 2):
        assert not squares(one) & squares(other), (one["title"], other["title"])


@pytest.mark.parametrize("name", documents())
def test_panels_ask_the_source_that_is_there_and_say_what_they_show(name: str) -> None:
    document = documents()[name]
    sources = re.findall(r"uid: (\w+)", (HERE / "grafana" / "datasources.yml").read_text())
    for panel in document["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] in sources
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH"[: len(panel["targets"])])
        assert all(
            target["expr"].strip() and target["datasource"] == panel["datasource"] for target in panel["targets"]
        )
    declared = {variable["name"] for variable in document["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", json.dumps(document["panels"]))) - {"__rate_interval"}
    assert used == declared


def test_titles_in_a_dashboard_are_each_its_own() -> None:
    for document in documents().values():
        rows: dict[str, list[str]] = {}
        for panel in document["panels"]:
            if panel["type"] == "row":
                titles = rows.setdefault(panel["title"], [])
            else:
                titles.append(panel["title"])
        assert all(len(set(titles)) == len(titles) for titles in rows.values())


def test_every_expression_is_one(prometheus: str, tmp_path: Path) -> None:
    asked = [question.expr for question in questions(service="game", __rate_interval="1m")]
    assert len(asked) > 70
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(asked)]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    assert f"{len(asked)} rules found" in promtool(prometheus, "check", "rules", file)


@pytest.mark.parametrize(
    ("expr", "named"),
    [
        ("sum by (service) (rate(artel_x_total[5m])) or 0 * service:a:rate5m", {"artel_x_total", "service:a:rate5m"}),
        ('x_bytes{fstype!~"a_b|c_d"} / on (in_stance) group_right group by (l_e) (y_z{a_b="c_d"})', {"x_bytes", "y_z"}),
        (r'max by (queue) (rabbit_q{queue=~"artel\\.[a-z_]+\\.dead"}) > 0', {"rabbit_q"}),
        ("histogram_quantile(0.5, sum by (le) (rate(a_bucket[1m])))", {"a_bucket"}),
        ("group by (s) (last_over_time(a_b[1h])) unless a_c", {"a_b", "a_c"}),
    ],
)
def test_names_are_found_in_an_expression(expr: str, named: set[str]) -> None:
    assert metrics(expr) == named
