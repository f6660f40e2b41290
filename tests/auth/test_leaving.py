"""Who wants to be deleted may think again; and two accounts of one person become one, unless they can not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from artel.auth import ended, leaving, merging, people, tables, tokens
from artel.contracts.auth import (
    IdentityLinked,
    UserDeleted,
    UserDeletionAsked,
    UserDeletionTakenBack,
    UserMerged,
    UserUpdated,
)
from artel.kernel.bus import Message
from artel.kernel.errors import Problem
from artel.kernel.events import now
from artel_testing import Installation, Person, installation
from auth.test_admin import ANNA, BORIS, launched, looked
from auth.test_api import TOKEN, code, refresh, sign_in, with_token
from evenings import Evening

pytestmark = pytest.mark.usefixtures("nobody_looks_by_himself")


@pytest.fixture(params=["sqlite", "postgresql"])
async def auth(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    url = f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_urls")
    async with installation(tmp_path, ["auth"], database_url=url, telegram_bot_token=TOKEN, admins=f"{ANNA}") as made:
        yield made


def database(auth: Installation) -> Any:
    return auth.app.state.contexts["auth"].database


async def merge(auth: Installation, one: Any, into: Any) -> Any:
    return await database(auth).write(merging.merge, one["user"]["id"], into["user"]["id"])


async def refused(auth: Installation, one: Any, into: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        await merge(auth, one, into)
    return caught.value.status, caught.value.code


async def two_weeks_later(auth: Installation, user_id: str) -> None:
    since = update(tables.users).where(tables.users.c.id == user_id).values(deletes_at=now())
    await database(auth).write(lambda tx: tx.execute(since))
    await leaving.delete_due(database(auth))


async def rows(auth: Installation, table: Any) -> list[Any]:
    found: list[Any] = await database(auth).read(lambda tx: tx.execute(select(table)).all())
    return found


async def listen(auth: Installation) -> list[Any]:
    heard: list[Any] = []
    told = (UserMerged, UserDeleted, UserUpdated, UserDeletionAsked, UserDeletionTakenBack, IdentityLinked)
    kinds = {event.topic: event for event in told}

    async def hear(message: Message) -> None:
        heard.append(kinds[message.topic].read(message.body))

    await auth.app.state.contexts["auth"].bus.subscribe("ear", list(kinds), hear)
    return heard


def person(tokens: Any) -> Person:
    return Person(tokens["user"]["display_name"], id=tokens["user"]["id"])


class TestDeletion:
    async def test_is_in_two_weeks_and_is_not_put_off(self, auth: Installation) -> None:
        boris = await launched(auth, BORIS)
        answer = await with_token(auth, boris, "DELETE", "/users/me")
        assert answer.status_code == 202
        at = datetime.fromisoformat(answer.json()["deletes_at"])
        assert abs(at - now() - timedelta(days=14)) < timedelta(minutes=1)
        assert (
            await auth.call(None, "POST", "/auth/refresh", {"refresh_token": boris["refresh_token"]})
        ).status_code == 401
        boris = await launched(auth, BORIS)
        assert (await with_token(auth, boris, "DELETE", "/users/me")).json() == answer.json()
        boris = await launched(auth, BORIS)
        me = (await with_token(auth, boris, "GET", "/users/me")).json()
        assert datetime.fromisoformat(me["deletes_at"]) == at
        await leaving.delete_due(database(auth))
        assert (await with_token(auth, boris, "GET", "/users/me")).json() == me, "it is not time yet"

    async def test_is_told_once_and_so_is_that_it_was_taken_back(self, auth: Installation) -> None:
        heard = await listen(auth)
        at = []
        for _ in range(2):
            boris = await launched(auth, BORIS)
            at.append((await with_token(auth, boris, "DELETE", "/users/me")).json()["deletes_at"])
        boris = await launched(auth, BORIS)
        for _ in range(2):
            await with_token(auth, boris, "POST", "/users/me/keep")
        await auth.drain()
        told = sorted(heard, key=lambda event: (event.version, event.topic))
        assert [(type(event), event.version) for event in told] == [
            (UserDeletionAsked, 2), (UserUpdated, 2), (UserDeletionTakenBack, 3), (UserUpdated, 3),
        ]  # fmt: skip
        assert [told[0].deletes_at.isoformat().replace("+00:00", "Z")] * 2 == at
        assert (told[1].telegram_id, told[3].telegram_id) == (BORIS, BORIS)

    async def test_is_taken_back(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        await with_token(auth, boris, "DELETE", "/users/me")
        boris = await launched(auth, BORIS)
        for _ in range(2):
            assert (await with_token(auth, boris, "POST", "/users/me/keep")).status_code == 204
        assert (await with_token(auth, boris, "GET", "/users/me")).json()["deletes_at"] is None
        kinds = [row["kind"] for row in await looked(auth, anna, f"?user_id={boris['user']['id']}")]
        assert kinds == ["deletion_taken_back", "signed_in", "deletion_asked", "signed_in"]

    async def test_leaves_a_row_that_says_nothing_and_somebody_new_may_come(self, auth: Installation) -> None:
        heard = await listen(auth)
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS, username="boris_b")
        user_id = boris["user"]["id"]
        await with_token(auth, boris, "DELETE", "/users/me")
        boris = await launched(auth, BORIS, username="boris_b")
        await two_weeks_later(auth, user_id)
        await auth.drain()
        [last] = [event for event in heard if isinstance(event, UserDeleted)]
        assert (last.user_id, last.version) == (user_id, 3)
        assert {event.version for event in heard if event is not last} == {2}
        [row] = [row for row in await rows(auth, tables.users) if row.id == user_id]
        assert (row.display_name, row.search_name, row.username, row.avatar_url) == ("", "", None, None)
        noted = await looked(auth, anna, f"?user_id={user_id}")
        assert noted[0]["kind"] == "deleted"
        assert {(row["address"], row["user_agent"]) for row in noted} == {("", "")}
        assert code(await with_token(auth, anna, "GET", f"/users/{user_id}")) == (404, "not_found")
        assert code(await with_token(auth, boris, "GET", "/users/me")) == (404, "not_found")
        assert code(await with_token(auth, boris, "PATCH", "/users/me", {"display_name": "Б"})) == (404, "not_found")
        assert (
            await auth.call(None, "POST", "/auth/refresh", {"refresh_token": boris["refresh_token"]})
        ).status_code == 401
        assert (await launched(auth, BORIS))["user"]["id"] != user_id

    async def test_sign_ins_are_swept_once_no_token_of_theirs_is_good(
        self, auth: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        boris = await launched(auth, BORIS)
        await with_token(auth, boris, "DELETE", "/users/me")
        await two_weeks_later(auth, boris["user"]["id"])
        assert len(await database(auth).read(ended.ended)) == 1, "the others still have to hear of it"
        assert {row.user_agent for row in await rows(auth, tables.sign_ins)} == {""}
        monkeypatch.setattr("artel.auth.leaving.KEPT_SECONDS", -1)
        await leaving.delete_due(database(auth))
        assert await rows(auth, tables.sign_ins) == []

    @pytest.mark.parametrize("how", ["living", "signed_out"])
    async def test_of_those_who_stay_they_are_swept_once_no_refresh_token_of_theirs_is_good(
        self, auth: Installation, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        monkeypatch.setattr("artel.auth.leaving.ROWS_AT_ONCE", 2)
        olds = [await sign_in(auth) for _ in range(5)]
        newer = [(await refresh(auth, old["refresh_token"])).json() for old in olds]
        if how == "signed_out":
            await with_token(auth, newer[0], "DELETE", "/auth/sessions")

        async def later(by: timedelta) -> int:
            since = update(tables.sign_ins).values(refreshed_at=now() - by, revoked_at=tables.sign_ins.c.revoked_at)
            await database(auth).write(lambda tx: tx.execute(since))
            await leaving.delete_due(database(auth))
            return len(await rows(auth, tables.sign_ins))

        assert await later(tokens.IDLE - timedelta(minutes=1)) == 5
        assert code(await refresh(auth, olds[0]["refresh_token"])) == (401, "refresh_reused")
        assert await later(tokens.IDLE + timedelta(minutes=1)) == 0
        assert code(await refresh(auth, newer[1]["refresh_token"])) == (401, "unauthenticated")
        await with_token(auth, await sign_in(auth), "GET", "/users/me")

    async def test_is_no_way_out_of_a_block(self, auth: Installation) -> None:
        anna, boris = await launched(auth, ANNA), await launched(auth, BORIS)
        user_id = boris["user"]["id"]
        await with_token(auth, boris, "DELETE", "/users/me")
        await with_token(auth, anna, "POST", f"/admin/users/{user_id}/block")
        await two_weeks_later(auth, user_id)
        assert (await launched(auth, BORIS))["code"] == "blocked"
        await with_token(auth, anna, "POST", f"/admin/users/{user_id}/unblock")
        await leaving.delete_due(database(auth))
        assert (await launched(auth, BORIS))["user"]["id"] != user_id

    async def test_is_done_once_by_any_number_of_processes(self, auth: Installation) -> None:
        heard = await listen(auth)
        everybody = [await sign_in(auth, f"Гость {number}") for number in range(5)]
        users = [each["user"]["id"] for each in everybody]
        since = update(tables.users).where(tables.users.c.id.in_(users)).values(deletes_at=now())
        await database(auth).write(lambda tx: tx.execute(since))
        await asyncio.gather(*(leaving.delete_due(database(auth)) for _ in range(3)))
        await auth.drain()
        assert sorted(event.user_id for event in heard) == sorted(users)


class TestMerge:
    async def test_all_ways_in_lead_to_the_keeper(self, auth: Installation) -> None:
        heard = await listen(auth)
        anna = await launched(auth, ANNA)
        boris, other = await launched(auth, BORIS, username="boris_b"), await sign_in(auth, "Борис")
        for _ in range(2):
            keeper = await merge(auth, boris, other)
        assert (keeper.id, keeper.username) == (other["user"]["id"], "boris_b")
        await auth.drain()
        merged, changed, linked = heard
        assert (merged.user_id, merged.into_id) == (boris["user"]["id"], keeper.id)
        assert (changed.user_id, changed.version, changed.telegram_id) == (keeper.id, 2, BORIS)
        assert (linked.user_id, linked.version, linked.telegram_id) == (keeper.id, 2, BORIS)
        assert (await launched(auth, BORIS))["user"]["id"] == (await sign_in(auth, "Борис"))["user"]["id"] == keeper.id
        assert (
            await auth.call(None, "POST", "/auth/refresh", {"refresh_token": boris["refresh_token"]})
        ).status_code == 401
        assert code(await with_token(auth, boris, "GET", "/users/me")) == (404, "not_found")
        asked = await with_token(auth, anna, "GET", f"/users/{boris['user']['id']}")
        assert asked.json()["id"] == keeper.id
        found = (await with_token(auth, anna, "GET", "/users?query=бор")).json()["items"]
        assert [each["id"] for each in found] == [keeper.id]
        kinds = [row["kind"] for row in await looked(auth, anna, f"?user_id={boris['user']['id']}")]
        assert kinds == ["refused", "merged", "signed_in"]

    async def test_who_became_one_who_becomes_another_is_that_one(self, auth: Installation) -> None:
        one, two, three = [await sign_in(auth, name) for name in ("Аня", "Анна", "Анюта")]
        await merge(auth, one, two)
        await merge(auth, two, three)
        asked = await with_token(auth, three, "GET", f"/users/{one['user']['id']}")
        assert asked.json()["id"] == three["user"]["id"]
        assert await refused(auth, one, two) == (404, "not_found")
        assert await refused(auth, three, three) == (409, "same_user")

    @pytest.mark.parametrize("how", ["created", "joined", "claimed", "unclaimed"])
    async def test_who_ever_sat_together_are_two(self, auth: Installation, how: str) -> None:
        boris, anna, other = await sign_in(auth, "Борис"), await sign_in(auth, "Аня"), await sign_in(auth, "Б")
        evening = Evening([person(boris), person(anna), "Гость"])
        told: list[Any] = [evening.created()]
        if how == "created":
            other = anna
        elif how == "joined":
            told.append(evening.joined(person(other)))
        else:
            told.append(evening.claimed("Гость", by=person(other)))
            told = [evening.unclaimed("Гость", by=person(other))] if how == "unclaimed" else told
        assert not await database(auth).read(people.met, boris["user"]["id"], other["user"]["id"])
        await auth.publish(*told, *told)
        assert await refused(auth, boris, other) == (409, "users_met")
        assert await refused(auth, other, boris) == (409, "users_met")

    async def test_where_the_one_sat_the_keeper_did_and_late_words_say_so_too(self, auth: Installation) -> None:
        one, keeper, third, fourth = [await sign_in(auth, name) for name in "абвг"]
        await auth.publish(Evening([person(one), person(third)]).created())
        await merge(auth, one, keeper)
        assert await refused(auth, keeper, third) == (409, "users_met")
        await auth.publish(Evening([person(one), person(fourth)]).created())
        assert await refused(auth, keeper, fourth) == (409, "users_met")

    async def test_is_no_way_out_of_a_block_nor_into_what_an_admin_may(self, auth: Installation) -> None:
        anna, boris, other = await launched(auth, ANNA), await launched(auth, BORIS), await sign_in(auth, "Борис")
        assert await refused(auth, anna, boris) == (409, "admin_stays")
        await with_token(auth, anna, "POST", f"/admin/users/{boris['user']['id']}/block")
        assert await refused(auth, boris, other) == (403, "blocked")
        assert await refused(auth, other, boris) == (403, "blocked")
        await merge(auth, other, anna)
        assert (await with_token(auth, anna, "GET", "/admin/audit")).status_code == 200
        await with_token(auth, anna, "DELETE", "/users/me")
        assert await refused(auth, await sign_in(auth, "Кто-то"), anna) == (409, "deletion_asked")

    async def test_both_ways_at_once_is_one_way(self, auth: Installation) -> None:
        one, two = await sign_in(auth, "Аня"), await sign_in(auth, "Анна")
        both = await asyncio.gather(merge(auth, one, two), merge(auth, two, one), return_exceptions=True)
        assert sorted(type(each).__name__ for each in both) == ["Problem", "Row"]
        ids = {(await sign_in(auth, name))["user"]["id"] for name in ("Аня", "Анна")}
        assert len(ids) == 1
