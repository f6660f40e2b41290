"""What is measured: Artel in one process, and the floor; each with tables to play at."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from bench.evening import USERS, Caller, Table
from bench.running import ARTEL, running, wait_until_ready
from servers import free_port

# The bench posts faster than people play, so the limit of a user is far away; it is counted all the same.
LIMITS: Final = {"ARTEL_EVENT_BURST": "1000000", "ARTEL_EVENT_RATE": "1000000"}


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    tokens: tuple[str, ...] = ()  # none: it is the floor

    def tables(self, number: int) -> list[Table]:
        if not self.tokens:
            return [self._bare_table(place) for place in range(number)]
        caller = Caller(self.port)
        return [caller.open_table(self.tokens[place % len(self.tokens)]) for place in range(number)]

    def hot(self, writers: int) -> list[Table]:
        """One table, at which all of them write to one running game."""
        table = self.tables(1)[0]
        game = Caller(self.port).start(table) if self.tokens else "0193c0de-0000-7000-8000-0000000000cc"
        return [replace(table, hot=game)] * writers

    def begun(self, number: int) -> list[Table]:
        """Tables at which a game runs that does not end: nothing follows from what is posted."""
        caller = Caller(self.port)
        return [replace(table, hot=caller.start(table)) for table in self.tables(number)]

    def _bare_table(self, place: int) -> Table:
        players = "0193c0de-0000-7000-8000-00000000000a", "0193c0de-0000-7000-8000-00000000000b"
        return Table(self.port, f"0193c0de-0000-7000-8000-{place:012x}", players)


@contextmanager
def artel(**settings: str) -> Iterator[Server]:
    """All six services in one process, as `make run` has them, and people who have signed in."""
    with tempfile.TemporaryDirectory(prefix="artel-bench-") as folder:
        port, said = free_port(), Path(folder) / "said"
        env = {"ARTEL_PORT": f"{port}", "ARTEL_ADMIN_PORT": f"{free_port()}", "ARTEL_DATA_DIR": f"{folder}/var"}
        with said.open("wb") as words, running([str(ARTEL), "run"], words, **env, **LIMITS, **settings) as pid:
            wait_until_ready(port, "/readyz", said)
            caller = Caller(port)
            yield Server(port, pid, tuple(caller.sign_in(f"Бенч {number}") for number in range(USERS)))


@contextmanager
def floor(database: str, way: str = "alone") -> Iterator[Server]:
    """`way`: alone, or grouped. Its table is there."""
    with serving("/", "-m", "bench.floor", database, "{port}", way) as (port, pid):
        yield Server(port, pid)


class Program(NamedTuple):
    port: int
    pid: int
    said: Path

    def wait(self, path: str) -> None:
        """Until it answers there."""
        wait_until_ready(self.port, path, self.said)


@contextmanager
def starting(*command: str, **env: str) -> Iterator[Program]:
    """A Python program on a port of its own, put where {port} stands."""
    with tempfile.TemporaryDirectory(prefix="artel-bench-") as folder:
        port, said = free_port(), Path(folder) / "said"
        parts = [part.replace("{port}", f"{port}") for part in command]
        settings = {"ARTEL_PORT": f"{port}", "ARTEL_ADMIN_PORT": f"{free_port()}", **env}
        with said.open("wb") as words, running([sys.executable, *parts], words, **settings) as pid:
            yield Program(port, pid, said)


@contextmanager
def serving(path: str, *command: str, **env: str) -> Iterator[tuple[int, int]]:
    """The same once `path` answers: its port and its process."""
    with starting(*command, **env) as program:
        program.wait(path)
        yield program.port, program.pid
