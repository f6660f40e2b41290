"""The whole system as plain processes on one Debian host: `make stack`, and `make stack-down` ends it. `make
stack-restart` replaces its services, one process after the other.

PostgreSQL with a role and a database for each service, RabbitMQ, Redis, every service in a process of its own (game in
two) and the gateway, with Prometheus and Alertmanager to watch them, kept alive by supervisor. Everything is in
ARTEL_DATA_DIR: data, secrets, words. Whoever needs what is not there yet waits for it, so all start at once.
"""

import argparse
import hashlib
import os
import pwd
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

import compiled
import leftover
from artel.auth.keys import ensure_key
from artel.compose import SERVICES
from artel.databases import provide
from artel.gateway import Place, write
from artel.kernel.settings import LOOPBACK
from keeping import FOR_ALL, as_said, keep
from watching import PROGRAMS as WATCHERS
from watching import Watch

ROOT = Path(__file__).parents[1]
RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PROGRAMS = {
    "postgresql": Path("/usr/lib/postgresql"),
    "rabbitmq-server": RABBIT,
    "redis-server": Path("/usr/bin/redis-server"),
    "nginx-light": Path("/usr/sbin/nginx"),
    "libnginx-mod-http-lua": Path("/usr/lib/nginx/modules/ngx_http_lua_module.so"),
    "lua-cjson": Path("/usr/share/lua/5.1/cjson"),
    "supervisor": Path("/usr/bin/supervisord"),
    "logrotate": Path("/usr/sbin/logrotate"),
    "procps": Path("/usr/bin/pgrep"),
    **WATCHERS,
}
"""Debian's packages, and what each brings."""
RABBIT_LOG = """log.console.formatter = json
log.console.formatter.time_format = rfc3339_T
log.console.formatter.json.field_map = time:@timestamp level:log.level msg:message *:-
"""
TWICE = "game"
BEHIND = {"stats", "notification"}  # what they do may wait where there is too little for all: taps come first
PORTS = 27  # the gateway's, and those behind it
PATIENCE_SECONDS = 120


