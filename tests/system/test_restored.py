"""Back to a second of the past: the drill of docs/operations.md, from nothing to databases that agree."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRATCH = Path("/var/tmp")  # noqa: S108 where the drill works: a path of a socket is short


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("pgbackrest", "postgres_url")
def test_the_drill() -> None:
    before = set(SCRATCH.glob("artel-drill-*"))
    env = {**os.environ, "PYTHONPATH": f"{ROOT}/tests:{ROOT}/deploy"}
    command = [sys.executable, "-m", "system.drill"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    noted, began, after, logs = done.stdout.splitlines()
    assert re.fullmatch(r"played, and .+ noted; before the restore: all agree", noted)
    assert re.fullmatch(r"epoch \S+ begins: phones fetch everything anew", began)
    assert after == "after the restore: all agree"
    assert logs == "all 2 logs end where they ended at that moment"
    assert set(SCRATCH.glob("artel-drill-*")) == before
