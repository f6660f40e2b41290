from typing import Any

import pytest

from artel.contracts.auth import UserRegistered, UserUpdated
from artel.contracts.friends import FriendAccepted, FriendRemoved, UserBlocked, UserUnblocked
from artel.game.sessions import LETTERS
from artel.kernel.events import new_id
from artel_testing import Installation, Person
from game_testing import AMERICANA, KOLKHOZ, problem, table

BODY = {"rules": AMERICANA, "players": [{"guest_name": "Борис"}]}


async def create(house: Installation, who: Person, body: Any, **headers: str) -> Any:
    return await house.call(who, "POST", "/sessions", json=body, headers=headers)


async def friends(house: Installation, one: Person, other: Person) -> None:
    for person in (one, other):
        await house.publish(UserRegistered(user_id=person.id, version=1, display_name=person.name))
    await house.publish(
        FriendAccepted(user_id=one.id, other_id=other.id, version=1, request_id=new_id(), name=one.name)
    )


class TestCreate:
    async def test_whole_answer(self, house: Installation) -> None:
        anna = house.person("Анна")
        answer = await create(house, anna, {**BODY, "name": "Пятница"})
        assert answer.status_code == 201
        session = answer.json()
        mine, his = session["players"]
        assert mine == {
            "id": mine["id"],
            "user_id": anna.id,
            "name": "Анна",
            "active": True,
            "paused": False,
            "waits": False,
        }
        assert his == {
            "id": his["id"],
            "user_id": None,
            "name": "Борис",
            "active": True,
            "paused": False,
            "waits": False,
        }
        assert session == {
            "id": session["id"], "code": session["code"], "name": "Пятница", "state": "open", "version": 0,
            "epoch": session["epoch"], "organizer_id": anna.id, "scorers": "everyone", "rules": session["rules"],
            "template": None, "players": [mine, his], "games": [], "games_version": 0,
            "next": {"sides": [[mine["id"]], [his["id"]]], "breaker": mine["id"]},
            "queue": [mine["id"], his["id"]], "balances": {mine["id"]: 0, his["id"]: 0}, "transfers": [],
            "created_at": session["created_at"], "updated_at": session["created_at"],
        }  # fmt: skip
        assert session["rules"]["stake"] == {"per": "game", "amount": 10_000}
        assert session["rules"]["target"] == 8, "defaults are written out"
        assert len(session["code"]) == 6
        assert set(session["code"]) <= set(LETTERS)
        assert len(LETTERS) == 31
        assert session["created_at"].endswith("Z")
        assert (await house.call(anna, "GET", f"/sessions/{session['id']}")).json() == session

    async def test_ids_made_by_the_client_name_players_in_the_rules(self, house: Installation) -> None:
        mine, his = new_id(), new_id()
        rules = {"game": "americana", "handicap": {mine: {"start": 2}, his: {"target": 6}}}
        body = {"rules": rules, "players": [{"guest_name": "Борис", "id": his}], "organizer_player_id": mine}
        session = (await create(house, house.person("Анна"), body)).json()
        assert [player["id"] for player in session["players"]] == [mine, his]
        assert session["rules"]["handicap"] == rules["handicap"]

    async def test_organizer_who_does_not_play(self, house: Installation) -> None:
        anna = house.person("Анна")
        answer = await create(house, anna, {**BODY, "organizer_plays": False})
        assert [player["name"] for player in answer.json()["players"]] == ["Борис"]
        assert (await house.call(anna, "GET", f"/sessions/{answer.json()['id']}")).status_code == 200

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"colour": "green"}, "invalid_body"),
            ({"rules": {"game": "americana", "targt": 7}}, "invalid_rules"),
            ({"rules": {"game": "snooker"}}, "invalid_rules"),
            ({"rules": []}, "invalid_body"),
            ({"rules": {**AMERICANA, "handicap": {"nobody": {"start": 1}}}}, "invalid_rules"),
            ({"rules": {**KOLKHOZ, "rates": {"nobody": 100}}}, "invalid_rules"),
            ({"rules": {"game": "americana", "stake": {"per": "game", "amount": 10**9 + 1}}}, "invalid_rules"),
            ({"rules": {"game": "kolkhoz", "price": 10**9 + 1}}, "invalid_rules"),
            ({"rules": {"game": "kolkhoz", "last_ball": {"add": 1001}}}, "invalid_rules"),
            ({"rules": {"game": "kolkhoz", "foul": {"mode": "minus", "value": 1001}}}, "invalid_rules"),
            ({"rules": {"game": "americana", "match": {"type": "race", "wins": 10**40}}}, "invalid_rules"),
            ({"rules": {"game": "kolkhoz", "balls": [{"id": "a\x00b", "value": 1, "count": 3}]}}, "invalid_rules"),
            ({"rules": {"game": "kolkhoz", "balls": [{"id": "\u202eab", "value": 1, "count": 3}]}}, "invalid_rules"),
            ({"players": [{}]}, "invalid_body"),
            ({"players": [{"guest_name": "Борис", "user_id": new_id()}]}, "invalid_body"),
            ({"players": [{"guest_name": " "}]}, "invalid_body"),
            ({"players": [{"guest_name": "x" * 201}]}, "invalid_body"),
            ({"players": [{"guest_name": "Б", "id": "6f2d6a52-31f6-4b3c-8a39-8c3ddc3a6a8e"}]}, "invalid_body"),
            ({"players": [{"guest_name": f"Гость {n}"} for n in range(50)]}, "invalid_body"),
            ({"players": [{"guest_name": "А", "id": i} for i in ["01a20562-a592-7046-8162-bed2c4466afa"] * 2]},
             "invalid_body"),
            ({"scorers": "nobody"}, "invalid_body"),
            ({"scorers": [new_id()]}, "invalid_body"),
            ({"name": "x" * 201}, "invalid_body"),
            ({"template": {"id": "classic"}}, "invalid_body"),
            ({"organizer_plays": False, "organizer_player_id": new_id()}, "invalid_body"),
            ({"id": "6f2d6a52-31f6-4b3c-8a39-8c3ddc3a6a8e"}, "invalid_body"),
        ],
    )  # fmt: skip
    async def test_refused(self, house: Installation, change: dict[str, Any], code: str) -> None:
        answer = await create(house, house.person("Анна"), {**BODY, **change})
        assert problem(answer) == (422, code)
        assert answer.json()["errors"]

    async def test_fifty_players_are_not_too_many(self, house: Installation) -> None:
        body = {**BODY, "players": [{"guest_name": f"Гость {number}"} for number in range(49)]}
        assert len((await create(house, house.person("Анна"), body)).json()["players"]) == 50

    @pytest.mark.parametrize("template", [{"id": new_id(), "version": 3}, {"id": "americana-shelf", "version": 1}])
    async def test_the_template_is_remembered(self, house: Installation, template: dict[str, Any]) -> None:
        answer = await create(house, house.person("Анна"), {**BODY, "template": template})
        assert answer.json()["template"] == template

    @pytest.mark.parametrize(
        ("template", "field"),
        [
            ({"id": "classic", "version": 1}, "template.id"),
            ({"id": "' or 1=1", "version": 1}, "template.id"),
            ({"id": new_id().upper(), "version": 1}, "template.id"),
            ({"id": "americana", "version": 0}, "template.version"),
            ({"id": "americana", "version": 7}, "template"),
            ({"id": "kolkhoz-white", "version": 1}, "template.id"),
        ],
    )
    async def test_no_template_that_cannot_be(self, house: Installation, template: dict[str, Any], field: str) -> None:
        """None of that form, no such version of a preset, or the preset of another game."""
        answer = await create(house, house.person("Анна"), {**BODY, "template": template})
        assert problem(answer) == (422, "invalid_body")
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    async def test_needs_a_token(self, house: Installation) -> None:
        assert problem(await house.call(None, "POST", "/sessions", json=BODY)) == (401, "unauthenticated")

    async def test_a_key_gives_the_first_answer_again(self, house: Installation) -> None:
        anna = house.person("Анна")
        first = await create(house, anna, BODY, **{"Idempotency-Key": "k1"})
        again = await create(house, anna, BODY, **{"Idempotency-Key": "k1"})
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        other = await create(house, anna, {**BODY, "name": "Другой"}, **{"Idempotency-Key": "k1"})
        assert problem(other) == (422, "idempotency_key_reused")

    async def test_an_id_of_the_client_makes_one_session(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        body = {**BODY, "id": new_id()}
        first = await create(house, anna, body)
        assert (await create(house, anna, body)).json() == first.json()
        assert problem(await create(house, anna, {**body, "name": "Другой"})) == (409, "id_taken")
        assert problem(await create(house, boris, body)) == (409, "id_taken")


class TestAcquaintances:
    async def test_a_friend_may_be_put_in(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        await friends(house, anna, boris)
        session = (await create(house, anna, {**BODY, "players": [{"user_id": boris.id}]})).json()
        assert session["players"][1]["name"] == "Борис"
        assert (await house.call(boris, "GET", f"/sessions/{session['id']}")).status_code == 200

    async def test_a_stranger_may_not(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        body = {**BODY, "players": [{"user_id": boris.id}]}
        assert problem(await create(house, anna, body)) == (404, "not_found")
        await friends(house, anna, boris)
        await house.publish(FriendRemoved(user_id=anna.id, other_id=boris.id, version=2))
        assert problem(await create(house, anna, body)) == (404, "not_found")

    async def test_whoever_shared_a_session_may(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        await table(house, anna, joined=[boris])
        body = {**BODY, "players": [{"user_id": anna.id}]}
        assert (await create(house, boris, body)).json()["players"][1]["name"] == "Анна"

    async def test_a_block_of_either_is_stronger(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        await friends(house, anna, boris)
        await table(house, anna, joined=[boris])
        body = {**BODY, "players": [{"user_id": boris.id}]}
        await house.publish(UserBlocked(user_id=boris.id, other_id=anna.id, version=2))
        assert problem(await create(house, anna, body)) == (404, "not_found")
        await house.publish(UserUnblocked(user_id=boris.id, other_id=anna.id, version=3))
        assert (await create(house, anna, body)).status_code == 201

    async def test_events_in_the_wrong_order_come_to_the_same(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        await house.publish(
            UserUnblocked(user_id=anna.id, other_id=boris.id, version=4),
            UserBlocked(user_id=anna.id, other_id=boris.id, version=2),
            UserBlocked(user_id=boris.id, other_id=anna.id, version=3),
            FriendAccepted(user_id=anna.id, other_id=boris.id, version=1, request_id=new_id(), name="Анна"),
        )
        await table(house, anna, joined=[boris])
        body = {**BODY, "players": [{"user_id": boris.id}]}
        assert problem(await create(house, anna, body)) == (404, "not_found"), "his own block still stands"
        await house.publish(UserUnblocked(user_id=boris.id, other_id=anna.id, version=5))
        assert (await create(house, anna, body)).status_code == 201

    async def test_a_new_name_is_seen_by_all(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        await house.publish(UserUpdated(user_id=boris.id, version=3, display_name="Борис Б."))
        await house.publish(UserUpdated(user_id=boris.id, version=2, display_name="Старое имя"))
        assert [player["name"] for player in (await played.now())["players"]] == ["Анна", "Борис Б."]


class TestList:
    async def test_mine_newest_first_page_by_page(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        made = [(await table(house, anna, name=f"Вечер {number}")).session for number in range(5)]
        await table(house, boris)
        seen, cursor = [], ""
        while True:
            query = f"&cursor={cursor}" if cursor else ""
            page = (await house.call(anna, "GET", f"/sessions?limit=2{query}")).json()
            seen += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                break
        left_out = {"games", "rules", "games_version", "queue"}
        whole = [{key: session[key] for key in session if key not in left_out} for session in reversed(made)]
        assert seen == [{**session, "currency": "RUB"} for session in whole]

    async def test_by_state(self, house: Installation) -> None:
        anna = house.person("Анна")
        over, going = await table(house, anna, "Борис"), await table(house, anna, "Борис")
        await over.event("finish")
        for state, of in (("finished", over), ("open", going)):
            items = (await house.call(anna, "GET", f"/sessions?state={state}")).json()["items"]
            assert [(item["id"], item["state"]) for item in items] == [(of.id, state)]

    @pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=101", "cursor=abc", "cursor=WyJhIl0"])
    async def test_refused(self, house: Installation, query: str) -> None:
        assert problem(await house.call(house.person("Анна"), "GET", f"/sessions?{query}")) == (422, "invalid_query")

    async def test_what_is_kept_is_what_is_counted_anew(self, house: Installation) -> None:
        anna = house.person("Анна")
        played = await table(house, anna, "Борис")
        await played.win(await played.start(), "Анна")
        before = (await house.call(anna, "GET", "/sessions")).json()
        game = house.app.state.contexts["game"].own
        await game.put_away(idle=0)
        assert not list(game.owners)
        assert (await house.call(anna, "GET", "/sessions")).json() == before
        assert not list(game.owners), "answered from what was kept"
        await played.pay("Борис", "Анна", 10_000)
        await game.put_away(idle=0)
        after = (await house.call(anna, "GET", "/sessions")).json()["items"][0]
        assert after["transfers"] == []
        assert after["version"] == before["items"][0]["version"] + 1


class TestSee:
    async def test_strangers_may_not_know(self, house: Installation) -> None:
        played, eve = await table(house, house.person("Анна"), "Борис"), house.person("Ева")
        for method, path in [
            ("GET", ""), ("GET", "/events"), ("PATCH", ""), ("POST", "/events"), ("POST", "/code"),
            ("POST", "/players"),
            ("DELETE", f"/members/{eve.id}"), ("POST", "/share"), ("DELETE", "/share"), ("POST", "/live-ticket"),
            ("GET", "/export"), ("GET", "/claims"), ("POST", f"/players/{played.ids['Борис']}/claim"),
        ]:  # fmt: skip
            body: Any = {"POST/events": {"id": "1", "type": "finish"}, "POST/players": {"guest_name": "Гость"}}.get(
                method + path, {} if method in {"PATCH", "POST"} else None
            )
            answer = await house.call(eve, method, played.path + path, json=body)
            assert problem(answer) == (404, "not_found"), (method, path)
            unknown = await house.call(eve, method, f"/sessions/{new_id()}{path}", json=body)
            left_out = {"request_id"}
            assert {**answer.json(), **dict.fromkeys(left_out)} == {**unknown.json(), **dict.fromkeys(left_out)}

    @pytest.mark.parametrize("session_id", ["1", "%00", "x" * 300, "01A20562-A592-7046-8162-BED2C4466AFA"])
    async def test_no_id(self, house: Installation, session_id: str) -> None:
        anna = house.person("Анна")
        assert problem(await house.call(anna, "GET", f"/sessions/{session_id}")) == (404, "not_found")
        body = {"id": "1", "type": "finish"}
        assert problem(await house.call(anna, "POST", f"/sessions/{session_id}/events", json=body))[0] == 404

    async def test_other_methods(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"), "Борис")
        assert problem(await house.call(played.organizer, "PUT", played.path)) == (405, "method_not_allowed")


class TestChange:
    async def test_name_scorers_organizer(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        body = {"name": "Суббота", "scorers": [boris.id], "organizer_id": boris.id}
        answer = await house.call(anna, "PATCH", played.path, json=body)
        assert answer.status_code == 200
        session = answer.json()
        assert {key: session[key] for key in body} == body
        assert session["updated_at"] >= played.session["updated_at"]
        assert problem(await house.call(anna, "PATCH", played.path, json={"name": "Моё"})) == (403, "forbidden")
        assert (await house.call(boris, "PATCH", played.path, json={"name": None})).json()["name"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"scorers": "nobody"}, {"scorers": None}, {"scorers": [new_id()]}, {"organizer_id": new_id()},
            {"organizer_id": None}, {"organizer_id": "me"}, {"rules": AMERICANA}, {"name": ""}, [],
        ],
    )  # fmt: skip
    async def test_refused(self, house: Installation, body: Any) -> None:
        played = await table(house, house.person("Анна"), "Борис")
        assert problem(await house.call(played.organizer, "PATCH", played.path, json=body)) == (422, "invalid_body")

    async def test_nothing_changes_nothing(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"), "Борис")
        assert (await house.call(played.organizer, "PATCH", played.path, json={})).json() == played.session
