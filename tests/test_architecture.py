"""The walls and the house numbers, kept by a test so that nobody has to remember them."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import median

import pytest

from artel.compose import SERVICES

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "artel"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
KERNEL = sorted((SOURCE / "kernel").glob("*.py"))
# What the engine may use of the standard library: nothing with a clock, chance, input or output.
PURE = {
    "abc", "bisect", "collections", "collections.abc", "dataclasses", "functools", "hashlib", "itertools", "json",
    "math", "operator", "re", "types", "typing",
}  # fmt: skip
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


def imports(module: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def calls(module: Path) -> set[str]:
    """What is called, as it is written."""
    nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    return {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}


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
    assert all(name.startswith("artel.kernel.") for name in imports(module) if name.startswith("artel"))


@pytest.mark.parametrize("module", sorted((SOURCE / "engine").rglob("*.py")), ids=lambda module: module.name)
def test_the_engine_is_pure(module: Path) -> None:
    assert {name for name in imports(module) if not name.startswith("artel.engine")} <= PURE
    assert calls(module).isdisjoint({"open", "print", "input", "eval", "exec", "__import__"})


def test_modules_are_rarely_over_300_lines() -> None:
    assert {str(module.relative_to(ROOT)): lines(module) for module in MODULES if lines(module) > 300} == {}


def test_functions_are_short() -> None:
    lengths = [length for module in MODULES if "migrations" not in module.parts for _, length in functions(module)]
    assert median(lengths) < 10
    assert sum(length < 35 for length in lengths) / len(lengths) >= 0.9


def test_there_is_at_least_as_much_test_as_code() -> None:
    code = sum(said(module) for module in MODULES if "migrations" not in module.parts)
    assert sum(said(test) for test in TESTS) >= code


def said(file: Path) -> int:
    """Lines of code: what explains it is not counted, on either side."""
    text = file.read_text(encoding="utf-8")
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            told.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(number not in told and bool(line.strip()) and line.strip()[0] != "#" for number, line in lines)


NAPS = {
    "servers.py": {"time.sleep(0.05)"},  # a program that starts is asked in a loop
    "test_serving.py": {"asyncio.sleep(0.02)"},  # the same of what other processes will say
    "hall.py": {"asyncio.sleep(0.2)"},  # the same of a whole system
    "checker.py": {"asyncio.sleep(0.1)"},  # and of what has to agree in the end
    "detour.py": {"asyncio.sleep(self.slow)"},  # a way that is slow
    "faults.py": {
        "asyncio.sleep(seconds)",
        "asyncio.sleep(random.uniform(0, 1))",
    },  # faults last, and come at random
    "evening.py": {  # how fast people play, and try again
        "asyncio.sleep(self._random.uniform(0.05, 0.5))",
        "asyncio.sleep(random.uniform(0, PACE_SECONDS))",
        "asyncio.sleep(chores.company.random.uniform(0, PACE_SECONDS))",
    },
    "onlookers.py": {"asyncio.sleep(1)"},  # before somebody who was cut off knocks again
}


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_no_test_sleeps_to_wait(test: Path) -> None:
    """`sleep(0)` only lets others run. What else there is stands above, with its reason."""
    tree = ast.parse(test.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and "sleep" in ast.unparse(node.func)]
    naps = {ast.unparse(node) for node in found} - {"asyncio.sleep(0)"}
    assert naps == NAPS.get(test.name, set())


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_its_history(service: str) -> None:
    versions = list((SOURCE / service / "migrations" / "versions").glob("*.py"))
    assert versions
    assert (SOURCE / service / "migrations" / "env.py").exists()


def test_nothing_is_switched_off_without_a_reason() -> None:
    """Each noqa names its rule, and what is not self-evident says why."""
    bare = re.compile(r"#\s*noqa\s*($|[^:\s])|#\s*type:\s*ignore\s*($|[^\[\s])", re.MULTILINE)
    places = [*MODULES, *TESTS, *(ROOT / "bench").rglob("*.py")]
    assert [str(path) for path in places if path.name != Path(__file__).name and bare.search(path.read_text())] == []


def test_every_dependency_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\[<>=]", text)[0].replace("-", "_") for text in project["dependencies"]}
    # Those of uvicorn are told it by name.
    by_name = {"httptools": "kernel/server.py", "uvloop": "serving.py"}
    used = {name.replace(".", "_") for module in MODULES for name in imports(module)}
    assert {each for each in wanted if not any(name.startswith(each) for name in used)} == by_name.keys()
    assert all(name in (SOURCE / where).read_text(encoding="utf-8") for name, where in by_name.items())


@pytest.mark.parametrize(
    ("name", "address"),
    [("requirements.lock", "://"), ("requirements-dev.lock", "://"), ("web/package-lock.json", '"resolved"')],
)
def test_lock_files_hold_no_addresses(name: str, address: str) -> None:
    assert address not in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_python_is_locked_to_versions_with_hashes(name: str) -> None:
    entries = re.split(r"\n(?=[a-z])", (ROOT / name).read_text(encoding="utf-8"))
    assert len(entries) > 20
    assert [
        entry for entry in entries if not re.match(r"[a-z0-9-]+==\S+", entry) or "--hash=sha256:" not in entry
    ] == []


def test_node_is_locked_to_versions_with_hashes() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    own = packages.pop("")
    own_files = {name: entry for name, entry in packages.items() if not entry.get("inBundle")}
    assert [name for name, entry in own_files.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    asked = own["dependencies"] | own["devDependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked, "no ranges"


def test_only_one_folder_of_the_web_app_knows_telegram() -> None:
    web = ROOT / "web" / "src"
    knows = re.compile(r"@tma\.js|TelegramWebviewProxy|Telegram\.WebApp|tgWebApp")
    files = [path for path in web.rglob("*") if path.suffix in {".ts", ".tsx"}]
    assert files
    assert {path.relative_to(web).parts[0] for path in files if knows.search(path.read_text(encoding="utf-8"))} == {
        "telegram"
    }
