"""What `make compiled` makes keeps the score as the sources do."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import compiled
from stack import Stack

ROOT = Path(__file__).parents[2]
HERE = ROOT / "build" / "tested"  # and not what somebody runs
WHERE = "import artel.engine.session, artel.game.owner, artel.kernel.tap as tap; print(tap.__file__)"


def python(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], check=False, cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


@pytest.mark.timeout(900)
def test_the_rules_and_an_evening_over_http(compiler: str) -> None:
    assert compiler
    compiled.make(HERE)
    assert python("-c", WHERE).strip().endswith(".so")
    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/engine", "tests/system/test_evenings.py")
    assert " passed" in said.splitlines()[-1]
    assert not list(HERE.glob("build"))


COMPILED = [
    *sorted((compiled.SOURCES / "engine").glob("*.py")),
    *(compiled.SOURCES / part / f"{name}.py" for part, names in compiled.OF_A_TAP.items() for name in names),
]
WAITS = ast.Await | ast.AsyncFor | ast.AsyncWith | ast.Yield | ast.YieldFrom


@pytest.mark.parametrize("module", COMPILED, ids=lambda module: module.name)
def test_nobody_waits_in_the_middle_of_an_error(module: Path) -> None:
    """mypyc keeps the error that is being handled for the thread and not for each coroutine: who waits there finds
    somebody else's when he goes on, and raises that."""
    nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    handling = [each for node in nodes if isinstance(node, ast.ExceptHandler) for each in node.body]
    handling += [each for node in nodes if isinstance(node, ast.Try) for each in node.finalbody]
    assert not [each for node in handling for each in ast.walk(node) if isinstance(each, WAITS)]
    assert not [node for node in nodes if isinstance(node, ast.AsyncWith)], "it waits in its __aexit__"


def test_what_is_made_of_other_sources_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sources := tmp_path / "artel").mkdir()
    (sources / "rules.py").write_text("TARGET = 8")
    monkeypatch.setattr(compiled, "SOURCES", sources)
    (made := tmp_path / "made").mkdir()
    assert compiled.fresh(made) is None
    (made / ".made").write_text(compiled.of_sources())
    assert compiled.fresh(made) == made
    (sources / "rules.py").write_text("TARGET = 9")
    assert compiled.fresh(made) is None


@pytest.mark.parametrize("is_fresh", [True, False])
def test_the_stack_runs_what_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_fresh: bool) -> None:
    monkeypatch.setattr(compiled, "FOLDER", tmp_path)
    (tmp_path / ".made").write_text(compiled.of_sources() if is_fresh else "of others")
    made = Stack(8080, tmp_path)
    made._services()
    told = [f'PYTHONPATH="{tmp_path}"' in made.programs[name] for name in ("game", "game-2", "stats")]
    assert told == [is_fresh] * 3


def test_without_a_compiler_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="apt-get install -y gcc libc6-dev python3-dev"):
        compiled.make(tmp_path / "made")
    assert not (tmp_path / "made").exists()
