"""The real servers that tests stand on: named by the environment, found on this machine, or installed as packages.

Run as a program it says which they will be and installs what it may: `make test` begins with that.

One set serves a whole run. Whichever test asks first starts a server, under a lock in a folder that all workers
share; a keeper process of its own stops it again when the run's pipe closes, so it ends with the run however
the run ends, by Ctrl-C and by kill -9 too.
"""

import fcntl
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

PACKAGES = {
    "postgres": "postgresql",
    "amqp": "rabbitmq-server",
    "redis": "redis-server",
    "nginx": "nginx-light libnginx-mod-http-lua lua-cjson lua-nginx-dns",
    "supervisor": "supervisor",
    "faketime": "libfaketime",
    "prometheus": "prometheus prometheus-alertmanager"
    " prometheus-node-exporter prometheus-postgres-exporter prometheus-redis-exporter",
    "rsyslog": "rsyslog rsyslog-elasticsearch curl",  # curl asks for the places where its lines go
    "chromium": "chromium",
    "pgbackrest": "pgbackrest",
    "compiler": "gcc libc6-dev python3-dev",
}
VARIABLES = {
    "postgres": "ARTEL_TEST_POSTGRES_URL",
    "amqp": "ARTEL_TEST_AMQP_URL",
    "redis": "ARTEL_TEST_REDIS_URL",
    "nginx": "ARTEL_TEST_NGINX",
    "supervisor": "ARTEL_TEST_SUPERVISOR",
    "pgbackrest": "ARTEL_TEST_PGBACKREST",
    "faketime": "ARTEL_TEST_FAKETIME",
    "prometheus": "ARTEL_TEST_PROMETHEUS",
    "rsyslog": "ARTEL_TEST_RSYSLOG",
    "chromium": "ARTEL_TEST_CHROMIUM",
    "compiler": "ARTEL_TEST_COMPILER",
}
PORTS = {"postgres": 5432, "amqp": 5672, "redis": 6379}  # of an address that names none
PATIENCE_SECONDS = 90
KEEPERS: list[subprocess.Popen[bytes]] = []  # nobody here waits for them; forgotten, each would be a warning
RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on PATH insists on root and on /var/lib

LUA = (Path("/usr/lib/nginx/modules/ngx_http_lua_module.so"), Path("/usr/share/lua/5.1/nginx/dns/resolver.lua"))


class Missing(Exception):  # noqa: N818 it is an answer, not a fault
    """This machine has no such server; the text says how to get it."""


