"""The real servers that tests stand on: named by the environment, found on this machine, or installed as packages.

One set serves a whole run. Whichever test asks first starts a server, under a lock in a folder that all workers
share; a keeper process of its own stops it again when the run's pipe closes, so it ends with the run however
the run ends, by Ctrl-C and by kill -9 too.
"""

import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

PACKAGES = {"postgres": "postgresql", "amqp": "rabbitmq-server", "redis": "redis-server", "chromium": "chromium"}
VARIABLES = {
    "postgres": "ARTEL_TEST_POSTGRES_URL",
    "amqp": "ARTEL_TEST_AMQP_URL",
    "redis": "ARTEL_TEST_REDIS_URL",
    "chromium": "ARTEL_TEST_CHROMIUM",
}
PATIENCE_SECONDS = 90
KEEPERS: list[subprocess.Popen[bytes]] = []  # nobody here waits for them; forgotten, each would be a warning
RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on PATH insists on root and on /var/lib


class Missing(Exception):  # noqa: N818 it is an answer, not a fault
    """This machine has no such server; the text says how to get it."""


@dataclass(frozen=True)
class Servers:
    """`folder` belongs to the run; the file `alive` in it is a pipe that its owner holds open."""

    folder: Path

    def url(self, kind: str) -> str:
        """Where the server of this kind listens, or Missing. Starts it if nobody has."""
        given = os.environ.get(VARIABLES[kind])
        if given:
            return given
        answer = self.folder / f"{kind}.json"
        with locked(self.folder / f"{kind}.lock"):
            if not answer.exists():
                answer.write_text(json.dumps(self._start(kind)))
        said: dict[str, str] = json.loads(answer.read_text())
        if "missing" in said:
            raise Missing(said["missing"])
        if "broken" in said:
            raise RuntimeError(said["broken"])
        return said["url"]

    def _start(self, kind: str) -> dict[str, str]:
        try:
            return {"url": STARTERS[kind](self)}
        except Missing as missing:
            return {"missing": str(missing)}
        except (RuntimeError, subprocess.CalledProcessError) as broken:
            return {"broken": f"{kind} does not start: {broken}"}

    def keep(self, name: str, command: Sequence[str], **env: str) -> Path:
        """Start it under a keeper, which holds the lock `name`.held while it lives; its words go to the file."""
        log = self.folder / f"{name}.log"
        keeper = [sys.executable, __file__, str(self.folder / "alive"), *command]
        with log.open("ab") as words, locked(self.folder / f"{name}.held") as held:
            process = subprocess.Popen(
                keeper, stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True,
                env=os.environ | env, cwd=self.folder, pass_fds=[held],
            )  # fmt: skip
        KEEPERS.append(process)
        return log


