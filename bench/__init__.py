"""What Artel can do on this machine, beside the floor of this machine: `python -m bench` (docs/performance.md)."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"

sys.path.append(str(ROOT / "tests"))  # for tests/servers.py, which knows how PostgreSQL is found and started
