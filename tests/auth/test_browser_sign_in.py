"""The code flow, played against a provider that is really there and does whatever it is told."""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from joserfc.jwk import KeySet

import openid_provider
from artel.auth import oidc
from artel.auth.oidc import NotProven, challenge_of, claims_of
from artel.auth.providers import google, telegram
from artel.kernel.limits import Limit
from artel_testing import Installation, installation
from auth.test_api import DEVICE, TOKEN, code, init_data, with_token
from openid_provider import PEOPLE, Provider, new_key

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "telegram.json").read_text(encoding="utf-8"))
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def world() -> Iterator[dict[str, Provider]]:
    with openid_provider.serving() as providers:
        yield providers


@pytest.fixture
def providers(world: dict[str, Provider]) -> dict[str, Provider]:
    """As they are when nobody has told them anything."""
    for name, provider in world.items():
        provider.claims, provider.fault, provider.keys = dict(PEOPLE[name]), "", provider.keys[:1]
        provider.calls.clear()
    return world


@pytest.fixture
async def auth(tmp_path: Path, providers: dict[str, Provider]) -> AsyncIterator[Installation]:
    told: dict[str, Any] = openid_provider.settings_of(providers["google"].address)
    async with installation(tmp_path, ["auth", "game"], telegram_bot_token=TOKEN, **told) as made:
        yield made


