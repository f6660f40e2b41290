"""What is remembered while somebody is away at a provider to prove who he is."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import NamedTuple

import orjson

from artel.auth.oidc import NotProven, Party
from artel.auth.people import Profile
from artel.auth.schemas import WayBack
from artel.kernel.store import Store

AWAY_SECONDS = 600
COOKIE = "artel-away-"
CODE_SECONDS = 60


@dataclass(frozen=True)
class Trip:
    """`browser`: SHA-256, in hex, of what the cookie of the browser that left says. Then either the `challenge` of a
    page that wants to sign in and where it is, or the link that is being made."""

    provider: str
    nonce: str
    verifier: str
    browser: str
    return_to: str = "/"
    challenge: str = ""
    link_id: str = ""


class Departure(NamedTuple):
    """Where to go, and the cookie to leave with."""

    address: str
    cookie: str
    secret: str


async def depart(
    store: Store, party: Party, *, return_to: str = "/", challenge: str = "", link_id: str = ""
) -> Departure:
    """NotProven where the provider does not answer."""
    state, nonce, verifier, secret = (secrets.token_urlsafe(32) for _ in range(4))
    address = await party.address(state, nonce, verifier)
    trip = Trip(party.provider.name, nonce, verifier, _digest(secret), return_to, challenge, link_id)
    await store.put(f"trip.{state}", orjson.dumps(asdict(trip)).decode(), AWAY_SECONDS)
    return Departure(address, cookie_of(state), secret)


def cookie_of(state: str) -> str:
    """Its name: one for each departure, as somebody may leave in two tabs."""
    return COOKIE + _digest(state)[:16]


async def come_back(store: Store, provider: str, state: str, cookies: Mapping[str, str]) -> Trip | None:
    """Once, and only in the browser that left: whoever is sent another's way back proves nothing with it."""
    known = await store.take(f"trip.{state}") if state else None
    if known is None:
        return None
    trip = Trip(**orjson.loads(known))
    secret = cookies.get(cookie_of(state), "")
    return trip if hmac.compare_digest(trip.browser, _digest(secret)) and trip.provider == provider else None


async def proven(party: Party, trip: Trip, said: WayBack) -> Profile:
    """Who has come back."""
    if said.error:
        raise NotProven("denied" if said.error == "access_denied" else "provider_refused", "he did not prove it")
    if said.iss and said.iss not in party.provider.issuers:
        raise NotProven("provider_refused", "somebody else has answered")
    return await party.prove(said.code, trip.verifier, trip.nonce)


async def put_proof(store: Store, profile: Profile, challenge: str) -> str:
    """The one-time code for it."""
    code = secrets.token_urlsafe(32)
    kept = {"profile": asdict(profile), "challenge": challenge}
    await store.put(f"proof.{code}", orjson.dumps(kept).decode(), CODE_SECONDS)
    return code


async def proof(store: Store, code: str, challenge: str) -> Profile | None:
    """None: there is none, or it was of another page, and is gone."""
    known = await store.get(f"proof.{code}")
    kept = orjson.loads(known) if known else None
    if kept and hmac.compare_digest(str(kept["challenge"]), challenge):
        return Profile(**kept["profile"])
    await use_up(store, code)
    return None


async def use_up(store: Store, code: str) -> bool:
    """False: somebody was quicker."""
    return await store.take(f"proof.{code}") is not None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
