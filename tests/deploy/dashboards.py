"""The dashboards as Grafana reads them."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parents[2] / "deploy" / "observability"
FOLDER = HERE / "dashboards"


class Question(NamedTuple):
    """`where`: dashboard, panel, legend."""

    where: tuple[str, str, str]
    expr: str


def documents() -> dict[str, Any]:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def questions(**chosen: str) -> Iterator[Question]:
    """All that is asked, with what Grafana puts in place of variables."""
    for document in documents().values():
        for panel in document["panels"]:
            for target in panel.get("targets", ()):
                where = document["title"], panel["title"], target["legendFormat"]
                yield Question(where, filled(target["expr"], chosen))
        for annotation in document["annotations"]["list"]:
            yield Question((document["title"], "annotations", annotation["name"]), annotation["expr"])


def filled(expr: str, chosen: Mapping[str, str]) -> str:
    for name, value in chosen.items():
        expr = re.sub(rf"\${name}\b", value, expr)
    assert "$" not in expr, expr
    return expr


def metrics(expr: str) -> set[str]:
    """The names in it: neither labels nor their values, nor functions or their words."""
    bare = re.sub(r'"(\\.|[^"\\])*"|{[^}]*}|\[[^]]*\]', " ", re.sub(r'"[^"]*"', '""', expr))
    bare = re.sub(r"\b(by|on|group_left|group_right|ignoring|without)\s*\([^)]*\)", " ", bare)
    words = re.findall(r"[a-zA-Z_:][\w:]*(?!\w|:|\s*\()", bare)
    return {word for word in words if "_" in word or ":" in word} - {"group_right", "group_left"}
