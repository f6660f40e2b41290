import json
import re
import tomllib
from pathlib import Path

import pytest

from artel.kernel.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WEB = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    """redis[hiredis] are two; the asyncio of sqlalchemy is a part of it."""
    return {name for text in requirements for name in re.findall(r"[\w.-]+", re.split("[<>=]", text)[0])} - {"asyncio"}


def test_every_setting_is_told() -> None:
    told = set(re.findall(r"^\| `(ARTEL_[A-Z_]+)`", (DOCS / "operations.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert told == {f"ARTEL_{name.upper()}" for name in Settings.model_fields}


def test_every_dependency_earns_its_line_and_every_line_its_dependency() -> None:
    lines = re.findall(
        r"^\| ([^|]+) \| [^|]{5,} \|$", (DOCS / "dependencies.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    heads = {"Python", "to work on it", "the web app", "to work on the web app"}
    told = [name for line in lines if line not in heads for name in line.split(", ")]
    python = names(PROJECT["project"]["dependencies"]) | names(PROJECT["dependency-groups"]["dev"])
    assert sorted(told) == sorted(python | WEB["dependencies"].keys() | WEB["devDependencies"].keys())


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_what_is_asked_for_is_locked(lock: str) -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
    asked = names(PROJECT["project"]["dependencies"])
    if lock == "requirements-dev.lock":
        asked |= names(PROJECT["dependency-groups"]["dev"])
    assert asked <= locked
