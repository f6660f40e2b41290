"""The keys that sign access tokens: one private PEM file a key, and jwks.json with the public halves for everybody."""

import os
import secrets
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, KeySet

from artel.kernel.events import new_id
from artel.kernel.token import SKEW_SECONDS

ACCESS_SECONDS = 900
KNOWN_SECONDS = 60
"""After so long everybody who checks has a published key: containers' copy of jwks.json is made after it."""
OUTLIVED_SECONDS = KNOWN_SECONDS + ACCESS_SECONDS + 2 * SKEW_SECONDS
"""After so long of the key that followed, nothing that a key has signed is alive."""
PRIVATE = ".private.pem"
REFRESH_SECRET = "refresh.secret"  # noqa: S105 a file name
REFRESH_BEFORE = "refresh.before"


class KeyRing:
    """Signs with the newest key that everybody knows; looks for a newer one at most once a second."""

    def __init__(self, keys_dir: Path) -> None:
        self._dir = keys_dir
        self._key = self._found()
        self._looked = time.monotonic()

    def sign(self, claims: dict[str, Any]) -> str:
        if time.monotonic() - self._looked >= 1:
            self._looked = time.monotonic()
            with suppress(OSError):  # a folder that is being changed, or has nothing better
                self._key = self._found()
        header = {"alg": "ES256", "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def _found(self) -> ECKey:
        # In a container a new key cannot be read before `artel secrets` has published it.
        files = [file for file in _private(self._dir) if os.access(file, os.R_OK)]
        if not files:
            raise FileNotFoundError(f"no signing key in {self._dir} to be read: make one with `artel keys rotate`")
        known = [file for file in files if _age(file) >= KNOWN_SECONDS]
        return _read(known[-1] if known else files[0])


def ensure_key(keys_dir: Path) -> None:
    """The newcomer's first start."""
    if not _private(keys_dir):
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


def rotate(keys_dir: Path) -> str:
    """A new key is published, and signs KNOWN_SECONDS later; the first one at once. Gives its kid.

    The older ones stay published until nothing they signed can be alive, however many that makes.
    """
    keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = _private(keys_dir)
    outlived = [old for old, following in pairwise(files) if _age(following) > OUTLIVED_SECONDS]
    kid = new_id()  # in order of time, so the newest sorts last
    key = ECKey.generate_key("P-256", _named(kid))
    public = _public([*(_read(file) for file in files if file not in outlived), key])
    _write(keys_dir / "jwks.json", orjson.dumps(public), 0o644)  # before there is anything to sign with
    _write(keys_dir / f"{kid}{PRIVATE}", key.as_pem(private=True), 0o600)
    for old in outlived:
        old.unlink()
    return kid


def public_keys(keys_dir: Path) -> dict[str, Any]:
    return _public([_read(file) for file in _private(keys_dir)])


def _public(keys: list[ECKey]) -> dict[str, Any]:
    return dict(KeySet(list(keys)).as_dict(private=False))


def _private(keys_dir: Path) -> list[Path]:
    """The oldest first."""
    return sorted(keys_dir.glob(f"*{PRIVATE}"))


def _read(file: Path) -> ECKey:
    return ECKey.import_key(file.read_bytes(), _named(file.name.removesuffix(PRIVATE)))


def _named(kid: str) -> KeyParameters:
    return {"kid": kid, "use": "sig", "alg": "ES256"}


def _age(file: Path) -> float:
    """Seconds."""
    return time.time() - file.stat().st_mtime


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