@contextmanager
def servers() -> Iterator[Servers]:
    """A run's servers; on the way out all that were started are stopped and their files removed."""
    folder = Path(mkdtemp(prefix="artel-servers-"))
    folder.chmod(0o755)  # PostgreSQL runs as somebody else
    os.mkfifo(folder / "alive")
    alive = os.open(folder / "alive", os.O_RDWR)
    try:
        yield Servers(folder)
    finally:
        os.close(alive)
        for held in folder.glob("*.held"):
            with locked(held):
                pass  # its keeper has gone
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def wait_for(ready: Callable[[], bool], what: str, log: Path | None = None) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        if time.monotonic() > end:
            words = log.read_text(errors="replace")[-2000:] if log else ""
            raise RuntimeError(f"waited {PATIENCE_SECONDS} s for {what}\n{words}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listening(port: int, hello: bytes = b"", answer: bytes = b"") -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(hello)
            return connection.recv(16).startswith(answer) if answer else True
    except OSError:
        return False


def found(kind: str, look: Callable[[], Path | None]) -> Path:
    """The program, installed first where that may be done without asking."""
    program = look()
    if program is None and may_install():
        install(PACKAGES[kind])
        program = look()
    if program is None:
        raise Missing(f"install it: apt-get install -y {PACKAGES[kind]}, or name one in {VARIABLES[kind]}")
    return program


def may_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def install(package: str) -> None:
    quiet = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with locked(Path("/tmp/artel-apt.lock")), nothing_starts():  # noqa: S108 a lock for all runs on this machine
        for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
            subprocess.run([*quiet, *step], check=False, env=env, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


@contextmanager
def nothing_starts() -> Iterator[None]:
    """A package brings a program; the service that Debian would start with it is not wanted."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()


def look_for(*names: str) -> Callable[[], Path | None]:
    def look() -> Path | None:
        paths = (shutil.which(name) for name in names)
        return next((Path(path) for path in paths if path), None)

    return look


def look_for_postgres() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[4]))
    return versions[-1] if versions else look_for("postgres")()


def start_postgres(run: Servers, *options: str) -> str:
    binaries = found("postgres", look_for_postgres).parent
    data, port = run.folder / "postgres", free_port()
    data.mkdir()
    become = unprivileged("postgres", data)
    initdb = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "artel", "--no-sync", "-E", "UTF8"]
    utf8 = os.environ | {"LC_ALL": "C.UTF-8"}
    subprocess.run([*become, *initdb], check=True, stdout=subprocess.DEVNULL, env=utf8, cwd=run.folder)
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={data}", "max_connections=300"]
    flags = [part for setting in (*settings, *options) for part in ("-c", setting)]
    log = run.keep("postgres", [*become, str(binaries / "postgres"), "-D", str(data), *flags])
    ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL", log)
    return f"postgresql://artel@127.0.0.1:{port}/postgres"


def start_test_postgres(run: Servers) -> str:
    # Nothing of a test outlives the machine; what must survive a power cut is measured where it is promised.
    return start_postgres(run, "fsync=off", "full_page_writes=off", "synchronous_commit=off")


def start_rabbit(run: Servers) -> str:
    found("amqp", lambda: RABBIT if RABBIT.exists() else None)
    folder, port, epmd = run.folder / "rabbit", free_port(), free_port()
    folder.mkdir()
    cookie = folder / ".erlang.cookie"
    cookie.write_text(f"artel{os.getpid()}")
    cookie.chmod(0o400)
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.default = 127.0.0.1:{port}\nlog.console = true\nlog.console.level = warning\nlog.file = false\n"
        "vm_memory_high_watermark.absolute = 400MB\ndisk_free_limit.absolute = 50MB\n"
    )
    (folder / "enabled_plugins").write_text("[].")
    # Its name server is started here and not by it, because there it would stay behind as a daemon.
    run.keep("epmd", ["epmd", "-address", "127.0.0.1", "-port", str(epmd)])
    wait_for(lambda: listening(epmd), "Erlang's name server", run.folder / "epmd.log")
    log = run.keep(
        "rabbit", [str(RABBIT)],
        HOME=str(folder), ERL_EPMD_PORT=str(epmd), ERL_EPMD_ADDRESS="127.0.0.1", RABBITMQ_NODENAME="artel@localhost",
        RABBITMQ_DIST_PORT=str(free_port()), RABBITMQ_CONFIG_FILE=str(folder / "rabbitmq.conf"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "enabled_plugins"), RABBITMQ_MNESIA_BASE=str(folder / "data"),
        RABBITMQ_LOG_BASE=str(folder), RABBITMQ_PID_FILE=str(folder / "pid"), RABBITMQ_CONF_ENV_FILE="/dev/null",
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
    )  # fmt: skip
    wait_for(lambda: listening(port, b"AMQP\x00\x00\x09\x01", b"\x01"), "RabbitMQ", log)
    return f"amqp://guest:guest@127.0.0.1:{port}/"


def start_redis(run: Servers) -> str:
    program, port = found("redis", look_for("redis-server", "valkey-server")), free_port()
    quiet = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]
    log = run.keep("redis", [str(program), "--port", str(port), *quiet])
    wait_for(lambda: listening(port, b"PING\r\n", b"+PONG"), "Redis", log)
    return f"redis://127.0.0.1:{port}/0"


def find_chromium(_run: Servers) -> str:
    return str(found("chromium", look_for("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")))


STARTERS: Mapping[str, Callable[[Servers], str]] = {
    "postgres": start_test_postgres,
    "amqp": start_rabbit,
    "redis": start_redis,
    "chromium": find_chromium,
}


def unprivileged(name: str, data: Path) -> list[str]:
    """What to put before a server that refuses to run as root: become its user, or nobody, who is given `data`."""
    if os.geteuid() != 0:
        return []
    user = name if name in {entry.pw_name for entry in pwd.getpwall()} else "nobody"
    shutil.chown(data, user)
    group = str(pwd.getpwnam(user).pw_gid)
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]


def keep(alive: str, command: Sequence[str]) -> None:
    """The keeper: ends the server when nobody holds the pipe any more."""
    server = subprocess.Popen(command, start_new_session=True)
    with Path(alive).open() as pipe:
        pipe.read()
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(server.pid, signum)
            server.wait(5)


if __name__ == "__main__":
    keep(sys.argv[1], sys.argv[2:])
