"""The keys that sign access tokens: one private PEM file a key, and jwks.json with the public halves for everybody."""

import os
import secrets
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from artel.kernel.events import new_id

REFRESH_SECRET = "refresh.secret"  # noqa: S105 a file name
REFRESH_BEFORE = "refresh.before"


class KeyRing:
    """Signs with the newest key. The older ones stay in jwks.json until nothing they signed can be alive."""

    def __init__(self, keys_dir: Path) -> None:
        self._dir = keys_dir
        self._key, self._kid = self._newest()

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "ES256", "kid": self._kid, "typ": "JWT"}, claims, self._key, algorithms=["ES256"])

    def _newest(self) -> tuple[ECKey, str]:
        files = sorted(self._dir.glob("*.private.pem"))
        if not files:
            raise FileNotFoundError(f"no signing key in {self._dir}: make one with `artel keys rotate`")
        kid = files[-1].name.removesuffix(".private.pem")
        return ECKey.import_key(files[-1].read_bytes(), {"kid": kid}), kid


def ensure_key(keys_dir: Path) -> None:
    """The newcomer's first start."""
    if not any(keys_dir.glob("*.private.pem")):
        rotate(keys_dir)
    if not (keys_dir / REFRESH_SECRET).exists():
        _write(keys_dir / REFRESH_SECRET, secrets.token_bytes(32), 0o600)


def refresh_secrets(keys_dir: Path) -> list[bytes]:
    """What refresh tokens are sealed with, 32 bytes, and what they were sealed with before."""
    if not (keys_dir / REFRESH_SECRET).exists():
        raise FileNotFoundError(f"no {REFRESH_SECRET} in {keys_dir}: make it with `artel keys rotate`")
    files = (keys_dir / name for name in (REFRESH_SECRET, REFRESH_BEFORE))
    return [file.read_bytes() for file in files if file.exists()]


def reseal(keys_dir: Path) -> None:
    """A new secret seals from now on; tokens of the one before stay good, those of an older one do not."""
    old, mode = refresh_secrets(keys_dir)[0], _mode(keys_dir / REFRESH_SECRET)
    _write(keys_dir / REFRESH_BEFORE, old, mode)
    _write(keys_dir / REFRESH_SECRET, secrets.token_bytes(32), mode)


def rotate(keys_dir: Path, keep: int = 2) -> str:
    """A new key becomes the one that signs; `keep` newest stay published. Gives the new kid."""
    keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    kid = new_id()  # in order of time, so the newest sorts last
    pem = ECKey.generate_key("P-256").as_pem(private=True)
    _write(keys_dir / f"{kid}.private.pem", pem, 0o600)
    for old in sorted(keys_dir.glob("*.private.pem"))[:-keep]:
        old.unlink()
    _write(keys_dir / "jwks.json", orjson.dumps(public_keys(keys_dir)), 0o644)
    return kid


def public_keys(keys_dir: Path) -> dict[str, Any]:
    keys = []
    for file in sorted(keys_dir.glob("*.private.pem")):
        kid = file.name.removesuffix(".private.pem")
        key = ECKey.import_key(file.read_bytes(), {"kid": kid, "use": "sig", "alg": "ES256"})
        keys.append(key)
    return dict(KeySet(list(keys)).as_dict(private=False))


def _mode(file: Path) -> int:
    """Where auth is somebody else, as in a container, it may read the new one as it did the old."""
    return file.stat().st_mode & 0o777


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all: a reader never sees half a file."""
    part = path.with_suffix(path.suffix + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)  # whatever the operator's umask is
        file.write(content)
    part.replace(path)
