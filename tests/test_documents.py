import json
import re
import tomllib
from pathlib import Path

import pytest

from artel import settings_table
from artel.cli import main
from artel.kernel.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WEB = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    """redis[hiredis] are two; the asyncio of sqlalchemy is a part of it."""
    return {name for text in requirements for name in re.findall(r"[\w.-]+", re.split("[<>=]", text)[0])} - {"asyncio"}


def test_the_table_of_settings_is_not_stale() -> None:
    """`make settings` writes it."""
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    assert settings_table.replaced(text) == text


def test_every_setting_is_told_and_secrets_are_called_so() -> None:
    rows = re.findall(r"^\| `(ARTEL_[A-Z_]+)` \| (.*) \| (.+) \| (.*) \|$", settings_table.table(), re.MULTILINE)
    assert [name for name, *_ in rows] == [f"ARTEL_{name.upper()}" for name in Settings.model_fields]
    assert all(len(what) > 5 and what != "None" for _, _, what, _ in rows)
    secret = {name for name, _, _, secret in rows if secret == "yes"}
    assert {"ARTEL_TELEGRAM_BOT_TOKEN", "ARTEL_DATABASE_URL", "ARTEL_BUS_URL", "ARTEL_STORE_URL"} <= secret
    assert "ARTEL_PORT" not in secret


def test_a_document_without_a_place_for_the_table_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Nothing\n", encoding="utf-8")
    assert main(["settings", str(page)]) == 2
    assert "no place for the table" in capsys.readouterr().err
    page.write_text(f"a\n{settings_table.BEGIN}old\n{settings_table.END}b\n", encoding="utf-8")
    assert main(["settings", str(page)]) == 0
    table = settings_table.table()
    assert page.read_text("utf-8") == f"a\n{settings_table.BEGIN}{table}{settings_table.END}b\n"
    assert main(["settings"]) == 0
    assert capsys.readouterr().out == table


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


def test_every_decision_is_whole_and_listed() -> None:
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    listed = re.findall(
        r"^- \[(.+)\]\((.+)\)$", (DOCS / "decisions" / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    heads = [page.read_text(encoding="utf-8").partition("\n")[0] for page in pages]
    assert heads == [f"# {number}. {title}" for number, (title, _) in enumerate(listed, 1)]
    assert [page.name for page in pages] == [name for _, name in listed]
    for page in pages:
        parts = re.findall(r"^\*\*(\w+)\.\*\*", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences", "Alternatives"], page.name


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *DOCS.rglob("*.md")], ids=lambda page: str(page.relative_to(ROOT))
)
def test_what_is_pointed_at_is_there(page: Path) -> None:
    """Links, and files of this repository that are named in passing."""
    text = page.read_text(encoding="utf-8")
    links = [page.parent / link.partition("#")[0] for link in re.findall(r"\]\((?!https?://)([^)]+)\)", text)]
    named = [ROOT / name for name in re.findall(r"`((?:src|tests|web|docs|bench|scripts)/[\w/.-]+)`", text)]
    assert [str(path) for path in links + named if not path.exists()] == []


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_a_test_that_is_named_is_there(page: Path) -> None:
    """`tests/x.py::TestY::test_z`; after one of a file, `::test_z` alone is of the same file."""
    file, missing = Path(), []
    for path, named in re.findall(
        r"`((?:tests|web)/[\w/.-]+\.(?:py|ts))?((?:::\w+)*)`", page.read_text(encoding="utf-8")
    ):
        file = ROOT / path if path else file
        text = file.read_text(encoding="utf-8") if path or named else ""
        wanted = [rf"(def|class) {name}\b" for name in named.split("::") if name]
        missing += [(file.name, each) for each in wanted if not re.search(each, text)]
    assert missing == []


def test_the_menu_is_in_the_makefile() -> None:
    """Whatever the documents tell to type is there."""
    goals = set(re.findall(r"^([a-z]+):.* ## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    told = {
        goal for page in pages for goal in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {"run", "test"} <= told <= goals
