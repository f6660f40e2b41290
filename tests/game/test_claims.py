from typing import Any

import pytest

from artel.contracts.game import GuestClaimed, GuestUnclaimed
from artel.kernel.bus import Message
from artel.kernel.events import new_id
from artel_testing import Installation, Person
from game_testing import Table, problem, table


@pytest.fixture
async def played(house: Installation) -> Table:
    """Anna and the guest Seryozha, in the middle of a game."""
    made = await table(house, house.person("Анна"), "Серёжа")
    await made.start()
    return made


@pytest.fixture
async def sergey(house: Installation, played: Table) -> Person:
    """Came by the code while the game runs, and has no seat yet."""
    made = house.person("Сергей")
    await played.join(made)
    return made


async def claim(played: Table, who: Person, name: str = "Серёжа", **kwargs: Any) -> Any:
    return await played.house.call(who, "POST", f"{played.path}/players/{played.ids[name]}/claim", **kwargs)


async def decide(played: Table, claim_id: str, word: str, who: Person | None = None) -> Any:
    return await played.house.call(who or played.organizer, "POST", f"{played.path}/claims/{claim_id}/{word}")


async def listen(house: Installation) -> list[Any]:
    heard: list[Any] = []

    async def hear(message: Message) -> None:
        heard.append({event.topic: event for event in (GuestClaimed, GuestUnclaimed)}[message.topic].read(message.body))

    bus = house.app.state.contexts["game"].bus
    await bus.subscribe("ear", [GuestClaimed.topic, GuestUnclaimed.topic], hear)
    return heard


class TestClaim:
    async def test_waits_for_the_organizer(self, house: Installation, played: Table, sergey: Person) -> None:
        answer = await claim(played, sergey)
        assert answer.status_code == 202
        made = answer.json()
        assert made == {
            "id": made["id"], "session_id": played.id, "player_id": played.ids["Серёжа"], "user_id": sergey.id,
            "name": "Сергей", "state": "pending", "created_at": made["created_at"],
        }  # fmt: skip
        assert (await claim(played, sergey)).json() == made, "the same claim again"
        waiting = await house.call(played.organizer, "GET", f"{played.path}/claims")
        assert waiting.json() == {"items": [made], "next_cursor": None}
        assert (await house.call(sergey, "GET", f"{played.path}/claims")).json()["items"] == [made]

    async def test_accepted(self, house: Installation, played: Table, sergey: Person) -> None:
        heard = await listen(house)
        made = (await claim(played, sergey)).json()
        answer = await decide(played, made["id"], "accept")
        assert answer.json() == {**made, "state": "accepted"}
        now = await played.now(sergey)
        assert [(player["name"], player["user_id"]) for player in now["players"]] == [
            ("Анна", played.organizer.id), ("Сергей", sergey.id),
        ]  # fmt: skip
        game = now["games"][0]["id"]
        await played.event("end", game=game, reason="draw")
        assert len((await played.now())["players"]) == 2, "he needs no other seat"
        await house.drain()
        assert [(type(event), event.user_id, event.player_id) for event in heard] == [
            (GuestClaimed, sergey.id, made["player_id"])
        ]
        assert [player.user_id for player in heard[0].players if player.id == made["player_id"]] == [sergey.id]
        assert problem(await decide(played, made["id"], "decline")) == (409, "claim_decided")

    async def test_declined(self, played: Table, sergey: Person) -> None:
        made = (await claim(played, sergey)).json()
        assert (await decide(played, made["id"], "decline")).json()["state"] == "declined"
        assert (await played.now())["players"][1]["user_id"] is None
        assert (await claim(played, sergey)).json()["id"] != made["id"], "he may ask again"

    async def test_taken_back(self, house: Installation, played: Table, sergey: Person) -> None:
        heard = await listen(house)
        path = f"{played.path}/players/{played.ids['Серёжа']}/claim"
        made = (await claim(played, sergey)).json()
        assert problem(await house.call(played.organizer, "DELETE", path)) == (404, "not_found"), "decline it instead"
        assert (await house.call(sergey, "DELETE", path)).status_code == 204
        assert problem(await decide(played, made["id"], "accept")) == (409, "claim_decided")
        made = (await claim(played, sergey)).json()
        await decide(played, made["id"], "accept")
        assert (await house.call(played.organizer, "DELETE", path)).status_code == 204
        assert [player["name"] for player in (await played.now())["players"]] == ["Анна", "Серёжа"]
        await house.drain()
        assert [type(event) for event in heard] == [GuestClaimed, GuestUnclaimed]
        assert heard[0].claim_version < heard[1].claim_version
        assert problem(await house.call(sergey, "DELETE", path)) == (404, "not_found")


class TestConflict:
    async def test_both_are_in_the_session(self, house: Installation, played: Table) -> None:
        assert problem(await claim(played, played.organizer)) == (409, "claim_conflict")
        sergey = house.person("Сергей")
        game = (await played.now())["games"][0]["id"]
        await played.event("end", game=game, reason="draw")
        await played.join(sergey)
        await played.event("start")
        assert problem(await claim(played, sergey)) == (409, "claim_conflict")

    async def test_met_in_the_meantime(self, played: Table, sergey: Person) -> None:
        made = (await claim(played, sergey)).json()
        await played.event("end", game=(await played.now())["games"][0]["id"], reason="draw")
        await played.event("start")
        assert problem(await decide(played, made["id"], "accept")) == (409, "claim_conflict")

    async def test_no_guest(self, house: Installation, played: Table, sergey: Person) -> None:
        assert problem(await claim(played, sergey, "Анна")) == (409, "claim_conflict")
        unknown = await house.call(sergey, "POST", f"{played.path}/players/{new_id()}/claim")
        assert problem(unknown) == (404, "not_found")

    async def test_of_two_one(self, house: Installation, played: Table, sergey: Person) -> None:
        other = house.person("Другой")
        await played.join(other)
        mine, his = (await claim(played, sergey)).json(), (await claim(played, other)).json()
        await decide(played, mine["id"], "accept")
        assert problem(await decide(played, his["id"], "accept")) == (409, "claim_decided")


class TestWho:
    async def test_a_stranger_needs_the_code(self, house: Installation, played: Table) -> None:
        eve = house.person("Ева")
        assert problem(await claim(played, eve)) == (404, "not_found")
        assert problem(await claim(played, eve, json={"code": "ZZZZZZ"})) == (404, "unknown_code")
        other = await table(house, eve)
        assert problem(await claim(played, eve, json={"code": other.session["code"]})) == (404, "not_found")
        made = (await claim(played, eve, json={"code": played.session["code"]})).json()
        assert made["state"] == "pending"
        assert problem(await house.call(eve, "GET", played.path)) == (404, "not_found"), "not yet a member"
        await decide(played, made["id"], "accept")
        assert (await played.now(eve))["players"][1]["user_id"] == eve.id

    async def test_only_the_organizer_decides(self, house: Installation, played: Table, sergey: Person) -> None:
        made = (await claim(played, sergey)).json()
        for word in ("accept", "decline"):
            assert problem(await decide(played, made["id"], word, sergey)) == (403, "forbidden")
            assert problem(await decide(played, new_id(), word)) == (404, "not_found")
        other = house.person("Другой")
        await played.join(other)
        assert (await house.call(other, "GET", f"{played.path}/claims")).json()["items"] == []
