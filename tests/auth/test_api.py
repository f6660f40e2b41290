import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from httpx2 import Response

from artel.auth import ended, telegram, tokens
from artel.auth.keys import reseal
from artel.kernel import events, revoked
from artel.kernel.bus import Message
from artel.kernel.events import new_id
from artel_testing import Installation, installation, rotated

TOKEN = "7000000001:AAFake-Token_for_TESTS_only_000000000001"
DEVICE = "device-0123456789abcdef"


@pytest.fixture
async def auth(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["auth"], telegram_bot_token=TOKEN) as made:
        yield made


def init_data(user_id: int = 900000001, age: float = 0, token: str = TOKEN, **user: Any) -> str:
    fields = {
        "auth_date": str(int(time.time() - age)),
        "query_id": "AAFake",
        "user": json.dumps({"id": user_id, "first_name": "Аня", **user}),
    }
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    return urlencode({**fields, "hash": hmac.digest(key, text.encode(), "sha256").hex()})


async def sign_in(auth: Installation, name: str = "Аня") -> dict[str, Any]:
    answer = await auth.call(None, "POST", "/auth/dev", {"name": name})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def with_token(auth: Installation, tokens: dict[str, Any], method: str, path: str, body: Any = None) -> Response:
    return await auth.call(None, method, path, body, headers={"Authorization": f"Bearer {tokens['access_token']}"})


async def refresh(auth: Installation, token: str) -> Response:
    return await auth.call(None, "POST", "/auth/refresh", {"refresh_token": token})


