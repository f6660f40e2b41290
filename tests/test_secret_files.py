"""The secrets of an installation of containers: each its own, kept, and told to nobody but who needs it."""

import json
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from artel.auth.keys import KeyRing, refresh_secrets, rotate
from artel.cli import main
from artel.compose import SERVICES
from artel.kernel.settings import Settings
from artel.secret_files import BOT, write_secrets


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    write_secrets(folder, SERVICES)
    first = content(folder)
    assert {name for name, text in first.items() if not text} == {"alert.chat", "telegram.client", "google.client"}
    write_secrets(folder, SERVICES)
    assert content(folder) == first
    (folder / "stats.url").unlink()
    write_secrets(folder, SERVICES)
    changed = {name for name, text in content(folder).items() if text != first[name]}
    assert changed == {"stats.url", "stats.sql"}


def test_each_is_another_and_none_can_be_guessed(tmp_path: Path) -> None:
    write_secrets(tmp_path, SERVICES)
    urls = [tmp_path / f"{name}.url" for name in (*SERVICES, "bus", "store")]
    passwords = [urlsplit(file.read_text()).password or "" for file in urls]
    passwords += [file.read_text() for file in tmp_path.glob("*.password")]
    assert len(passwords) == len(set(passwords)) == 2 * len(SERVICES) + 4
    assert min(map(len, passwords)) >= 32


def test_the_owner_alone_enters_and_a_container_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    write_secrets(folder, SERVICES)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o644}
    assert {path.name for path in modes if path.is_dir()} == {"keys", "public"}


def test_servers_and_services_are_told_the_same(tmp_path: Path) -> None:
    write_secrets(tmp_path, SERVICES)
    said = {name: text.decode() for name, text in content(tmp_path).items() if name.endswith((".url", ".conf", ".sql"))}
    assert said["rabbitmq.conf"].endswith(f"default_pass = {urlsplit(said['bus.url']).password}\n")
    assert json.loads((tmp_path / "redis_watch.json").read_text()) == {
        "redis://redis:6379": urlsplit(said["store.url"]).password
    }
    assert said["redis.conf"] == f"requirepass {urlsplit(said['store.url']).password}\n"
    for name in SERVICES:
        address = urlsplit(said[f"{name}.url"])
        assert (address.hostname, address.username, address.path) == (f"{name}-db", f"artel_{name}", f"/artel_{name}")
        watch = (tmp_path / "watch.password").read_text()
        assert f"ALTER ROLE artel_watch PASSWORD '{watch}'" in said[f"{name}.sql"]
        assert f"ALTER ROLE artel_{name} PASSWORD '{address.password}'" in said[f"{name}.sql"]


def test_production_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_secrets(tmp_path, SERVICES)
    files = {"DATABASE_URL": "game.url", "BUS_URL": "bus.url", "STORE_URL": "store.url"}
    for name, file in files.items():
        monkeypatch.delenv(f"ARTEL_{name}", raising=False)
        monkeypatch.setenv(f"ARTEL_{name}_FILE", str(tmp_path / file))
    settings = Settings(env="production", public_url="https://artel.example", keys_dir=tmp_path / "public")
    assert settings.database("game") == (tmp_path / "game.url").read_text()


def test_a_new_key_is_published_and_the_private_ones_are_not(tmp_path: Path) -> None:
    write_secrets(tmp_path, SERVICES)
    kid = rotate(tmp_path / "keys")
    write_secrets(tmp_path, SERVICES)
    KeyRing(tmp_path / "keys")
    published = tmp_path / "public" / "jwks.json"
    keys = json.loads(published.read_text())["keys"]
    assert kid in {key["kid"] for key in keys}
    assert len(keys) == 2
    assert all("d" not in key for key in keys)
    assert [path.name for path in published.parent.iterdir()] == ["jwks.json"]


def test_a_new_seal_may_be_read_as_the_old_one_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_secrets(tmp_path, SERVICES)
    before = refresh_secrets(tmp_path / "keys")
    monkeypatch.setenv("ARTEL_KEYS_DIR", str(tmp_path / "keys"))
    umask = os.umask(0o077)
    try:
        assert main(["keys", "reseal"]) == 0
    finally:
        os.umask(umask)
    now = refresh_secrets(tmp_path / "keys")
    assert now[1:] == before
    assert now[0] not in before
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "keys").glob("refresh.*")} == {0o644}


def test_what_nobody_can_make_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", str(tmp_path)]) == 0
    assert f"{BOT} is missing there" in capsys.readouterr().out
    (tmp_path / BOT).write_text("123456:" + "a" * 35)
    assert main(["secrets", str(tmp_path)]) == 0
    assert BOT not in capsys.readouterr().out
    assert (tmp_path / BOT).read_text() == "123456:" + "a" * 35
