"""The database under the write path: a cluster of its own with defaults that survive a power cut, or a given one."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.floor import TABLE
from bench.machine import parent
from servers import look_for_postgres, servers, start_postgres

GIVEN = "ARTEL_BENCH_POSTGRES_URL"
PROMISES = ("fsync", "full_page_writes", "synchronous_commit")
SERVICES = ("auth", "game", "stats", "friends", "template", "notification")
# As long as what is posted.
PGBENCH = f"INSERT INTO floor (session, body) VALUES ('{'s' * 56}', '{'b' * 158}');\n"  # noqa: S608 no stranger's words
TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Postgres:
    url: str  # of a database in which others can be made
    version: str
    postmaster: int | None  # None: it runs on another machine, or its process cannot be seen
    ours: bool  # was started by the bench, and is held back with it

    def database(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    @contextmanager
    def databases(self, name: str) -> Iterator[str]:
        """The address of six new ones, with {service} in it; they are gone afterwards."""
        names = [f"{name}_{service}" for service in SERVICES]
        try:
            tell(self.url, *(f'CREATE DATABASE "{each}"' for each in names))
            yield self.database(f"{name}_{{service}}")
        finally:
            tell(self.url, *(f'DROP DATABASE IF EXISTS "{each}" WITH (FORCE)' for each in names))

    def pgbench(self, url: str, clients: int, seconds: int) -> float:
        """Single INSERTs a second by PostgreSQL's own client, without any HTTP: what F0 is measured by."""
        with NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(PGBENCH)
            script.flush()
            options = ["--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--time={seconds}"]
            command = [_pgbench(), *options, f"--file={script.name}", url]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = TPS.search(done.stdout)
        if not found:
            raise RuntimeError(f"pgbench says no tps:\n{done.stdout}{done.stderr}")
        return float(found[1])


@contextmanager
def postgres() -> Iterator[Postgres | None]:
    """None where there is none."""
    given = os.environ.get(GIVEN)
    if given:
        yield _seen(given, ours=False)
    elif look_for_postgres() is None:
        print(f"No PostgreSQL here: name one in {GIVEN}, or install it. SQLite alone is measured.")
        yield None
    else:
        with servers() as run:
            yield _seen(start_postgres(run), ours=True)


def tell(url: str, *statements: str) -> None:
    async def told() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(told())


def make_floor(url: str) -> None:
    tell(url, TABLE)


def require_promises(url: str) -> dict[str, str]:
    """A database that may forget is no measure. What it promises, as it says itself."""
    said = asyncio.run(_settings(url, PROMISES))
    assert all(said[name] == "on" for name in PROMISES), f"a commit must survive a power cut: {said}"
    return said


async def _settings(url: str, names: Sequence[str]) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        return {name: str(await connection.fetchval("SELECT current_setting($1)", name)) for name in names}
    finally:
        await connection.close()


def _seen(url: str, *, ours: bool) -> Postgres:
    async def look() -> Postgres:
        connection = await asyncpg.connect(url)
        try:
            version = str(await connection.fetchval("SHOW server_version"))
            backend = int(await connection.fetchval("SELECT pg_backend_pid()"))
            folder = str(await connection.fetchval("SHOW data_directory"))
            seen = Postgres(url, version, _postmaster(backend), ours)
        finally:
            await connection.close()
        if seen.postmaster:
            require_disk(Path(folder))
        return seen

    return asyncio.run(look())


def _postmaster(backend: int) -> int | None:
    name = Path(f"/proc/{backend}/comm")
    return parent(backend) if name.exists() and name.read_text().strip() == "postgres" else None


def require_disk(folder: Path) -> None:
    """In memory an fsync costs nothing and keeps nothing."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [(len(place), kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    assert max(inside)[1] not in {"tmpfs", "ramfs"}, f"{folder} lies in memory: TMPDIR can name another place"


def _pgbench() -> str:
    server = look_for_postgres()
    beside = server.parent / "pgbench" if server else None
    found = str(beside) if beside and beside.exists() else shutil.which("pgbench")
    if found is None:
        raise RuntimeError("there is no pgbench here; it comes with PostgreSQL's server or its contrib package")
    return found
