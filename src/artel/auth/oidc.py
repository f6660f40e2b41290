"""OpenID Connect as the party that relies on it: the code flow with PKCE, and the id_token that it ends in.

Source: OpenID Connect Core 1.0, 3.1; RFC 7636 (PKCE); RFC 9700 (what goes wrong).
"""

import asyncio
import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from httpx2 import AsyncClient, HTTPError, InvalidURL
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from artel.auth.people import Profile

PATIENCE_SECONDS = 10
LARGEST = 256 * 1024
"""Bytes of an answer: nobody's keys are longer."""
KEPT_SECONDS = 3600
AGAIN_SECONDS = 60
"""Unknown keys are looked for no more often: whoever sends tokens must not make us ask. What is asked as the kept ones
get old does not count, or the first key after a new sign-in would have to wait."""
REST_SECONDS = 5
"""After a failure, so that those who wait do not wait for each other's failures."""
SKEW_SECONDS = 60
UNREADABLE = (JoseError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


class NotProven(Exception):  # noqa: N818 it is a refusal
    """`code` is provider_unavailable, provider_refused or invalid_id_token; nothing secret is part of it."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True)
class Provider:
    """`issuers`: how `iss` may be written. `profile` raises NotProven where the claims name nobody."""

    name: str
    issuer: str
    issuers: Sequence[str]
    client_id: str
    client_secret: str
    scope: str
    algorithms: Sequence[str]
    always_nonce: bool
    profile: Callable[[Mapping[str, Any]], Profile]


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class Party:
    """What we are to one provider."""

    def __init__(self, provider: Provider, http: AsyncClient, redirect_uri: str) -> None:
        self.provider = provider
        self._http = http
        self._redirect_uri = redirect_uri
        self._found: Mapping[str, Any] = {}
        self._found_at = 0.0
        self._failed_at = 0.0
        self._keys = KeySet([])
        self._keys_at = 0.0
        self._unknown_at: float | None = None
        self._looking = asyncio.Lock()

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where somebody proves who he is."""
        where = (await self._endpoints())["authorization_endpoint"]
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self.provider.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "prompt": "select_account",  # whoever has several says which one he means
        }
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"

    async def prove(self, code: str, verifier: str, nonce: str) -> Profile:
        """Who has come back with this code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self.provider.client_id,
            "code_verifier": verifier,
        }
        where = (await self._endpoints())["token_endpoint"]
        secret = (self.provider.client_id, self.provider.client_secret)
        answer = await self._ask("POST", where, data=form, auth=secret)
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise NotProven("invalid_id_token", "there is no id_token")
        keys = await self._keys_for(id_token)
        return self.provider.profile(claims_of(id_token, keys, self.provider, nonce, time.time()))

    async def _endpoints(self) -> Mapping[str, Any]:
        async with self._looking:
            if not self._found or self._found_at + KEPT_SECONDS < time.monotonic():
                if self._failed_at and self._failed_at + REST_SECONDS > time.monotonic():
                    raise NotProven("provider_unavailable", "it has just not answered")
                address = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
                try:
                    self._found = self._checked(await self._ask("GET", address))
                except NotProven:
                    self._failed_at = time.monotonic()
                    raise
                self._found_at = time.monotonic()
            return self._found

    def _checked(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        scheme = self.provider.issuer.partition("://")[0]
        if found.get("issuer") != self.provider.issuer:
            raise NotProven("provider_unavailable", "its configuration is somebody else's")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not str(found.get(name)).startswith(("https://", f"{scheme}://")):
                raise NotProven("provider_unavailable", f"its {name} is no place to send a secret to")
        return found

    async def _keys_for(self, id_token: str) -> KeySet:
        try:
            kid = jws.extract_compact(id_token.encode()).headers().get("kid")
        except UNREADABLE as error:
            raise NotProven("invalid_id_token", "it is no token") from error
        where = (await self._endpoints())["jwks_uri"]
        async with self._looking:
            now = time.monotonic()
            is_old = not self._keys_at or now - self._keys_at > KEPT_SECONDS
            is_known = any(key.kid == kid for key in self._keys.keys)
            may_look = self._unknown_at is None or now - self._unknown_at > AGAIN_SECONDS
            if is_old or (not is_known and may_look):
                self._keys = _key_set(await self._ask("GET", where))
                self._keys_at = now
                self._unknown_at = self._unknown_at if is_old else now
            return self._keys

    async def _ask(self, method: str, url: str, **kwargs: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._http.stream(method, url, **kwargs) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise NotProven("provider_unavailable", "its answer is too long")
        except (HTTPError, InvalidURL, TimeoutError) as error:
            raise NotProven("provider_unavailable", f"it does not answer: {type(error).__name__}") from error
        if answer.status_code in {400, 401, 403}:
            raise NotProven("provider_refused", f"it said {answer.status_code}")
        try:
            said = orjson.loads(body)
        except ValueError:
            said = None
        if answer.status_code != 200 or not isinstance(said, dict):
            raise NotProven("provider_unavailable", f"it said {answer.status_code}, and not what was agreed")
        return said


def _key_set(jwks: Mapping[str, Any]) -> KeySet:
    """Without the keys that are not for us: of a kind unknown here, or without a name."""
    good = []
    for key in jwks.get("keys") or ():
        try:
            good += KeySet.import_key_set({"keys": [key]}).keys if key["kid"] else []
        except UNREADABLE:
            continue
    return KeySet(good)


def claims_of(id_token: str, keys: KeySet, provider: Provider, nonce: str, now: float) -> dict[str, Any]:
    """`now` in seconds of Unix time. Core 1.0, 3.1.3.7."""
    try:
        claims = jwt.decode(id_token, keys, algorithms=list(provider.algorithms)).claims
        rules: dict[str, Any] = {
            "iss": {"essential": True, "values": list(provider.issuers)},
            "aud": {"essential": True, "value": provider.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": provider.always_nonce, "value": nonce},
            "azp": {"value": provider.client_id},
        }
        jwt.JWTClaimsRegistry(now=int(now), leeway=SKEW_SECONDS, **rules).validate(claims)
    except UNREADABLE as error:
        raise NotProven("invalid_id_token", f"its id_token was refused: {type(error).__name__}") from error
    if claims["aud"] not in (provider.client_id, [provider.client_id]):
        raise NotProven("invalid_id_token", "its id_token is for others too")
    return claims
