"""One user, several ways in; every link is proven on both sides."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx2 import Response

import openid_provider
from artel.auth import linking, merging
from artel.contracts.auth import IdentityLinked, IdentityUnlinked, UserMerged, UserUpdated
from artel.kernel.bus import Message
from artel_testing import Installation, Person, installation
from auth.test_api import DEVICE, TOKEN, code, init_data, sign_in, with_token
from auth.test_browser_sign_in import Browser, auth, providers, world
from evenings import Evening
from openid_provider import PEOPLE, Provider

__all__ = ["auth", "providers", "world"]


@pytest.fixture
async def outside(auth: Installation) -> AsyncIterator[Browser]:
    """Not the one that the app is in."""
    made = Browser(auth)
    async with made.http:
        yield made


async def launched(auth: Installation, user_id: int = 900000001) -> dict[str, Any]:
    answer = await auth.call(None, "POST", "/auth/telegram", {"init_data": init_data(user_id), "device": DEVICE})
    tokens: dict[str, Any] = answer.json()
    return tokens


async def begin(auth: Installation, tokens: dict[str, Any], provider: str = "google") -> dict[str, Any]:
    answer = await with_token(auth, tokens, "POST", "/auth/link/start", {"provider": provider})
    assert answer.status_code == 201, answer.text
    begun: dict[str, Any] = answer.json()
    return begun


async def open_page(browser: Browser, begun: dict[str, Any]) -> Response:
    page = urlsplit(begun["url"])
    assert page.path == "/link"
    return await browser.http.post("/api/v1/auth/link/open", json={"ticket": page.fragment})


async def state(auth: Installation, tokens: dict[str, Any], begun: dict[str, Any]) -> tuple[str, str, str | None]:
    answer = await with_token(auth, tokens, "GET", f"/auth/link/{begun['link_id']}")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return said["state"], said["code"], said["other"]


async def link(
    browser: Browser, tokens: dict[str, Any], provider: str = "google", *, agreed: bool = False
) -> dict[str, Any]:
    """To its end, whatever that is; `agreed`: who has proven it gives away the account that he has there."""
    begun = await begin(browser.auth, tokens, provider)
    opened = (await open_page(browser, begun)).json()
    _, said = await browser.come_back(await browser.consent(opened["url"]))
    if agreed:
        assert (await consent(browser, said["consent"], agreed=True)).status_code == 200
    return begun


async def consent(browser: Browser, word: str, *, agreed: bool) -> Response:
    return await browser.http.post("/api/v1/auth/link/consent", json={"consent": word, "agreed": agreed})


async def refuse(browser: Browser, word: str) -> Response:
    return await browser.http.post("/api/v1/auth/link/refuse", json={"word": word})


async def providers_of(auth: Installation, tokens: dict[str, Any]) -> list[str]:
    answer = await with_token(auth, tokens, "GET", "/auth/identities")
    return [each["provider"] for each in answer.json()]


class TestLinking:
    async def test_from_the_app_in_another_browser(self, auth: Installation, outside: Browser) -> None:
        mine = await launched(auth)
        begun = await begin(auth, mine)
        assert await state(auth, mine, begun) == ("waiting", "", None)
        opened = (await open_page(outside, begun)).json()
        assert (opened["name"], opened["provider"]) == (mine["user"]["display_name"], "google")
        assert opened["match_code"] == begun["match_code"]
        assert len(begun["match_code"]) == 2
        assert await state(auth, mine, begun) == ("opened", "", None)
        assert await outside.come_back(await outside.consent(opened["url"])) == ("/link", {"linked": "linked"})
        assert await state(auth, mine, begun) == ("linked", "", None)
        assert await providers_of(auth, mine) == ["telegram", "google"]
        assert (await outside.sign_in())["user"]["id"] == mine["user"]["id"]

    async def test_begun_again_with_one_key_is_begun_once(self, auth: Installation, outside: Browser) -> None:
        mine = await launched(auth)
        headers = {"Authorization": f"Bearer {mine['access_token']}", "Idempotency-Key": "once"}
        first, again, other = [
            await auth.call(None, "POST", "/auth/link/start", {"provider": provider}, headers=headers)
            for provider in ("google", "google", "telegram")
        ]
        assert again.headers["idempotency-replayed"] == "true"
        assert (again.status_code, again.json()) == (201, first.json())
        assert code(other) == (422, "idempotency_key_reused")
        assert (await open_page(outside, again.json())).json()["match_code"] == first.json()["match_code"]

    async def test_what_opens_the_page_is_in_no_table(self, auth: Installation) -> None:
        mine = await launched(auth)
        headers = {"Authorization": f"Bearer {mine['access_token']}", "Idempotency-Key": "once"}
        begun = (await auth.call(None, "POST", "/auth/link/start", {"provider": "google"}, headers=headers)).json()

        def everything(tx: Any) -> str:
            names = tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
            return str([tx.exec_driver_sql(f"SELECT * FROM {name}").all() for name in names])  # noqa: S608 our tables

        kept = await auth.app.state.contexts["auth"].database.read(everything)
        assert begun["link_id"] in kept
        assert urlsplit(begun["url"]).fragment not in kept

    async def test_the_page_opens_once(self, auth: Installation, outside: Browser) -> None:
        begun = await begin(auth, await launched(auth))
        await open_page(outside, begun)
        assert code(await open_page(outside, begun)) == (404, "not_found")

    async def test_only_the_browser_that_opened_it_comes_back(self, auth: Installation, outside: Browser) -> None:
        """Whoever is sent the address of the provider links nothing of his to somebody else."""
        mine = await launched(auth)
        begun = await begin(auth, mine)
        opened = (await open_page(outside, begun)).json()
        victim = Browser(auth)
        assert (await victim.come_back(await victim.consent(opened["url"])))[1] == {"sign_in_error": "state_lost"}
        assert await state(auth, mine, begun) == ("opened", "", None)
        assert await providers_of(auth, mine) == ["telegram"]

    async def test_nobody_else_sees_it(self, auth: Installation) -> None:
        begun = await begin(auth, await launched(auth))
        other = await sign_in(auth, "Борис")
        answer = await with_token(auth, other, "GET", f"/auth/link/{begun['link_id']}")
        assert code(answer) == (404, "not_found")

    async def test_again_is_the_same(self, auth: Installation, outside: Browser) -> None:
        mine = await launched(auth)
        for _ in range(2):
            assert await state(auth, mine, await link(outside, mine)) == ("linked", "", None)
        assert await providers_of(auth, mine) == ["telegram", "google"]

    async def test_one_of_a_provider(
        self, auth: Installation, outside: Browser, providers: dict[str, Provider]
    ) -> None:
        mine = await launched(auth)
        await link(outside, mine)
        providers["google"].claims["sub"] = "10003"
        assert await state(auth, mine, await link(outside, mine)) == ("failed", "another_linked", None)

    async def test_what_is_somebody_elses_stays_his(self, auth: Installation, outside: Browser) -> None:
        theirs = await outside.sign_in()
        mine = await launched(auth)
        assert await state(auth, mine, await link(outside, mine)) == ("taken", "identity_taken", "Anna Ivanova")
        assert await providers_of(auth, mine) == ["telegram"]
        assert (await outside.sign_in())["user"]["id"] == theirs["user"]["id"]

    async def test_he_said_no(self, auth: Installation, outside: Browser) -> None:
        mine = await launched(auth)
        begun = await begin(auth, mine)
        opened = (await open_page(outside, begun)).json()
        back = await outside.come_back(await outside.consent(opened["url"], "no"))
        assert back == ("/link", {"linked": "denied"})
        assert await state(auth, mine, begun) == ("failed", "denied", None)

    async def test_whose_link_it_is_not_says_so(self, auth: Installation, outside: Browser) -> None:
        """And nothing comes of a proof that was on its way."""
        mine = await launched(auth)
        begun = await begin(auth, mine)
        ticket = urlsplit(begun["url"]).fragment
        assert code(await refuse(outside, ticket)) == (404, "not_found")
        opened = (await open_page(outside, begun)).json()
        for _ in range(2):
            assert (await refuse(outside, ticket)).status_code == 204
        assert await state(auth, mine, begun) == ("failed", "refused", None)
        back = await outside.come_back(await outside.consent(opened["url"]))
        assert back == ("/link", {"linked": "expired"})
        assert await state(auth, mine, begun) == ("failed", "refused", None)
        assert await providers_of(auth, mine) == ["telegram"]

    async def test_what_is_linked_is_not_refused_any_more(self, auth: Installation, outside: Browser) -> None:
        mine = await launched(auth)
        begun = await link(outside, mine)
        assert (await refuse(outside, urlsplit(begun["url"]).fragment)).status_code == 204
        assert await state(auth, mine, begun) == ("linked", "", None)

    async def test_telegram_to_google(self, auth: Installation, outside: Browser) -> None:
        """And whoever writes to people in Telegram hears of it."""
        heard = await listening(auth, UserUpdated.topic)
        mine = await outside.sign_in()
        await link(outside, mine, "telegram")
        await auth.drain()
        assert [UserUpdated.read(each.body).telegram_id for each in heard] == [PEOPLE["telegram"]["id"]]
        assert (await launched(auth, PEOPLE["telegram"]["id"]))["user"]["id"] == mine["user"]["id"]

    async def test_not_once_the_sign_in_has_ended(self, auth: Installation, outside: Browser) -> None:
        """A thief began it on a found phone, and the owner has signed out everywhere."""
        thief = await launched(auth)
        begun = await begin(auth, thief)
        opened = (await open_page(outside, begun)).json()
        await with_token(auth, thief, "DELETE", "/auth/sessions")
        back = await outside.come_back(await outside.consent(opened["url"]))
        assert back == ("/link", {"linked": "expired"})
        assert (await outside.sign_in())["user"]["id"] != thief["user"]["id"]

    async def test_not_from_a_sign_in_of_long_ago(
        self, auth: Installation, outside: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mine = await launched(auth)
        await link(outside, mine)
        monkeypatch.setattr(linking, "FRESH", timedelta(0))
        for method, path, body in (
            ("POST", "/auth/link/start", {"provider": "google"}),
            ("DELETE", "/auth/identities/google", None),
        ):
            answer = await with_token(auth, mine, method, path, body)
            assert code(answer) == (403, "sign_in_again")


class TestMerging:
    async def test_who_keeps_his_account_says_so(self, auth: Installation, outside: Browser) -> None:
        await outside.sign_in()
        mine = await launched(auth)
        begun = await begin(auth, mine)
        opened = (await open_page(outside, begun)).json()
        _, said = await outside.come_back(await outside.consent(opened["url"]))
        assert (await refuse(outside, said["consent"])).status_code == 204
        assert await state(auth, mine, begun) == ("failed", "refused", None)
        assert code(await consent(outside, said["consent"], agreed=True)) == (404, "not_found")
        answer = await with_token(auth, mine, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(answer) == (409, "nothing_proven")

    async def test_two_proven_accounts_become_one(self, auth: Installation, outside: Browser) -> None:
        heard = await listening(auth, UserMerged.topic)
        theirs = await outside.sign_in()
        mine = await launched(auth)
        begun = await link(outside, mine, agreed=True)
        for _ in range(2):
            answer = await with_token(auth, mine, "POST", "/auth/merge", {"link_id": begun["link_id"]})
            assert (answer.status_code, answer.json()["id"]) == (200, mine["user"]["id"])
        assert await state(auth, mine, begun) == ("linked", "", None)
        assert await providers_of(auth, mine) == ["google", "telegram"]
        assert (await outside.sign_in())["user"]["id"] == mine["user"]["id"]
        refreshed = await auth.call(None, "POST", "/auth/refresh", {"refresh_token": theirs["refresh_token"]})
        assert refreshed.status_code == 401
        await auth.drain()
        assert (await with_token(auth, mine, "DELETE", "/auth/identities/google")).status_code == 204
        await outside.sign_in()
        again = await with_token(auth, mine, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(again) == (409, "nothing_proven"), "what was proven of one account is not proven of the next"
        [merged] = [UserMerged.read(each.body) for each in heard]
        assert (merged.user_id, merged.into_id) == (theirs["user"]["id"], mine["user"]["id"])

    async def test_not_without_the_word_of_whoever_has_proven_it(self, auth: Installation, outside: Browser) -> None:
        """Who is lured onto the page proves an account, and keeps it."""
        theirs = await outside.sign_in()
        mallory = await launched(auth)
        begun = await begin(auth, mallory)
        opened = (await open_page(outside, begun)).json()
        _, said = await outside.come_back(await outside.consent(opened["url"]))
        answer = await with_token(auth, mallory, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(answer) == (409, "nothing_proven")
        shown = (await consent(outside, said["consent"], agreed=False)).json()
        assert shown == {"name": mallory["user"]["display_name"], "other": "Anna Ivanova", "agreed": False}
        answer = await with_token(auth, mallory, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(answer) == (409, "nothing_proven")
        assert code(await consent(outside, "x" * 43, agreed=True)) == (404, "not_found")
        assert (await outside.sign_in())["user"]["id"] == theirs["user"]["id"]

    async def test_not_after_a_no_in_the_moment_in_which_it_begins(
        self, auth: Installation, outside: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        theirs = await outside.sign_in()
        mine = await launched(auth)
        begun = await begin(auth, mine)
        opened = (await open_page(outside, begun)).json()
        _, said = await outside.come_back(await outside.consent(opened["url"]))
        assert (await consent(outside, said["consent"], agreed=True)).json()["agreed"]
        look = linking.of

        async def of(*asked: Any) -> linking.Link:
            agreed = await look(*asked)
            assert (await refuse(outside, said["consent"])).status_code == 204
            return agreed

        with monkeypatch.context() as patched:
            patched.setattr(linking, "of", of)
            answer = await with_token(auth, mine, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(answer) == (503, "unavailable")
        assert await state(auth, mine, begun) == ("failed", "refused", None)
        await auth.drain()
        assert (await outside.sign_in())["user"]["id"] == theirs["user"]["id"]

    async def test_only_what_was_proven(self, auth: Installation, outside: Browser) -> None:
        """By nobody else, and not with a link that came to nothing."""
        await outside.sign_in()
        mine = await launched(auth)
        begun = await link(outside, mine)
        other = await sign_in(auth, "Борис")
        answer = await with_token(auth, other, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(answer) == (404, "not_found")
        waiting = {"link_id": (await begin(auth, mine))["link_id"]}
        assert code(await with_token(auth, mine, "POST", "/auth/merge", waiting)) == (409, "nothing_proven")

    async def test_not_those_who_met(self, auth: Installation, outside: Browser) -> None:
        theirs = await outside.sign_in()
        mine = await launched(auth)
        evening = Evening([Person("Аня", mine["user"]["id"]), Person("Anna", theirs["user"]["id"])], kind="kolkhoz")
        await auth.publish(evening.created())
        begun = await link(outside, mine, agreed=True)
        answer = await with_token(auth, mine, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(answer) == (409, "users_met")
        assert (await outside.sign_in())["user"]["id"] == theirs["user"]["id"]

    async def test_not_from_a_sign_in_of_long_ago(
        self, auth: Installation, outside: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await outside.sign_in()
        mine = await launched(auth)
        begun = await link(outside, mine, agreed=True)
        monkeypatch.setattr(linking, "FRESH", timedelta(0))
        answer = await with_token(auth, mine, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert code(answer) == (403, "sign_in_again")


class TestUnlinking:
    async def test_the_last_one_stays(self, auth: Installation, outside: Browser) -> None:
        mine = await launched(auth)
        answer = await with_token(auth, mine, "DELETE", "/auth/identities/telegram")
        assert code(answer) == (409, "last_identity")
        await link(outside, mine)
        assert (await with_token(auth, mine, "DELETE", "/auth/identities/google")).status_code == 204
        assert code(await with_token(auth, mine, "DELETE", "/auth/identities/google")) == (404, "not_found")
        assert await providers_of(auth, mine) == ["telegram"]

    async def test_whoever_came_in_by_it_is_out(self, auth: Installation, outside: Browser) -> None:
        mine = await launched(auth)
        await link(outside, mine)
        there = await outside.sign_in()
        await with_token(auth, mine, "DELETE", "/auth/identities/google")
        refreshed = await auth.call(None, "POST", "/auth/refresh", {"refresh_token": there["refresh_token"]})
        assert code(refreshed) == (401, "unauthenticated")
        assert (await with_token(auth, mine, "GET", "/users/me")).status_code == 200
        assert (await outside.sign_in())["user"]["id"] != mine["user"]["id"], "it is free for a newcomer"

    async def test_both_are_told_and_noted(self, auth: Installation, outside: Browser) -> None:
        linked, unlinked = [await listening(auth, event.topic) for event in (IdentityLinked, IdentityUnlinked)]
        mine = await launched(auth)
        await link(outside, mine)
        await with_token(auth, mine, "DELETE", "/auth/identities/google")
        await auth.drain()
        assert [IdentityLinked.read(each.body).telegram_id for each in linked] == [None]
        assert [IdentityUnlinked.read(each.body).telegram_id for each in unlinked] == [None]

        def noted(tx: Any) -> list[str]:
            return [row[0] for row in tx.exec_driver_sql("SELECT kind FROM audit WHERE code = 'google' ORDER BY id")]

        assert await auth.app.state.contexts["auth"].database.read(noted) == ["linked", "unlinked"]

    async def test_the_chat_of_an_account_of_telegram_is_told_with_it(
        self, auth: Installation, outside: Browser
    ) -> None:
        """With each, if there are two."""
        linked, unlinked = [await listening(auth, event.topic) for event in (IdentityLinked, IdentityUnlinked)]
        number, other = PEOPLE["telegram"]["id"], 900000077
        mine = await outside.sign_in()
        await link(outside, mine, "telegram")
        second = (await launched(auth, other))["user"]["id"]
        await auth.app.state.contexts["auth"].database.write(merging.merge, second, mine["user"]["id"])
        assert (await with_token(auth, mine, "DELETE", "/auth/identities/telegram")).status_code == 204
        await auth.drain()
        assert [IdentityLinked.read(each.body).telegram_id for each in linked] == [number, other]
        assert [IdentityUnlinked.read(each.body).telegram_id for each in unlinked] == [number, other]


async def listening(auth: Installation, topic: str) -> list[Message]:
    heard: list[Message] = []

    async def hear(message: Message) -> None:
        heard.append(message)

    await auth.app.state.contexts["auth"].bus.subscribe(f"ear-{topic}", [topic], hear)
    return heard


async def test_any_process_goes_on_with_what_another_began(
    tmp_path: Path, postgres_urls: str, redis_url: str, providers: dict[str, Provider]
) -> None:
    told: dict[str, Any] = openid_provider.settings_of(providers["google"].address)
    shared = {**told, "database_url": postgres_urls, "store_url": redis_url, "telegram_bot_token": TOKEN}
    async with (
        installation(tmp_path, ["auth", "game"], **shared) as one,
        installation(tmp_path, ["auth", "game"], **shared) as other,
    ):
        here, there = Browser(one), Browser(other)
        there.http._cookies = here.http._cookies  # one browser; the gateway chooses who answers it
        _, said = await there.come_back(await here.consent(await here.leave()))
        assert (await here.exchange(said["signed_in"])).status_code == 200
        mine = await launched(one)
        begun = await begin(one, mine)
        opened = (await open_page(there, begun)).json()
        page, said = await here.come_back(await here.consent(opened["url"]))
        assert (page, said["linked"]) == ("/link", "taken")
        assert await state(other, mine, begun) == ("taken", "identity_taken", "Anna Ivanova")
        assert (await consent(there, said["consent"], agreed=True)).status_code == 200
        answer = await with_token(other, mine, "POST", "/auth/merge", {"link_id": begun["link_id"]})
        assert answer.status_code == 200, answer.text
        assert sorted(await providers_of(one, mine)) == ["google", "telegram"]
