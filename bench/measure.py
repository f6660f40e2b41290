"""What the benches share: servers to measure, a client that costs little, time by process, a table."""

import asyncio
import json
import math
import os
import platform
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Program:
    pid: int
    port: int


@contextmanager
def program(command: Sequence[str], port: int, **env: str) -> Iterator[Program]:
    """A server under measurement, ready when its port answers; its words go where ours go."""
    process = subprocess.Popen(command, env=os.environ | env, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while True:
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{' '.join(command)} does not start")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Program(process.pid, port)
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def artel(data: Path, database_url: str = "") -> Iterator[Program]:
    """The whole composition in one process, as `artel run` starts it, with the limit for taps out of the way."""
    port = free_port()
    env = {
        "ARTEL_PORT": str(port), "ARTEL_ADMIN_PORT": str(free_port()), "ARTEL_DATA_DIR": str(data),
        "ARTEL_EVENT_BURST": "1000000", "ARTEL_EVENT_RATE": "1000000", "ARTEL_LOG_LEVEL": "error",
    }  # fmt: skip
    if database_url:
        env["ARTEL_DATABASE_URL"] = database_url
    with program([sys.executable, "-m", "artel.cli", "run"], port, **env) as running:
        yield running


def cpu_seconds(*pids: int) -> float:
    """User and system time of these processes and of their children, living and gone."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += sum(int(value) for value in fields[11:15])
    return total / TICKS


def family(pid: int) -> list[int]:
    """A process and its living children: PostgreSQL is many."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in family(int(child)))]


def busy_seconds() -> float:
    """All processors' time that was not idle, by whomever it was used, and what the host stole."""
    fields = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


class Connection(asyncio.Protocol):
    """HTTP/1.1 by hand: sends what it is given and wakes whoever waits for the answer."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(rest) >= length and self._answer:
            self._buffer = rest[length:]
            self._answer.set_result((int(head[9:12]), rest[:length]))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


async def connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def request(path: str, body: Any = None, token: str = "", method: str = "POST") -> bytes:
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(content)}"]
    if content:
        lines.append("content-type: application/json")
    if token:
        lines.append(f"authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode() + content


async def call(connection: Connection, path: str, body: Any = None, token: str = "") -> Any:
    status, answer = await connection.send(request(f"/api/v1{path}", body, token))
    if status >= 300:
        raise SystemExit(f"{path}: {status} {answer.decode()[:500]}")
    return json.loads(answer)


def percentile(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)] if ordered else math.nan


@dataclass
class Spell:
    """Some seconds of load: how long each request took, and whose processors worked for how long."""

    seconds: float
    latencies: list[float]
    cpu: dict[str, float]
    other_cores: float

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def row(self) -> dict[str, Any]:
        micros = {f"{name}_us": round(seconds / len(self.latencies) * 1e6) for name, seconds in self.cpu.items()}
        return {
            "rate": round(self.rate), "p50_ms": round(percentile(self.latencies, 0.5) * 1000, 2),
            "p99_ms": round(percentile(self.latencies, 0.99) * 1000, 2), **micros,
            "other_cores": round(self.other_cores, 2),
        }  # fmt: skip


@dataclass
class Meter:
    """Whose processor time is counted, by name; `of` gives the processes at that moment."""

    of: dict[str, Callable[[], list[int]]] = field(default_factory=dict)

    def read(self) -> dict[str, float]:
        return {name: cpu_seconds(*pids()) for name, pids in self.of.items()}


def other_cores(busy: float, cpu: dict[str, float], seconds: float) -> float:
    return max(0.0, (busy - sum(cpu.values())) / seconds)


def interpreter() -> str:
    arguments = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    optimised = "--enable-optimizations" in arguments
    lto = "--with-lto" in arguments
    return f"Python {platform.python_version()} ({sys.base_prefix}), PGO {optimised}, LTO {lto}"


def machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {models[0].partition(':')[2].strip() if models else platform.machine()}"


def show(title: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[str(row.get(name, "")) for name in columns] for row in rows]
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(columns)]
    print(f"\n{title}")
    for line in [columns, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def save(name: str, **result: Any) -> None:
    RESULTS.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    facts = {"at": stamp, "interpreter": interpreter(), "machine": machine(), **result}
    (RESULTS / f"{name}-{stamp}.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
