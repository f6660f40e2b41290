"""A drill: an evening is played, its second noted, and played on; the databases go back to that second, and all agree.

    PYTHONPATH=tests:deploy .venv/bin/python -m system.drill     # on Debian, as root, with postgresql and pgbackrest

On a PostgreSQL of its own, which archives its log by pgBackRest. Nothing of it is left behind.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from urllib.error import URLError
from urllib.request import urlopen

from httpx2 import AsyncClient

from artel.auth.keys import ensure_key
from artel.compose import SERVICES
from artel.databases import provide
from playing import RULES, Company, Table
from servers import free_port
from stack import become, give, postgres_binaries, until

ROOT = Path(__file__).parents[2]
ARTEL = str(ROOT / ".venv" / "bin" / "artel")
BACKREST = "/usr/bin/pgbackrest"
WAITS = 3
"""What `artel verify` ends with where not all could be compared yet."""


@dataclass
class Drill:
    home: Path
    port: int = field(default_factory=free_port)
    web: int = field(default_factory=free_port)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def env(self) -> dict[str, str]:
        own = {
            "DATABASES_DIR": self.home / "databases", "KEYS_DIR": self.home / "keys", "DATA_DIR": self.home,
            "PORT": self.web, "ADMIN_PORT": free_port(), "DEV_LOGIN": 1, "EVENT_BURST": 10**6, "LOG_LEVEL": "error",
        }  # fmt: skip
        others = {name: value for name, value in os.environ.items() if not name.startswith("ARTEL_")}
        return others | {f"ARTEL_{name}": str(value) for name, value in own.items()}

    # PostgreSQL and its archive

    def prepare(self) -> None:
        folders = [self.home / name for name in ("data", "repo", "log", "lock", "spool")]
        for folder in folders:
            folder.mkdir(mode=0o700)
            give(folder, "postgres")
        conf = self.home / "pgbackrest.conf"
        conf.write_text(
            f"[global]\nrepo1-path={folders[1]}\nrepo1-retention-full=2\nlog-level-file=off\nlog-path={folders[2]}\nlock-path={folders[3]}\n"
            f"spool-path={folders[4]}\n[main]\npg1-path={self.data}\npg1-port={self.port}\npg1-socket-path={self.data}\n"
        )
        self._as_postgres(
            str(postgres_binaries() / "initdb"), f"--pgdata={self.data}", "--auth=trust", "--encoding=UTF8"
        )

    @contextmanager
    def postgres(self) -> Iterator[None]:
        archive = f"{BACKREST} --config={self.home}/pgbackrest.conf --stanza=main archive-push %p"
        given = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.data,
            "archive_mode": "on", "archive_command": archive, "log_min_messages": "fatal",
        }  # fmt: skip
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        command = [*become("postgres"), str(postgres_binaries() / "postgres"), "-D", str(self.data), *options]
        with (self.home / "postgres.log").open("ab") as words:
            server = subprocess.Popen(command, cwd="/", stdout=words, stderr=words)
        try:
            until(self._answers, "PostgreSQL", (self.home / "postgres.log").read_text)
            yield
        finally:
            server.send_signal(2)  # a fast end, which archives what is left
            server.wait(60)

    def _answers(self) -> bool:
        """And has come to the end of what it had to make up for."""
        return self.sql("SELECT NOT pg_is_in_recovery()", check=False) == "t"

    def sql(self, text: str, *, check: bool = True) -> str:
        command = [str(postgres_binaries() / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]
        command += ["-p", str(self.port), "-U", "postgres"]
        done = subprocess.run(command, input=text, check=check, capture_output=True, text=True)
        return done.stdout.strip()

    def backrest(self, *words: str) -> None:
        self._as_postgres(BACKREST, f"--config={self.home}/pgbackrest.conf", "--stanza=main", *words)

    def _as_postgres(self, *command: str) -> None:
        subprocess.run([*become("postgres"), *command], check=True, cwd="/", stdout=subprocess.DEVNULL)

    # Artel

    def artel(self, *words: str) -> str:
        done = self._ask(*words)
        if done.returncode:
            sys.exit(f"drill: artel {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def verify(self) -> str:
        """Once nothing is on its way any more: what was restored is told again, what was being told once its lease is
        over."""
        asked: list[subprocess.CompletedProcess[str]] = []

        def agrees() -> bool:
            asked.append(self._ask("verify"))
            if asked[-1].returncode not in {0, WAITS}:
                sys.exit(f"drill: artel verify: {asked[-1].stdout}{asked[-1].stderr}")
            return asked[-1].returncode == 0

        until(agrees, "what is told again", lambda: asked[-1].stdout)
        return asked[-1].stdout.strip()

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([ARTEL, *words], env=self.env, check=False, capture_output=True, text=True)

    @contextmanager
    def services(self) -> Iterator[None]:
        """All in one process: what is at stake here are the databases."""
        process = subprocess.Popen([ARTEL, "serve", *SERVICES], env=self.env)
        try:
            until(self._is_ready, "the services")
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.web}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False


async def play(drill: Drill, moment: list[str]) -> dict[str, int]:
    """The version of each session at the moment, which is noted in the middle of it."""
    async with AsyncClient(base_url=f"http://127.0.0.1:{drill.web}/api/v1", timeout=30) as http:
        company = Company(http, Random(4))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        tables = [await company.sit_down(anya, [boris], rules, guests=["Гость"]) for rules in (RULES[0], RULES[4])]
        await asyncio.gather(*(table.play(60) for table in tables))
        then = {table.id: await version(table) for table in tables}
        moment.append(drill.sql("SELECT clock_timestamp()"))
        await asyncio.gather(*(table.play(60) for table in tables))
        await company.sit_down(boris, [anya], RULES[2])
        assert all([await version(table) > then[table.id] for table in tables])
    return then


async def version(table: Table) -> int:
    return int((await table.whole())["version"])


def run(drill: Drill) -> None:
    drill.prepare()
    moment: list[str] = []
    with drill.postgres():
        drill.backrest("stanza-create")
        drill.sql(provide(drill.home / "databases", f"127.0.0.1:{drill.port}", SERVICES))
        ensure_key(drill.home / "keys")
        drill.artel("migrate")
        drill.backrest("--type=full", "--start-fast", "backup")
        with drill.services():
            then = asyncio.run(play(drill, moment))
            print(f"played, and {moment[0]} noted; before the restore: {drill.verify()}")
    drill.backrest("--delta", "--type=time", f"--target={moment[0]}", "--target-action=promote", "restore")
    with drill.postgres(), ExitStack() as stack:
        print(drill.artel("restored"))
        stack.enter_context(drill.services())
        print(f"after the restore: {drill.verify()}")
        counted = "SELECT session_id || ' ' || max(version) FROM events GROUP BY session_id"
        now = drill.sql(f"\\connect artel_game\n{counted}").splitlines()
    if sorted(now) != sorted(f"{session} {last}" for session, last in then.items()):
        sys.exit(f"drill: the logs are {now}, and were {then}")
    print(f"all {len(then)} logs end where they ended at that moment")


def main() -> None:
    if not Path(BACKREST).exists() or not Path("/usr/lib/postgresql").exists():
        sys.exit("drill: apt-get install -y postgresql pgbackrest")
    home = Path(mkdtemp(prefix="artel-drill-", dir="/var/tmp"))  # a socket's path is short
    home.chmod(0o711)
    try:
        run(Drill(home))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
