"""What an evening of friends never meets, what nobody else can use up, and what is noted of whoever asks too often."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from artel.kernel.events import new_id
from artel.kernel.limits import Limit
from artel_testing import Installation, installation
from auth.test_admin import ANNA, BORIS, launched, looked
from auth.test_api import DEVICE, TOKEN, code, init_data, refresh, sign_in, with_token

Json = dict[str, Any]


@pytest.fixture
async def auth(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["auth"], telegram_bot_token=TOKEN, admins=f"{ANNA}") as made:
        yield made


def counted(error: str) -> Callable[[], float]:
    labels = {"service": "auth", "kind": "refused", "code": error}
    return lambda: REGISTRY.get_sample_value("artel_auth_events_total", labels) or 0


async def launch(auth: Installation, init: str, device: str | None = DEVICE) -> Any:
    body = {"init_data": init} | ({"device": device} if device else {})
    return await auth.call(None, "POST", "/auth/telegram", body)


class TestEnough:
    async def test_for_five_friends_who_look_at_their_links(self, auth: Installation) -> None:
        """Each app looks every two seconds: a minute of it, which comes at once here."""
        link_id = new_id()
        friends = [await sign_in(auth, f"Друг {number}") for number in range(5)]
        for friend in friends:
            for _ in range(30):
                assert code(await with_token(auth, friend, "GET", f"/auth/link/{link_id}")) == (404, "not_found")

    async def test_for_a_device_that_refreshes_all_evening(self, auth: Installation) -> None:
        token = (await sign_in(auth))["refresh_token"]
        for _ in range(50):
            answer = await refresh(auth, token)
            assert answer.status_code == 200
            token = answer.json()["refresh_token"]


class TestWhoseItIs:
    async def test_a_device_waits_and_no_other_does(self, auth: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("artel.auth.api.SIGN_INS", Limit(2, 0.001))
        here, there = await sign_in(auth), await sign_in(auth)
        sealed, token = here["refresh_token"], here["refresh_token"]
        for _ in range(5):
            forged = await refresh(auth, sealed[:-4] + "AAAA")
            assert forged.status_code == 401, "whoever only knows its name uses up nothing"
        for _ in range(2):
            token = (await refresh(auth, token)).json()["refresh_token"]
        refused = await refresh(auth, token)
        assert code(refused) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 0
        assert (await refresh(auth, there["refresh_token"])).status_code == 200

    async def test_a_launch_waits_with_whoever_may_not_yet(
        self, auth: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("artel.auth.limits.SIGN_INS", Limit(1, 0.001))
        await launched(auth, BORIS)
        init = init_data(BORIS, first_name="Боря")
        assert code(await launch(auth, init, None)) == (429, "rate_limited")
        assert (await launch(auth, init_data(ANNA))).status_code == 200
        monkeypatch.setattr("artel.auth.limits.SIGN_INS", Limit(2, 0.001))  # as if time had passed
        assert (await launch(auth, init, None)).status_code == 200
        assert code(await launch(auth, init, None)) == (401, "init_data_replayed")

    async def test_whoever_brings_a_stolen_launch_uses_up_nothing(
        self, auth: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("artel.auth.limits.SIGN_INS", Limit(3, 0.001))
        init = init_data(BORIS)
        assert (await launch(auth, init)).status_code == 200
        for _ in range(5):
            assert code(await launch(auth, init, "x" * 22)) == (401, "init_data_replayed")
        assert (await launch(auth, init)).status_code == 200


class TestNoted:
    @pytest.fixture
    async def strict(self, tmp_path: Path) -> AsyncIterator[Installation]:
        told: Json = {"admins": f"{ANNA}", "sign_in_burst": 3, "sign_in_rate": 0.001}
        async with installation(tmp_path, ["auth"], telegram_bot_token=TOKEN, **told) as made:
            yield made

    async def test_a_flood_is_one_row_and_each_of_it_is_counted(self, strict: Installation) -> None:
        anna, count = await launched(strict, ANNA), counted("rate_limited")
        before = count()
        for _ in range(50):
            await refresh(strict, "x")
        await strict.call(None, "POST", "/auth/exchange", {"code": "x", "verifier": "v" * 43})
        for _ in range(10):
            await strict.call(None, "POST", "/auth/exchange", {"code": "x", "verifier": "v" * 43})
        assert count() == before + 47 + 8
        rows = await looked(strict, anna, "?kind=refused")
        noted = [(row["code"], row["address"]) for row in rows if row["code"] == "rate_limited"]
        assert noted == [("rate_limited", "127.0.0.1")] * 2, "a row for each way in"
        assert {row["user_id"] for row in rows} == {None}

    async def test_a_flood_of_guesses_is_ten_rows_of_each_kind(self, auth: Installation) -> None:
        anna, count = await launched(auth, ANNA), counted("unauthenticated")
        before = count()
        for _ in range(40):
            await refresh(auth, "x")
            await launch(auth, "x")
        assert count() == before + 40
        rows = await looked(auth, anna, "?kind=refused&limit=100")
        assert Counter(row["code"] for row in rows) == {"unauthenticated": 10, "invalid_init_data": 10}

    async def test_what_is_about_somebody_is_written_down_each_time(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        await with_token(auth, anna, "POST", f"/admin/users/{boris['user']['id']}/block")
        for _ in range(15):
            assert code(await launch(auth, init_data(BORIS))) == (403, "blocked")
        rows = await looked(auth, anna, f"?kind=refused&user_id={boris['user']['id']}&limit=100")
        assert [row["code"] for row in rows] == ["blocked"] * 15

    async def test_whose_it_was(self, strict: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("artel.auth.limits.SIGN_INS", Limit(1, 0.001))
        boris = await launched(strict, BORIS)
        refused = await launch(strict, init_data(BORIS, first_name="Боря"))
        assert code(refused) == (429, "rate_limited")
        assert boris["user"]["id"] not in refused.text + str(refused.headers)
        anna = await launched(strict, ANNA)
        (row,) = await looked(strict, anna, "?kind=refused")
        assert (row["code"], row["user_id"]) == ("rate_limited", boris["user"]["id"])

    async def test_whose_launch_it_was_that_somebody_else_has_brought(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        init = init_data(BORIS, first_name="Боря")
        await launch(auth, init)
        assert code(await launch(auth, init, "x" * 22)) == (401, "init_data_replayed")
        (row,) = await looked(auth, anna, "?kind=refused")
        assert (row["code"], row["user_id"]) == ("init_data_replayed", boris["user"]["id"])

    async def test_who_does_too_much_of_what_changes_his_ways_in(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        answers = [await with_token(auth, boris, "DELETE", "/auth/identities/google") for _ in range(30)]
        assert [answer.status_code for answer in answers[:20]] == [404] * 20
        assert code(answers[-1]) == (429, "rate_limited")
        rows = await looked(auth, anna, f"?user_id={boris['user']['id']}")
        assert [(row["kind"], row["code"]) for row in rows] == [("refused", "rate_limited"), ("signed_in", "telegram")]

    async def test_whom_a_refusal_is_about_is_noted_and_never_told(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        him = boris["user"]["id"]
        await with_token(auth, anna, "POST", f"/admin/users/{him}/block")
        told = [await refresh(auth, boris["refresh_token"]), await launch(auth, init_data(BORIS, first_name="Боря"))]
        rows = await looked(auth, anna, f"?kind=refused&user_id={him}")
        assert [row["code"] for row in rows] == ["blocked", "unauthenticated"]
        assert him not in str([(answer.text, answer.headers) for answer in told])
        await refresh(auth, "x")
        assert (await looked(auth, anna, "?kind=refused"))[0]["user_id"] is None, "nobody knows whose that would be"
