from datetime import timedelta
from typing import Any

import pytest

from artel.contracts.auth import UserRegistered
from artel.contracts.friends import FriendAccepted
from artel.game import api_joining
from artel.kernel.events import new_id, now
from artel_testing import Installation, Person
from game_testing import Table, listening, problem, table, watching


def seats(session: Any) -> dict[str, bool]:
    return {player["name"]: player["active"] for player in session["players"]}


async def kinds(played: Table) -> list[str]:
    return [line["type"] for line in (await played.log())["items"]]


async def befriend(house: Installation, one: Person, other: Person) -> None:
    for person in (one, other):
        await house.publish(UserRegistered(user_id=person.id, version=1, display_name=person.name))
    accepted = FriendAccepted(user_id=one.id, other_id=other.id, version=1, request_id=new_id(), name=one.name)
    await house.publish(accepted)


class TestByCode:
    async def test_a_player_at_once_when_no_game_runs(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna)
        session = (await played.join(boris)).json()
        assert seats(session) == {"Анна": True, "Борис": True}
        line = (await played.log())["items"][0]
        assert (line["type"], line["player"], line["by"]) == ("join", played.ids["Борис"], boris.id)
        assert "name" not in line

    async def test_a_player_when_the_game_is_over(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор")
        game = await played.start()
        session = (await played.join(boris)).json()
        assert seats(session) == {"Анна": True, "Виктор": True, "Борис": False}
        assert (await house.call(boris, "GET", played.path)).status_code == 200, "a member at once"
        answer = (await played.win(game, "Анна")).json()
        now = await played.now()
        for seen in (now, answer["table"]):
            assert seats(seen)["Борис"], "he is shown, and drawn with the others"
            assert [person["waits"] for person in seen["players"]] == [False, False, True]
            assert seen["queue"][-1] == played.ids["Борис"]
            assert seen["version"] == 9
            assert seen["balances"].keys() == {played.ids["Анна"], played.ids["Виктор"]}
        sides = [[played.ids["Борис"]], [played.ids["Анна"]]]
        started = (await played.event("start", sides=sides)).json()
        assert [line["type"] for line in started["events"]] == ["start"]
        assert (await kinds(played))[-2:] == ["join", "start"]
        assert not any(person["waits"] for person in started["table"]["players"])

    @pytest.mark.parametrize("word", ["expense", "finish", "pause", "drawn"])
    async def test_a_player_with_the_next_word(self, house: Installation, word: str) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор")
        await played.win(await played.start(), "Анна")
        await played.join(boris)
        people = [played.ids[name] for name in ("Анна", "Борис")]
        words: dict[str, dict[str, Any]] = {"expense": {"payer": people[1], "amount": 100, "among": people}}
        words["pause"] = {"player": people[0]}
        said = words.get(word, {})
        assert (await played.event("start" if word == "drawn" else word, **said)).status_code == 201
        assert (await kinds(played))[-2:] == ["join", "start" if word == "drawn" else word]
        assert seats(await played.now())["Борис"]

    async def test_a_word_that_is_refused_lets_nobody_in(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор")
        game = await played.start()
        await played.win(game, "Анна")
        await played.join(boris)
        before = await played.now()
        assert problem(await played.event("miss", game=game, player="Анна")) == (409, "stale_game")
        stranger: dict[str, Any] = {"payer": new_id(), "amount": 1, "among": [played.ids["Борис"]]}
        refused = await played.event("expense", **stranger)
        assert problem(refused) == (409, "unknown_player")
        assert refused.json()["detail"].startswith(f"Player {stranger['payer']} "), "an id stands as it is"
        assert await played.now() == before
        assert (await kinds(played))[-1] == "ball"

    @pytest.mark.parametrize("came", ["meanwhile", "afterwards"])
    async def test_whoever_has_come_is_not_in_the_way_of_taking_back_the_last_ball(
        self, house: Installation, came: str
    ) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор")
        game = await played.start()
        if came == "meanwhile":
            await played.join(boris)
        last = (await played.win(game, "Анна")).json()["events"][0]
        if came == "afterwards":
            await played.join(boris)
        back = await played.event("undo", target=last["id"])
        assert back.status_code == 201
        assert (back.json()["table"]["game"]["state"], seats(back.json()["table"])["Борис"]) == ("running", False)
        assert (await played.event("ball", game=game, player="Анна")).json()["table"]["game"]["state"] == "ended"
        await played.event("start", sides=[[played.ids["Анна"]], [played.ids["Борис"]]])
        assert (await kinds(played))[-4:] == ["undo", "ball", "join", "start"]

    async def test_again_changes_nothing(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        before = await played.now()
        assert (await played.join(boris)).json() == before
        assert await played.now() == before

    async def test_who_has_left_comes_back_to_his_seat(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор", joined=[boris])
        assert (await played.event("leave", who=boris, player="Борис")).status_code == 201
        assert not seats(await played.now())["Борис"]
        seat = played.ids["Борис"]
        assert seats((await played.join(boris)).json())["Борис"]
        assert played.ids["Борис"] == seat
        assert await kinds(played) == ["join", "leave", "join"]
        assert (await played.event("leave", who=boris, player="Борис")).status_code == 201
        assert not seats(await played.now())["Борис"], "an old wish does not bring him back"

    async def test_a_restart_in_between_loses_no_wish(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор")
        game = await played.start()
        await played.join(boris)
        await house.app.state.contexts["game"].own.put_away(idle=0)
        await played.win(game, "Анна")
        await house.app.state.contexts["game"].own.put_away(idle=0)
        assert seats(await played.now())["Борис"]
        await played.event("start")
        assert (await kinds(played))[-2:] == ["join", "start"]

    @pytest.mark.parametrize("code", ["ABCDEF", "", "x" * 33, "'--", "О0ОО0О"])
    async def test_unknown(self, house: Installation, code: str) -> None:
        answer = await house.call(house.person("Ева"), "POST", "/sessions/join", json={"code": code})
        assert problem(answer) in {(404, "unknown_code"), (422, "invalid_body")}

    async def test_as_it_is_written_down(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        code = played.session["code"].lower()
        spaced = f" {code[:3]}-{code[3:]} "
        answer = await house.call(house.person("Борис"), "POST", "/sessions/join", json={"code": spaced})
        assert answer.status_code == 200

    async def test_dies_at_the_finish(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna)
        finish = (await played.event("finish")).json()["events"][0]["id"]
        assert (await played.now())["code"] is None
        body = {"code": played.session["code"]}
        assert problem(await house.call(boris, "POST", "/sessions/join", json=body)) == (404, "unknown_code")
        assert problem(await house.call(anna, "POST", f"{played.path}/code")) == (409, "session_finished")
        await played.event("undo", target=finish)
        assert (await played.now())["code"] is None, "it does not rise again"
        renewed = await house.call(anna, "POST", f"{played.path}/code")
        answer = await house.call(boris, "POST", "/sessions/join", json={"code": renewed.json()["code"]})
        assert answer.status_code == 200

    async def test_another_code_ends_the_old_one(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna)
        renewed = await house.call(anna, "POST", f"{played.path}/code")
        assert renewed.json()["code"] != played.session["code"]
        body = {"code": played.session["code"]}
        assert problem(await house.call(boris, "POST", "/sessions/join", json=body)) == (404, "unknown_code")
        await played.join(boris)
        assert problem(await house.call(boris, "POST", f"{played.path}/code")) == (403, "forbidden")

    async def test_a_key_makes_one_other_code(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        headers = {"Idempotency-Key": "one"}
        first, again = [
            await house.call(played.organizer, "POST", f"{played.path}/code", headers=headers) for _ in range(2)
        ]
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (await played.now())["code"] == first.json()["code"] != played.session["code"]

    async def test_ten_tries_a_minute(self, house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        assert api_joining.A_SECOND == 10 / 60
        monkeypatch.setattr(api_joining, "A_SECOND", 0.001)  # however slow this machine is
        played, eve = await table(house, house.person("Анна")), house.person("Ева")
        answers = [await house.call(eve, "POST", "/sessions/join", json={"code": "ZZZZZZ"}) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [404] * 10 + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        right = await house.call(eve, "POST", "/sessions/join", json={"code": played.session["code"]})
        assert problem(right) == (429, "rate_limited")

    async def test_many_accounts_at_one_address_guess_no_faster(
        self, house: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api_joining, "A_SECOND", 0.001)
        played = await table(house, house.person("Анна"))
        codes = [(await house.call(house.person(f"Ева {n}"), "POST", "/sessions/join", json={"code": "ZZZZZZ"})
                  ).status_code for n in range(11)]  # fmt: skip
        assert codes == [404] * 10 + [429]
        body = {"code": played.session["code"]}
        assert problem(await house.call(house.person("Ева"), "POST", "/sessions/join", json=body))[0] == 429

    async def test_a_company_of_twenty_joins_from_one_address(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        for number in range(20):
            await played.join(house.person(f"Гость {number}"))
        assert len((await played.now())["players"]) == 21

    async def test_no_more_than_fifty(self, house: Installation) -> None:
        guests = [f"Гость {number}" for number in range(49)]
        played = await table(house, house.person("Анна"), *guests)
        body = {"code": played.session["code"]}
        answer = await house.call(house.person("Ева"), "POST", "/sessions/join", json=body)
        assert problem(answer) == (422, "invalid_body")
        added = await house.call(played.organizer, "POST", f"{played.path}/players", json={"guest_name": "Ещё один"})
        assert problem(added) == (422, "invalid_body")
        assert added.json()["errors"] == [{"field": "players", "message": "at most 50 players"}]


class TestByTheOrganizer:
    async def test_a_guest(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        body = {"guest_name": "Гость", "id": new_id()}
        answer = await house.call(played.organizer, "POST", f"{played.path}/players", json=body)
        assert answer.status_code == 201
        assert answer.json()["players"][1] == {
            "id": body["id"], "user_id": None, "name": "Гость", "active": True, "paused": False, "waits": False,
        }  # fmt: skip
        again = await house.call(played.organizer, "POST", f"{played.path}/players", json=body)
        assert again.json()["players"] == answer.json()["players"]
        other = {**body, "guest_name": "Другой"}
        refused = await house.call(played.organizer, "POST", f"{played.path}/players", json=other)
        assert problem(refused) == (409, "id_taken")

    async def test_a_friend_during_a_game(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        await befriend(house, anna, boris)
        played = await table(house, anna, "Виктор")
        game = await played.start()
        answer = await house.call(anna, "POST", f"{played.path}/players", json={"user_id": boris.id})
        assert not seats(answer.json())["Борис"]
        await played.event("end", game=game, reason="abandoned")
        assert seats(await played.now())["Борис"]
        assert (await played.log())["items"][-1]["by"] == anna.id

    async def test_a_stranger(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        body = {"user_id": house.person("Ева").id}
        answer = await house.call(played.organizer, "POST", f"{played.path}/players", json=body)
        assert problem(answer) == (404, "not_found")

    async def test_nobody_once_it_is_over(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        await played.event("finish")
        answer = await house.call(played.organizer, "POST", f"{played.path}/players", json={"guest_name": "Гость"})
        assert problem(answer) == (409, "session_finished")
        assert len((await played.now())["players"]) == 1

    async def test_himself(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"), "Гость", organizer_plays=False)
        body = {"user_id": played.organizer.id}
        assert (await house.call(played.organizer, "POST", f"{played.path}/players", json=body)).status_code == 201
        assert seats(await played.now()) == {"Гость": True, "Анна": True}

    async def test_only_the_organizer(self, house: Installation) -> None:
        boris = house.person("Борис")
        played = await table(house, house.person("Анна"), joined=[boris])
        body = {"guest_name": "Гость"}
        assert problem(await house.call(boris, "POST", f"{played.path}/players", json=body)) == (403, "forbidden")
        path = f"{played.path}/members/{played.organizer.id}"
        assert problem(await house.call(boris, "DELETE", path)) == (403, "forbidden")

    async def test_a_key_adds_one_guest(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        answers = []
        for replayed in (None, "true"):
            answer = await house.call(
                played.organizer, "POST", f"{played.path}/players", json={"guest_name": "Гость"},
                headers={"Idempotency-Key": "one"},
            )  # fmt: skip
            assert answer.status_code == 201
            assert answer.headers.get("Idempotency-Replayed") == replayed
            answers.append(answer.json())
            await house.call(played.organizer, "POST", f"{played.path}/players", json={"guest_name": "Ещё один"})
        assert answers[1] == answers[0], "the first answer, whatever came since"
        assert [player["name"] for player in answers[0]["players"]] == ["Анна", "Гость"]
        assert len((await played.now())["players"]) == 4


class TestRemove:
    async def test_at_once_from_sight_and_later_from_the_table(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        game = await played.start()
        path = f"{played.path}/members/{boris.id}"
        assert (await house.call(anna, "DELETE", path)).status_code == 204
        assert problem(await house.call(boris, "GET", played.path)) == (404, "not_found")
        assert problem(await played.event("miss", who=boris, game=game, player="Борис")) == (404, "not_found")
        assert (await house.call(boris, "GET", "/sessions")).json()["items"] == []
        assert seats(await played.now())["Борис"], "the game goes on"
        await played.event("end", game=game, reason="abandoned")
        assert not seats(await played.now())["Борис"]
        await played.event("finish")
        assert (await kinds(played))[-2:] == ["leave", "finish"]
        assert problem(await house.call(anna, "DELETE", path)) == (404, "not_found")

    @pytest.mark.parametrize("while_it_runs", [True, False])
    async def test_and_let_in_again(self, house: Installation, while_it_runs: bool) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор", joined=[boris])
        seat = played.ids["Борис"]
        game = await played.start()
        await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
        if while_it_runs:
            await played.join(boris)
            await played.event("end", game=game, reason="abandoned")
        else:
            await played.event("end", game=game, reason="abandoned")
            await played.join(boris)
        await played.event("start")
        assert await kinds(played) == ["join", "start", "end", "start"]
        now = await played.now(boris)
        assert seats(now)["Борис"]
        assert [player["id"] for player in now["players"] if player["user_id"] == boris.id] == [seat]

    async def test_the_code_he_knows_opens_nothing_any_more(self, house: Installation) -> None:
        """Two phones: one is sent away and tries to come back, the other sees the new code at once and may call him."""
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        known = (await played.now(boris))["code"]
        async with listening(house) as port, watching(port, played) as phone:
            await phone.next("snapshot")
            await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
            await phone.next("session")
        back = {"code": known}
        assert problem(await house.call(boris, "POST", "/sessions/join", json=back)) == (404, "unknown_code")
        assert problem(await house.call(boris, "GET", played.path)) == (404, "not_found")
        renewed = (await played.now())["code"]
        assert renewed
        assert renewed != known
        await played.join(boris)

    async def test_nor_where_the_session_is_taken_up_again(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        known = {"code": (await played.now())["code"]}
        over = (await played.event("finish")).json()["events"][0]["id"]
        await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
        await played.event("undo", target=over)
        assert problem(await house.call(boris, "POST", "/sessions/join", json=known)) == (404, "unknown_code")

    async def test_who_has_left_by_himself_may_use_it(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        known = {"code": (await played.now())["code"]}
        await played.event("leave", who=boris, player="Борис")
        assert (await house.call(boris, "POST", "/sessions/join", json=known)).status_code == 200
        assert seats(await played.now())["Борис"]

    async def test_keeps_the_score_no_more(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, joined=[boris])
        await house.call(anna, "PATCH", played.path, json={"scorers": [anna.id, boris.id]})
        await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
        assert (await played.now())["scorers"] == [anna.id]
        await played.join(boris)
        assert problem(await played.event("start", who=boris)) == (403, "forbidden")

    async def test_whoever_waits_for_a_seat_waits_no_more(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор")
        game = await played.start()
        await played.join(boris)
        await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
        await played.event("end", game=game, reason="abandoned")
        assert set(seats(await played.now())) == {"Анна", "Виктор"}

    async def test_the_organizer_stays(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"))
        answer = await house.call(played.organizer, "DELETE", f"{played.path}/members/{played.organizer.id}")
        assert problem(answer) == (409, "organizer_stays")


class TestTwelveHours:
    """After the last event, or after the code was made."""

    async def test_a_quiet_session(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna)
        await self._let_it_be_later(house)
        assert (await played.now())["code"] is None
        assert (await house.call(anna, "GET", "/sessions")).json()["items"][0]["code"] is None
        body = {"code": played.session["code"]}
        assert problem(await house.call(boris, "POST", "/sessions/join", json=body)) == (404, "unknown_code")
        await house.call(anna, "POST", f"{played.path}/code")
        await played.join(boris)

    async def test_while_there_is_play(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna)
        await played.event("expense", payer="Анна", amount=1)
        await self._let_it_be_later(house)
        assert (await played.now())["code"] == played.session["code"]
        await played.join(boris)

    async def test_after_the_last_event(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna)
        await played.event("expense", payer="Анна", amount=1)
        await self._let_the_log_be_old(house)
        assert (await played.now())["code"] is None
        body = {"code": played.session["code"]}
        assert problem(await house.call(boris, "POST", "/sessions/join", json=body)) == (404, "unknown_code")

    async def test_another_code_that_a_removal_makes_wakes_nothing(self, house: Installation) -> None:
        anna, boris = house.person("Анна"), house.person("Борис")
        played = await table(house, anna, "Виктор", joined=[boris])
        await played.start()
        await self._let_the_log_be_old(house)
        await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
        assert (await played.now())["code"] is None

    async def test_what_is_kept_of_a_session_does_not_keep_the_code(self, house: Installation) -> None:
        anna = house.person("Анна")
        await table(house, anna)
        game = house.app.state.contexts["game"].own
        assert (await house.call(anna, "GET", "/sessions")).json()["items"][0]["code"]
        await self._let_it_be_later(house)
        await house.call(anna, "GET", "/sessions")
        await game.put_away(idle=0)
        assert (await house.call(anna, "GET", "/sessions")).json()["items"][0]["code"] is None
        assert not list(game.owners)

    async def test_of_what_is_kept_it_dies_too(self, house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        anna = house.person("Анна")
        await table(house, anna)
        assert (await house.call(anna, "GET", "/sessions")).json()["items"][0]["code"]
        await house.app.state.contexts["game"].own.put_away(idle=0)
        tomorrow = now() + timedelta(days=1)
        monkeypatch.setattr("artel.game.listing.now", lambda: tomorrow)
        assert (await house.call(anna, "GET", "/sessions")).json()["items"][0]["code"] is None
        assert not list(house.app.state.contexts["game"].own.owners), "answered from what was kept"

    async def _let_the_log_be_old(self, house: Installation) -> None:
        await house.app.state.contexts["game"].own.put_away(idle=0)

        def long_ago(tx: Any) -> None:
            tx.exec_driver_sql("UPDATE events SET body = json_set(body, '$.at', '2026-01-01T20:00:00.000Z')")

        await house.app.state.contexts["game"].database.write(long_ago)
        await self._let_it_be_later(house)

    async def _let_it_be_later(self, house: Installation) -> None:
        def later(tx: Any) -> None:
            tx.exec_driver_sql("UPDATE sessions SET code_until = '2026-01-01 00:00:00', stamp = stamp + 1")

        await house.app.state.contexts["game"].database.write(later)
