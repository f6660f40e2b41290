"""The whole system as it is shipped: services in processes of their own, PostgreSQL, RabbitMQ, Redis, the gateway;
metrics, logs and traces on.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from artel.gateway import Place, write
from bench.evening import USERS, Caller
from bench.postgres import SERVICES, Postgres
from bench.running import ARTEL, running, wait_until_ready
from bench.stage import LIMITS, Program, Server, starting
from collector import collecting
from servers import Servers, find_program, free_port, servers, start_rabbit, start_redis

FREE: Final = 1_000_000
SET_FAR_AWAY: Final = {"ARTEL_SIGN_IN_BURST": f"{FREE}", **LIMITS}
"""All requests of the bench come from one address and from few users."""
OF_GATEWAY: Final = {"user_rate": FREE, "address_rate": FREE, "tries": FREE}


BEHIND: Final = ("stats", "notification")


@dataclass(frozen=True)
class Stack:
    """`games` are processes of one service; `databases` is an address with {service} in it."""

    run: Servers
    folder: Path
    collector: str
    databases: str
    games: Sequence[Program]
    others: dict[str, Program]

    @contextmanager
    def gateway(self, games: int = 1, **limits: int) -> Iterator[int]:
        """Its port. Before so many of game; without `limits` as it is shipped."""
        port = free_port()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        web, said = folder / "web", folder / "said"
        web.mkdir()
        ports = {name: [program.port] for name, program in self.others.items()}
        ports["game"] = [program.port for program in self.games[:games]]
        addresses = {name: [f"127.0.0.1:{each}" for each in of] for name, of in ports.items()}
        told: dict[str, Any] = {**limits, "collector": self.collector}
        write(folder, Place(f"127.0.0.1:{port}", addresses, self.folder / "keys" / "jwks.json", web, folder, **told))
        conf, tiring = folder / "nginx.conf", "keepalive_timeout 65s;"
        conf.write_text(conf.read_text().replace(tiring, f"{tiring} keepalive_requests {FREE};"))
        user = " user root;" if os.geteuid() == 0 else ""
        command = [find_program("nginx")(self.run), "-c", str(conf), "-g", f"daemon off;{user}"]
        with said.open("wb") as words, running(command, words):
            wait_until_ready(port, "/readyz", said)
            yield port

    def with_people(self, port: int) -> Server:
        """Who have signed in, and reach game at `port`."""
        caller = Caller(self.others["auth"].port)
        return Server(port, self.games[0].pid, tuple(caller.sign_in(f"Бенч {number}") for number in range(USERS)))


@contextmanager
def started(postgres: Postgres, name: str, settings: Mapping[str, str], games: int = 1) -> Iterator[Stack]:
    """`name`: of its databases."""
    with ExitStack() as stack:
        run = stack.enter_context(servers())
        databases = stack.enter_context(postgres.databases(name))
        collector = stack.enter_context(collecting())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artel-bench-")))
        env = {
            "ARTEL_DATABASE_URL": with_driver(databases), "ARTEL_BUS_URL": start_rabbit(run),
            "ARTEL_STORE_URL": start_redis(run), "ARTEL_KEYS_DIR": f"{folder}/keys", "ARTEL_OTLP_URL": collector.url,
            "ARTEL_DEV_LOGIN": "1", **settings,
        }  # fmt: skip
        for command in (["keys", "rotate"], ["migrate"]):
            subprocess.run([ARTEL, *command], check=True, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
        names = ["game"] * games + [service for service in SERVICES if service != "game"]
        programs = [stack.enter_context(starting("-m", "artel.cli", "serve", each, **env)) for each in names]
        for program in programs:
            program.wait("/readyz")
        others = dict(zip(names[games:], programs[games:], strict=True))
        for service in BEHIND:
            _put_behind(others[service].pid)
        yield Stack(run, folder, collector.url, databases, programs[:games], others)


def _put_behind(process: int) -> None:
    """As `cpu_shares` does it to a container, and `nice` to what `make stack` starts: where the system weighs sessions
    against each other, and each process is one of its own here, by the session's weight."""
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.setpriority(os.PRIO_PROCESS, int(thread.name), 10)
    of_session = Path(f"/proc/{process}/autogroup")
    if of_session.exists():
        of_session.write_text("10")


def with_driver(url: str) -> str:
    """As services are told it."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