@dataclass(frozen=True)
class Servers:
    """`folder` belongs to the run; the file `alive` in it is a pipe that its owner holds open."""

    folder: Path

    def url(self, kind: str) -> str:
        """Where the server of this kind listens, or Missing. Starts it if nobody has."""
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

    def used(self, kind: str) -> bool:
        """Whether some test had it."""
        answer = self.folder / f"{kind}.json"
        return answer.exists() and "url" in json.loads(answer.read_text())

    def _start(self, kind: str) -> dict[str, str]:
        try:
            return {"url": given(kind) or STARTERS[kind](self)}
        except Missing as missing:
            return {"missing": str(missing)}
        except (RuntimeError, subprocess.CalledProcessError) as broken:
            return {"broken": f"{kind}: {broken}"}

    def keep(self, name: str, command: Sequence[str], **env: str) -> Path:
        """Start it under a keeper, which holds the lock `name`.held while it lives; its words go to the file."""
        log = self.folder / f"{name}.log"
        # Opened here: the keeper would wait for ever to open what nobody holds any more.
        alive = os.open(self.folder / "alive", os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(alive, True)
        keeper = [sys.executable, __file__, str(alive), *command]
        with os.fdopen(alive), log.open("ab") as words, locked(self.folder / f"{name}.held") as held:
            process = subprocess.Popen(
                keeper, stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True,
                env=os.environ | env, cwd=self.folder, pass_fds=[held, alive],
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


_given: set[int] = set()


def free_port() -> int:
    return free_ports(1)


def free_ports(number: int) -> int:
    """The first of so many in a row, below those that whoever calls out is given: on a busy machine they are gone
    before a program has started. Each worker of a run has a part of its own, for the same reason, and gives each once:
    who was given one has not taken it yet.
    """
    worker, of = (os.environ.get(f"PYTEST_XDIST_WORKER{what}", "") for what in ("", "_COUNT"))
    size = 17_000 // int(of or 1)
    begin = 15_000 + size * int(worker.removeprefix("gw") or 0)
    for first in random.sample(range(begin, begin + size - number), 100):
        wanted = range(first, first + number)
        if _given.intersection(wanted):
            continue
        with suppress(OSError), ExitStack() as probes:
            for port in wanted:
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            _given.update(wanted)
            return first
    raise RuntimeError("a hundred times no port was free")


def listening(port: int, hello: bytes = b"", answer: bytes = b"", host: str = "127.0.0.1") -> bool:
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(hello)
            return connection.recv(16).startswith(answer) if answer else True
    except OSError:
        return False


def given(kind: str) -> str | None:
    """What the environment names. Nobody there is a mistake of whoever named it, not a reason to run less."""
    named = os.environ.get(VARIABLES[kind])
    if not named:
        return None
    if kind not in PORTS:
        if not shutil.which(named):
            raise RuntimeError(f"{VARIABLES[kind]} names {named}, and there is no such program")
        return named
    address = urlsplit(named)
    if address.hostname and not listening(address.port or PORTS[kind], host=address.hostname):
        where = f"{address.hostname}:{address.port or PORTS[kind]}"  # and not who comes, with which password
        raise RuntimeError(f"nobody answers at {where}, which {VARIABLES[kind]} names")
    return named


def found(kind: str) -> Path:
    """The program, installed first where that may be done without asking."""
    program = PROGRAMS[kind]()
    if program is None and may_install():
        install([kind])
        program = PROGRAMS[kind]()
    if program is None:
        raise Missing(f"{PACKAGES[kind]} is not installed, and {VARIABLES[kind]} names none")
    return program


def may_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def install(kinds: Iterable[str]) -> None:
    packages = " ".join(PACKAGES[kind] for kind in kinds).split()
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with locked(Path("/tmp/artel-apt.lock")), nothing_starts():  # noqa: S108 a lock for all runs on this machine
        for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            command = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *step]
            done = subprocess.run(
                command, check=False, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
            )
            if done.returncode:  # what packages say on their way is of interest only then
                sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])


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
    binaries = found("postgres").parent
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
    program = found("amqp")
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
        "rabbit", [str(program)],
        HOME=str(folder), ERL_EPMD_PORT=str(epmd), ERL_EPMD_ADDRESS="127.0.0.1", RABBITMQ_NODENAME="artel@localhost",
        RABBITMQ_DIST_PORT=str(free_port()), RABBITMQ_CONFIG_FILE=str(folder / "rabbitmq.conf"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "enabled_plugins"), RABBITMQ_MNESIA_BASE=str(folder / "data"),
        RABBITMQ_LOG_BASE=str(folder), RABBITMQ_PID_FILE=str(folder / "pid"), RABBITMQ_CONF_ENV_FILE="/dev/null",
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
    )  # fmt: skip
    wait_for(lambda: listening(port, b"AMQP\x00\x00\x09\x01", b"\x01"), "RabbitMQ", log)
    return f"amqp://guest:guest@127.0.0.1:{port}/"


def start_redis(run: Servers) -> str:
    program, port = found("redis"), free_port()
    quiet = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]
    log = run.keep("redis", [str(program), "--port", str(port), *quiet])
    wait_for(lambda: listening(port, b"PING\r\n", b"+PONG"), "Redis", log)
    return f"redis://127.0.0.1:{port}/0"


def find_program(kind: str) -> Callable[[Servers], str]:
    return lambda _run: str(found(kind))


