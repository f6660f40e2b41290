"""Whom the settings name may find and block people; and what happened around signing in is written down."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update

from artel.auth import audit, leaving, merging, people, tables
from artel.kernel.events import now
from artel_testing import Installation, installation
from auth.test_api import DEVICE, TOKEN, code, hear, init_data, refresh, sign_in, with_token

ANNA, BORIS = 900000001, 900000002


@pytest.fixture
async def auth(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["auth"], telegram_bot_token=TOKEN, admins=f"{ANNA},7") as made:
        yield made


async def launched(auth: Installation, user_id: int, **user: Any) -> Any:
    body = {"init_data": init_data(user_id, **user), "device": DEVICE}
    return (await auth.call(None, "POST", "/auth/telegram", body, headers={"User-Agent": "phone"})).json()


async def looked(auth: Installation, tokens: Any, query: str = "") -> list[Any]:
    found: list[Any] = (await with_token(auth, tokens, "GET", f"/admin/audit{query}")).json()["items"]
    return found


class TestAdmins:
    async def test_find(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS, first_name="Борис", username="boris_b")
        for query in ("бор", "@BORIS"):
            found = (await with_token(auth, anna, "GET", f"/admin/users?query={query}")).json()
            assert [(user["id"], user["role"], user["providers"], user["blocked_at"]) for user in found["items"]] == [
                (boris["user"]["id"], "user", ["telegram"], None)
            ]
        assert (await with_token(auth, anna, "GET", "/admin/users?query=Аня")).json()["items"][0]["role"] == "admin"

    async def test_by_an_id_or_a_number_in_telegram_whatever_he_hides(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS, first_name="Борис", username="boris_b")
        him = boris["user"]["id"]
        await with_token(auth, boris, "PATCH", "/users/me", {"privacy": {"found_by": "nobody"}})
        assert (await with_token(auth, anna, "GET", "/users?query=бор")).json()["items"] == []
        await with_token(auth, anna, "POST", f"/admin/users/{him}/block")
        for query in (him, him.upper(), str(BORIS), "бор"):
            (found,) = (await with_token(auth, anna, "GET", f"/admin/users?query={query}")).json()["items"]
            assert (found["id"], found["display_name"], found["username"]) == (him, "Борис", "boris_b"), query
            assert (found["providers"], found["telegram_ids"]) == (["telegram"], [BORIS])
            assert found["blocked_at"]
        for query in (him[:-1], str(BORIS)[:-1], "__", "@@"):
            assert (await with_token(auth, anna, "GET", f"/admin/users?query={query}")).json()["items"] == [], query

    async def test_by_an_id_from_before_a_merge(self, auth: Installation) -> None:
        anna, boris, other = await launched(auth, ANNA), await launched(auth, BORIS), await sign_in(auth, "Боря")
        await auth.app.state.contexts["auth"].database.write(merging.merge, other["user"]["id"], boris["user"]["id"])
        found = (await with_token(auth, anna, "GET", f"/admin/users?query={other['user']['id']}")).json()["items"]
        assert [(user["id"], user["providers"]) for user in found] == [(boris["user"]["id"], ["dev", "telegram"])]

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/admin/users?query=бо"), ("GET", "/admin/audit"), ("POST", "/admin/users/{id}/block"),
         ("POST", "/admin/users/{id}/unblock")],
    )  # fmt: skip
    async def test_nobody_else(self, auth: Installation, method: str, path: str) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        path = path.format(id=anna["user"]["id"])
        assert code(await with_token(auth, boris, method, path)) == (404, "not_found")
        forged = auth.person("Хитрец", role="admin", sub=boris["user"]["id"])
        assert code(await auth.call(forged, method, path)) == (404, "not_found"), "whatever the token says"
        assert code(await auth.call(None, method, path)) == (401, "unauthenticated")
        assert (await with_token(auth, anna, "GET", "/users/me")).status_code == 200

    async def test_a_name_for_development_is_no_admin(self, auth: Installation) -> None:
        tokens = await sign_in(auth, str(ANNA))
        assert code(await with_token(auth, tokens, "GET", "/admin/audit")) == (404, "not_found")

    async def test_who_is_named_later_is_one_after_the_next_start_and_who_is_not_any_more_is_none(
        self, auth: Installation
    ) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        await auth.app.state.contexts["auth"].database.write(people.name_admins, {BORIS})
        assert (await with_token(auth, boris, "GET", "/admin/audit")).status_code == 200
        assert code(await with_token(auth, anna, "GET", "/admin/audit")) == (404, "not_found")


class TestBlock:
    async def test_out_and_not_in_again_until_unblocked(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        path = f"/admin/users/{boris['user']['id']}"
        for _ in range(2):
            assert (await with_token(auth, anna, "POST", f"{path}/block")).status_code == 204
        await hear(auth)
        assert code(await with_token(auth, boris, "GET", "/users/me")) == (401, "signed_out")
        assert (await refresh(auth, boris["refresh_token"])).status_code == 401
        assert (await launched(auth, BORIS, first_name="Боря"))["code"] == "blocked"
        assert (await with_token(auth, anna, "POST", f"{path}/unblock")).status_code == 204
        again = await launched(auth, BORIS, first_name="Боря")
        assert again["user"]["id"] == boris["user"]["id"]
        rows = await looked(auth, anna, f"?user_id={boris['user']['id']}")
        admin = anna["user"]["id"]
        assert [(row["kind"], row["code"], row["by_id"]) for row in rows] == [
            ("signed_in", "telegram", None), ("unblocked", "", admin),
            ("refused", "blocked", None), ("refused", "unauthenticated", None),
            ("blocked", "", admin), ("signed_in", "telegram", None),
        ]  # fmt: skip

    async def test_not_oneself_and_not_nobody(self, auth: Installation) -> None:
        anna = await launched(auth, ANNA)
        answer = await with_token(auth, anna, "POST", f"/admin/users/{anna['user']['id']}/block")
        assert code(answer) == (409, "own_account")
        boris = await launched(auth, BORIS)
        ids = [tokens["user"]["id"] for tokens in (anna, boris)]
        answers = [await with_token(auth, boris, "POST", f"/admin/users/{each}/block") for each in ids]
        assert [code(each) for each in answers] == [(404, "not_found")] * 2, "himself or another: it is not his to do"
        nobody = auth.person("Никто").id
        assert code(await with_token(auth, anna, "POST", f"/admin/users/{nobody}/block")) == (404, "not_found")


class TestAudit:
    async def test_what_happens_is_there_the_newest_first(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        old = boris["refresh_token"]
        newer = (await refresh(auth, old)).json()["refresh_token"]
        await refresh(auth, newer)
        assert code(await refresh(auth, old)) == (401, "refresh_reused")
        await auth.call(None, "POST", "/auth/telegram", {"init_data": "hash=0"})
        await with_token(auth, await launched(auth, BORIS, first_name="Боря"), "POST", "/auth/logout")
        await with_token(auth, await launched(auth, BORIS, first_name="Бо"), "DELETE", "/auth/sessions")
        rows = await looked(auth, anna)
        him = boris["user"]["id"]
        assert [(row["kind"], row["code"], row["user_id"]) for row in rows] == [
            ("signed_out_everywhere", "", him), ("signed_in", "telegram", him),
            ("signed_out", "", him), ("signed_in", "telegram", him),
            ("refused", "invalid_init_data", None), ("refused", "refresh_reused", him), ("refresh_reused", "", him),
            ("signed_in", "telegram", him), ("signed_in", "telegram", anna["user"]["id"]),
        ]  # fmt: skip
        assert (rows[-1]["address"], rows[-1]["user_agent"]) == ("127.0.0.1", "phone")
        assert [row["kind"] for row in await looked(auth, anna, "?kind=signed_out")] == ["signed_out"]

    async def test_page_by_page(self, auth: Installation) -> None:
        anna = await launched(auth, ANNA)
        for number in range(4):
            await sign_in(auth, f"Игрок {number}")
        pages: list[list[str]] = []
        cursor = ""
        while len(pages) < 3:
            page = (await with_token(auth, anna, "GET", f"/admin/audit?limit=2&cursor={cursor}")).json()
            pages.append([row["code"] for row in page["items"]])
            cursor = page["next_cursor"] or ""
        assert (pages, cursor) == ([["dev", "dev"], ["dev", "dev"], ["telegram"]], "")

    async def test_it_is_counted(self, auth: Installation) -> None:
        labels = {"service": "auth", "kind": "refused", "code": "invalid_init_data"}

        def counted() -> float:
            return REGISTRY.get_sample_value("artel_auth_events_total", labels) or 0

        before = counted()
        await auth.call(None, "POST", "/auth/telegram", {"init_data": "hash=0"})
        assert counted() == before + 1

    async def test_nothing_secret_is_kept(self, auth: Installation) -> None:
        anna = await launched(auth, ANNA)
        launch = init_data(BORIS)
        await auth.call(None, "POST", "/auth/telegram", {"init_data": launch + "0", "device": DEVICE})
        await refresh(auth, anna["refresh_token"] + "0")
        rows = str(await looked(auth, anna))
        assert not [secret for secret in (launch, launch[-64:], DEVICE, anna["refresh_token"]) if secret in rows]

    async def test_very_old_rows_go(self, auth: Installation) -> None:
        anna, database = await launched(auth, ANNA), auth.app.state.contexts["auth"].database
        old = update(tables.audit).values(at=now() - audit.KEPT * 2)
        await database.write(lambda tx: tx.execute(old))
        await sign_in(auth)
        await leaving.delete_due(database)
        assert [row["code"] for row in await looked(auth, anna)] == ["dev"]
