"""The walls and the house numbers, kept by a test so that nobody has to remember them."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from artel.compose import SERVICES

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "artel"
MODULES = sorted(SOURCE.rglob("*.py"))
KERNEL = sorted((SOURCE / "kernel").glob("*.py"))
BILLIARDS = re.compile(
    r"\b(billiards?|balls?|fouls?|stakes?|guests?|breakers?|kolkhoz|americana|moscow|scorers?|партия|шар\w*)\b",
    re.IGNORECASE,
)


def lines(module: Path) -> int:
    return len(module.read_text(encoding="utf-8").splitlines())


def functions(module: Path) -> list[tuple[str, int]]:
    """Each function with its length in lines."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(f"{module.name}:{node.name}", (node.end_lineno or 0) - node.lineno + 1) for node in found]


def test_the_walls_stand() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("module", KERNEL, ids=lambda module: module.name)
def test_the_kernel_is_small_and_knows_no_billiards(module: Path) -> None:
    assert lines(module) <= 150
    text = module.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    assert not BILLIARDS.findall(text.replace(docstring, ""))
    names = {name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert all(name.startswith("artel.kernel.") for name in names if name.startswith("artel"))


def test_modules_are_rarely_over_300_lines() -> None:
    assert {str(module.relative_to(ROOT)): lines(module) for module in MODULES if lines(module) > 300} == {}


def test_functions_are_short() -> None:
    lengths = [length for module in MODULES if "migrations" not in module.parts for _, length in functions(module)]
    assert median(lengths) <= 10
    assert sum(length <= 35 for length in lengths) / len(lengths) >= 0.9


def test_there_is_at_least_as_much_test_as_code() -> None:
    code = sum(lines(module) for module in MODULES if "migrations" not in module.parts)
    tests = sum(lines(module) for module in (ROOT / "tests").rglob("*.py"))
    assert tests >= code * 0.8


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_its_history(service: str) -> None:
    versions = list((SOURCE / service / "migrations" / "versions").glob("*.py"))
    assert versions
    assert (SOURCE / service / "migrations" / "env.py").exists()


def test_nothing_is_switched_off_without_a_reason() -> None:
    """Each noqa names its rule, and what is not self-evident says why."""
    bare = re.compile(r"#\s*noqa\s*($|[^:\s])|#\s*type:\s*ignore\s*($|[^\[\s])", re.MULTILINE)
    places = [*MODULES, *(ROOT / "tests").rglob("*.py")]
    assert [str(path) for path in places if path.name != Path(__file__).name and bare.search(path.read_text())] == []


@pytest.mark.parametrize(
    ("name", "address"),
    [("requirements.lock", "://"), ("requirements-dev.lock", "://"), ("web/package-lock.json", '"resolved"')],
)
def test_lock_files_hold_no_addresses(name: str, address: str) -> None:
    assert address not in (ROOT / name).read_text(encoding="utf-8")
