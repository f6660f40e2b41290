"""Everything that is secret in an installation of containers, each in a file of its own; what is there is kept."""

import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from artel.auth.keys import ensure_key
from artel.databases import WATCH, provide

BOT = "telegram.token"
"""The only one that nobody here can make."""


def write_secrets(directory: Path, services: Sequence[str]) -> None:
    """The folder is its owner's alone. What is in it may be read by all: in a container the file is somebody else's."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    watch = WATCH.format(password=_kept(directory / "watch.password", _password))
    for service in services:
        _kept(directory / f"{service}-db.password", _password)
        (directory / f"{service}.sql").write_text(provide(directory, "{service}-db:5432", [service]) + watch)
    bus = _kept(directory / "bus.url", lambda: f"amqp://artel:{_password()}@rabbitmq:5672/")
    store = _kept(directory / "store.url", lambda: f"redis://:{_password()}@redis:6379/0")
    (directory / "rabbitmq.conf").write_text(f"default_user = artel\ndefault_pass = {urlsplit(bus).password}\n")
    (directory / "redis.conf").write_text(f"requirepass {urlsplit(store).password}\n")
    (directory / "redis_watch.json").write_text(json.dumps({"redis://redis:6379": urlsplit(store).password}))
    _kept(directory / "grafana.password", _password)
    for name in ("alert.chat", "telegram.client", "google.client"):
        _kept(directory / name, str)  # empty: nobody is told, that way in is not open
    _keys(directory)
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _keys(directory: Path) -> None:
    """`keys` is for auth, which signs; `public` for everybody, who only checks."""
    ensure_key(directory / "keys")
    public = directory / "public"
    public.mkdir(exist_ok=True)
    part = public / "jwks.json.part"
    shutil.copyfile(directory / "keys" / "jwks.json", part)
    part.replace(public / "jwks.json")


def _kept(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(make())
    return file.read_text()


def _password() -> str:
    return secrets.token_urlsafe(32)
