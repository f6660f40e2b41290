import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from artel.contracts.auth import UserRegistered, UserUpdated
from artel.kernel.bus import Message
from artel.kernel.events import new_id
from artel.kernel.migrations import check, downgrade, migrate
from artel_testing import Installation, Person, installation

TOPICS = [
    "artel.friend.requested.v1",
    "artel.friend.accepted.v1",
    "artel.friend.removed.v1",
    "artel.user.blocked.v1",
    "artel.user.unblocked.v1",
    "artel.group.changed.v1",
]


class Company:
    """People that friends knows of, and an ear for what it tells."""

    def __init__(self, made: Installation) -> None:
        self.made = made
        self.heard: list[tuple[str, dict[str, Any]]] = []

    async def listen(self) -> None:
        async def hear(message: Message) -> None:
            self.heard.append((message.topic.split(".")[2], json.loads(message.body)["data"]))

        await self.made.app.state.contexts["friends"].bus.subscribe("ear", TOPICS, hear)

    async def person(self, name: str) -> Person:
        person = self.made.person(name)
        await self.made.publish(UserRegistered(user_id=person.id, version=1, display_name=name, username=name.lower()))
        return person

    async def people(self, *names: str) -> list[Person]:
        return [await self.person(name) for name in names]

    async def call(self, who: Person | None, method: str, path: str, body: Any = None, **kwargs: Any) -> Response:
        return await self.made.call(who, method, path, body, **kwargs)

    async def ask(self, who: Person, other: Person) -> Response:
        return await self.call(who, "POST", "/friends/requests", {"user_id": other.id})

    async def befriend(self, one: Person, other: Person) -> None:
        assert (await self.ask(one, other)).status_code == 201
        answer = await self.ask(other, one)
        assert (answer.status_code, answer.json()["state"]) == (200, "accepted")

    async def block(self, who: Person, other: Person) -> Response:
        return await self.call(who, "POST", "/blocks", {"user_id": other.id})

    async def seen(self, who: Person) -> dict[str, list[str]]:
        answer = await self.call(who, "GET", "/friends")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return {part: [item["display_name"] for item in body[part]] for part in ("items", "incoming", "outgoing")}

    async def told(self) -> list[tuple[str, int]]:
        await self.made.drain()
        return [(word, data["version"]) for word, data in self.heard]


@pytest.fixture
async def company(database_url: str, tmp_path: Path) -> AsyncIterator[Company]:
    async with installation(tmp_path, ["friends"], database_url=database_url) as made:
        company = Company(made)
        await company.listen()
        yield company


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def nothing() -> dict[str, list[str]]:
    return {"items": [], "incoming": [], "outgoing": []}


