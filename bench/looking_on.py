"""The clients of the fan-out: one who posts and many who look on, in one loop on the bare sockets.

`python -m bench.looking_on` reads what to do from standard input as JSON and prints what it saw.
"""

import base64
import gc
import json
import re
import secrets
import select
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from bench.evening import Table
from bench.load import Writer, share
from bench.machine import family_seconds
from bench.running import as_process

EVENT: Final = re.compile(rb'"event":\{(?:"version":\d+,)?"id":"([0-9a-f-]{36})"')
LONGEST: Final = 100  # a match is shorter, so that this much of what has come may hold the beginning of one
SILENCE_SECONDS: Final = 10
QUIET_SECONDS: Final = 0.4


@dataclass(frozen=True)
class Fan:
    """Times in milliseconds. Each frame of each looker-on counts."""

    lookers: int
    events: int
    frames: int
    p50: float  # from the POST until the frame
    p99: float
    last_p50: float  # from the 201 until the last of an event's frames
    last_p99: float
    us_a_frame: float  # of the server's processor time, the POSTs included


@dataclass(frozen=True)
class Door:
    """Where a live socket opens, and the subprotocols it asks for."""

    path: str
    protocols: str


def look_on(table: Table, doors: Sequence[Door], a_second: float, seconds: float, server: int) -> Fan:
    asked = {
        "table": table.plain(), "doors": [asdict(door) for door in doors],
        "a_second": a_second, "seconds": seconds, "server": server,
    }  # fmt: skip
    return Fan(**json.loads(as_process("bench.looking_on", json.dumps(asked).encode())))


class Looker:
    """One socket. Of what comes only the ids of events are looked at."""

    def __init__(self, port: int, door: Door) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.socket.sendall(
            f"GET {door.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {door.protocols}\r\n\r\n"
            .encode()
        )  # fmt: skip
        answer = self.socket.recv(65536)
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise RuntimeError(f"asked for a live socket, got: {answer.decode(errors='replace')}")
        self._end = b""

    def come(self) -> list[bytes]:
        """The ids of events whose frames have come."""
        read = self.socket.recv(1 << 20)
        if not read:
            raise RuntimeError("a live socket was closed")
        text = self._end + read
        found = list(EVENT.finditer(text))
        self._end = text[max(found[-1].end() if found else 0, len(text) - LONGEST) :]
        return [match[1] for match in found]


class Hall:
    def __init__(self, table: Table, doors: Sequence[Door]) -> None:
        self._lookers = {looker.socket.fileno(): looker for looker in (Looker(table.port, door) for door in doors)}
        self._poll = select.epoll()
        for file in self._lookers:
            self._poll.register(file, select.EPOLLIN)
        while self._poll.poll(QUIET_SECONDS):  # snapshots, and who else is there
            for file, _ in self._poll.poll(0):
                self._lookers[file].come()
        self._poster = Writer(table)
        self._poll.register(self._poster.socket.fileno(), select.EPOLLIN)
        self.delays: list[int] = []
        self.last: list[int] = []

    def post(self) -> None:
        """One event, and all that follows from it."""
        posted = self._poster.send()
        waiting, answered, last = len(self._lookers), 0, 0
        while waiting or not answered:
            events = self._poll.poll(SILENCE_SECONDS)
            if not events:
                raise RuntimeError(f"{waiting} frames of an event did not come within {SILENCE_SECONDS} s")
            for file, _ in events:
                looker = self._lookers.get(file)
                if looker is None:
                    answered = time.perf_counter_ns() if self._poster.answered() else answered
                    continue
                count = sum(event == posted for event in looker.come())
                last = time.perf_counter_ns()
                self.delays += [last - self._poster.sent] * count
                waiting -= count
        self.last.append(max(0, last - answered))


def main() -> None:
    asked = json.load(sys.stdin)
    gc.disable()
    hall = Hall(Table(**asked["table"]), [Door(**door) for door in asked["doors"]])
    for _ in range(5):
        hall.post()
    hall.delays, hall.last = [], []
    before, due = family_seconds(asked["server"]), time.perf_counter()
    end = due + asked["seconds"]
    while due < end:
        time.sleep(max(0, due - time.perf_counter()))
        hall.post()
        due += 1 / asked["a_second"]
    spent = family_seconds(asked["server"]) - before
    print(json.dumps(asdict(fan(len(asked["doors"]), hall, spent))))


def fan(lookers: int, hall: Hall, spent: float) -> Fan:
    delays, last = sorted(hall.delays), sorted(hall.last)
    return Fan(
        lookers=lookers,
        events=len(last),
        frames=len(delays),
        p50=share(delays, 0.5),
        p99=share(delays, 0.99),
        last_p50=share(last, 0.5),
        last_p99=share(last, 0.99),
        us_a_frame=spent / len(delays) * 1e6,
    )


if __name__ == "__main__":
    main()
