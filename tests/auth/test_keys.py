"""The signing keys while auth runs: which of them signs, and which are published."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws

from artel.auth import keys
from artel.auth.keys import KNOWN_SECONDS, OUTLIVED_SECONDS, KeyRing, ensure_key, rotate
from artel.cli import main
from artel_testing import Installation, age, installation, rotated
from auth.test_api import sign_in, with_token


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ensure_key(tmp_path)
    return tmp_path


def kids(folder: Path) -> list[str]:
    """Published, the oldest first."""
    return [key["kid"] for key in json.loads((folder / "jwks.json").read_bytes())["keys"]]


def private(folder: Path) -> list[str]:
    return sorted(file.name.removesuffix(".private.pem") for file in folder.glob("*.private.pem"))


def kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def signs(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> str:
    """With which key, when a second has passed."""
    monkeypatch.setattr(ring, "_looked", -1.0)
    return kid_of(ring.sign({}))


def test_the_first_key_signs_at_once(folder: Path) -> None:
    assert kid_of(KeyRing(folder).sign({})) == kids(folder)[0]


def test_a_new_key_signs_once_everybody_knows_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring, first = KeyRing(folder), kids(folder)[0]
    new = rotate(folder)
    assert kids(folder) == [first, new]
    age(folder, new, KNOWN_SECONDS - 30)
    assert signs(ring, monkeypatch) == kid_of(KeyRing(folder).sign({})) == first
    age(folder, new, KNOWN_SECONDS)
    assert signs(ring, monkeypatch) == kid_of(KeyRing(folder).sign({})) == new


def test_the_folder_is_looked_at_once_a_second_at_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring, first = KeyRing(folder), kids(folder)[0]
    monkeypatch.setattr(time, "monotonic", lambda: ring._looked + 0.9)
    rotated(folder)
    assert kid_of(ring.sign({})) == first


def test_a_key_is_published_before_it_can_sign(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = keys._write

    def note(path: Path, *rest: Any) -> None:
        written.append(path.name)
        write(path, *rest)

    monkeypatch.setattr(keys, "_write", note)
    new = rotate(folder)
    assert written == ["jwks.json", f"{new}.private.pem"]


def test_none_is_dropped_while_its_tokens_may_live(folder: Path) -> None:
    first = kids(folder)
    age(folder, first[0], 90 * 86_400)
    made = [rotate(folder) for _ in range(4)]
    assert kids(folder) == private(folder) == first + made


def test_what_is_outlived_is_dropped_with_its_private_half(folder: Path) -> None:
    first, second = kids(folder)[0], rotate(folder)
    age(folder, second, OUTLIVED_SECONDS - 30)
    third = rotate(folder)
    assert kids(folder) == [first, second, third]
    age(folder, second, OUTLIVED_SECONDS + 1)
    fourth = rotate(folder)
    assert kids(folder) == private(folder) == [second, third, fourth]


def test_a_key_that_may_not_be_read_yet_does_not_sign(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container it may not until `artel secrets` has published it."""
    ring, first = KeyRing(folder), kids(folder)[0]
    new = rotated(folder)
    monkeypatch.setattr(os, "access", lambda file, _: new not in str(file))
    assert signs(ring, monkeypatch) == kid_of(KeyRing(folder).sign({})) == first
    monkeypatch.undo()
    assert signs(ring, monkeypatch) == new


def test_a_leaked_key_is_taken_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring, leaked = KeyRing(folder), kids(folder)[0]
    (folder / f"{leaked}.private.pem").unlink()
    assert signs(ring, monkeypatch) == leaked, "there is no other"
    new = rotate(folder)
    assert kids(folder) == [new]
    assert signs(ring, monkeypatch) == new


async def test_however_often_one_rotates_nobody_is_thrown_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when somebody comes with a key of nobody's, for which the services look at what is published."""
    async with installation(tmp_path, ["auth"]) as auth:
        before = await sign_in(auth)
        for _ in range(3):
            rotate(auth.settings.keys)
        await with_foreign_token(auth, before, monkeypatch)
        for tokens in (before, await sign_in(auth, "Борис")):
            assert (await with_token(auth, tokens, "GET", "/users/me")).status_code == 200


async def with_foreign_token(auth: Installation, tokens: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth.app.state.verifier, "_looked", -1.0)  # a second has passed
    header, rest = auth.person("Никто").token.split(".", 1)
    assert header == tokens["access_token"].split(".", 1)[0]
    other = "eyJhbGciOiJFUzI1NiIsImtpZCI6Im5vYm9keSJ9"  # {"alg":"ES256","kid":"nobody"}
    forged = {"access_token": f"{other}.{rest}"}
    assert (await with_token(auth, forged, "GET", "/users/me")).status_code == 401
    assert len(auth.app.state.verifier._kids) == 4, "it has looked"


def test_the_command_says_when_it_signs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTEL_KEYS_DIR", str(folder))
    assert main(["keys", "rotate"]) == 0
    said = capsys.readouterr().out
    assert f"{kids(folder)[-1]} is published in {folder / 'jwks.json'}, and signs in a minute" in said
