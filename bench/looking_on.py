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
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from bench.evening import Table
from bench.load import Writer, share
from bench.machine import family_seconds
from bench.running import as_process

EVENT: Final = re.compile(rb'"event":\{(?:"version":\d+,)?"id":"([0-9a-f-]{36})"')
LONGEST: Final = 100  # a match is shorter, so that this much of what has come may hold the beginning of one
FRAME: Final = b'"event":{'  # once in each
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
    most: float  # frames a second, while several post as fast as they are answered
    client: float  # of a core, meanwhile: at one it was the client who could do no more


@dataclass(frozen=True)
class Door:
    """Where a live socket opens, and the subprotocols it asks for."""

    path: str
    protocols: str


class Pace(NamedTuple):
    """First one posts at a rate, then several as fast as they are answered."""

    a_second: float
    seconds: float
    posters: int
    flood_seconds: float


def look_on(table: Table, doors: Sequence[Door], pace: Pace, server: int) -> Fan:
    asked = {
        "table": table.plain(), "doors": [asdict(door) for door in doors], "server": server, "pace": pace,
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
        text = self._end + self._read()
        found = list(EVENT.finditer(text))
        self._end = text[max(found[-1].end() if found else 0, len(text) - LONGEST) :]
        return [match[1] for match in found]

    def count(self) -> int:
        """Of the frames that have come: all that there is time for in a flood."""
        text = self._end + self._read()
        self._end = text[-len(FRAME) + 1 :]
        return text.count(FRAME)

    def _read(self) -> bytes:
        read = self.socket.recv(1 << 20)
        if not read:
            raise RuntimeError("a live socket was closed")
        return read


class Hall:
    def __init__(self, table: Table, doors: Sequence[Door]) -> None:
        self._lookers = {looker.socket.fileno(): looker for looker in (Looker(table.port, door) for door in doors)}
        self._poll = select.epoll()
        for file in self._lookers:
            self._poll.register(file, select.EPOLLIN)
        while self._poll.poll(QUIET_SECONDS):  # snapshots, and who else is there
            for file, _ in self._poll.poll(0):
                self._lookers[file].come()
        self._table = table
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

    def flood(self, writers: int, seconds: float) -> tuple[float, float]:
        """Frames a second, and what of a core the client took for them. All that was posted comes in the end."""
        posters = {writer.socket.fileno(): writer for writer in (Writer(self._table) for _ in range(writers))}
        for file, poster in posters.items():
            self._poll.register(file, select.EPOLLIN)
            poster.send()
        frames, posted, began, busy = 0, writers, time.perf_counter(), time.process_time()
        while (passed := time.perf_counter() - began) < seconds:
            came, answered = self._turn(posters)
            for poster in answered:
                poster.send()
            frames, posted = frames + came, posted + len(answered)
        rates = frames / passed, (time.process_time() - busy) / passed
        while writers or frames < posted * len(self._lookers):
            came, answered = self._turn(posters)
            frames, writers = frames + came, writers - len(answered)
        return rates

    def _turn(self, posters: Mapping[int, Writer]) -> tuple[int, list[Writer]]:
        """Of whatever has come: how many frames, and whose answers."""
        files = [file for file, _ in self._poll.poll(SILENCE_SECONDS)]
        if not files:
            raise RuntimeError(f"frames of an event did not come within {SILENCE_SECONDS} s")
        frames = sum(self._lookers[file].count() for file in files if file in self._lookers)
        return frames, [posters[file] for file in files if file in posters and posters[file].answered()]


def main() -> None:
    asked = json.load(sys.stdin)
    gc.disable()
    hall = Hall(Table(**asked["table"]), [Door(**door) for door in asked["doors"]])
    pace = Pace(*asked["pace"])
    for _ in range(5):
        hall.post()
    hall.delays, hall.last = [], []
    before, due = family_seconds(asked["server"]), time.perf_counter()
    end = due + pace.seconds
    while due < end:
        time.sleep(max(0, due - time.perf_counter()))
        hall.post()
        due += 1 / pace.a_second
    spent = family_seconds(asked["server"]) - before
    most, client = hall.flood(pace.posters, pace.flood_seconds)
    print(json.dumps(asdict(fan(len(asked["doors"]), hall, spent, most, client))))


def fan(lookers: int, hall: Hall, spent: float, most: float, client: float) -> Fan:
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
        most=most,
        client=client,
    )


if __name__ == "__main__":
    main()
