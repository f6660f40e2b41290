"""Access tokens: only what our own key signed, for us, in time. Everything else is one and the same 401."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from artel.auth.keys import KeyRing, ensure_key
from artel.kernel.errors import Problem
from artel.kernel.events import new_id
from artel.kernel.token import AUDIENCE, ISSUER, LONGEST, REMEMBERED, SKEW_SECONDS, Verifier
from artel_testing import rotated


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    ensure_key(tmp_path)
    return tmp_path


@pytest.fixture
def verifier(keys_dir: Path) -> Verifier:
    return Verifier(keys_dir)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    standard = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "sid": "sid-1", "jti": new_id(),
        "iat": now, "exp": now + 900, "epoch": 3, "role": "user", "name": "Саша", "lang": "ru",
    }  # fmt: skip
    return {name: value for name, value in {**standard, **changed}.items() if value is not None}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def raw(header: Any, body: Any, signature: bytes = b"x" * 64) -> str:
    return ".".join((b64(json.dumps(header).encode()), b64(json.dumps(body).encode()), b64(signature)))


def jwks(keys_dir: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((keys_dir / "jwks.json").read_bytes())
    return found


def kid(keys_dir: Path) -> str:
    return str(jwks(keys_dir)["keys"][-1]["kid"])


def refused(verifier: Verifier, authorization: str) -> Problem:
    with pytest.raises(Problem) as caught:
        verifier.caller(authorization)
    assert caught.value.status == 401
    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}
    return caught.value


def test_a_token_of_ours_says_who_is_calling(keys_dir: Path, verifier: Verifier) -> None:
    caller = verifier.caller("Bearer " + KeyRing(keys_dir).sign(claims()))
    assert (caller.user_id, caller.sid, caller.name, caller.lang, caller.role, caller.epoch) == (
        "user-1", "sid-1", "Саша", "ru", "user", 3,
    )  # fmt: skip
    assert verifier.caller("bEaReR " + KeyRing(keys_dir).sign(claims(sub="user-2"))).user_id == "user-2"


def test_a_checked_token_is_remembered_and_still_expires(
    keys_dir: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorization = "Bearer " + KeyRing(keys_dir).sign(claims(exp=int(time.time()) + 100))
    assert verifier.caller(authorization) is verifier.caller(authorization)
    later = time.time() + 101
    monkeypatch.setattr("artel.kernel.token.time.time", lambda: later)
    assert refused(verifier, authorization).code == "token_expired"


def test_it_remembers_only_so_many(keys_dir: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    assert REMEMBERED >= 1000
    monkeypatch.setattr("artel.kernel.token.REMEMBERED", 3)
    ring = KeyRing(keys_dir)
    for number in range(10):
        assert verifier.caller("Bearer " + ring.sign(claims(sub=str(number)))).user_id == str(number)
    assert len(verifier._known) == 3


def forgeries(keys_dir: Path) -> Iterator[tuple[str, str]]:
    """What each is, and the token."""
    mine, stranger = kid(keys_dir), ECKey.generate_key("P-256")
    ring, public = KeyRing(keys_dir), jwks(keys_dir)["keys"][-1]
    pem = ECKey.import_key(public).as_pem(private=False)
    good = ring.sign(claims())
    header, body, signature = good.split(".")

    yield "none", raw({"alg": "none", "kid": mine}, claims(), b"")
    yield "None", raw({"alg": "nOnE", "kid": mine}, claims(), b"")
    yield "no alg", raw({"kid": mine}, claims())
    for name, secret in (
        ("public pem", pem),
        ("jwk", json.dumps(public).encode()),
        ("jwks", (keys_dir / "jwks.json").read_bytes()),
    ):
        unsigned = raw({"alg": "HS256", "kid": mine, "typ": "JWT"}, claims()).rpartition(".")[0]
        yield f"HS256 with the {name}", f"{unsigned}.{b64(hmac.digest(secret, unsigned.encode(), sha256))}"
    foreign = {"alg": "ES256", "typ": "JWT"}
    yield "another key, our kid", jwt.encode({**foreign, "kid": mine}, claims(), stranger)
    yield "another key, its own kid", jwt.encode({**foreign, "kid": "stranger"}, claims(), stranger)
    yield "another key, no kid", jwt.encode(foreign, claims(), stranger)
    yield "its own jwk", jwt.encode({**foreign, "jwk": stranger.as_dict(private=False)}, claims(), stranger)
    for name in ("jku", "x5u"):
        elsewhere = {**foreign, "kid": "stranger", name: "http://127.0.0.1:9/jwks.json"}
        yield name, jwt.encode(elsewhere, claims(), stranger)
    for kid_trick in ("../../../etc/passwd", "' OR 1=1 --", "\0", "", "a" * 2000, mine + "\n"):
        yield f"kid {kid_trick[:10]!r}", jwt.encode({**foreign, "kid": kid_trick}, claims(), stranger)
    for odd in (None, 7, [mine], {"kid": mine}, True):
        yield f"kid {odd!r}", raw({"alg": "ES256", "kid": odd}, claims())
    yield "crit unknown", raw({"alg": "ES256", "kid": mine, "crit": ["exp2"]}, claims())
    parts: list[Any] = [[], "text", 1, None, {}]
    for part in parts:
        yield f"header {part!r}", raw(part, claims())
    yield "claims are a list", ".".join((header, b64(b"[]"), signature))
    yield "claims of another", ".".join((header, b64(json.dumps(claims(sub="admin")).encode()), signature))
    yield "cut signature", ".".join((header, body, signature[:-4]))
    yield "no signature", f"{header}.{body}."
    yield "two parts", f"{header}.{body}"
    yield "four parts", f"{good}.x"
    yield "five parts, encrypted", f"{good}.x.y"
    changes: list[dict[str, Any]] = [
        {"iss": "somebody"}, {"iss": None}, {"aud": "others"}, {"aud": None}, {"aud": []}, {"sub": None}, {"sid": None},
        {"exp": None}, {"exp": "soon"}, {"exp": 1e400}, {"epoch": "x"}, {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600}, {"name": None}, {"role": None}, {"lang": None},
        {"exp": str(int(time.time()) + 900)}, {"exp": time.time() + 900.5}, {"exp": True}, {"epoch": "3"},
        {"epoch": True}, {"aud": ["artel"]}, {"aud": ["artel", "others"]}, {"iss": ["artel"]}, {"sub": 7},
        {"sub": ["user-1"]}, {"sid": 7}, {"role": ["admin"]}, {"name": 7}, {"lang": {}},
    ]  # fmt: skip
    for changed in changes:
        yield f"claims {changed!r}", ring.sign(claims(**changed))
    yield "long", good + "A" * LONGEST
    yield "very long", "A" * 10_000_000
    for garbage in ("", ".", "..", "...", "a.b.c", "ё.ё.ё", "=.=.=", "\xff", "Bearer", "null", "%00", good[1:]):
        yield f"garbage {garbage!r}"[:40], garbage


def test_nothing_forged_is_let_in_and_all_are_told_the_same(keys_dir: Path, verifier: Verifier) -> None:
    told = set()
    for what, token in forgeries(keys_dir):
        problem = refused(verifier, f"Bearer {token}")
        assert problem.code == "unauthenticated", what
        if len(token) <= LONGEST and token:
            told.add(problem.detail)
    assert len(told) == 1
    assert verifier._known == {}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token x", "bearer\tx"])
def test_another_scheme_or_none_is_no_sign_in(verifier: Verifier, authorization: str) -> None:
    assert refused(verifier, authorization).code == "unauthenticated"


def test_an_expired_token_is_told_so(keys_dir: Path, verifier: Verifier) -> None:
    old = int(time.time()) - 10_000
    token = KeyRing(keys_dir).sign(claims(iat=old, exp=old + 900))
    assert refused(verifier, f"Bearer {token}").code == "token_expired"


def test_a_clock_may_be_a_little_wrong(keys_dir: Path, verifier: Verifier) -> None:
    ahead = int(time.time()) + SKEW_SECONDS - 5
    assert verifier.caller("Bearer " + KeyRing(keys_dir).sign(claims(iat=ahead, nbf=ahead))).user_id == "user-1"


def test_a_new_key_is_found_and_the_old_one_stays_good(
    keys_dir: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = "Bearer " + KeyRing(keys_dir).sign(claims(sub="old"))
    assert verifier.caller(old).user_id == "old"
    rotated(keys_dir)
    monkeypatch.setattr(verifier, "_looked", 0.0)  # a second has passed
    assert verifier.caller("Bearer " + KeyRing(keys_dir).sign(claims(sub="new"))).user_id == "new"
    fresh = Verifier(keys_dir)
    assert fresh.caller(old).user_id == "old"


def test_a_stranger_cannot_make_it_read_the_keys_all_the_time(
    keys_dir: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier.caller("Bearer " + KeyRing(keys_dir).sign(claims()))
    reads: list[Path] = []
    exists = Path.exists

    def counted(path: Path) -> bool:
        reads.append(path)
        return exists(path)

    monkeypatch.setattr(Path, "exists", counted)
    monkeypatch.setattr("artel.kernel.token.time.monotonic", lambda: 1_000_000.0)
    for number in range(100):
        refused(verifier, "Bearer " + raw({"alg": "ES256", "kid": f"kid-{number}"}, claims()))
    assert len(reads) == 1


def test_without_keys_nobody_is_let_in(tmp_path: Path, keys_dir: Path) -> None:
    empty = Verifier(tmp_path / "nothing")
    assert refused(empty, "Bearer " + KeyRing(keys_dir).sign(claims())).code == "unauthenticated"
