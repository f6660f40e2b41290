"""The engine and the way of a tap as machine code: `make compiled`, for those who have many halls on one machine.

The same sources through mypyc; all else of the package stays as it is written. What is made lies beside the sources
and not among them, so nobody runs what he has changed since: whoever starts processes asks `fresh` first.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "artel"
FOLDER = ROOT / "build" / "compiled"
OF_A_TAP = {
    "game": ("announce", "frames", "live", "moments", "owner", "posted", "posting", "rights", "sheet", "writer"),
    "kernel": ("body", "edge", "idle", "observe", "server", "store", "tap", "token", "tracing", "under_way"),
}


def fresh(folder: Path | None = None) -> Path | None:
    """`folder`, for PYTHONPATH, if it was made of what the sources are now. None named: what `make compiled` makes."""
    folder = folder or FOLDER
    made = folder / ".made"
    return folder if made.exists() and made.read_text() == of_sources() else None


def make(folder: Path) -> None:
    """Takes a minute or two. What was there before stays as it is until this is done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if fresh(folder):
            return
        _require_a_compiler()
        print("Engine    compiling, a minute or two", flush=True)
        with TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as work:
            made = Path(work) / "made"
            shutil.copytree(SOURCES, made / "artel", ignore=shutil.ignore_patterns("__pycache__"))
            _compile(made)
            (made / ".made").write_text(of_sources())
            made.chmod(0o755)
            if folder.exists():
                folder.rename(Path(work) / "before")
            made.rename(folder)


def of_sources() -> str:
    """And what else decides about what is made of them."""
    said = hashlib.sha256(f"{sys.version} {version('mypy')} {sysconfig.get_config_var('EXT_SUFFIX')}".encode())
    for file in (Path(__file__), *sorted(path for path in SOURCES.rglob("*") if path.is_file())):
        if "__pycache__" not in file.parts:
            said.update(f"{file.name} ".encode() + hashlib.sha256(file.read_bytes()).digest())
    return said.hexdigest()


def _require_a_compiler() -> None:
    header = Path(sysconfig.get_path("include"), "Python.h")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if not shutil.which(compiler) or not header.exists():
        sys.exit(
            f"compiled: {compiler} and Python's headers are needed. "
            "On Debian, with its own Python:  sudo apt-get install -y gcc libc6-dev python3-dev"
        )


def _compile(folder: Path) -> None:
    modules = [path.relative_to(folder) for path in sorted((folder / "artel" / "engine").glob("*.py"))]
    modules += [Path("artel", part, f"{name}.py") for part, names in OF_A_TAP.items() for name in names]
    command = [sys.executable, "-m", "mypyc", f"--config-file={ROOT}/pyproject.toml", *map(str, modules)]
    env = {**os.environ, "MYPYC_OPT_LEVEL": "1", "MYPYC_DEBUG_LEVEL": "0"}  # -O3 takes half as long again for nothing
    done = subprocess.run(command, check=False, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}compiled: mypyc has failed; everything runs as it is written")
    for left in ("build", ".mypy_cache"):
        shutil.rmtree(folder / left)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python deploy/compiled.py", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help=f"default: {FOLDER.relative_to(ROOT)}")
    make(parser.parse_args().folder.resolve())
