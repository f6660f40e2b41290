"""What somebody decides about being seen: auth keeps it, tells it, and itself keeps to who may find him."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from artel.kernel.outbox import outbox
from artel_testing import Installation, installation
from auth.test_admin import ANNA, launched
from auth.test_api import TOKEN, code, sign_in, with_token

OPEN = {"found_by": "everybody", "figures": "known", "hide_money": False}


@pytest.fixture
async def auth(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    settings = {"telegram_bot_token": TOKEN, "admins": f"{ANNA}", "database_url": database_url}
    async with installation(tmp_path, ["auth"], **settings) as made:
        yield made


async def decide(auth: Installation, tokens: Any, **privacy: Any) -> Any:
    answer = await with_token(auth, tokens, "PATCH", "/users/me", {"privacy": privacy})
    assert answer.status_code == 200, answer.text
    return answer.json()["privacy"]


async def found(auth: Installation, tokens: Any, query: str) -> list[str]:
    answer = await with_token(auth, tokens, "GET", f"/users?query={query}")
    return [person["display_name"] for person in answer.json()["items"]]


class TestDeciding:
    async def test_nothing_is_hidden_until_somebody_says_so(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        assert (await with_token(auth, anya, "GET", "/users/me")).json() == {**anya["user"], "privacy": OPEN}

    async def test_what_is_left_out_stays(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        assert await decide(auth, anya, hide_money=True) == {**OPEN, "hide_money": True}
        assert await decide(auth, anya, figures="friends") == {**OPEN, "hide_money": True, "figures": "friends"}
        assert await decide(auth, anya, hide_money=False, found_by="nobody") == {
            "found_by": "nobody", "figures": "friends", "hide_money": False,
        }  # fmt: skip
        renamed = await with_token(auth, anya, "PATCH", "/users/me", {"display_name": "Анна"})
        assert renamed.json()["privacy"] == (await with_token(auth, anya, "GET", "/users/me")).json()["privacy"]
        assert renamed.json()["privacy"]["found_by"] == "nobody"

    @pytest.mark.parametrize(
        "privacy",
        [
            {"found_by": "friends"},
            {"figures": "everybody"},
            {"hide_money": "yes"},
            {"hide_money": 1},
            {"name": "x"},
            [],
        ],
    )
    async def test_what_cannot_be_decided(self, auth: Installation, privacy: Any) -> None:
        anya = await sign_in(auth)
        answer = await with_token(auth, anya, "PATCH", "/users/me", {"privacy": privacy})
        assert code(answer) == (422, "invalid_body")
        assert answer.json()["errors"][0]["field"].startswith("privacy")

    async def test_others_are_told_what_they_have_to_keep_to(self, auth: Installation) -> None:
        told: list[dict[str, Any]] = []

        async def hear(message: Any) -> None:
            told.append(orjson.loads(message.body)["data"])

        await auth.app.state.contexts["auth"].bus.subscribe("test", ["artel.user.updated.v1"], hear)
        anya = await sign_in(auth)
        await decide(auth, anya, figures="nobody")
        await decide(auth, anya, figures="nobody")
        await with_token(auth, anya, "PATCH", "/users/me", {"display_name": "Анна"})
        await auth.drain()
        said = {"figures": "nobody", "hide_money": False}
        assert [(each["version"], each["display_name"], each["privacy"]) for each in told] == [
            (2, "Аня", said), (3, "Анна", said),
        ]  # fmt: skip
        left = await auth.app.state.contexts["auth"].database.read(lambda tx: tx.execute(select(outbox)).all())
        assert left == []


class TestFinding:
    async def test_who_does_not_want_to_be_found_is_not(self, auth: Installation) -> None:
        anya, boris = await sign_in(auth), await sign_in(auth, "Борис")
        assert await found(auth, anya, "бор") == ["Борис"]
        await decide(auth, boris, found_by="nobody")
        assert await found(auth, anya, "бор") == []
        await decide(auth, boris, found_by="everybody")
        assert await found(auth, anya, "бор") == ["Борис"]

    async def test_neither_by_a_username_nor_by_a_gap_in_a_page(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        names = [f"Борис {number}" for number in range(5)]
        people = [await launched(auth, 500 + n, first_name=name, username=f"bor{n}") for n, name in enumerate(names)]
        for hidden in (people[1], people[2]):
            await decide(auth, hidden, found_by="nobody")
        assert await found(auth, anya, "@bor1") == []
        for query in ("борис", "bor"):
            page = (await with_token(auth, anya, "GET", f"/users?query={query}&limit=2")).json()
            rest = await with_token(auth, anya, "GET", f"/users?query={query}&limit=2&cursor={page['next_cursor']}")
            pages = [[person["display_name"] for person in each["items"]] for each in (page, rest.json())]
            assert pages == [["Борис 0", "Борис 3"], ["Борис 4"]]

    async def test_an_admin_finds_everybody(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await sign_in(auth, "Борис")
        await decide(auth, boris, found_by="nobody")
        items = (await with_token(auth, anna, "GET", "/admin/users?query=бор")).json()["items"]
        assert [user["display_name"] for user in items] == ["Борис"]
        assert await found(auth, anna, "бор") == []
