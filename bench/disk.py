"""A disk that takes its time, as rented ones do. Where a commit costs next to nothing the floor waits for its own loop
only, and says little of a server that shares commits; so the bench holds itself back, with all it has started."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, NamedTuple

ORDINARY: Final = 1500
"""Writes a second, as a rented volume of middling size has; a commit is two, its line and the flush."""
GROUPS: Final = Path("/sys/fs/cgroup")
LOOK_SECONDS: Final = 0.5


class Disk(NamedTuple):
    """Microseconds of a commit's fdatasync, and how to hold the disk back: to so many writes a second, 0 for as fast
    as it is."""

    free_us: float
    held_us: float
    hold: Callable[[int], None]


class Kind(NamedTuple):
    """Of control groups: where they are, and how a limit is written in this machine's version."""

    parent: Path
    limit: str
    line: str
    none: str


OLD: Final = Kind(GROUPS / "blkio", "blkio.throttle.write_iops_device", "{disk} {writes}", "0")
NEW: Final = Kind(GROUPS, "io.max", "{disk} wiops={writes}", "max")


@contextmanager
def ordinary(folder: Path) -> Iterator[Disk | None]:
    """Of the disk under `folder`. None where it cannot be held back: that takes Linux, root, and a disk in sight."""
    kind = OLD if OLD.parent.is_dir() else NEW
    group = _made(kind)
    if group is None:
        yield None
        return
    before = _own_group(kind)
    try:
        (group / "cgroup.procs").write_text(f"{os.getpid()}")
        yield _tried(group, kind, folder)
    finally:
        (before / "cgroup.procs").write_text(f"{os.getpid()}")
        with suppress(OSError):  # somebody who was started is still ending
            group.rmdir()


def fdatasync_us(folder: Path) -> float:
    """Of one page, as a commit writes it, in the mean."""
    end, times = time.monotonic() + LOOK_SECONDS, 0
    with TemporaryFile(dir=folder) as file:
        began = time.perf_counter()
        while time.monotonic() < end:
            os.pwrite(file.fileno(), bytes(8192), 0)
            os.fdatasync(file.fileno())
            times += 1
        return (time.perf_counter() - began) / times * 1e6


def _tried(group: Path, kind: Kind, folder: Path) -> Disk | None:
    """A limit that limits nothing is none."""

    def hold(writes: int) -> None:
        (group / kind.limit).write_text(kind.line.format(disk=disk, writes=writes or kind.none))

    try:
        disk = _disk(folder)
        free = fdatasync_us(folder)
        hold(ORDINARY)
        held = fdatasync_us(folder)
        hold(0)
    except OSError:
        return None
    return Disk(free, held, hold) if held > 1e6 / ORDINARY else None


def _made(kind: Kind) -> Path | None:
    group = kind.parent / f"artel-bench-{os.getpid()}"
    with suppress(OSError):
        if kind is NEW:
            (kind.parent / "cgroup.subtree_control").write_text("+io")
        group.mkdir()
        return group
    return None


def _disk(folder: Path) -> str:
    """MAJOR:MINOR, of the whole one where `folder` lies on a part of it."""
    device = folder.stat().st_dev
    place = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve(strict=True)
    if (place / "partition").exists():
        place = place.parent
    return (place / "dev").read_text().strip()


def _own_group(kind: Kind) -> Path:
    lines = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
    wanted = "blkio" if kind is OLD else ""
    return next(kind.parent / path.lstrip("/") for _, names, path in lines if wanted in names.split(","))