def code(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["code"]


class TestDevelopmentSignIn:
    async def test_same_name_same_user(self, auth: Installation) -> None:
        first, second, other = [await sign_in(auth, name) for name in ("Аня", "Аня", "Борис")]
        assert first["user"] == second["user"]
        assert first["user"]["id"] != other["user"]["id"]
        assert (first["token_type"], first["expires_in"]) == ("Bearer", 900)
        me = await with_token(auth, first, "GET", "/users/me")
        assert {name: me.json()[name] for name in first["user"]} == first["user"]

    @pytest.mark.parametrize(
        "name",
        ["", "  ", "a" * 65, "зло\u202eолз", "a\nb", "\ud800", "\u3164", "\u2800",
         "А\ufeff", "А\u200bня", "А\xadня", "А\u206aня", "А\u206fня", "А\ufff9ня", "А\ufffbня", "А\ufffeня",
         "А\uffffня",
         "А\ufdd0ня", "А\U0001fffeня", "А\u061cня"],
    )  # fmt: skip
    async def test_names_that_are_none(self, auth: Installation, name: str) -> None:
        raw = json.dumps({"name": name})
        answer = await auth.http.post("/auth/dev", content=raw, headers={"Content-Type": "application/json"})
        assert code(answer) == (422, "invalid_body")
        assert answer.json()["errors"][0]["field"] == "name"

    @pytest.mark.parametrize("name", ["👩‍🚀 Аня", "می‌خواهم", "क्‍ष", "Ё́лка", "🙂", "\ufffd"])
    async def test_names_of_any_script(self, auth: Installation, name: str) -> None:
        assert (await sign_in(auth, name))["user"]["display_name"] == name

    async def test_unknown_field(self, auth: Installation) -> None:
        answer = await auth.call(None, "POST", "/auth/dev", {"name": "Аня", "role": "admin"})
        assert code(answer) == (422, "invalid_body")

    @pytest.mark.parametrize("settings", [{"dev_login": False}, {"host": "0.0.0.0"}])  # noqa: S104 the point
    async def test_off(self, tmp_path: Path, settings: dict[str, Any]) -> None:
        async with installation(tmp_path, ["auth"], **settings) as public:
            answer = await public.call(None, "POST", "/auth/dev", {"name": "Аня"})
            assert code(answer) == (404, "not_found")

    async def test_tells_the_others(self, auth: Installation) -> None:
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(message)

        await auth.app.state.contexts["auth"].bus.subscribe("ear", ["artel.user.registered.v1"], hear)
        tokens = await sign_in(auth)
        await sign_in(auth)
        await auth.drain()
        envelopes = [json.loads(message.body) for message in heard]
        assert [envelope["data"]["user_id"] for envelope in envelopes] == [tokens["user"]["id"]]
        assert envelopes[0]["source"] == "/auth"


class TestTelegramSignIn:
    async def sign_in(self, auth: Installation, data: str, device: str | None = DEVICE) -> Response:
        body = {"init_data": data, **({"device": device} if device else {})}
        return await auth.call(None, "POST", "/auth/telegram", body)

    async def test_valid(self, auth: Installation) -> None:
        answer = await self.sign_in(auth, init_data(last_name="Иванова", username="anya", language_code="en"))
        user = answer.json()["user"]
        assert (user["display_name"], user["username"], user["language"]) == ("Аня Иванова", "anya", "en")
        again = await self.sign_in(auth, init_data(first_name="Другая"))
        assert again.json()["user"]["id"] == user["id"]

    async def test_a_device_is_one_in_the_list(self, auth: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        """However often the app is opened; with it all that was signed in there ends, and nothing else."""
        opened = []
        for minutes in (40, 10, 0):
            monkeypatch.setattr(tokens, "now", lambda ago=minutes: events.now() - timedelta(minutes=ago))
            opened.append((await self.sign_in(auth, init_data(age=minutes))).json())
        other = (await self.sign_in(auth, init_data(age=5), "another-device-0123456789")).json()
        for mine in opened[1:]:
            there = (await with_token(auth, mine, "GET", "/auth/sessions")).json()
            assert [each["current"] for each in there] == [False, True], "the latest stands for all of them"
        assert (await with_token(auth, other, "DELETE", f"/auth/sessions/{there[1]['id']}")).status_code == 204
        assert [(await refresh(auth, mine["refresh_token"])).status_code for mine in opened] == [401, 401, 401]
        assert (await refresh(auth, other["refresh_token"])).status_code == 200
        left = (await with_token(auth, other, "GET", "/auth/sessions")).json()
        assert [each["current"] for each in left] == [True]

    async def test_the_same_device_of_another_is_not_mine(self, auth: Installation) -> None:
        mine, his = [(await self.sign_in(auth, init_data(number))).json() for number in (900000001, 900000002)]
        assert (await with_token(auth, mine, "POST", "/auth/logout")).status_code == 204
        assert (await refresh(auth, mine["refresh_token"])).status_code == 401
        assert (await refresh(auth, his["refresh_token"])).status_code == 200

    async def test_a_device_says_which_browser_it_is(self, auth: Installation) -> None:
        agent = (
            "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 "
            "(KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 Telegram-Android/11.3.3"
        )
        body = {"init_data": init_data(), "device": DEVICE}
        for header, kept in ((agent, agent), (agent + "x" * 200, (agent + "x" * 200)[:200])):
            answer = await auth.call(None, "POST", "/auth/telegram", body, headers={"User-Agent": header})
            there = (await with_token(auth, answer.json(), "GET", "/auth/sessions")).json()
            assert there[0]["user_agent"] == kept

    async def test_a_name_of_nothing_shown(self, auth: Installation) -> None:
        for number, name in enumerate(("\u202e\u200f", "\u200b", "\u3164", "\u2800 \ufeff", " \n ", "\u2028")):
            answer = await self.sign_in(auth, init_data(1000 + number, first_name=name))
            assert answer.json()["user"]["display_name"] == "Игрок"

    async def test_a_name_is_one_line(self, auth: Installation) -> None:
        answer = await self.sign_in(auth, init_data(first_name="А\nн\u2028я", last_name="\u202eИванова"))
        assert answer.json()["user"]["display_name"] == "Аня Иванова"

    @pytest.mark.parametrize("device", ["q83vASNFZ4mrze8BI0VniQ==", "0" * 32, "01a21334-637b-715a-9949-345c48846174"])
    async def test_a_device_in_any_writing(self, auth: Installation, device: str) -> None:
        data = init_data()
        for _ in range(2):
            assert (await self.sign_in(auth, data, device)).status_code == 200

    async def test_device_keeps_the_launch(self, auth: Installation) -> None:
        data = init_data()
        assert (await self.sign_in(auth, data)).status_code == 200
        assert (await self.sign_in(auth, data)).status_code == 200
        assert code(await self.sign_in(auth, data, "another-0123456789abc")) == (401, "init_data_replayed")
        assert code(await self.sign_in(auth, data, None)) == (401, "init_data_replayed")

    async def test_without_a_device_once(self, auth: Installation) -> None:
        data = init_data()
        assert (await self.sign_in(auth, data, None)).status_code == 200
        assert code(await self.sign_in(auth, data, None)) == (401, "init_data_replayed")
        assert code(await self.sign_in(auth, data)) == (401, "init_data_replayed")

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (init_data(age=3700), "init_data_expired"),
            (init_data(age=-86_400), "invalid_init_data"),  # made when tests are collected, which may be long before
            (init_data() + "0", "invalid_init_data"),
            ("", "invalid_init_data"),
            ("nonsense", "invalid_init_data"),
            (f"query_id={'x' * 8183}", "invalid_init_data"),
            ("a=%ff&hash=00", "invalid_init_data"),
        ],
    )
    async def test_refused(self, auth: Installation, data: str, why: str) -> None:
        answer = await self.sign_in(auth, data)
        assert code(answer) == (401, why)
        assert not data or data not in answer.text

    @pytest.mark.parametrize(("length", "why"), [(8193, (422, "invalid_body")), (70_000, (413, "too_large"))])
    async def test_too_long(self, auth: Installation, length: int, why: tuple[int, str]) -> None:
        answer = await self.sign_in(auth, "x" * length)
        assert code(answer) == why
        assert len(answer.content) < 1000

    async def test_not_set_up(self, tmp_path: Path) -> None:
        async with installation(tmp_path, ["auth"]) as bare:
            assert code(await self.sign_in(bare, init_data())) == (404, "not_found")