def look_for_nginx() -> Path | None:
    """With what it needs to run scripts; it is not on everybody's PATH."""
    program = look_for("nginx", "/usr/sbin/nginx")()
    return program if program and all(part.exists() for part in LUA) else None


def look_for_prometheus() -> Path | None:
    """With what it watches by, and who it tells."""
    beside = ("promtool", "prometheus-alertmanager", "amtool")
    exporters = (f"prometheus-{name}-exporter" for name in ("node", "postgres", "redis"))
    return look_for("prometheus")() if all(shutil.which(name) for name in (*beside, *exporters)) else None


def look_for_rsyslog() -> Path | None:
    """With what it needs to speak to Elasticsearch."""
    program = look_for("rsyslogd", "/usr/sbin/rsyslogd")()
    module = any(Path("/usr/lib").glob("*/rsyslog/omelasticsearch.so"))
    return program if program and module and shutil.which("curl") else None


def look_for_compiler() -> Path | None:
    """With the headers of the Python that runs this."""
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return look_for((sysconfig.get_config_var("CC") or "cc").split()[0])() if headers.exists() else None


PROGRAMS: Mapping[str, Callable[[], Path | None]] = {
    "postgres": look_for_postgres,
    "amqp": lambda: RABBIT if RABBIT.exists() else None,
    "redis": look_for("redis-server", "valkey-server"),
    "nginx": look_for_nginx,
    "supervisor": look_for("supervisord"),
    "pgbackrest": look_for("pgbackrest"),
    "faketime": lambda: next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None),
    "prometheus": look_for_prometheus,
    "rsyslog": look_for_rsyslog,
    "chromium": look_for("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "compiler": look_for_compiler,
}
STARTERS: Mapping[str, Callable[[Servers], str]] = {
    "postgres": start_test_postgres,
    "amqp": start_rabbit,
    "redis": start_redis,
    "nginx": find_program("nginx"),
    "supervisor": find_program("supervisor"),
    "pgbackrest": find_program("pgbackrest"),
    "faketime": find_program("faketime"),
    "prometheus": find_program("prometheus"),
    "rsyslog": find_program("rsyslog"),
    "chromium": find_program("chromium"),
    "compiler": find_program("compiler"),
}


def the_line(kinds: Iterable[str]) -> str:
    """What installs them."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y {' '.join(PACKAGES[kind] for kind in kinds)}"


def tell() -> None:
    """What this run will stand on. Installing takes minutes, and nobody should wonder what is going on."""
    wanted = [kind for kind in PROGRAMS if not os.environ.get(VARIABLES[kind])]
    absent = [kind for kind in wanted if PROGRAMS[kind]() is None]
    if absent and may_install():
        print("installing", *(PACKAGES[kind] for kind in absent), flush=True)
        install(absent)
        absent = [kind for kind in absent if PROGRAMS[kind]() is None]
    for kind in PROGRAMS:
        where = PROGRAMS[kind]() or "not here" if kind in wanted else f"as {VARIABLES[kind]} says"
        print(f"{kind:<10} {where}")
    if absent:
        print(f"Tests that need what is not here are not run. To run them too:  {the_line(absent)}")


def unprivileged(name: str, data: Path) -> list[str]:
    """What to put before a server that refuses to run as root: become its user, or nobody, who is given `data`."""
    if os.geteuid() != 0:
        return []
    user = name if name in {entry.pw_name for entry in pwd.getpwall()} else "nobody"
    shutil.chown(data, user)
    group = str(pwd.getpwnam(user).pw_gid)
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]


def keep(alive: int, command: Sequence[str]) -> None:
    """The keeper: ends the server when nobody holds the pipe any more."""
    server = subprocess.Popen(command, start_new_session=True)
    with os.fdopen(alive) as pipe:
        pipe.read()
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(server.pid, signum)
            server.wait(5)


if __name__ == "__main__":
    keep(int(sys.argv[1]), sys.argv[2:]) if len(sys.argv) > 1 else tell()
