"""Two browsers play whole evenings on a real server (web/e2e)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(1200)
def test_evenings_on_two_phones(chromium: str) -> None:
    programs = Path(sys.executable).parent
    env = os.environ | {
        "CHROMIUM": chromium,
        "ARTEL": str(programs / "artel"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    run = subprocess.run(["npm", "run", "--silent", "e2e"], cwd=ROOT / "web", env=env, check=False, text=True)
    assert run.returncode == 0
