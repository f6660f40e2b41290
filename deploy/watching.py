"""Who watches the stack: Prometheus, Alertmanager, and what answers them for those who do not speak their language."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from artel.databases import WATCH

HERE = Path(__file__).parent / "observability"
PROGRAMS = {
    "prometheus": Path("/usr/bin/prometheus"),
    "prometheus-alertmanager": Path("/usr/bin/prometheus-alertmanager"),
    "prometheus-node-exporter": Path("/usr/bin/prometheus-node-exporter"),
    "prometheus-postgres-exporter": Path("/usr/bin/prometheus-postgres-exporter"),
    "prometheus-redis-exporter": Path("/usr/bin/prometheus-redis-exporter"),
}
PORTS = {"prometheus": 8, "alertmanager": 9, "gateway": 10, "rabbitmq": 18, "node": 19, "postgres": 25, "redis": 26}
"""How far behind the stack's first one; the services have admin ports of their own."""


@dataclass(frozen=True)
class Watch:
    """`first` is the stack's first port."""

    first: int
    home: Path

    def at(self, name: str) -> str:
        return f"127.0.0.1:{self.first + PORTS[name]}"

    def write(self, processes: Mapping[str, int], redis: int, password: str) -> None:
        """The configuration; `processes` are the services' by name, with their admin ports, `password` is Redis's."""
        folder = self.home / "prometheus"
        (folder / "targets").mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "prometheus.yml", folder)
        shutil.copytree(HERE / "rules", folder / "rules", dirs_exist_ok=True)
        for name in PORTS:
            self._target(name, [{"targets": [self.at(name)]}])
        ours = [{"targets": [f"127.0.0.1:{port}"], "labels": {"process": name}} for name, port in processes.items()]
        self._target("artel", ours)
        self._keep("redis_watch.json", json.dumps({f"redis://127.0.0.1:{redis}": password}))
        self._keep_bot()
        told = {**os.environ, **{name: str(path) for name, path in self._bot().items()}}
        subprocess.run([HERE / "alertmanager.sh", self.home / "alertmanager.yml"], check=True, env=told)

    def _target(self, name: str, found: Sequence[object]) -> None:
        (self.home / "prometheus" / "targets" / f"{name}.json").write_text(json.dumps(found))

    def _bot(self) -> dict[str, Path]:
        return {
            "ALERT_BOT_TOKEN_FILE": self.home / "alert_bot_token.secret",
            "ALERT_CHAT_ID_FILE": self.home / "alert_chat_id.secret",
        }

    def _keep_bot(self) -> None:
        """What was named once holds until something else is named."""
        for name, kept in self._bot().items():
            if given := os.environ.get(name):
                self._keep(kept.name, Path(given).read_text().strip())

    def _keep(self, name: str, secret: str) -> None:
        file = self.home / name
        file.touch(mode=0o600)
        file.write_text(secret)

    def programs(self, postgres: int, redis: int) -> dict[str, tuple[list[str], dict[str, object]]]:
        """Name → command and environment; the ports are those of the servers that are asked."""
        folder, here = self.home / "prometheus", "--web.listen-address={}".format
        asked_as = {
            "DATA_SOURCE_URI": f"127.0.0.1:{postgres}/postgres?sslmode=disable", "DATA_SOURCE_USER": "artel_watch",
            "DATA_SOURCE_PASS_FILE": self.home / "watch.secret",
        }  # fmt: skip
        options: dict[str, list[str]] = {
            "prometheus": [
                f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                "--storage.tsdb.retention.time=30d", f"--web.external-url=http://{self.at('prometheus')}",
            ],
            "alertmanager": [
                f"--config.file={self.home}/alertmanager.yml", f"--storage.path={self.home}/alertmanager",
                "--cluster.listen-address=", f"--web.external-url=http://{self.at('alertmanager')}",
            ],
            "node": [],
            "postgres": [],
            "redis": [
                f"--redis.addr=redis://127.0.0.1:{redis}", f"--redis.password-file={self.home}/redis_watch.json"
            ],
        }  # fmt: skip
        return {
            name if name in {"prometheus", "alertmanager"} else f"watch-{name}": (
                [str(program), *options[name], here(self.at(name))],
                asked_as if name == "postgres" else {},
            )
            for name, program in zip(options, PROGRAMS.values(), strict=True)
        }

    def role(self) -> str:
        """What a superuser's psql has to run."""
        file = self.home / "watch.secret"
        if not file.exists():
            self._keep(file.name, secrets.token_urlsafe(24))
        return WATCH.format(password=file.read_text())
