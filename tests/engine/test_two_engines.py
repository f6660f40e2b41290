"""The app predicts what a tap will do with a fold of its own; here it and the engine play the same random evenings."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from artel.engine.replay import replay_case
from engine.random_evenings import evenings

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"
RUN = """
import { replay } from './replay.mjs';
import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(JSON.stringify(replay(JSON.parse(line))) + '\\n');
"""


@pytest.fixture(scope="module")
def app_fold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's fold as one script; needs what `make install` installs."""
    folder = tmp_path_factory.mktemp("fold")
    bundle = ["node_modules/.bin/rolldown", "src/engine/replay.ts", "--file", str(folder / "replay.mjs")]
    subprocess.run([str(NODE), *bundle, "--format", "esm"], cwd=ROOT / "web", check=True, capture_output=True)
    (folder / "run.mjs").write_text(RUN, encoding="utf-8")
    return folder / "run.mjs"


@pytest.mark.parametrize("seed", range(4))
def test_they_agree(app_fold: Path, seed: int) -> None:
    cases = list(evenings(seed, 250))
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    answer = subprocess.run([NODE, app_fold], input=lines, capture_output=True, text=True, check=True)
    theirs = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [essence(result) for result in theirs] == [essence(replay_case(case)) for case in cases]
    assert sum("error" in result for result in theirs) in range(20, 230)


def essence(result: dict[str, Any]) -> dict[str, Any]:
    """Wordings differ; of transfers only the number is promised."""
    if "error" in result:
        return {"id": result["id"], "error": (result["error"]["code"], result["error"]["event"])}
    return {**result, "transfers": len(result["transfers"])}