class TestRefresh:
    async def test_rotates(self, auth: Installation) -> None:
        tokens = await sign_in(auth)
        for _ in range(3):
            answer = await refresh(auth, tokens["refresh_token"])
            assert answer.status_code == 200
            assert answer.json()["refresh_token"] != tokens["refresh_token"]
            tokens = answer.json()
        assert (await with_token(auth, tokens, "GET", "/users/me")).status_code == 200

    async def test_two_tabs_get_the_same_successor(self, auth: Installation) -> None:
        token = (await sign_in(auth))["refresh_token"]
        answers = await asyncio.gather(*(refresh(auth, token) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1

    async def test_reuse_ends_the_family(self, auth: Installation) -> None:
        first = (await sign_in(auth))["refresh_token"]
        second = (await refresh(auth, first)).json()["refresh_token"]
        third = (await refresh(auth, second)).json()["refresh_token"]
        assert code(await refresh(auth, first)) == (401, "refresh_reused")
        assert (await refresh(auth, third)).status_code == 401
        assert (await refresh(auth, second)).status_code == 401

    async def test_predecessor_after_the_grace(self, auth: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        first = (await sign_in(auth))["refresh_token"]
        second = (await refresh(auth, first)).json()["refresh_token"]
        monkeypatch.setattr("artel.auth.tokens.GRACE", timedelta(0))
        assert code(await refresh(auth, first)) == (401, "refresh_reused")
        assert (await refresh(auth, second)).status_code == 401

    @pytest.mark.parametrize("token", ["x", "a.b.c", "a.1.c", "..", "9" * 150, "é.1.ü"])
    async def test_forged_touches_nobody(self, auth: Installation, token: str) -> None:
        assert code(await refresh(auth, token)) == (401, "unauthenticated")

    @pytest.mark.parametrize(("days", "times"), [(61, 1), (59, 7)])
    async def test_not_for_ever(
        self, auth: Installation, monkeypatch: pytest.MonkeyPatch, days: int, times: int
    ) -> None:
        """Neither unused for two months, nor used for more than a year."""
        made = await sign_in(auth)
        for each in range(1, times + 1):
            monkeypatch.setattr(tokens, "now", lambda ago=days * each: events.now() + timedelta(days=ago))
            answer = await refresh(auth, made["refresh_token"])
            assert answer.status_code == (401 if each == times else 200), answer.text
            made = answer.json()

    async def test_guess_with_a_true_sign_in_touches_nobody(self, auth: Installation) -> None:
        token = (await sign_in(auth))["refresh_token"]
        sid, generation, mac = token.split(".")
        assert code(await refresh(auth, f"{sid}.{generation}.{'A' * len(mac)}")) == (401, "unauthenticated")
        assert code(await refresh(auth, f"{sid}.9.{mac}")) == (401, "unauthenticated")
        assert (await refresh(auth, token)).status_code == 200

    async def test_survives_a_new_signing_key(self, auth: Installation) -> None:
        tokens = await sign_in(auth)
        rotated(auth.settings.keys)
        assert (await with_token(auth, tokens, "GET", "/users/me")).status_code == 200
        assert (await refresh(auth, tokens["refresh_token"])).status_code == 200

    async def test_survives_a_new_secret_and_not_two(self, auth: Installation) -> None:
        tokens = await sign_in(auth)
        late = await sign_in(auth, "Борис")
        reseal(auth.settings.keys)
        answer = await refresh(auth, tokens["refresh_token"])
        assert answer.status_code == 200
        reseal(auth.settings.keys)
        assert (await refresh(auth, answer.json()["refresh_token"])).status_code == 200
        assert code(await refresh(auth, late["refresh_token"])) == (401, "unauthenticated")
        assert (await sign_in(auth, "Борис"))["user"]["id"] == late["user"]["id"]

    async def test_two_tabs_get_the_same_successor_under_a_new_secret(self, auth: Installation) -> None:
        token = (await sign_in(auth))["refresh_token"]
        await refresh(auth, token)  # an answer that is lost
        reseal(auth.settings.keys)
        answers = await asyncio.gather(*(refresh(auth, token) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1


class TestTelegramByNumber:
    """Where the bot's token is not to be."""

    VECTORS: ClassVar[Any] = json.loads((Path(__file__).parent / "telegram.json").read_text(encoding="utf-8"))

    @pytest.fixture
    async def auth(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Installation]:
        monkeypatch.setattr(telegram, "PUBLIC_KEY", self.VECTORS["ed25519"]["test_public_key_hex"])
        monkeypatch.setattr("artel.auth.api_sign_in.time.time", lambda: self.VECTORS["now"])
        async with installation(tmp_path, ["auth"], telegram_bot_id=self.VECTORS["bot_id"]) as made:
            yield made

    def launch(self, name: str) -> str:
        return str(next(vector["init_data"] for vector in self.VECTORS["mini_app"] if vector["name"] == name))

    async def test_signed_by_telegram_itself(self, auth: Installation) -> None:
        launch = self.launch("valid_with_signature")
        body = {"init_data": launch, "device": DEVICE}
        assert (await auth.call(None, "POST", "/auth/telegram", body)).json()["user"]["username"] == "test_player"
        assert (await auth.call(None, "POST", "/auth/telegram", body)).status_code == 200, "the same device again"
        stolen = {"init_data": launch.replace("hash=", "hash=0"), "device": DEVICE[::-1]}
        assert code(await auth.call(None, "POST", "/auth/telegram", stolen)) == (401, "init_data_replayed")

    @pytest.mark.parametrize("name", ["valid", "signature_for_another_bot", "tampered_signature_only"])
    async def test_and_by_nobody_else(self, auth: Installation, name: str) -> None:
        answer = await auth.call(None, "POST", "/auth/telegram", {"init_data": self.launch(name), "device": DEVICE})
        assert code(answer) == (401, "invalid_init_data")


class TestLimits:
    """Of each address; the test is one."""

    @pytest.fixture
    async def strict(self, tmp_path: Path) -> AsyncIterator[Installation]:
        async with installation(
            tmp_path, ["auth"], telegram_bot_token=TOKEN, sign_in_burst=3, sign_in_rate=0.001
        ) as made:
            yield made

    async def test_each_way_in_has_its_own(self, strict: Installation) -> None:
        launches = [await strict.call(None, "POST", "/auth/telegram", {"init_data": "x"}) for _ in range(4)]
        assert [answer.status_code for answer in launches] == [401] * 3 + [429]
        assert int(launches[-1].headers["retry-after"]) > 900
        token = (await sign_in(strict))["refresh_token"]
        for _ in range(3):
            token = (await refresh(strict, token)).json()["refresh_token"]
        assert code(await refresh(strict, token)) == (429, "rate_limited")

    async def test_development_knows_none(self, strict: Installation) -> None:
        assert len({(await sign_in(strict, f"Игрок {number}"))["user"]["id"] for number in range(10)}) == 10


async def hear(auth: Installation) -> None:
    """What all processes do each second."""
    context = auth.app.state.contexts["auth"]
    await ended.tell(context)
    await context.verifier.revoked.look(context.store)


@pytest.mark.usefixtures("nobody_looks_by_himself")
class TestSignOut:
    async def test_here(self, auth: Installation) -> None:
        here, there = await sign_in(auth), await sign_in(auth)
        devices = (await with_token(auth, here, "GET", "/auth/sessions")).json()
        assert [device["current"] for device in devices].count(True) == 1
        assert len(devices) == 2
        assert (await with_token(auth, here, "POST", "/auth/logout")).status_code == 204
        assert (await refresh(auth, here["refresh_token"])).status_code == 401
        assert (await refresh(auth, there["refresh_token"])).status_code == 200
        assert (await with_token(auth, here, "POST", "/auth/logout")).status_code == 204
        await hear(auth)
        assert code(await with_token(auth, here, "GET", "/users/me")) == (401, "signed_out")
        assert (await with_token(auth, there, "GET", "/users/me")).status_code == 200

    async def test_another_device(self, auth: Installation) -> None:
        here, there = await sign_in(auth), await sign_in(auth)
        devices = (await with_token(auth, here, "GET", "/auth/sessions")).json()
        other = next(device["id"] for device in devices if not device["current"])
        assert (await with_token(auth, here, "DELETE", f"/auth/sessions/{other}")).status_code == 204
        assert code(await with_token(auth, here, "DELETE", f"/auth/sessions/{other}")) == (404, "not_found")
        assert (await refresh(auth, there["refresh_token"])).status_code == 401

    async def test_not_mine(self, auth: Installation) -> None:
        mine, foreign = await sign_in(auth), await sign_in(auth, "Борис")
        device = (await with_token(auth, foreign, "GET", "/auth/sessions")).json()[0]["id"]
        assert code(await with_token(auth, mine, "DELETE", f"/auth/sessions/{device}")) == (404, "not_found")
        assert (await refresh(auth, foreign["refresh_token"])).status_code == 200

    async def test_everywhere(self, auth: Installation) -> None:
        here, there = await sign_in(auth), await sign_in(auth)
        assert (await with_token(auth, here, "DELETE", "/auth/sessions")).status_code == 204
        assert (await refresh(auth, here["refresh_token"])).status_code == 401
        assert (await refresh(auth, there["refresh_token"])).status_code == 401
        await hear(auth)
        for device in (here, there):
            assert code(await with_token(auth, device, "GET", "/users/me")) == (401, "signed_out")
        assert (await with_token(auth, await sign_in(auth), "GET", "/users/me")).status_code == 200

    async def test_a_stolen_refresh_token_takes_the_access_token_with_it(self, auth: Installation) -> None:
        old = await sign_in(auth)
        newer = (await refresh(auth, (await refresh(auth, old["refresh_token"])).json()["refresh_token"])).json()
        assert code(await refresh(auth, old["refresh_token"])) == (401, "refresh_reused")
        await hear(auth)
        assert code(await with_token(auth, newer, "GET", "/users/me")) == (401, "signed_out")

    async def test_a_store_that_lost_its_list_gets_it_again(self, auth: Installation) -> None:
        context, here = auth.app.state.contexts["auth"], await sign_in(auth)
        await with_token(auth, here, "POST", "/auth/logout")
        await hear(auth)
        await context.store.take(revoked.KEY)
        await context.verifier.revoked.look(context.store)
        assert code(await with_token(auth, here, "GET", "/users/me")) == (401, "signed_out"), "what was known holds"
        await ended.tell(context)
        assert json.loads(await context.store.get(revoked.KEY)) == await context.database.read(ended.ended)

    async def test_who_ended_long_ago_has_no_token_left_and_is_told_no_more(
        self, auth: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context, here = auth.app.state.contexts["auth"], await sign_in(auth)
        await with_token(auth, here, "POST", "/auth/logout")
        for later, told in ((ended.KEPT_SECONDS - 30, 1), (ended.KEPT_SECONDS + 30, 0)):
            monkeypatch.setattr(ended, "now", lambda later=later: events.now() + timedelta(seconds=later))
            assert len(await context.database.read(ended.ended)) == told

    async def test_the_gateway_asks_for_the_list(self, auth: Installation) -> None:
        here = await sign_in(auth)
        await with_token(auth, here, "POST", "/auth/logout")
        told = (await auth.http.get("http://testserver/inner/revoked")).json()
        assert told == await auth.app.state.contexts["auth"].database.read(ended.ended)
        assert len(told) == 1

    async def test_where_nobody_stands_before_it_nobody_may_ask(self, tmp_path: Path) -> None:
        async with installation(tmp_path) as whole:
            assert code(await whole.http.get("http://testserver/inner/revoked")) == (404, "not_found")


class TestProfile:
    async def test_change(self, auth: Installation) -> None:
        tokens = await sign_in(auth)
        changed = await with_token(auth, tokens, "PATCH", "/users/me", {"display_name": "Анна", "language": "en"})
        assert changed.json()["display_name"] == "Анна"
        assert (await sign_in(auth))["user"]["language"] == "en"

    @pytest.mark.parametrize(
        "change", [{"role": "admin"}, {"id": "x"}, {"display_name": ""}, {"language": "русский"}, {"display_name": 7}]
    )
    async def test_refused(self, auth: Installation, change: dict[str, Any]) -> None:
        tokens = await sign_in(auth)
        assert code(await with_token(auth, tokens, "PATCH", "/users/me", change)) == (422, "invalid_body")

    async def test_find(self, auth: Installation) -> None:
        tokens = await sign_in(auth, "Вася")
        for name in ("Аня Иванова", "аНя Петрова", "Борис", "100%"):
            await sign_in(auth, name)
        found = (await with_token(auth, tokens, "GET", "/users?query=аня")).json()["items"]
        assert {person["display_name"] for person in found} == {"Аня Иванова", "аНя Петрова"}
        assert set(found[0]) == {"id", "display_name", "username", "avatar_url"}
        assert (await with_token(auth, tokens, "GET", "/users?query=%25%25")).json()["items"] == []
        assert code(await with_token(auth, tokens, "GET", "/users?query=a")) == (422, "invalid_query")
        one = await with_token(auth, tokens, "GET", f"/users/{found[0]['id']}")
        assert one.json() == found[0]
        assert code(await with_token(auth, tokens, "GET", f"/users/{new_id()}")) == (404, "not_found")

    async def test_pages(self, auth: Installation) -> None:
        tokens = await sign_in(auth)
        for number in range(5):
            await sign_in(auth, f"Игрок {number}")
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await with_token(auth, tokens, "GET", f"/users?query=игрок&limit=2&cursor={cursor}")).json()
            seen += [person["display_name"] for person in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == [f"Игрок {number}" for number in range(5)]


class TestTokens:
    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Basic abc", "Bearer " + "a" * 5000])
    async def test_none(self, auth: Installation, header: str) -> None:
        answer = await auth.call(None, "GET", "/users/me", headers={"Authorization": header})
        assert code(answer) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_in_an_address_or_a_cookie_it_is_none(self, auth: Installation) -> None:
        token = (await sign_in(auth))["access_token"]
        for place in ({"params": {"access_token": token}}, {"headers": {"Cookie": f"access_token={token}"}}):
            assert code(await auth.call(None, "GET", "/users/me", **place)) == (401, "unauthenticated")

    async def test_what_was_there_before_a_sign_in_is_not_what_comes_of_it(self, auth: Installation) -> None:
        """Nobody can fix another's session beforehand: each sign-in is a family of its own."""
        first, second = await sign_in(auth), await sign_in(auth)
        assert len({first["access_token"], second["access_token"]}) == 2
        await with_token(auth, first, "POST", "/auth/logout")
        assert (await refresh(auth, first["refresh_token"])).status_code == 401
        assert (await refresh(auth, second["refresh_token"])).status_code == 200

    async def test_expired(self, auth: Installation) -> None:
        past = auth.person("Аня", exp=int(time.time()) - 1)
        assert code(await auth.call(past, "GET", "/users/me")) == (401, "token_expired")

    async def test_jwks(self, auth: Installation) -> None:
        jwks = (await auth.http.get("http://testserver/.well-known/jwks.json")).json()
        assert [set(key) & {"d", "kty", "crv", "alg"} for key in jwks["keys"]] == [{"kty", "crv", "alg"}]