@dataclass
class Stack:
    """`port` is the gateway's; everything else listens on those behind it, on this machine only."""

    port: int
    home: Path
    programs: dict[str, str] = field(default_factory=dict)
    _gateway_is_new: bool = field(default=False, init=False)
    _roles: str = field(default="", init=False)
    _compiled: Path | None = field(default_factory=compiled.fresh, init=False)

    def up(self) -> None:
        if not self._runs():
            leftover.end(self.home)
            self._require_ports()
        install()
        if compiled.FOLDER.exists() and not self._compiled:
            print("what make compiled has made is of other sources: everything runs as it is written")
        (self.home / "words").mkdir(parents=True, exist_ok=True)
        keep(self.home)
        self.home.chmod(0o711)  # PostgreSQL, which refuses to be root, passes through it
        ensure_key(self.home / "keys")
        self._databases()
        self._broker()
        self._store()
        self._services()
        self._gateway()
        self._watch()
        self._supervise()
        self._wait()
        print(f"Artel is open at http://127.0.0.1:{self.port} (make stack-down closes it)")
        print(f"Who watches it is at http://{self.watch.at('prometheus')} and http://{self.watch.at('alertmanager')}")
        print(f"What each process says is in {self.home}/words")

    def restart(self, names: Sequence[str]) -> None:
        """Each when the one before it is ready, so of two one is always there. None named: all services."""
        ports = dict(self._instances())
        if unknown := set(names) - set(ports):
            sys.exit(
                f"stack: no service's process is called {', '.join(sorted(unknown))}: there are {', '.join(ports)}"
            )
        if not self._runs():
            more = "; make stack ends what a killed supervisor left behind" if leftover.found(self.home) else ""
            sys.exit(f"stack: nothing runs in {self.home}{more}")
        for name in names or ports:
            self._control("restart", name)
            self._is_ready(name)

    def down(self) -> None:
        if not self._runs():
            if not leftover.end(self.home):
                print(f"nothing runs in {self.home}")
            return
        self._control("shutdown")
        until(lambda: not self._runs(), "supervisor's end")

    @property
    def watch(self) -> Watch:
        return Watch(self.port, self.home)

    # What runs

    def _databases(self) -> None:
        binaries, data, superuser = postgres_binaries(), self.home / "postgres", self._secret("postgres")
        if not data.exists():
            data.mkdir(mode=0o700)
            password = self.home / "postgres.first"
            password.write_text(superuser)
            for path in (data, password):
                path.chmod(0o700)
                give(path, "postgres")
            command = [
                str(binaries / "initdb"), f"--pgdata={data}", "--username=postgres", "--auth=scram-sha-256",
                f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8",
            ]  # fmt: skip
            subprocess.run([*become("postgres"), *command], check=True, stdout=subprocess.DEVNULL, cwd="/")
            password.unlink()
        settings = {
            "port": self.port + 20, "listen_addresses": "127.0.0.1", "unix_socket_directories": data,
            "max_connections": 300,
        }  # fmt: skip
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._program("postgres", f"{binaries}/postgres -D {data} {options}", user="postgres", stopsignal="INT")

    def _broker(self) -> None:
        folder = self.home / "rabbit"
        folder.mkdir(exist_ok=True)
        port, names, cookie = self.port + 21, self.port + 22, folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(16))
            cookie.chmod(0o400)
        conf = folder / "rabbitmq.conf"
        conf.write_text(
            f"listeners.tcp.default = 127.0.0.1:{port}\ndefault_user = artel\n"
            f"default_pass = {self._secret('rabbit')}\nlog.console = true\nlog.file = false\n{RABBIT_LOG}"
            f"prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = {self.watch.at('rabbitmq').rpartition(':')[2]}\n"
        )
        conf.chmod(0o600)
        (folder / "enabled_plugins").write_text("[rabbitmq_prometheus].")
        self._program("names", f"epmd -address 127.0.0.1 -port {names}")
        env = {
            "HOME": folder, "ERL_EPMD_PORT": names, "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"artel{self.port}@localhost", "RABBITMQ_DIST_PORT": self.port + 23,
            "RABBITMQ_CONFIG_FILE": conf, "RABBITMQ_ENABLED_PLUGINS_FILE": folder / "enabled_plugins",
            "RABBITMQ_MNESIA_BASE": folder / "data", "RABBITMQ_LOG_BASE": folder, "RABBITMQ_PID_FILE": folder / "pid",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }  # fmt: skip
        self._program("rabbit", str(RABBIT), env, has_children=True)

    def _store(self) -> None:
        conf, secret, before = self.home / "redis.conf", self._secret("redis"), self.home / "store.url"
        if before.exists():  # it runs, and asks at the door only; else it starts with the new one
            with suppress(RedisError), Redis.from_url(before.read_text(), socket_timeout=5) as redis:
                redis.config_set("requirepass", secret)
        conf.write_text(f'bind 127.0.0.1\nport {self.port + 24}\nrequirepass {secret}\nsave ""\nappendonly no\n')
        conf.chmod(0o600)
        self._program("redis", f"redis-server {conf}")

    def _services(self) -> None:
        self._roles = provide(self.home / "databases", f"127.0.0.1:{self.port + 20}", SERVICES) + self.watch.role()
        kept = {
            "bus": f"amqp://artel:{self._secret('rabbit')}@127.0.0.1:{self.port + 21}/",
            "store": f"redis://:{self._secret('redis')}@127.0.0.1:{self.port + 24}/0",
        }
        for name, url in kept.items():
            self._keep(f"{name}.url", url)
        for name, port in self._instances():
            outside = {"auth": self._providers, "notification": self._bot}.get(name, dict)()
            env = {
                **self._env(name.partition("-")[0]), **outside, "ARTEL_PORT": port, "ARTEL_ADMIN_PORT": port + 10,
                "ARTEL_BUS_URL_FILE": self.home / "bus.url", "ARTEL_STORE_URL_FILE": self.home / "store.url",
            }  # fmt: skip
            command = f"{ROOT}/.venv/bin/artel serve {name.partition('-')[0]}"
            command = f"nice -n 10 {command}" if name in BEHIND else command
            read = [Path(str(value)) for key, value in env.items() if key.endswith("_FILE")]
            self._program(name, command, env, speaks_json=True, read=read)
        self._for_the_shell()

    def _providers(self) -> dict[str, object]:
        """By whom people sign in. A secret that was named once holds until another one is named."""
        plain = ("TELEGRAM_APP", "TELEGRAM_WIDGET", "TELEGRAM_ISSUER", "GOOGLE_CLIENT_ID", "GOOGLE_ISSUER", "ADMINS")
        return {
            **self._kept("ARTEL_TELEGRAM_BOT_TOKEN_FILE", "telegram.secret"),
            **self._kept("ARTEL_TELEGRAM_CLIENT_SECRET_FILE", "telegram-client.secret"),
            **self._kept("ARTEL_GOOGLE_CLIENT_SECRET_FILE", "google-client.secret"),
            **as_said(*(f"ARTEL_{name}" for name in plain)),
        }

    def _bot(self) -> dict[str, object]:
        """Who tells people in Telegram about their accounts, once there is a token."""
        token = self._kept("ARTEL_TELEGRAM_BOT_TOKEN_FILE", "telegram.secret")
        where = os.environ.get("ARTEL_NOTIFY_URL", "telegram://" if token else "console://")
        return {**token, "ARTEL_NOTIFY_URL": where, **as_said("ARTEL_TELEGRAM_APP", "ARTEL_TELEGRAM_API_URL")}

    def _kept(self, name: str, file: str) -> dict[str, object]:
        if given := os.environ.get(name):
            self._keep(file, Path(given).read_text().strip())
        kept = self.home / file
        return {name: kept} if kept.exists() else {}

    def _for_the_shell(self) -> None:
        """Addresses, and no secret, for the commands that look at all of it."""
        named = {
            "DATA_DIR": self.home, "DATABASES_DIR": self.home / "databases", "BUS_URL_FILE": self.home / "bus.url",
            "STORE_URL_FILE": self.home / "store.url", "KEYS_DIR": self.home / "keys",
            "PUBLIC_URL": self._env("game")["ARTEL_PUBLIC_URL"],
        }  # fmt: skip
        told = {
            **{f"ARTEL_{name}": value for name, value in named.items()},
            **self._bot(),
        }
        lines = [f"export {name}={shlex.quote(str(value))}\n" for name, value in told.items() if value]
        lines.append(f'export PATH={shlex.quote(f"{ROOT}/.venv/bin")}:"$PATH"\n')
        (self.home / "env").write_text("".join(lines))

    def _watch(self) -> None:
        processes = {name: port + 10 for name, port in self._instances()}
        self.watch.write(processes, self.port + 24, self._secret("redis"))
        read = {"watch-postgres": self.home / "watch.secret", "watch-redis": self.home / "redis_watch.json"}
        for name, (command, env) in self.watch.programs(self.port + 20, self.port + 24).items():
            self._program(name, " ".join(command), env, read=[read[name]] if name in read else [])

    def _instances(self) -> list[tuple[str, int]]:
        """Names and ports; the second process of a service has a number."""
        names = [*SERVICES, f"{TWICE}-2"]
        return [(name, self.port + 1 + place) for place, name in enumerate(names)]

    def _env(self, service: str) -> dict[str, object]:
        # A service listens to the gateway alone, and cannot know who reaches that.
        public = os.environ.get("ARTEL_PUBLIC_URL", f"http://127.0.0.1:{self.port}")
        names = {os.environ.get("ARTEL_HOST", "127.0.0.1"), urlsplit(public).hostname}
        open_to_all = not names <= LOOPBACK or bool(os.environ.get("ARTEL_BEHIND"))  # a proxy opens it too
        return {
            "ARTEL_HOST": "127.0.0.1",
            **({"ARTEL_DEV_LOGIN": os.environ.get("ARTEL_DEV_LOGIN", "0")} if open_to_all else {}),
            "ARTEL_DATABASE_URL_FILE": self.home / "databases" / f"{service}.url",
            "ARTEL_KEYS_DIR": self.home / "keys",
            "ARTEL_PUBLIC_URL": public,
            "ARTEL_LOG_ENVIRONMENT": os.environ.get("ARTEL_LOG_ENVIRONMENT", "stack"),
            **({"PYTHONPATH": self._compiled} if self._compiled else {}),
            **as_said(*FOR_ALL),
        }

    def _gateway(self) -> None:
        upstreams: dict[str, list[str]] = {name: [] for name in SERVICES}
        for name, port in self._instances():
            upstreams[name.partition("-")[0]].append(f"127.0.0.1:{port}")
        folder = self.home / "gateway"
        listen = f"{os.environ.get('ARTEL_HOST', '127.0.0.1')}:{self.port}"
        jwks, web = self.home / "keys" / "jwks.json", ROOT / "web" / "dist"
        metrics, collector = self.watch.at("gateway"), os.environ.get("ARTEL_OTLP_URL", "")
        before = written(folder)
        place = Place(
            listen, upstreams, jwks, web, folder, metrics=metrics, collector=collector,
            behind=os.environ.get("ARTEL_BEHIND", ""),
            user_rate=rate("ARTEL_USER_RATE", Place.user_rate),
            address_rate=rate("ARTEL_ADDRESS_RATE", Place.address_rate),
        )  # fmt: skip
        try:
            write(folder, place)
        except ValueError as error:
            sys.exit(f"stack: {error}")
        self._gateway_is_new = written(folder) != before
        user = " user root;" if os.geteuid() == 0 else ""  # it reads a clone that may be root's alone
        command = f"/usr/sbin/nginx -c {folder}/nginx.conf -g 'daemon off;{user}'"
        self._program("gateway", command, stopsignal="QUIT", has_children=True)
        self._rotate(folder)

    def _rotate(self, gateway: Path) -> None:
        """What nginx writes itself; of all else supervisor keeps ten files."""
        conf = self.home / "rotate.conf"
        conf.write_text(
            f"{gateway}/access.log {{\n    size 10M\n    rotate 10\n    missingok\n    nocompress\n    create 0644\n"
            f"    postrotate\n        kill -USR1 $(cat {gateway}/nginx.pid)\n    endscript\n}}\n"
        )
        conf.chmod(0o600)
        step = f"/usr/sbin/logrotate --state {self.home}/rotate.state {conf}"
        self._program("rotate", f"/bin/sh -c 'while sleep 60; do {step}; done'")
        self.programs["rotate"] += "\nstopasgroup=true"  # or its sleep stays

    # Keeping it

    def _program(
        self,
        name: str,
        command: str,
        env: Mapping[str, object] | None = None,
        user: str = "",
        stopsignal: str = "TERM",
        *,
        speaks_json: bool = False,
        has_children: bool = False,
        read: Sequence[Path] = (),
    ) -> None:
        """Of `has_children` those that outlive it are ended before it starts again. With another secret in a file of
        `read` it is another program, which is started anew."""
        if has_children:
            command = f"{ROOT}/deploy/alone.sh {self.home}/{name}.group {command}"
        if not speaks_json:
            command = f"/usr/bin/perl {self.home}/gateway/words.pl {name} {command}"
        secret = {"SECRETS": digest(read)} if read else {}
        said = ",".join(f'{key}="{value}"' for key, value in {**(env or {}), **secret}.items())
        lines = {
            "command": command, "environment": said, "directory": "/", "autorestart": "true", "startretries": "1000000",
            "stopsignal": stopsignal, "stopwaitsecs": "15", "redirect_stderr": "true", "killasgroup": "true",
            "stdout_logfile": f"{self.home}/words/{name}.log", "stdout_logfile_maxbytes": "10MB",
        }  # fmt: skip
        if user and os.geteuid() == 0:
            lines["user"] = user
        self.programs[name] = "\n".join(f"{key}={value}" for key, value in lines.items())

    def _supervise(self) -> None:
        conf = self.home / "supervisor.conf"
        socket = self.home / "supervisor.sock"
        head = (
            f"[supervisord]\npidfile={self.home}/supervisor.pid\nlogfile={self.home}/words/supervisor.log\n"
            f"childlogdir={self.home}/words\n[unix_http_server]\nfile={socket}\nchmod=0700\n"
            f"[supervisorctl]\nserverurl=unix://{socket}\n[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        )
        programs = "\n".join(f"[program:{name}]\n{lines}" for name, lines in self.programs.items())
        conf.write_text(f"{head}{programs}\n")
        conf.chmod(0o600)
        if self._runs():
            self._provide()  # first: what starts anew may need newer tables, and what runs goes on with them
            self._update()
            self._control("signal", "HUP", "prometheus", "alertmanager", *(["gateway"] if self._gateway_is_new else []))
        else:
            subprocess.run(["/usr/bin/supervisord", "-c", str(conf)], check=True)
            self._provide()

    def _update(self) -> None:
        """What is started otherwise than before is started again; of two processes not the second before the first."""
        said = subprocess.run([*self._controls(), "reread"], check=True, stdout=subprocess.PIPE, text=True).stdout
        for name in re.findall(r"^([\w-]+): (?:available|changed|disappeared)$", said, re.MULTILINE):
            first, _, number = name.partition("-")
            if number and first in SERVICES:
                self._is_ready(first)
            self._control("update", name)

    def _provide(self) -> None:
        psql = [
            str(postgres_binaries() / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
            f"host=127.0.0.1 port={self.port + 20} user=postgres dbname=postgres connect_timeout=5",
        ]  # fmt: skip
        env = {**os.environ, "PGPASSWORD": self._secret("postgres")}

        def answers() -> bool:
            asked = subprocess.run([*psql, "-c", "SELECT 1"], check=False, env=env, capture_output=True)
            return asked.returncode == 0

        until(answers, "PostgreSQL", self._words("postgres"))
        subprocess.run(psql, check=True, env=env, input=self._roles, text=True)
        for name in SERVICES:
            told = {key: str(value) for key, value in self._env(name).items()}
            subprocess.run([f"{ROOT}/.venv/bin/artel", "migrate", name], check=True, env={**os.environ, **told})
        until(lambda: listens(self.port + 21) and self._tell_rabbit(), "RabbitMQ", self._words("rabbit"))
        until(self._is_let_in, "Redis", self._words("redis"))

    def _is_let_in(self) -> bool:
        """By Redis, which if it was away as it was told has the new password in its configuration only."""
        try:
            with Redis.from_url((self.home / "store.url").read_text(), socket_timeout=5) as redis:
                return bool(redis.ping())
        except AuthenticationError:
            self._control("restart", "redis")
        except RedisError:
            pass
        return False

    def _tell_rabbit(self) -> bool:
        """Its user's password, which its configuration has for the first start only."""
        env = os.environ | {
            "HOME": str(self.home / "rabbit"), "ERL_EPMD_PORT": str(self.port + 22),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }  # fmt: skip
        command = [str(RABBIT.with_name("rabbitmqctl")), "-q", "-n", f"artel{self.port}@localhost"]
        told = subprocess.run(
            [*command, "change_password", "artel"], input=self._secret("rabbit"), check=False, env=env, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return told.returncode == 0

    def _wait(self) -> None:
        """The gateway is ready when one process of each service is; open is what all of them are ready for."""
        for name, _ in self._instances():
            self._is_ready(name)
        until(lambda: not missing(self.port), "the gateway", lambda: missing(self.port))

    def _is_ready(self, name: str) -> None:
        port = dict(self._instances())[name]
        until(lambda: not missing(port), name, lambda: f"{missing(port)}\n{self._words(name)()}")

    def _words(self, name: str) -> Callable[[], str]:
        """The last of them."""
        file = self.home / "words" / f"{name}.log"
        return lambda: file.read_text(errors="replace")[-1500:] if file.exists() else ""

    def _runs(self) -> bool:
        """Its number may be an old one, of before a power cut, and somebody else's by now."""
        try:
            pid = (self.home / "supervisor.pid").read_text().strip()
            said = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return str(self.home / "supervisor.conf").encode() in said
        except OSError:
            return False

    def _require_ports(self) -> None:
        for port in range(self.port, self.port + PORTS):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    sys.exit(
                        f"stack: port {port} cannot be had ({error.strerror}); ARTEL_PORT chooses another, "
                        f"with {PORTS - 1} more behind it"
                    )

    def _control(self, *words: str) -> None:
        subprocess.run([*self._controls(), *words], check=False)

    def _controls(self) -> list[str]:
        return ["/usr/bin/supervisorctl", "-c", str(self.home / "supervisor.conf")]

    # Secrets

    def _secret(self, name: str) -> str:
        file = self.home / f"{name}.secret"
        if not file.exists():
            self._keep(file.name, secrets.token_urlsafe(24))
        return file.read_text()

    def _keep(self, name: str, secret: str) -> None:
        file = self.home / name
        file.touch(mode=0o600)
        file.write_text(secret)


def install() -> None:
    """What is missing of Debian's packages, without starting what they would start."""
    missing = [package for package, brings in PROGRAMS.items() if not brings.exists()]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"stack: some programs are missing. On Debian:  sudo apt-get install -y {' '.join(missing)}")
    print("installing", *missing, flush=True)
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        for step in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            command = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *step]
            env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)
    finally:
        if ours:
            policy.unlink()


