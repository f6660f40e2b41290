"""Who is calling: an ES256 access token, checked with the public keys that auth leaves in jwks.json."""

import time
from base64 import urlsafe_b64decode
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from artel.kernel.errors import Problem
from artel.kernel.revoked import Revoked

ISSUER = "artel"
AUDIENCE = "artel"
SKEW_SECONDS = 30
LONGEST = 4096
REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Caller:
    user_id: str
    sid: str  # the sign-in, not an evening
    name: str
    lang: str
    role: str
    epoch: int
    exp: int


def unauthenticated(detail: str = "Sign in first.", code: str = "unauthenticated", about: str | None = None) -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": "Bearer"}, about=about)


class Verifier:
    """Remembers checked tokens until they expire: a signature costs a hundred times a look-up."""

    def __init__(self, keys_dir: Path) -> None:
        self.revoked = Revoked()
        self._path = keys_dir / "jwks.json"
        self._stamp = 0.0
        self._looked = 0.0
        self._keys = KeySet([])
        self._kids: set[str] = set()
        self._known: OrderedDict[str, Caller] = OrderedDict()  # by the header as it came

    def caller(self, authorization: str) -> Caller:
        caller = self._known.get(authorization)
        if caller is None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token or len(token) > LONGEST:
                raise unauthenticated()
            caller = self._check(token)
            self._remember(authorization, caller)
        if caller.exp <= time.time():
            raise unauthenticated("The token has expired; refresh it.", "token_expired")
        if caller.sid in self.revoked:
            raise unauthenticated("You have signed out; sign in again.", "signed_out")
        return caller

    def _remember(self, authorization: str, caller: Caller) -> None:
        self._known[authorization] = caller
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _check(self, token: str) -> Caller:
        try:
            return _caller(self._claims(token))
        except (JoseError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise unauthenticated("The token is not valid.") from error

    def _claims(self, token: str) -> dict[str, Any]:
        self._reload_for(token)
        claims = jwt.decode(token, self._keys, algorithms=["ES256"]).claims
        rules = jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
        )
        # An expired token is told apart from a forged one by `caller`; here only its form is checked.
        rules.validate({key: value for key, value in claims.items() if key != "exp"})
        return claims

    def _reload_for(self, token: str) -> None:
        """A kid never seen: look at the file again, at most once a second."""
        kid = orjson.loads(_unpadded(token.partition(".")[0])).get("kid")
        if kid in self._kids or time.monotonic() - self._looked < 1:
            return
        self._looked = time.monotonic()
        if self._path.exists() and self._path.stat().st_mtime != self._stamp:
            self._stamp = self._path.stat().st_mtime
            jwks = orjson.loads(self._path.read_bytes())
            self._keys = KeySet.import_key_set(jwks)
            self._kids = {key["kid"] for key in jwks["keys"]}


def _unpadded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _caller(claims: dict[str, Any]) -> Caller:
    """Each of its own type: what only looks like it was not made by us."""
    if not (type(claims["iss"]) is type(claims["aud"]) is str):
        raise TypeError("one issuer, one audience")
    texts = [claims[name] for name in ("sub", "sid", "name", "lang", "role")]
    numbers = [claims[name] for name in ("epoch", "exp")]
    if {type(text) for text in texts} != {str} or {type(number) for number in numbers} != {int}:
        raise TypeError("a claim is of another type")
    return Caller(*texts, *numbers)
