import re
from pathlib import Path

from artel.kernel.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"


def test_every_setting_is_told() -> None:
    told = set(re.findall(r"^\| `(ARTEL_[A-Z_]+)`", (DOCS / "operations.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert told == {f"ARTEL_{name.upper()}" for name in Settings.model_fields}


def test_every_dependency_earns_its_line() -> None:
    project = (DOCS.parent / "pyproject.toml").read_text(encoding="utf-8")
    lists = "".join(re.findall(r"^(?:dependencies|dev) = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL))
    text = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    names = {name.lower() for name in re.findall(r'"([a-zA-Z0-9-]+)', lists)}
    assert names
    assert {name for name in names if name not in text} == set()