def postgres_binaries() -> Path:
    """Of the newest there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parts[4]))
    return found[-1]


def become(user: str) -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]


def give(path: Path, user: str) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, user)


def written(folder: Path) -> dict[Path, bytes]:
    """What nginx reads as it starts."""
    return {file: file.read_bytes() for pattern in ("*.conf", "*.lua") for file in folder.glob(pattern)}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def missing(port: int) -> str:
    """What it is not ready for, in its own words; nothing when it is."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return ""
    except HTTPError as error:
        return f"{error}: {error.read(1500).decode(errors='replace')}"
    except (URLError, ConnectionError, TimeoutError) as error:
        return str(error)


def until(true: Callable[[], bool], what: str, why: Callable[[], str] = str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > end:
            sys.exit(f"stack: waited {PATIENCE_SECONDS} s for {what}\n{why()}")
        time.sleep(0.2)


def digest(files: Iterable[Path]) -> str:
    """Of secrets that nobody can guess."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


def home_of(data: Path) -> Path:
    """In a shell that has read a stack's `env` ARTEL_DATA_DIR is that stack, and no second one is to begin in it."""
    return data if (data / "supervisor.conf").exists() else data / "stack"


def port_of(said: str) -> int:
    if not said.isdecimal() or not 0 < int(said) <= 65536 - PORTS:
        sys.exit(f"stack: ARTEL_PORT is a number from 1 to {65536 - PORTS}, and not {said}: {PORTS - 1} are behind it")
    return int(said)


def rate(name: str, usual: int) -> int:
    said = os.environ.get(name) or str(usual)
    if not said.isdecimal() or int(said) < 1:
        sys.exit(f"stack: {name} is a number from 1 on, and not {said}")
    return int(said)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python deploy/stack.py", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "restart"])
    parser.add_argument("names", nargs="*", help="of processes to restart; all services when none is named")
    arguments = parser.parse_args(argv)
    data = Path(os.environ.get("ARTEL_DATA_DIR", "var")).resolve()
    stack = Stack(port_of(os.environ.get("ARTEL_PORT", "8080")), home_of(data))
    match arguments.action:
        case "up":
            stack.up()
        case "down":
            stack.down()
        case _:
            stack.restart(arguments.names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