class TestAsking:
    async def test_ask_and_accept(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        asked = await company.ask(anya, boris)
        request = asked.json()
        assert asked.status_code == 201
        assert (request["direction"], request["state"], request["user_id"]) == ("outgoing", "pending", boris.id)
        assert (request["display_name"], request["username"]) == ("Борис", "борис")
        assert await company.seen(anya) == {**nothing(), "outgoing": ["Борис"]}
        assert await company.seen(boris) == {**nothing(), "incoming": ["Аня"]}
        accepted = await company.call(boris, "POST", f"/friends/requests/{request['id']}/accept")
        assert accepted.status_code == 200
        assert (accepted.json()["state"], accepted.json()["direction"]) == ("accepted", "incoming")
        assert await company.seen(anya) == {**nothing(), "items": ["Борис"]}
        assert await company.seen(boris) == {**nothing(), "items": ["Аня"]}
        assert await company.told() == [("requested", 1), ("accepted", 2)]
        requested, friend = [data for _, data in company.heard]
        assert (requested["user_id"], requested["other_id"], requested["name"]) == (anya.id, boris.id, "Аня")
        assert (friend["user_id"], friend["other_id"], friend["name"]) == (boris.id, anya.id, "Борис")
        assert requested["request_id"] == friend["request_id"] == request["id"]

    async def test_asking_twice_is_one_request(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        first, second = [await company.ask(anya, boris) for _ in range(2)]
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert await company.told() == [("requested", 1)]

    async def test_asking_who_asked_accepts(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.befriend(anya, boris)
        assert await company.told() == [("requested", 1), ("accepted", 2)]
        again = await company.ask(anya, boris)
        assert (again.status_code, again.json()["state"]) == (200, "accepted")
        assert await company.told() == [("requested", 1), ("accepted", 2)]

    async def test_both_at_once_become_friends(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        answers = await asyncio.gather(*(company.ask(*pair) for pair in [(anya, boris), (boris, anya)] * 4))
        assert {answer.status_code for answer in answers} == {200, 201}
        assert [answer.status_code for answer in answers].count(201) == 1
        assert await company.seen(anya) == {**nothing(), "items": ["Борис"]}
        assert await company.told() == [("requested", 1), ("accepted", 2)]

    async def test_oneself_and_nobody(self, company: Company) -> None:
        anya = await company.person("Аня")
        stranger = company.made.person("Никто")
        assert code(await company.ask(anya, anya)) == (422, "invalid_body")
        assert code(await company.ask(anya, stranger)) == (404, "not_found")
        assert await company.told() == []

    @pytest.mark.parametrize("body", [{}, {"user_id": "x"}, {"user_id": 5}, {"user_id": None}, [], None])
    async def test_bodies_that_are_none(self, company: Company, body: Any) -> None:
        anya = await company.person("Аня")
        for path in ("/friends/requests", "/blocks"):
            assert code(await company.call(anya, "POST", path, body)) == (422, "invalid_body")

    async def test_unknown_field(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        body = {"user_id": boris.id, "note": "привет"}
        for path in ("/friends/requests", "/blocks"):
            assert code(await company.call(anya, "POST", path, body)) == (422, "invalid_body")

    async def test_the_same_key(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        key = {"Idempotency-Key": "k1"}
        first = await company.call(anya, "POST", "/friends/requests", {"user_id": boris.id}, headers=key)
        again = await company.call(anya, "POST", "/friends/requests", {"user_id": boris.id}, headers=key)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
        other = await company.call(anya, "POST", "/friends/requests", {"user_id": vera.id}, headers=key)
        assert code(other) == (422, "idempotency_key_reused")
        mine = await company.call(vera, "POST", "/friends/requests", {"user_id": boris.id}, headers=key)
        assert mine.status_code == 201

    async def test_the_same_key_at_once(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        body, key = {"user_id": boris.id}, {"Idempotency-Key": "k1"}
        calls = [company.call(anya, "POST", "/friends/requests", body, headers=key) for _ in range(6)]
        answers = await asyncio.gather(*calls)
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert {code(answer) for answer in answers if answer.status_code == 409} <= {(409, "in_progress")}
        assert await company.told() == [("requested", 1)]

    async def test_so_many_and_no_more(self, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("artel.friends.api.ASKED_A_SECOND", 0.001)
        anya = await company.person("Аня")
        nobody = company.made.person("Никто")
        answers = [await company.ask(anya, nobody) for _ in range(101)]
        assert [answer.status_code for answer in answers] == [404] * 100 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0


class TestAnswering:
    async def test_decline(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        request_id = (await company.ask(anya, boris)).json()["id"]
        declined = [await company.call(boris, "POST", f"/friends/requests/{request_id}/decline") for _ in range(2)]
        assert [(answer.status_code, answer.json()["state"]) for answer in declined] == [(200, "declined")] * 2
        assert await company.seen(anya) == await company.seen(boris) == nothing()
        assert await company.told() == [("requested", 1), ("removed", 2)]
        late = await company.call(boris, "POST", f"/friends/requests/{request_id}/accept")
        assert code(late) == (409, "request_closed")
        assert (await company.ask(anya, boris)).status_code == 201
        assert await company.told() == [("requested", 1), ("removed", 2), ("requested", 3)]

    async def test_accept_twice(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        request_id = (await company.ask(anya, boris)).json()["id"]
        path = f"/friends/requests/{request_id}/accept"
        first, second = [await company.call(boris, "POST", path) for _ in range(2)]
        assert (first.status_code, second.status_code, second.json()) == (200, 200, first.json())
        assert await company.told() == [("requested", 1), ("accepted", 2)]

    async def test_only_who_was_asked(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        request_id = (await company.ask(anya, boris)).json()["id"]
        for answer in ("accept", "decline"):
            path = f"/friends/requests/{request_id}/{answer}"
            assert code(await company.call(anya, "POST", path)) == (403, "forbidden")
            assert code(await company.call(vera, "POST", path)) == (404, "not_found")
            assert code(await company.call(boris, "POST", f"/friends/requests/{new_id()}/{answer}"))[0] == 404
            assert code(await company.call(boris, "POST", f"/friends/requests/nonsense/{answer}"))[0] == 404
        assert await company.seen(boris) == {**nothing(), "incoming": ["Аня"]}

    async def test_take_back(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        request_id = (await company.ask(anya, boris)).json()["id"]
        assert code(await company.call(boris, "DELETE", f"/friends/{anya.id}")) == (404, "not_found")
        assert (await company.call(anya, "DELETE", f"/friends/{boris.id}")).status_code == 204
        assert await company.seen(boris) == nothing()
        late = await company.call(boris, "POST", f"/friends/requests/{request_id}/accept")
        assert code(late) == (409, "request_closed")
        assert await company.told() == [("requested", 1), ("removed", 2)]

    async def test_remove(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.befriend(anya, boris)
        assert (await company.call(boris, "DELETE", f"/friends/{anya.id}")).status_code == 204
        assert await company.seen(anya) == await company.seen(boris) == nothing()
        assert code(await company.call(boris, "DELETE", f"/friends/{anya.id}")) == (404, "not_found")
        assert await company.told() == [("requested", 1), ("accepted", 2), ("removed", 3)]
        await company.befriend(boris, anya)
        assert await company.seen(anya) == {**nothing(), "items": ["Борис"]}


class TestBlocks:
    async def test_ends_everything(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.befriend(anya, boris)
        first, second = await company.block(boris, anya), await company.block(boris, anya)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert (first.json()["user_id"], first.json()["display_name"]) == (anya.id, "Аня")
        assert await company.seen(anya) == await company.seen(boris) == nothing()
        assert await company.told() == [("requested", 1), ("accepted", 2), ("blocked", 3)]
        mine = await company.call(boris, "GET", "/blocks")
        assert [item["display_name"] for item in mine.json()["items"]] == ["Аня"]
        assert (await company.call(anya, "GET", "/blocks")).json()["items"] == []

    async def test_whoever_is_blocked_sees_nobody(self, company: Company) -> None:
        """Word for word what he would be told of an id that nobody has, whatever he tries."""
        anya, boris = await company.people("Аня", "Борис")
        request_id = (await company.ask(anya, boris)).json()["id"]
        await company.block(boris, anya)
        nobody = new_id()
        tries = [
            ("POST", "/friends/requests", "user_id"),
            ("POST", "/blocks", "user_id"),
            ("DELETE", "/friends/{}", None),
            ("DELETE", "/blocks/{}", None),
        ]
        for method, path, field in tries:
            answers = [
                await company.call(anya, method, path.format(user_id), {field: user_id} if field else None)
                for user_id in (boris.id, nobody)
            ]
            documents = [{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers]
            assert documents[0] == documents[1], (method, path)
            assert documents[0]["status"] == 404
        gone = await company.call(boris, "POST", f"/friends/requests/{request_id}/accept")
        assert code(gone) == (404, "not_found")
        assert await company.seen(anya) == nothing()

    async def test_own_block_first_whatever_the_other_did(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.block(anya, boris)
        before = await company.ask(anya, boris)
        assert code(before) == (409, "blocked")
        # Борис cannot see Аня any more, so he cannot block her either; had he been first, she would not know.
        assert code(await company.block(boris, anya)) == (404, "not_found")
        assert (await company.block(anya, boris)).status_code == 200

    async def test_unblock(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.block(anya, boris)
        assert (await company.call(anya, "DELETE", f"/blocks/{boris.id}")).status_code == 204
        assert code(await company.call(anya, "DELETE", f"/blocks/{boris.id}")) == (404, "not_found")
        assert await company.told() == [("blocked", 1), ("unblocked", 2)]
        await company.befriend(boris, anya)

    async def test_oneself_and_nobody(self, company: Company) -> None:
        anya = await company.person("Аня")
        assert code(await company.block(anya, anya)) == (422, "invalid_body")
        assert code(await company.block(anya, company.made.person("Никто"))) == (404, "not_found")


class TestGroups:
    async def test_a_group_and_its_members(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        await company.befriend(anya, boris)
        await company.befriend(anya, vera)
        made = await company.call(anya, "POST", "/groups", {"name": "Четверг", "members": [boris.id, boris.id]})
        assert made.status_code == 201, made.text
        path = f"/groups/{made.json()['id']}"
        assert [member["display_name"] for member in made.json()["members"]] == ["Борис"]
        for _ in range(2):
            assert (await company.call(anya, "PUT", f"{path}/members/{vera.id}")).status_code == 204
        renamed = await company.call(anya, "PATCH", path, {"name": "Пятница"})
        assert renamed.json()["name"] == "Пятница"
        assert [member["user_id"] for member in renamed.json()["members"]] == [boris.id, vera.id]
        assert (await company.call(anya, "DELETE", f"{path}/members/{boris.id}")).status_code == 204
        assert code(await company.call(anya, "DELETE", f"{path}/members/{boris.id}"))[0] == 404
        seen = await company.call(anya, "GET", path)
        assert [member["display_name"] for member in seen.json()["members"]] == ["Вера"]
        assert (await company.call(anya, "DELETE", path)).status_code == 204
        assert code(await company.call(anya, "GET", path)) == (404, "not_found")
        await company.made.drain()
        changes = [data for word, data in company.heard if word == "changed"]
        assert [change["version"] for change in changes] == [1, 2, 3, 4, 5]
        assert [len(change["members"]) for change in changes] == [1, 2, 2, 1, 0]
        assert [change["deleted"] for change in changes] == [False] * 4 + [True]

    async def test_only_friends(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        refused = await company.call(anya, "POST", "/groups", {"name": "Четверг", "members": [boris.id]})
        assert code(refused) == (404, "not_found")
        assert (await company.call(anya, "GET", "/groups")).json()["items"] == []
        group = (await company.call(anya, "POST", "/groups", {"name": "Четверг"})).json()
        put = await company.call(anya, "PUT", f"/groups/{group['id']}/members/{boris.id}")
        assert code(put) == (404, "not_found")

    async def test_nobody_else_sees_it(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.befriend(anya, boris)
        group = (await company.call(anya, "POST", "/groups", {"name": "Ч", "members": [boris.id]})).json()
        path = f"/groups/{group['id']}"
        for method, where, body in [
            ("GET", path, None),
            ("PATCH", path, {"name": "Моя"}),
            ("DELETE", path, None),
            ("PUT", f"{path}/members/{anya.id}", None),
            ("DELETE", f"{path}/members/{boris.id}", None),
        ]:
            assert code(await company.call(boris, method, where, body)) == (404, "not_found")
        assert (await company.call(boris, "GET", "/groups")).json()["items"] == []

    @pytest.mark.parametrize("end", ["remove", "be removed", "block", "be blocked"])
    async def test_no_friend_no_member(self, company: Company, end: str) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.befriend(anya, boris)
        group = (await company.call(anya, "POST", "/groups", {"name": "Ч", "members": [boris.id]})).json()
        who, other = (boris, anya) if end.startswith("be") else (anya, boris)
        if end.endswith(("remove", "removed")):
            await company.call(who, "DELETE", f"/friends/{other.id}")
        else:
            await company.block(who, other)
        seen = await company.call(anya, "GET", f"/groups/{group['id']}")
        assert seen.json()["members"] == []
        await company.made.drain()
        assert [data["members"] for word, data in company.heard if word == "changed"] == [[boris.id], []]

    @pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": " "}, {"name": "я" * 201}, {"name": "а\u0000"}])
    async def test_names_that_are_none(self, company: Company, body: Any) -> None:
        anya = await company.person("Аня")
        assert code(await company.call(anya, "POST", "/groups", body)) == (422, "invalid_body")

    async def test_a_name_of_200_is_kept_whole(self, company: Company) -> None:
        anya, name = await company.person("Аня"), "🎱" * 200
        made = await company.call(anya, "POST", "/groups", {"name": name})
        assert (await company.call(anya, "GET", f"/groups/{made.json()['id']}")).json()["name"] == name

    async def test_so_many_and_no_more(self, company: Company) -> None:
        anya = await company.person("Аня")
        statuses = [(await company.call(anya, "POST", "/groups", {"name": "Ч"})).status_code for _ in range(101)]
        assert statuses == [201] * 100 + [409]


class TestLists:
    async def everything(self, company: Company, who: Person, path: str) -> list[str]:
        found: list[str] = []
        cursor = ""
        for _ in range(20):
            answer = (await company.call(who, "GET", f"{path}limit=2{cursor}")).json()
            found += [item.get("display_name", item.get("name")) for item in answer["items"]]
            if answer["next_cursor"] is None:
                return found
            cursor = f"&cursor={answer['next_cursor']}"
        raise AssertionError("a list without end")

    async def test_page_by_page(self, company: Company) -> None:
        anya = await company.person("Аня")
        names = [f"Друг {number}" for number in range(5)]
        for name in names:
            await company.befriend(await company.person(name), anya)
            await company.call(anya, "POST", "/groups", {"name": name})
        asking = await company.people(*(f"Новый {number}" for number in range(3)))
        for person in asking:
            await company.ask(person, anya)
        blocked = await company.people(*(f"Чужой {number}" for number in range(4)))
        for person in blocked:
            await company.block(anya, person)
        assert await self.everything(company, anya, "/friends?") == names[::-1]
        assert await self.everything(company, anya, "/groups?") == names
        assert await self.everything(company, anya, "/friends/requests?") == [p.name for p in asking[::-1]]
        assert await self.everything(company, anya, "/blocks?") == [p.name for p in blocked[::-1]]
        assert await self.everything(company, asking[0], "/friends/requests?direction=outgoing&") == ["Аня"]

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=!!", "cursor=W10", "cursor=WzEsMl0"])
    async def test_queries_that_are_none(self, company: Company, query: str) -> None:
        anya = await company.person("Аня")
        for path in ("/friends", "/friends/requests", "/blocks", "/groups"):
            assert code(await company.call(anya, "GET", f"{path}?{query}")) == (422, "invalid_query")

    async def test_signed_in_only(self, company: Company) -> None:
        for path in ("/friends", "/friends/requests", "/blocks", "/groups"):
            assert code(await company.call(None, "GET", path)) == (401, "unauthenticated")


class TestNames:
    async def test_in_any_order_and_again(self, company: Company) -> None:
        anya = await company.person("Аня")
        for order in itertools.permutations(range(3)):
            user_id = new_id()
            told = [
                UserRegistered(user_id=user_id, version=1, display_name="Первое"),
                UserUpdated(user_id=user_id, version=2, display_name="Второе"),
                UserUpdated(user_id=user_id, version=3, display_name="Третье", avatar_url="https://a.example/1.png"),
            ]
            for index in (*order, *order[::-1]):
                await company.made.publish(told[index])
            answer = await company.call(anya, "POST", "/friends/requests", {"user_id": user_id})
            assert answer.json()["display_name"] == "Третье"
            assert answer.json()["avatar_url"] == "https://a.example/1.png"


async def test_migrations(database_url: str) -> None:
    address = database_url.replace("{service}", "friends")
    for step in (migrate, check, downgrade, migrate, check):
        await asyncio.to_thread(step, "friends", address)


async def test_a_newcomer_asks_before_auth_has_told_of_him(tmp_path: Path) -> None:
    async with installation(tmp_path, ["friends"]) as made:
        company = Company(made)
        anna, boris = await company.person("Анна"), made.person("Борис")
        asked = await company.ask(boris, anna)
        assert asked.status_code == 201
        accepted = await company.call(anna, "POST", f"/friends/requests/{asked.json()['id']}/accept")
        assert (accepted.status_code, accepted.json()["display_name"]) == (200, "Борис")
        await made.publish(UserRegistered(user_id=boris.id, version=1, display_name="Борис Б."))
        friends = (await company.call(anna, "GET", "/friends")).json()["items"]
        assert [friend["display_name"] for friend in friends] == ["Борис Б."]