@dataclass
class Browser:
    """With a jar of cookies of its own, and a page that keeps its verifier."""

    auth: Installation
    http: AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = ASGITransport(self.auth.app, raise_app_exceptions=False)
        self.http = AsyncClient(transport=transport, base_url="http://testserver")

    async def leave(self, provider: str = "google", return_to: str = "/") -> str:
        """To which address of the provider."""
        asked = {"challenge": challenge_of(VERIFIER), "return_to": return_to}
        answer = await self.http.get(f"/api/v1/auth/{provider}/start", params=asked)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def consent(self, address: str, answer: str = "yes") -> str:
        """The way back."""
        async with AsyncClient() as outside:
            sent = await outside.get(f"{address}&consent={answer}")
        assert sent.status_code == 307, sent.text
        return sent.headers["location"]

    async def come_back(self, way: str) -> tuple[str, dict[str, str]]:
        """To which page, and what is said to it behind the #."""
        parts = urlsplit(way)
        answer = await self.http.get(f"{parts.path}?{parts.query}")
        assert answer.status_code == 303, answer.text
        page = urlsplit(answer.headers["location"])
        assert (page.scheme, page.netloc) == ("", "")
        return page.path, {name: values[0] for name, values in parse_qs(page.fragment).items()}

    async def exchange(self, one_time: str, verifier: str = VERIFIER) -> Response:
        return await self.http.post("/api/v1/auth/exchange", json={"code": one_time, "verifier": verifier})

    async def sign_in(self, provider: str = "google") -> dict[str, Any]:
        _, said = await self.come_back(await self.consent(await self.leave(provider)))
        answer = await self.exchange(said["signed_in"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


@pytest.fixture
async def browser(auth: Installation) -> AsyncIterator[Browser]:
    made = Browser(auth)
    async with made.http:
        yield made


def vector_provider(name: str) -> oidc.Provider:
    about = VECTORS["oidc"]
    if name == "telegram":
        return telegram("https://oauth.telegram.org", about["telegram_client_id"], "secret")
    return google("https://accounts.google.com", about["google_client_id"], "secret")


@pytest.mark.parametrize("vector", VECTORS["oidc"]["id_tokens"], ids=lambda each: f"{each['provider']}-{each['name']}")
def test_id_tokens(vector: dict[str, Any]) -> None:
    provider = vector_provider(vector["provider"])
    keys = KeySet.import_key_set(VECTORS["oidc"]["jwks"][vector["provider"]])

    def check() -> Any:
        claims = claims_of(vector["id_token"], keys, provider, VECTORS["oidc"]["google_nonce"], VECTORS["now"])
        return provider.profile(claims)

    if vector["expect"] in {"ok", "ok_but_do_not_link_by_email"}:
        who = check()
        assert who.subject == str(vector["claims"]["id" if vector["provider"] == "telegram" else "sub"])
        shown = vector["claims"].get("email") if vector["claims"].get("email_verified") else None
        assert who.label == (shown or f"@{vector['claims'].get('preferred_username')}" if shown or who.username else "")
    else:  # one of them is signed well, and does not say who somebody is in Telegram
        with pytest.raises(NotProven) as refused:
            check()
        assert refused.value.code == "invalid_id_token"
        assert vector["id_token"] not in str(refused.value)


def widget(**changes: Any) -> dict[str, Any]:
    fields = {"id": 900000001, "first_name": "Аня", "auth_date": int(time.time()), **changes}
    text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    key = sha256(TOKEN.encode()).digest()
    return {**fields, "hash": hmac.digest(key, text.encode(), "sha256").hex()}


class TestWidget:
    @pytest.fixture
    async def old(self, tmp_path: Path) -> AsyncIterator[Installation]:
        async with installation(tmp_path, ["auth"], telegram_bot_token=TOKEN, telegram_widget=True) as made:
            yield made

    @pytest.mark.parametrize("vector", VECTORS["login_widget"], ids=lambda each: each["name"])
    async def test_vectors(self, old: Installation, vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("artel.auth.api_sign_in.time.time", lambda: VECTORS["now"])
        answer = await old.call(None, "POST", "/auth/telegram-widget", {"fields": vector["data"], "device": DEVICE})
        if vector["expect"] == "ok":
            assert answer.json()["user"]["display_name"].startswith(vector["data"]["first_name"])
        else:
            expired = vector["expect"] == "expired"
            assert code(answer) == (401, "init_data_expired" if expired else "invalid_init_data")

    async def test_the_same_user_as_in_the_app(self, old: Installation) -> None:
        one = await old.call(None, "POST", "/auth/telegram-widget", {"fields": widget(), "device": DEVICE})
        other = await old.call(None, "POST", "/auth/telegram", {"init_data": init_data(), "device": DEVICE})
        assert one.json()["user"]["id"] == other.json()["user"]["id"]
        ways = (await old.call(None, "GET", "/auth/ways")).json()
        assert ways["telegram_widget"].startswith(
            "https://oauth.telegram.org/auth?bot_id=7000000001&origin=http%3A%2F%2F127"
        )

    @pytest.mark.parametrize(
        ("signed", "said"),
        [
            ({"first_name": "Аня\nid=900000002"}, {"first_name": "Аня\nid=900000002"}),
            ({"last_name": "Б", "username": "boris"}, {"last_name": "Б\nusername=boris"}),
            ({"a\nb": "1"}, {"a\nb": "1"}),
            ({"Role": "1"}, {"Role": "1"}),
        ],
    )
    async def test_fields_are_what_telegram_names_so(self, old: Installation, signed: Any, said: Any) -> None:
        """A line break in one could hide another: the signed text would be the same."""
        fields = widget(**signed)
        given = {name: value for name, value in fields.items() if name not in signed} | said
        answer = await old.call(None, "POST", "/auth/telegram-widget", {"fields": given, "device": DEVICE})
        assert code(answer) == (401, "invalid_init_data")

    async def test_once_a_device(self, old: Installation) -> None:
        fields = widget()
        for device, expected in ((DEVICE, 200), (DEVICE, 200), ("another-device-0123456789", 401)):
            answer = await old.call(None, "POST", "/auth/telegram-widget", {"fields": fields, "device": device})
            assert answer.status_code == expected

    async def test_off(self, auth: Installation) -> None:
        answer = await auth.call(None, "POST", "/auth/telegram-widget", {"fields": widget()})
        assert code(answer) == (404, "not_found")
        assert (await auth.call(None, "GET", "/auth/ways")).json()["telegram_widget"] is None


class TestThereAndBack:
    async def test_google(self, browser: Browser) -> None:
        first = await browser.sign_in()
        assert first["user"]["display_name"] == "Anna Ivanova"
        again = await browser.sign_in()
        assert again["user"]["id"] == first["user"]["id"]
        mine = await with_token(browser.auth, first, "GET", "/auth/identities")
        assert [(each["provider"], each["label"]) for each in mine.json()] == [("google", "anya@example.invalid")]

    async def test_telegram_is_who_he_is_in_the_app(self, browser: Browser) -> None:
        """By `id`; nobody says the nonce again."""
        here = await browser.sign_in("telegram")
        launch = {"init_data": init_data(PEOPLE["telegram"]["id"]), "device": DEVICE}
        there = await browser.auth.call(None, "POST", "/auth/telegram", launch)
        assert there.json()["user"]["id"] == here["user"]["id"]

    async def test_an_unverified_address_is_never_shown(self, browser: Browser, providers: dict[str, Provider]) -> None:
        providers["google"].claims["email_verified"] = False
        tokens = await browser.sign_in()
        mine = await with_token(browser.auth, tokens, "GET", "/auth/identities")
        assert mine.json()[0]["label"] == "Anna Ivanova"

    async def test_the_same_address_is_not_the_same_person(
        self, browser: Browser, providers: dict[str, Provider]
    ) -> None:
        first = await browser.sign_in()
        providers["google"].claims["sub"] = "10002"
        assert (await browser.sign_in())["user"]["id"] != first["user"]["id"]

    async def test_back_where_one_was(self, browser: Browser) -> None:
        page, said = await browser.come_back(await browser.consent(await browser.leave(return_to="/join/ABCDEF?x=1")))
        assert page == "/join/ABCDEF"
        assert set(said) == {"signed_in"}

    @pytest.mark.parametrize(
        "return_to",
        ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "evil", "", "/#x", "/" * 300,
         "/a\n", "/a\r\nSet-Cookie: a=b", "/stats\0", "/стол", "/stats?x=[1]", "javascript:alert(1)", "/@evil.example"],
    )  # fmt: skip
    async def test_to_no_other_place(self, browser: Browser, return_to: str) -> None:
        """He is signed in all the same, and sees the first page."""
        page, said = await browser.come_back(await browser.consent(await browser.leave(return_to=return_to)))
        assert page == "/"
        assert set(said) == {"signed_in"}

    @pytest.mark.parametrize("challenge", ["", "x", "x" * 44, "x" * 42 + "\n", "\0" * 43, None])
    async def test_who_leaves_without_a_proper_challenge_is_back_on_our_page(
        self, browser: Browser, challenge: str | None
    ) -> None:
        asked = {"return_to": "//evil.example", **({} if challenge is None else {"challenge": challenge})}
        answer = await browser.http.get("/api/v1/auth/google/start", params=asked)
        assert (answer.status_code, answer.headers["location"]) == (303, "/#sign_in_error=state_lost")

    async def test_a_way_back_that_is_too_long_leads_to_our_page(self, browser: Browser) -> None:
        assert await browser.come_back(f"/api/v1/auth/google/callback?state={'x' * 300}") == (
            "/",
            {"sign_in_error": "state_lost"},
        )

    async def test_the_address_asks_for_what_protects(self, browser: Browser) -> None:
        asked = parse_qs(urlsplit(await browser.leave()).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert len(asked["state"][0]) <= 256
        again = parse_qs(urlsplit(await browser.leave()).query)
        for name in ("state", "nonce", "code_challenge"):
            assert asked[name] != again[name]

    async def test_what_is_not_set_up(self, tmp_path: Path) -> None:
        async with installation(tmp_path, ["auth"]) as bare:
            asked = {"challenge": challenge_of(VERIFIER)}
            answer = await bare.http.get("/auth/google/start", params=asked)
            assert code(answer) == (404, "not_found")
            ways = (await bare.call(None, "GET", "/auth/ways")).json()
            assert ways == {"telegram": False, "telegram_widget": None, "google": False, "dev": True, "app": None}

    async def test_he_said_no(self, browser: Browser) -> None:
        page, said = await browser.come_back(await browser.consent(await browser.leave(return_to="/stats"), "no"))
        assert (page, said) == ("/stats", {"sign_in_error": "denied"})


class TestAttacks:
    async def test_a_swapped_state(self, auth: Installation, browser: Browser) -> None:
        """Somebody is sent the attacker's way back, to be signed in as the attacker."""
        attacker = Browser(auth)
        way = await attacker.consent(await attacker.leave())
        assert await browser.come_back(way) == ("/", {"sign_in_error": "state_lost"})
        assert await attacker.come_back(way) == ("/", {"sign_in_error": "state_lost"}), "it was good once"

    async def test_a_way_back_twice(self, browser: Browser) -> None:
        way = await browser.consent(await browser.leave())
        assert "signed_in" in (await browser.come_back(way))[1]
        assert await browser.come_back(way) == ("/", {"sign_in_error": "state_lost"})

    async def test_a_way_back_to_another_provider(self, browser: Browser) -> None:
        way = await browser.consent(await browser.leave())
        assert (await browser.come_back(way.replace("/google/", "/telegram/")))[1] == {"sign_in_error": "state_lost"}

    async def test_another_provider_has_answered(self, browser: Browser) -> None:
        way = await browser.consent(await browser.leave())
        assert (await browser.come_back(f"{way}&iss=https%3A%2F%2Fevil.example"))[1] == {
            "sign_in_error": "provider_refused"
        }

    async def test_the_code_of_another_departure(self, browser: Browser) -> None:
        """The attacker's own code put into the victim's way back: the verifier does not fit."""
        stolen = parse_qs(urlsplit(await browser.consent(await browser.leave())).query)["code"][0]
        way = await browser.consent(await browser.leave())
        mine = parse_qs(urlsplit(way).query)["code"][0]
        assert (await browser.come_back(way.replace(mine, stolen)))[1] == {"sign_in_error": "provider_refused"}

    async def test_a_code_of_ours_is_for_one_page_and_once(self, browser: Browser) -> None:
        for verifier, expected in (("w" * 43, 401), (VERIFIER, 200)):
            _, said = await browser.come_back(await browser.consent(await browser.leave()))
            assert (await browser.exchange(said["signed_in"], verifier)).status_code == expected
            again = await browser.exchange(said["signed_in"])
            assert code(again) == (401, "invalid_code")

    async def test_nothing_secret_in_the_address_of_a_page(self, browser: Browser) -> None:
        parts = urlsplit(await browser.consent(await browser.leave()))
        answer = await browser.http.get(f"{parts.path}?{parts.query}")
        assert "?" not in answer.headers["location"].partition("#")[0]
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        "fault",
        ["wrong_audience", "two_audiences", "wrong_party", "wrong_issuer", "expired", "of_tomorrow", "never_expires",
         "wrong_nonce", "no_nonce", "nobody", "alg_none", "alg_hs256", "foreign_key", "unknown_kid", "no_id_token"],
    )  # fmt: skip
    async def test_an_id_token_that_proves_nothing(
        self, browser: Browser, providers: dict[str, Provider], fault: str
    ) -> None:
        providers["google"].fault = fault
        way = await browser.consent(await browser.leave())
        assert await browser.come_back(way) == ("/", {"sign_in_error": "invalid_id_token"})
        providers["google"].fault = ""
        assert (await browser.sign_in())["user"]["display_name"] == "Anna Ivanova"

    @pytest.mark.parametrize("fault", ["broken", "no_json", "a_list", "too_long", "elsewhere"])
    async def test_a_provider_that_is_unwell(
        self, browser: Browser, providers: dict[str, Provider], fault: str
    ) -> None:
        way = await browser.consent(await browser.leave())
        providers["google"].fault = fault
        assert await browser.come_back(way) == ("/", {"sign_in_error": "provider_unavailable"})

    async def test_a_configuration_of_somebody_else(self, browser: Browser, providers: dict[str, Provider]) -> None:
        providers["google"].fault = "foreign_configuration"
        assert await browser.leave(return_to="/stats") == "/stats#sign_in_error=provider_unavailable"

    async def test_a_provider_that_is_away(self, tmp_path: Path) -> None:
        told: dict[str, Any] = openid_provider.settings_of("http://127.0.0.1:9")
        async with installation(tmp_path, ["auth"], **told) as alone:
            assert await Browser(alone).leave() == "/#sign_in_error=provider_unavailable"

    async def test_limited_by_address_and_by_account(self, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("artel.auth.limits.SIGN_INS", Limit(2, 0.01))
        _, said = await browser.come_back(await browser.consent(await browser.leave()))
        for _ in range(2):
            await browser.sign_in()
        answer = await browser.exchange(said["signed_in"])
        assert code(answer) == (429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 0
        monkeypatch.setattr("artel.auth.limits.SIGN_INS", Limit(3, 0.01))  # as if time had passed
        assert (await browser.exchange(said["signed_in"])).status_code == 200, "his code waits with him"
        assert code(await browser.exchange(said["signed_in"])) == (401, "invalid_code")
        asked = {"challenge": challenge_of(VERIFIER)}
        burst = [await browser.http.get("/api/v1/auth/google/start", params=asked) for _ in range(110)]
        assert {answer.status_code for answer in burst} == {303}
        refused = next(answer for answer in burst if answer.headers["location"] == "/#sign_in_error=rate_limited")
        assert int(refused.headers["retry-after"]) > 0

    async def test_refusals_are_noted(
        self, auth: Installation, browser: Browser, providers: dict[str, Provider]
    ) -> None:
        providers["google"].fault = "alg_none"
        await browser.come_back(await browser.consent(await browser.leave()))

        def noted(tx: Any) -> list[str]:
            return [row[0] for row in tx.exec_driver_sql("SELECT code FROM audit WHERE kind = 'refused'")]

        assert await auth.app.state.contexts["auth"].database.read(noted) == ["invalid_id_token"]


class TestKeys:
    async def test_asked_for_once(self, browser: Browser, providers: dict[str, Provider]) -> None:
        for _ in range(3):
            await browser.sign_in()
        assert providers["google"].calls == ["configuration", "token", "keys", "token", "token"]

    async def test_a_new_key_is_looked_for_at_once(self, browser: Browser, providers: dict[str, Provider]) -> None:
        await browser.sign_in()
        providers["google"].keys.append(new_key("google-2"))
        for _ in range(2):
            await browser.sign_in()
        assert providers["google"].calls.count("keys") == 2

    async def test_and_the_one_after_it_a_minute_later(
        self, browser: Browser, providers: dict[str, Provider], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await browser.sign_in()
        providers["google"].keys.append(new_key("google-2"))
        await browser.sign_in()
        providers["google"].keys.append(new_key("google-3"))
        way = await browser.consent(await browser.leave())
        assert await browser.come_back(way) == ("/", {"sign_in_error": "invalid_id_token"})
        monkeypatch.setattr(oidc, "AGAIN_SECONDS", 0)
        await browser.sign_in()
        assert providers["google"].calls.count("keys") == 3

    async def test_unknown_keys_do_not_make_us_ask(self, browser: Browser, providers: dict[str, Provider]) -> None:
        await browser.sign_in()
        providers["google"].fault = "unknown_kid"
        for _ in range(3):
            await browser.come_back(await browser.consent(await browser.leave()))
        assert providers["google"].calls.count("keys") == 2

    async def test_two_at_once_ask_once(self, auth: Installation, providers: dict[str, Provider]) -> None:
        await asyncio.gather(*(Browser(auth).sign_in() for _ in range(5)))
        assert providers["google"].calls.count("configuration") == providers["google"].calls.count("keys") == 1
