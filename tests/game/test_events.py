import asyncio
from pathlib import Path
from typing import Any

import pytest

from artel.game import owner
from artel.kernel.events import new_id
from artel_testing import Installation, Person, installation
from game_testing import AMERICANA, KOLKHOZ, Table, problem, table

MOSCOW = {**AMERICANA, "game": "moscow"}


@pytest.fixture
def anna(house: Installation) -> Person:
    return house.person("Анна")


class TestAnswer:
    async def test_one_event(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        start = played.made("start")
        answer = await played.post(start)
        assert answer.status_code == 201
        said = answer.json()
        mine, his = played.ids["Анна"], played.ids["Борис"]
        assert said["version"] == 1
        assert said["events"] == [
            {"version": 1, **start, "sides": [[mine], [his]], "breaker": mine, "by": anna.id,
             "at": said["events"][0]["at"]},
        ]  # fmt: skip
        assert said["events"][0]["at"].endswith("Z")
        running = {
            "id": start["id"], "number": 1, "state": "running", "reason": None, "scores": {mine: 0, his: 0},
            "sides": [[mine], [his]], "winners": [], "points": {}, "money": {mine: 0, his: 0}, "balls_left": 16,
            "breaker": mine, "turn": mine,
        }  # fmt: skip
        assert said["table"] == {
            "version": 1, "state": "open", "players": played.session["players"], "game": running,
            "next": {"sides": [[mine], [his]], "breaker": his}, "queue": [],
            "balances": {mine: 0, his: 0}, "transfers": [], "games_version": 0,
        }  # fmt: skip
        session = await played.now()
        assert session["games"] == [running]
        assert {key: session[key] for key in said["table"] if key in session} == {
            key: value for key, value in said["table"].items() if key in session
        }

    async def test_a_game_to_its_end(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        said = (await played.win(await played.start(), "Анна")).json()
        mine, his = played.ids["Анна"], played.ids["Борис"]
        game = said["table"]["game"]
        assert (game["state"], game["reason"], game["winners"], game["turn"]) == ("ended", "target", [mine], None)
        assert said["table"]["balances"] == {mine: 10_000, his: -10_000}
        assert said["table"]["transfers"] == [{"from": his, "to": mine, "amount": 10_000}]
        assert said["table"]["next"]

    async def test_whose_turn(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        turns = []
        for kind, player in [("ball", "Анна"), ("miss", "Анна"), ("ball", "Борис"), ("foul", "Борис")]:
            said = (await played.event(kind, game=game, player=player)).json()
            turns.append(said["table"]["game"]["turn"])
        assert turns == [played.ids[name] for name in ("Анна", "Борис", "Борис", "Анна")]

    async def test_several_all_or_nothing(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        start = played.made("start")
        balls = [played.made("ball", game=start["id"], player="Анна") for _ in range(3)]
        answer = await played.post({"events": [start, *balls]})
        assert answer.status_code == 201
        assert [line["version"] for line in answer.json()["events"]] == [1, 2, 3, 4]
        assert answer.json()["version"] == answer.json()["table"]["version"] == 4
        before, owner_before = await played.now(), house.app.state.contexts["game"].own.owners.peek(played.id)
        wrong = [played.made("ball", game=start["id"], player="Борис"), played.made("ball", game="no", player="Анна")]
        refused = await played.post({"events": wrong})
        assert problem(refused) == (409, "stale_game")
        assert refused.json()["event"] == 1
        assert await played.now() == before
        remembered = house.app.state.contexts["game"].own.owners.peek(played.id)
        assert remembered is owner_before, "nobody who looks on was disturbed"
        wrong[1]["game"] = start["id"]
        assert (await played.post({"events": wrong})).status_code == 201, "the ids of refused events are free"

    async def test_a_batch_with_an_undo_is_taken_back_whole(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис", joined=[boris := house.person("Виктор")])
        game = await played.start(sides=[["Анна"], ["Борис"]])
        ball = (await played.event("ball", game=game, player="Анна")).json()["events"][0]["id"]
        before = await played.now()
        events = [
            played.made("undo", target=ball),
            played.made("ball", game=game, player="Борис"),
            played.made("pause", player="Виктор"),
            played.made("expense", payer="Анна", amount=300),
            played.made("end", game=game, reason="draw"),
            played.made("leave", player="Борис"),
            played.made("finish"),
            played.made("ball", game=game, player="Борис"),
        ]
        assert problem(await played.post({"events": events})) == (409, "session_finished")
        assert await played.now() == before
        assert (await played.post({"events": events[:-1]}, who=boris)).status_code == 201
        assert (await played.now())["state"] == "finished"


class TestRepeats:
    async def test_the_id_is_the_key_whatever_the_body_says(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        ball = played.made("ball", game=game, player="Анна")
        first = await played.post(ball)
        await played.event("miss", game=game, player="Анна")
        for again in (ball, {"id": ball["id"], "type": "finish"}, {**ball, "game": "gone", "player": "nobody"}):
            answer = await played.post(again)
            assert answer.status_code == 200
            assert answer.json()["events"] == first.json()["events"]
            assert answer.json()["version"] == 2
            assert answer.json()["table"]["version"] == 3
        assert (await played.now())["version"] == 3

    async def test_new_among_known(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        known, new = (played.made("ball", game=game, player="Анна") for _ in range(2))
        await played.post(known)
        answer = await played.post({"events": [new, known, new]})
        assert answer.status_code == 201
        assert [line["version"] for line in answer.json()["events"]] == [3, 2, 3]
        assert answer.json()["version"] == 3
        answer = await played.post({"events": [new, known]})
        assert (answer.status_code, answer.json()["version"]) == (200, 3)

    async def test_fifty_at_once(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        ball = played.made("ball", game=game, player="Анна")
        answers = await asyncio.gather(*(played.post(ball) for _ in range(50)))
        assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
        assert len({answer.text for answer in answers}) == 1
        assert (await played.now())["version"] == 2

    async def test_after_the_finish(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        ball = played.made("ball", game=(game := await played.start()), player="Анна")
        await played.post(ball)
        await played.event("end", game=game, reason="draw")
        await played.event("finish")
        assert (await played.post(ball)).status_code == 200


class TestForm:
    @pytest.mark.parametrize(
        "body",
        [
            {}, [], 1, "ball", {"events": []}, {"events": {}}, {"events": [1]},
            {"events": [{"id": "1", "type": "finish"}], "id": "2"},
            {"id": "1"}, {"type": "finish"}, {"id": "", "type": "finish"}, {"id": "x" * 65, "type": "finish"},
            {"id": 1, "type": "finish"}, {"id": "a\u0000b", "type": "finish"}, {"id": "1", "type": "dance"},
            {"id": "1", "type": ["ball"]}, {"id": "1", "type": "finish", "why": "late"},
            {"id": "1", "type": "join", "player": "p"},
            {"id": "1", "type": "ball", "player": "p"}, {"id": "1", "type": "ball", "player": "p", "game": None},
            {"id": "1", "type": "ball", "player": "p", "game": 1}, {"id": "1", "type": "ball", "game": "g"},
            {"id": "1", "type": "ball", "player": "p", "game": "g", "own": 1},
            {"id": "1", "type": "ball", "player": "p", "game": "g", "points": 2},
            {"id": "1", "type": "finish", "game": "g"}, {"id": "1", "type": "undo", "target": "x", "game": "g"},
            {"id": "1", "type": "foul", "player": "p", "game": "g", "reason": "x" * 201},
            {"id": "1", "type": "end", "game": "g", "reason": "tired"},
            {"id": "1", "type": "end", "game": "g", "reason": "concede"},
            {"id": "1", "type": "end", "game": "g", "reason": "draw", "player": "p"},
            {"id": "1", "type": "expense", "payer": "p", "amount": 0},
            {"id": "1", "type": "expense", "payer": "p", "amount": 10**9 + 1},
            {"id": "1", "type": "expense", "payer": "p", "amount": 1.0},
            {"id": "1", "type": "expense", "payer": "p", "amount": True},
            {"id": "1", "type": "expense", "payer": "p", "amount": 5, "split": "half"},
            {"id": "1", "type": "expense", "payer": "p", "amount": 5, "among": []},
            {"id": "1", "type": "payment", "from": "p", "to": "q", "amount": 10**30},
            {"id": "1", "type": "payment", "debtor": "p", "creditor": "q", "amount": 10},
            {"id": "1", "type": "start", "sides": [["p"], ["q"]], "order": ["p", "q"]},
            {"id": "1", "type": "start", "sides": [["p"]]}, {"id": "1", "type": "start", "order": ["p"]},
            {"id": "1", "type": "start", "sides": [["p"], ["p"]]}, {"id": "1", "type": "start", "breaker": 1},
            {"id": "1", "type": "start", "sides": [["p"], ["q"]], "breaker": "r"},
            {"id": "1", "type": "start", "teams": []},
            {"id": "1", "type": "finish", "client_at": "yesterday"}, {"id": "1", "type": "finish", "client_at": 1},
            {"id": "1", "type": "finish", "client_at": "2026-11-22T20:00:00"},
            {"id": "1", "type": "finish", "client_at": "2026-13-22T20:00:00Z"},
            {"events": [{"id": str(n), "type": "finish"} for n in range(101)]},
            {"events": [{"id": str(n), "type": "undo", "target": "x"} for n in range(11)]},
            {"id": "1", "type": "finish", "client_at": None},
        ],
    )  # fmt: skip
    async def test_refused(self, house: Installation, anna: Person, body: Any) -> None:
        played = await table(house, anna, "Борис")
        answer = await played.post(body)
        assert problem(answer) == (422, "invalid_body")
        assert answer.json()["errors"]
        assert all(set(error) == {"field", "message"} for error in answer.json()["errors"])
        assert (await played.now())["version"] == 0

    @pytest.mark.parametrize(
        "raw",
        [
            b"", b"{", b"\xff", b'{"id": "1", "type": "finish", "type": "finish"}', b'{"id":"1","type":NaN}',
            b'{"id":"\\ud800","type":"finish"}', b"[" * 30_000, b'{"id":' * 5_000,
        ],
    )  # fmt: skip
    async def test_not_even_json(self, house: Installation, anna: Person, raw: bytes) -> None:
        played = await table(house, anna, "Борис")
        answer = await house.http.post(f"{played.path}/events", content=raw, headers=anna.headers)
        assert problem(answer) == (422, "invalid_body")

    async def test_the_wrong_field_is_named(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        good = played.made("expense", payer="Анна", amount=100)
        answer = await played.post({"events": [good, {**good, "id": "2", "amount": -1}]})
        assert [error["field"] for error in answer.json()["errors"]] == ["events.1.amount"]

    @pytest.mark.parametrize("reason", ["a\u0000b", "двойной\nудар", "\u001b[31m", "a\u007f", "\u202eabc", "a\u2028b"])
    async def test_a_reason_is_as_plain_as_a_name(self, house: Installation, anna: Person, reason: str) -> None:
        played = await table(house, anna, "Борис")
        foul = played.made("foul", game=await played.start(), player="Анна", reason=reason)
        answer = await played.post(foul)
        assert problem(answer) == (422, "invalid_body")
        assert [error["field"] for error in answer.json()["errors"]] == ["reason"]
        name = await house.call(anna, "POST", f"{played.path}/players", json={"guest_name": reason})
        assert problem(name) == (422, "invalid_body"), "one rule for both"
        assert (await played.now())["version"] == 1
        for fits in ("ударил дважды 👨‍👩‍👧", ""):
            assert (await played.post({**foul, "id": f"fits {fits}"[:64], "reason": fits})).status_code == 201

    @pytest.mark.parametrize("kind", [{}, {"type": "dance"}, {"type": "join"}, {"type": None}])
    async def test_a_type_that_there_is_not(self, house: Installation, anna: Person, kind: Any) -> None:
        played = await table(house, anna, "Борис")
        for body, field in (({"id": "1", **kind}, "type"), ({"events": [{"id": "1", **kind}]}, "events.0.type")):
            assert [error["field"] for error in (await played.post(body)).json()["errors"]] == [field]

    async def test_the_longest_that_fits(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        reason = "я" * 200
        answer = await played.event("foul", game=game, player="Анна", reason=reason)
        assert answer.json()["events"][0]["reason"] == reason
        answer = await played.event("expense", payer="Анна", amount=10**9)
        assert answer.status_code == 201

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("2026-11-22T20:00:00Z", "2026-11-22T20:00:00Z"),
            ("2026-11-22T20:00:00.123Z", "2026-11-22T20:00:00.123Z"),
            ("2026-11-22T23:00:00+03:00", "2026-11-22T20:00:00Z"),
        ],
    )
    async def test_the_phones_clock(self, house: Installation, anna: Person, given: str, kept: str) -> None:
        played = await table(house, anna, "Борис")
        answer = await played.event("expense", payer="Анна", amount=5, client_at=given)
        assert answer.json()["events"][0]["client_at"] == kept
        assert (await played.log())["items"][0]["client_at"] == kept

    async def test_too_large(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        answer = await house.http.post(f"{played.path}/events", content=b" " * 65_537, headers=anna.headers)
        assert problem(answer) == (413, "too_large")


class TestRefusedByTheEngine:
    async def test_codes(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис", "Виктор")
        assert problem(await played.event("ball", game="g", player="Анна")) == (409, "stale_game")
        game = await played.start(sides=[["Анна"], ["Борис"]])
        for code, answer in [
            ("game_in_progress", await played.event("start")),
            ("game_in_progress", await played.event("start", sides=[["Анна"], ["Виктор"]])),
            ("game_in_progress", await played.event("finish")),
            ("game_in_progress", await played.event("leave", player="Виктор")),
            ("not_in_game", await played.event("ball", game=game, player="Виктор")),
            ("unknown_player", await played.event("ball", game=game, player="nobody")),
            ("invalid_event", await played.event("ball", game=game, player="Анна", own=True)),
            ("invalid_event", await played.event("ball", game=game, player="Анна", ball="white")),
            ("unknown_event", await played.event("undo", target="nothing")),
            ("self_payment", await played.pay("Анна", "Анна", 5)),
        ]:
            assert problem(answer) == (409, code)
            assert answer.json()["event"] == 0
            assert answer.json()["detail"]
        await played.event("end", game=game, reason="draw")
        await played.event("finish")
        assert problem(await played.event("ball", game=game, player="Анна")) == (409, "session_finished")
        assert problem(await played.event("start")) == (409, "session_finished")

    async def test_a_late_tap_never_lands_in_the_next_game(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        first = await played.start()
        await played.win(first, "Анна")
        assert problem(await played.event("ball", game=first, player="Анна")) == (409, "stale_game")
        await played.start()
        for kind in ("ball", "foul", "miss"):
            assert problem(await played.event(kind, game=first, player="Анна")) == (409, "stale_game")
        assert problem(await played.event("end", game=first, reason="draw")) == (409, "stale_game")

    async def test_an_undo_that_cannot_be(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        first = await played.start()
        ball = (await played.event("ball", game=first, player="Анна")).json()["events"][0]["id"]
        await played.win(first, "Анна", 7)
        assert problem(await played.event("undo", target=first)) == (409, "undo_conflict")
        await played.win(await played.start(), "Борис")
        assert problem(await played.event("undo", target=ball)) == (409, "undo_conflict")

    async def test_the_match_is_over(self, house: Installation, anna: Person) -> None:
        rules = {**AMERICANA, "match": {"type": "race", "wins": 1}}
        played = await table(house, anna, "Борис", rules=rules)
        said = (await played.win(await played.start(), "Анна")).json()
        assert said["table"]["next"] is None
        assert problem(await played.event("start")) == (409, "match_over")


class TestDrawnStart:
    async def test_takes_exactly_what_is_next(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, *"БВГД", rules={**KOLKHOZ, "order": "random_no_repeat"})
        orders = []
        for _ in range(5):
            expected = (await played.now())["next"]
            said = (await played.event("start")).json()["events"][0]
            assert {"order": said["order"], "breaker": said["breaker"]} == expected
            await played.event("end", game=said["id"], reason="abandoned")
            orders.append(tuple(said["order"]))
        assert len(set(orders)) == 5

    async def test_another_may_break(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        said = (await played.event("start", breaker="Борис")).json()["events"][0]
        assert said["breaker"] == played.ids["Борис"]
        assert said["sides"] == [[played.ids["Анна"]], [played.ids["Борис"]]]

    @pytest.mark.parametrize("rules", [AMERICANA, {**KOLKHOZ, "order": "manual"}])
    async def test_nothing_is_drawn(self, house: Installation, anna: Person, rules: Any) -> None:
        guests = ["Борис"] if rules is not AMERICANA else []
        played = await table(house, anna, *guests, rules=rules)
        assert (await played.now())["next"] is None
        assert problem(await played.event("start")) == (409, "invalid_event")

    async def test_who_breaks_is_somebody_who_plays(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис", "Виктор")
        assert problem(await played.event("start", breaker="Виктор"))[0] in {409, 422}

    async def test_every_process_draws_the_same(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, *"БВГДЕЖ", rules={**KOLKHOZ, "order": "random"})
        before = await played.now()
        await house.app.state.contexts["game"].own.put_away(idle=0)
        assert await played.now() == before


class TestUndo:
    async def test_reopens_a_game(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        last = (await played.win(await played.start(), "Анна")).json()["events"][0]["id"]
        said = (await played.event("undo", target=last)).json()["table"]
        assert said["game"]["state"] == "running"
        assert said["game"]["scores"][played.ids["Анна"]] == 7
        assert set(said["balances"].values()) == {0}
        assert said["games_version"] == 0

    async def test_of_an_older_game_moves_games_version(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        first = await played.start()
        miss = (await played.event("miss", game=first, player="Анна")).json()["events"][0]["id"]
        await played.win(first, "Анна")
        await played.start()
        said = (await played.event("undo", target=miss)).json()
        assert said["table"]["games_version"] == said["version"]


class TestRights:
    @pytest.fixture
    async def played(self, house: Installation, anna: Person) -> Table:
        self.boris, self.vera = house.person("Борис"), house.person("Вера")
        made = await table(house, anna, "Гость", joined=[self.boris, self.vera])
        self.game = await made.start(sides=[["Анна"], ["Борис"]])
        return made

    async def only(self, played: Table, scorers: Any) -> None:
        answer = await played.house.call(played.organizer, "PATCH", played.path, json={"scorers": scorers})
        assert answer.status_code == 200

    async def test_everyone(self, played: Table) -> None:
        assert (await played.event("ball", who=self.vera, game=self.game, player="Анна")).status_code == 201

    async def test_the_organizer_alone(self, played: Table) -> None:
        await self.only(played, "organizer")
        attempts: list[tuple[str, Any]] = [
            ("ball", {"game": self.game, "player": "Борис"}), ("start", {}), ("finish", {}),
            ("expense", {"payer": "Борис", "amount": 5}), ("pause", {"player": "Анна"}), ("leave", {"player": "Гость"}),
            ("undo", {"target": "nothing"}), ("end", {"game": self.game, "reason": "draw"}),
        ]  # fmt: skip
        for kind, keys in attempts:
            refused = await played.event(kind, who=self.boris, **keys)
            assert problem(refused) == (403, "forbidden"), kind
            assert refused.json()["event"] == 0
        assert (await played.event("ball", game=self.game, player="Борис")).status_code == 201

    async def test_a_list(self, played: Table) -> None:
        await self.only(played, [self.boris.id])
        assert (await played.event("ball", who=self.boris, game=self.game, player="Анна")).status_code == 201
        refused = await played.event("ball", who=self.vera, game=self.game, player="Анна")
        assert problem(refused) == (403, "forbidden")
        assert (await played.event("ball", game=self.game, player="Анна")).status_code == 201, "the organizer always"

    async def test_for_oneself_any_member(self, played: Table) -> None:
        await self.only(played, "organizer")
        assert (await played.event("pause", who=self.vera, player="Вера")).status_code == 201
        assert (await played.event("resume", who=self.vera, player="Вера")).status_code == 201
        await played.event("end", game=self.game, reason="draw")
        assert (await played.event("leave", who=self.vera, player="Вера")).status_code == 201

    async def test_a_batch_with_one_event_too_many(self, played: Table) -> None:
        await self.only(played, "organizer")
        events = [played.made("pause", player="Вера"), played.made("pause", player="Борис")]
        refused = await played.post({"events": events}, who=self.vera)
        assert problem(refused) == (403, "forbidden")
        assert refused.json()["event"] == 1
        assert not any(player["paused"] for player in (await played.now())["players"])

    async def test_a_payment_is_confirmed_by_who_was_paid(self, played: Table) -> None:
        assert problem(await played.pay("Борис", "Вера", 5, who=self.boris)) == (403, "forbidden")
        assert (await played.pay("Борис", "Вера", 5, who=self.vera)).status_code == 201
        assert (await played.pay("Борис", "Вера", 5)).status_code == 201, "or by the organizer"
        assert problem(await played.pay("Борис", "Гость", 5, who=self.vera)) == (403, "forbidden")
        assert (await played.pay("Борис", "Гость", 5)).status_code == 201

    async def test_undo_while_the_game_is_the_last_one(self, played: Table) -> None:
        mine = (await played.event("ball", game=self.game, player="Анна")).json()["events"][0]["id"]
        assert (await played.event("undo", who=self.vera, target=mine)).status_code == 201
        mine, his = [
            (await played.event("ball", who=who, game=self.game, player="Анна")).json()["events"][0]["id"]
            for who in (played.organizer, self.boris)
        ]
        last = (await played.win(self.game, "Анна", 6)).json()["events"][0]["id"]
        assert (await played.event("undo", who=self.vera, target=last)).status_code == 201, "over, and the last one"
        await played.win(self.game, "Анна", 1)
        await played.start(sides=[["Анна"], ["Вера"]])
        late = await played.event("undo", who=self.vera, target=his)
        assert problem(late) == (403, "forbidden")
        assert problem(await played.event("undo", who=self.boris, target=mine)) == (403, "forbidden")
        author = await played.event("undo", who=self.boris, target=his)
        assert problem(author) == (409, "undo_conflict"), "he may, but it cannot be"
        unknown = await played.event("undo", who=self.vera, target="nothing")
        assert problem(unknown) == (409, "unknown_event")

    @pytest.mark.parametrize(("who", "status"), [("vera", 403), ("boris", 201), ("anna", 201)])
    async def test_undo_in_an_older_game(self, played: Table, anna: Person, who: str, status: int) -> None:
        """Its author, or the organizer."""
        miss = (await played.event("miss", who=self.boris, game=self.game, player="Анна")).json()["events"][0]["id"]
        await played.event("end", game=self.game, reason="draw")
        await played.start(sides=[["Анна"], ["Вера"]])
        person = {"vera": self.vera, "boris": self.boris, "anna": anna}[who]
        assert (await played.event("undo", who=person, target=miss)).status_code == status

    async def test_undo_of_an_expense(self, played: Table) -> None:
        spent = (await played.event("expense", who=self.boris, payer="Борис", amount=100)).json()["events"][0]["id"]
        assert problem(await played.event("undo", who=self.vera, target=spent)) == (403, "forbidden")
        await self.only(played, "organizer")
        assert (await played.event("undo", who=self.boris, target=spent)).status_code == 201, "its author"


class TestLog:
    async def test_in_order(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        await played.win(game, "Анна")
        log = await played.log()
        assert [line["version"] for line in log["items"]] == list(range(1, 10))
        assert log["version"] == 9
        assert log["epoch"] == played.session["epoch"]
        assert [line.get("game") for line in log["items"]] == [None, *[game] * 8]
        part = await played.log(after=3, limit=2)
        assert part["items"] == log["items"][3:5]
        assert part["version"] == 9
        assert (await played.log(after=99))["items"] == []

    @pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=1001", "after=x"])
    async def test_refused(self, house: Installation, anna: Person, query: str) -> None:
        played = await table(house, anna, "Борис")
        answer = await house.call(anna, "GET", f"{played.path}/events?{query}")
        assert problem(answer) == (422, "invalid_query")

    async def test_a_full_session(self, house: Installation, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owner, "EVENTS_A_SESSION", 3)
        played = await table(house, anna, "Борис")
        ball = played.made("ball", game=await played.start(), player="Анна")
        await played.post(ball)
        assert (await played.post(played.made("ball", game=ball["game"], player="Анна"))).status_code == 201
        for more in (played.made("ball", game=ball["game"], player="Анна"), played.made("undo", target=ball["id"])):
            assert problem(await played.post(more)) == (409, "session_full")
        assert (await played.post(ball)).status_code == 200


class TestRate:
    async def test_a_hundred_at_once_and_then_twenty_a_second(self, tmp_path: Path) -> None:
        async with installation(tmp_path, ["game"]) as house:
            anna, boris = house.person("Анна"), house.person("Борис")
            played = await table(house, anna, joined=[boris])
            events = [played.made("expense", payer="Анна", amount=1) for _ in range(100)]
            assert (await played.post({"events": events})).status_code == 201
            refused = await played.post({"events": events})
            assert problem(refused) == (429, "rate_limited")
            assert 1 <= int(refused.headers["Retry-After"]) <= 6
            one = played.made("expense", payer="Анна", amount=1)
            assert (await played.post(one, who=boris)).status_code == 201, "each user has his own"

    async def test_a_form_that_does_not_fit_costs_nothing_of_the_log(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        answers = await asyncio.gather(*(played.post({"id": new_id()}) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {422}
        assert (await played.now())["version"] == 0
