"""What goes on after somebody has killed supervisor itself: it holds the ports, and nobody would start it again.

Supervisor tells each process that it starts where it can be reached, in the stack's own folder: those are the stack's,
and so is whoever lives in the session that supervisor has led with them: nginx writes its title over what it was told.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 15  # as supervisor waits
POSTGRES = "postgres"


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    session: int
    name: str
    """What supervisor calls it; of its children, too; empty where that cannot be read any more."""


def found(home: Path, known: frozenset[int] = frozenset()) -> list[Process]:
    """Of a stack whose supervisor does not run; `known` are sessions of which that is sure already."""
    numbers = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    everybody = [process for entry in numbers if (process := look(entry, home))]
    led = {process.session for process in everybody if process.name} & {number(home / "supervisor.pid")}
    return [process for process in everybody if process.name or process.session in led | known]


def look(entry: Path, home: Path) -> Process | None:
    """None for the dead, and for those of containers, whose folder of that name is another one."""
    with suppress(OSError):
        state, parent, _, session = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
        if state not in "ZX":
            return Process(int(entry.name), int(parent), int(session), named(entry, home))
    return None


def named(entry: Path, home: Path) -> str:
    with suppress(OSError):
        said = (entry / "environ").read_bytes().split(b"\0")
        told = dict(pair.partition(b"=")[::2] for pair in said)
        ours = told.get(b"SUPERVISOR_SERVER_URL") == f"unix://{home}/supervisor.sock".encode()
        if ours and here(entry) and Path(f"{entry}/root{home}").samefile(home):
            return told.get(b"SUPERVISOR_PROCESS_NAME", b"?").decode(errors="replace")
    return ""


def here(entry: Path) -> bool:
    return (entry / "ns" / "pid").readlink() == Path("/proc/self/ns/pid").readlink()


def number(file: Path) -> int:
    with suppress(OSError, ValueError):
        return int(file.read_text())
    return 0


def end(home: Path) -> bool:
    """As supervisor would: each is asked, then killed. True if there was anything."""
    left, asked = found(home), set[int]()
    if not left:
        return False
    led = frozenset({number(home / "supervisor.pid")} & {process.session for process in left})
    print(f"supervisor is gone: ending what it left behind in {home} ({len(left)} processes)", flush=True)
    deadline = time.monotonic() + STOP_SECONDS
    while left:
        pids = {process.pid for process in left}
        late = time.monotonic() > deadline
        for process in left:
            if late:
                send(process.pid, signal.SIGKILL)
            elif process.pid not in asked and process.parent not in pids:  # parents end their children themselves
                send(process.pid, signal.SIGINT if process.name == POSTGRES else signal.SIGTERM)
                asked.add(process.pid)
        time.sleep(0.2)
        left = found(home, led)
    return True


def send(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)
