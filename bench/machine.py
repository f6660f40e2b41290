"""The machine under the figures: processor time by process, memory, and how the interpreter was built."""

import os
import sys
import sysconfig
import time
import timeit
import zlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
LOOK_SECONDS = 0.25
RESTING = 0.1
"""Of one processor: less than that is no work."""
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Processor:
    """Seconds of processor time since a process began: its own, and that of its children that have ended."""

    own: float
    reaped: float


def processor(pid: int) -> Processor:
    fields = _stat(pid)
    own, reaped = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
    return Processor(own / TICKS_A_SECOND, reaped / TICKS_A_SECOND)


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def family(pid: int) -> list[int]:
    """The process and its children; PostgreSQL has one for each connection."""
    children = []
    for entry in PROC.iterdir():
        try:
            if entry.name.isdigit() and parent(int(entry.name)) == pid:
                children.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return [pid, *children]


def family_seconds(pid: int) -> float:
    """What the process and its children, living and ended, have used so far."""
    total = processor(pid).reaped
    for member in family(pid):
        try:
            total += processor(member).own
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def seconds_until_rest(*pids: int) -> float:
    """How long these go on working for themselves: what follows from events is brought to everybody afterwards."""
    began, patience = time.monotonic(), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < patience:
        before = sum(map(family_seconds, pids))
        time.sleep(LOOK_SECONDS)
        if sum(map(family_seconds, pids)) - before < RESTING * LOOK_SECONDS:
            return time.monotonic() - began - LOOK_SECONDS
    raise RuntimeError(f"after {PATIENCE_SECONDS} s they are still at work")


def busy_seconds() -> float:
    """What all processors have done for anybody since the machine began, what the host took away included."""
    user, nice, system, _idle, _waiting, irq, soft, stolen = _line("stat", "cpu ")[:8]
    return sum((user, nice, system, irq, soft, stolen)) / TICKS_A_SECOND


def resident_mb(pid: int) -> float:
    return _memory(pid, "VmRSS:")


def most_resident_mb(pid: int) -> float:
    """The most it has had at any moment."""
    return _memory(pid, "VmHWM:")


def _memory(pid: int, name: str) -> float:
    return _line(f"{pid}/status", name)[0] / 1024


def _line(file: str, begins: str) -> list[int]:
    lines = (PROC / file).read_text().splitlines()
    line = next(line for line in lines if line.startswith(begins))
    return [int(word) for word in line.split()[1:] if word.isdigit()]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may hold anything, blanks and brackets too."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


@dataclass(frozen=True)
class Interpreter:
    """A build without profile-guided optimisation is 1.2 to 1.9 times slower, and not every vendor says how it built.

    So a loop over dicts and strings is timed against the machine's own zlib, which is always built alike.
    """

    version: str
    path: str
    compiler: str
    profiled: str  # what the build itself says
    loop_ms: float
    loop_to_zlib: float
    artel: str  # how its engine and the way of a tap are run

    def __str__(self) -> str:
        return (
            f"CPython {self.version}, {self.path}, {self.compiler}; profile-guided: {self.profiled}; "
            f"micro-loop {self.loop_ms:.1f} ms, {self.loop_to_zlib:.1f} times zlib; "
            f"Artel {self.artel}"
        )


def interpreter() -> Interpreter:
    loop, squeeze = (min(timeit.repeat(work, number=1, repeat=15)) for work in (_loop, _squeeze))
    return Interpreter(
        version=sys.version.split()[0],
        path=os.path.realpath(sys.executable),
        compiler=sys.version.partition("[")[2].rstrip("]"),
        profiled=_profiled(),
        loop_ms=loop * 1000,
        loop_to_zlib=loop / squeeze,
        artel=_built(),
    )


def _built() -> str:
    found = find_spec("artel.engine.session")
    return "compiled" if found and str(found.origin).endswith(".so") else "as it is written"


def _profiled() -> str:
    words = " ".join(str(sysconfig.get_config_var(name)) for name in ("CONFIG_ARGS", "PY_CFLAGS", "PY_LDFLAGS"))
    if "--enable-optimizations" in words or "-fprofile-use" in words:
        return "yes"
    if os.path.realpath(sys.executable).startswith("/usr/bin/") and Path("/etc/debian_version").exists():
        return "yes (Debian builds with `make profile-opt`)"
    return "not said"


def _loop() -> None:
    counts: dict[str, int] = {}
    for number in range(50_000):
        key = str(number % 1000)
        counts[key] = counts.get(key, 0) + len(key)


def _squeeze() -> None:
    zlib.compress(bytes(range(256)) * 2000, 6)


def cores() -> int:
    return len(os.sched_getaffinity(0))
