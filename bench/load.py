"""The client: N writers on N connections, each with one request under way, in one loop on the bare sockets.

`python -m bench.load` reads what to do from standard input as JSON and prints what it saw, so that its processor
time is its own. It takes the processor times of the others at the same two moments between which it counts.
"""

import gc
import json
import re
import select
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from bench.evening import Table
from bench.machine import busy_seconds, cores, family_seconds
from bench.running import as_process

LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ID: Final = slice(len('{"id":"'), len('{"id":"') + 36)
SILENCE_SECONDS: Final = 15
ROOM: Final = 19_000
"""Events that are written to a session whose game does not end: a few less than it holds, which a fast machine fills in
a second."""


@dataclass(frozen=True)
class Seen:
    """Times in milliseconds, processor time in microseconds a request."""

    writers: int
    requests: int
    per_second: float
    p50: float
    p99: float
    worst: float
    server_us: float
    postgres_us: float | None
    client_us: float
    other_cores: float  # what anybody else took of this machine meanwhile, the host included
    behind: float = 0  # seconds until all that follows from these events was done too: statistics, notifications


def measure(tables: Sequence[Table], seconds: float, warm: float, server: int, postmaster: int | None = None) -> Seen:
    """One writer at each of `tables`; the first `warm` seconds do not count."""
    asked = {
        "tables": [table.plain() for table in tables],
        "seconds": seconds, "warm": warm, "server": server, "postmaster": postmaster,
    }  # fmt: skip
    return Seen(**json.loads(as_process("bench.load", json.dumps(asked).encode())))


class Writer:
    """One connection, one request at a time."""

    def __init__(self, table: Table) -> None:
        self.socket = socket.create_connection(("127.0.0.1", table.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0
        self._head = table.head()
        self._bodies = table.bodies()
        self._read = b""

    def send(self) -> bytes:
        """The id of the event."""
        body = next(self._bodies)
        self.sent = time.perf_counter_ns()
        self.socket.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        return body[ID]

    def answered(self) -> bool:
        """Reads what has come; True if that ends the answer. An answer other than 201 ends everything."""
        come = self.socket.recv(65536)
        read = self._read + come if self._read else come
        end = read.find(b"\r\n\r\n")
        length = LENGTH.search(read, 0, end) if end > 0 else None
        whole = length is not None and len(read) >= end + 4 + int(length[1])
        if not come or (whole and not read.startswith(b"HTTP/1.1 201 ")):
            raise RuntimeError(f"asked for 201, got: {read.decode(errors='replace')}")
        self._read = b"" if whole else read
        return whole


class Writers:
    def __init__(self, tables: Sequence[Table]) -> None:
        self._writers = [Writer(table) for table in tables]
        self._by_file = {writer.socket.fileno(): writer for writer in self._writers}
        self._poll = select.epoll()
        for file in self._by_file:
            self._poll.register(file, select.EPOLLIN)

    def begin(self) -> None:
        for writer in self._writers:
            writer.send()

    def drive(self, seconds: float, most: int) -> list[int]:
        """Nanoseconds of each request that was answered meanwhile, up to about so many; the last ones are still under
        way."""
        took: list[int] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and len(took) < most:
            for writer in self._answered():
                took.append(time.perf_counter_ns() - writer.sent)
                writer.send()
        return took

    def drain(self) -> None:
        waiting = len(self._writers)
        while waiting:
            waiting -= len(self._answered())

    def _answered(self) -> list[Writer]:
        events = self._poll.poll(SILENCE_SECONDS)
        if not events:
            raise RuntimeError(f"no answer for {SILENCE_SECONDS} s")
        writers = (self._by_file[file] for file, _ in events)
        return [writer for writer in writers if writer.answered()]


@dataclass(frozen=True)
class Moment:
    at: float
    server: float
    postgres: float | None
    client: float
    machine: float

    @staticmethod
    def now(server: int, postmaster: int | None) -> "Moment":
        return Moment(
            time.perf_counter(),
            family_seconds(server),
            family_seconds(postmaster) if postmaster else None,
            time.process_time(),
            busy_seconds(),
        )


def main() -> None:
    asked = json.load(sys.stdin)
    tables = [Table(**table) for table in asked["tables"]]
    gc.disable()
    writers = Writers(tables)
    writers.begin()
    room = ROOM * len({table.session for table in tables}) if tables[0].hot else sys.maxsize
    warmed = writers.drive(asked["warm"], room // 3)
    before = Moment.now(asked["server"], asked["postmaster"])
    took = writers.drive(asked["seconds"], room - len(warmed))
    after = Moment.now(asked["server"], asked["postmaster"])
    writers.drain()
    print(json.dumps(asdict(seen(len(tables), took, before, after))))


def seen(writers: int, took: list[int], before: Moment, after: Moment) -> Seen:
    if not took:
        raise RuntimeError("nothing was answered in the time that counts")
    took.sort()
    passed = after.at - before.at
    server, client = after.server - before.server, after.client - before.client
    postgres = None if before.postgres is None or after.postgres is None else after.postgres - before.postgres
    other = after.machine - before.machine - server - client - (postgres or 0)
    return Seen(
        writers=writers,
        requests=len(took),
        per_second=len(took) / passed,
        p50=share(took, 0.5),
        p99=share(took, 0.99),
        worst=share(took, 1),
        server_us=server / len(took) * 1e6,
        postgres_us=None if postgres is None else postgres / len(took) * 1e6,
        client_us=client / len(took) * 1e6,
        other_cores=min(max(other / passed, 0), cores()),
    )


def share(sorted_ns: Sequence[int], part: float) -> float:
    """Milliseconds below which this part of them lies."""
    return sorted_ns[min(int(len(sorted_ns) * part), len(sorted_ns) - 1)] / 1e6


if __name__ == "__main__":
    main()
