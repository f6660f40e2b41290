"""Processes that the bench starts: each is ended by its id, however the bench ends."""

import http.client
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bench import ROOT

PATIENCE_SECONDS = 60
ARTEL = Path(sys.executable).with_name("artel")


@contextmanager
def running(command: Sequence[str], said: IO[bytes], **env: str) -> Iterator[int]:
    """Its process id. What it writes goes to `said`."""
    # A session of its own: Ctrl-C reaches the bench alone, which ends what it has started one by one.
    process = subprocess.Popen(
        command, cwd=ROOT, env=_environment(env), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process.pid
    finally:
        end(process)


def raise_limit() -> None:
    """Of open files, each socket is one: as far as it may be raised, and of what is started from now on."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    """Ours without any setting that the caller's shell may hold, and with these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ARTEL_")} | dict(env)


def end(process: subprocess.Popen[bytes]) -> None:
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            process.send_signal(signum)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def wait_until_ready(port: int, path: str, said: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}:\n{said.read_text(errors='replace')[-3000:]}")


def as_process(work: str, request: bytes) -> bytes:
    """Runs `python -m WORK` with `request` on its standard input; what it prints. Its processor time is its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", work], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        answer, _ = process.communicate(request)
    finally:
        end(process)
    if process.returncode:
        raise RuntimeError(f"{work} failed with {process.returncode}; its words stand above")
    return answer
