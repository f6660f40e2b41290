"""Two OpenID providers in one small server: as Telegram and Google are from outside, with keys of their own.

`python tests/openid_provider.py PORT` serves on 127.0.0.1: `/telegram` and `/google` are the issuers. Who somebody is
there, and how it misbehaves, is told by `POST /tell`: {"google": {"claims": {…}, "fault": "alg_none"}}.
"""

import hmac
import sys
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from secrets import token_urlsafe
from socket import create_server
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import orjson
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENTS = {
    "telegram": ("7000000001", "telegram-client-secret-0001"),
    "google": ("artel.test", "google-client-secret-01"),
}
PEOPLE: dict[str, dict[str, Any]] = {
    "telegram": {"sub": "opaque-1", "id": 900000001, "name": "Аня Иванова", "preferred_username": "anya"},
    "google": {"sub": "10001", "name": "Anna Ivanova", "email": "anya@example.invalid", "email_verified": True},
}


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class Asked:
    """What somebody came with, as long as his code is good."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str


@dataclass
class Provider:
    name: str
    address: str
    claims: dict[str, Any]
    fault: str = ""
    keys: list[RSAKey] = field(default_factory=list)
    codes: dict[str, Asked] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)  # what it was asked for, in order

    @property
    def issuer(self) -> str:
        return f"{self.address}/{self.name}"

    def configuration(self, _: Request) -> Response:
        self.calls.append("configuration")
        issuer = "https://evil.example.invalid" if self.fault == "foreign_configuration" else self.issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        )

    def jwks(self, _: Request) -> Response:
        self.calls.append("keys")
        return JSONResponse(
            {"keys": [{"kty": "new", "kid": "of-tomorrow"}, *(key.as_dict(private=False) for key in self.keys)]}
        )

    def authorize(self, request: Request) -> Response:
        """A page that asks; whoever has no browser says `consent` at once."""
        asked = request.query_params
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            return PlainTextResponse("unsupported", 400)
        if asked["client_id"] != CLIENTS[self.name][0] or len(asked.get("state", "")) > 256:
            return PlainTextResponse("not a client of ours", 400)
        consent = asked.get("consent")
        if consent is None:
            yes, no = (escape(f"{request.url}&consent={answer}") for answer in ("yes", "no"))
            who = escape(str(self.claims.get("email") or self.claims.get("name")))
            return HTMLResponse(
                f"<!doctype html><html lang=en><title>{self.name}</title><h1>{self.name}: {who}</h1>"
                f"<p><a href='{yes}'>Continue</a> <a href='{no}'>Cancel</a></p>"
            )
        said = {"state": asked["state"], "authuser": "0"}
        if consent == "no":
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**said, 'error': 'access_denied'})}")
        code = token_urlsafe(16)
        self.codes[code] = Asked(
            asked["client_id"], asked["redirect_uri"], asked["code_challenge"], asked.get("nonce", "")
        )
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**said, 'code': code})}")

    async def token(self, request: Request) -> Response:
        self.calls.append("token")
        if self.fault in ANSWERS:
            return ANSWERS[self.fault]
        form = dict(parse_qsl((await request.body()).decode()))
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        client = tuple(map(unquote, b64decode(given).decode().split(":"))) if scheme == "Basic" else ()
        asked = self.codes.pop(form.get("code", ""), None)
        if client != CLIENTS[self.name] or asked is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        proof = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if (proof, form["redirect_uri"], form["client_id"]) != (asked.challenge, asked.redirect_uri, asked.client_id):
            return JSONResponse({"error": "invalid_grant"}, 400)
        if self.fault == "no_id_token":
            return JSONResponse({"access_token": "x", "token_type": "Bearer"})
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked)})

    def id_token(self, asked: Asked) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": asked.client_id, "iat": now, "exp": now + 3600, **self.claims}
        if self.name == "google":
            claims["nonce"] = asked.nonce
        claims |= WRONG_CLAIMS.get(self.fault, {})
        if self.fault == "no_nonce":
            claims.pop("nonce", None)
        header = {"alg": "RS256", "kid": self.keys[-1].kid}
        if self.fault == "alg_none":
            return f"{_part({'alg': 'none', 'kid': header['kid']})}.{_part(claims)}."
        if self.fault == "alg_hs256":  # with the public key, which everybody has
            signed = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
            mac = hmac.digest(self.keys[-1].as_pem(private=False), signed.encode(), "sha256")
            return f"{signed}.{urlsafe_b64encode(mac).decode().rstrip('=')}"
        key = new_key(str(header["kid"])) if self.fault == "foreign_key" else self.keys[-1]
        if self.fault == "unknown_kid":
            header["kid"] = "nobody-knows"
        return jwt.encode(header, claims, key, algorithms=["RS256"])


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "wrong_audience": {"aud": "somebody-else"},
    "two_audiences": {"aud": ["somebody-else", CLIENTS["google"][0]]},
    "wrong_party": {"azp": "somebody-else"},
    "wrong_issuer": {"iss": "https://evil.example.invalid"},
    "expired": {"iat": 1_700_000_000, "exp": 1_700_003_600},
    "of_tomorrow": {"iat": int(time.time()) + 86_400, "exp": int(time.time()) + 90_000},
    "never_expires": {"exp": None},
    "wrong_nonce": {"nonce": "another"},
    "nobody": {"sub": "", "id": None},
}
ANSWERS: dict[str, Response] = {
    "broken": PlainTextResponse("a stack trace", 500),
    "no_json": PlainTextResponse("<html>"),
    "a_list": JSONResponse([]),
    "too_long": PlainTextResponse('{"id_token": "' + "x" * 300_000 + '"}'),
    "elsewhere": RedirectResponse("http://169.254.169.254/token", 307),
}


def _part(value: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def application(address: str) -> tuple[Starlette, dict[str, Provider]]:
    providers = {name: Provider(name, address, dict(PEOPLE[name]), keys=[new_key(f"{name}-1")]) for name in CLIENTS}

    async def tell(request: Request) -> Response:
        for name, said in orjson.loads(await request.body()).items():
            providers[name].claims = said.get("claims", PEOPLE[name])
            providers[name].fault = said.get("fault", "")
        return Response(status_code=204)

    routes = [Route("/tell", tell, methods=["POST"])]
    for name, provider in providers.items():
        routes += [
            Route(f"/{name}/.well-known/openid-configuration", provider.configuration),
            Route(f"/{name}/keys", provider.jwks),
            Route(f"/{name}/authorize", provider.authorize),
            Route(f"/{name}/token", provider.token, methods=["POST"]),
        ]
    return Starlette(routes=routes), providers


@contextmanager
def serving() -> Iterator[dict[str, Provider]]:
    """In a thread of this process."""
    listening = create_server(("127.0.0.1", 0))
    app, providers = application(f"http://127.0.0.1:{listening.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield providers
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def settings_of(address: str) -> dict[str, str]:
    """For whoever asks these two, as `Settings` calls them."""
    return {
        "telegram_issuer": f"{address}/telegram",
        "telegram_client_secret": CLIENTS["telegram"][1],
        "google_issuer": f"{address}/google",
        "google_client_id": CLIENTS["google"][0],
        "google_client_secret": CLIENTS["google"][1],
    }


if __name__ == "__main__":
    where = int(sys.argv[1])
    uvicorn.run(application(f"http://127.0.0.1:{where}")[0], host="127.0.0.1", port=where, log_level="warning")
