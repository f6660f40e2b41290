import csv
import io
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from artel.cli_replay import replay
from artel_testing import Installation, Person
from game_testing import AMERICANA, KOLKHOZ, Screen, Table, listening, problem, table, watching


@pytest.fixture
async def port(house: Installation) -> AsyncIterator[str]:
    async with listening(house) as address:
        yield address


@pytest.fixture
async def played(house: Installation) -> Table:
    made = await table(house, house.person("Анна"), "Борис", name="Пятница")
    await made.win(await made.start(), "Анна")
    return made


async def share(played: Table, *, money: bool = False) -> str:
    answer = await played.house.call(played.organizer, "POST", f"{played.path}/share", json={"money": money})
    assert answer.status_code == 200
    address, _, token = answer.json()["url"].partition("#")
    assert address == "http://127.0.0.1:8080/s/"
    assert len(token) == 22, "128 bits"
    return str(token)


async def shared(house: Installation, token: str) -> Any:
    return await house.call(None, "GET", "/shared", headers={"X-Share-Token": token})


POINTS = {"Анна": -1, "Б": -2, "В": 3}
RACK = [{"id": "white", "value": 1, "count": 13, "left": 12}, {"id": "red", "value": 3, "count": 2, "left": 1}]


async def kolkhoz_of_two_colours(house: Installation) -> Table:
    kinds = [{key: kind[key] for key in ("id", "value", "count")} for kind in RACK]
    played = await table(house, house.person("Анна"), "Б", "В", rules={**KOLKHOZ, "balls": kinds})
    game = await played.start(order=["Анна", "Б", "В"])
    await played.event("ball", game=game, player="В", ball="red")
    await played.event("ball", game=game, player="Б")
    return played


class TestShare:
    async def test_names_and_scores(self, house: Installation, played: Table) -> None:
        token = await share(played)
        answer = await shared(house, token)
        assert answer.status_code == 200
        seen = answer.json()
        assert seen["name"] == "Пятница"
        assert [player["name"] for player in seen["players"]] == ["Анна", "Борис"]
        assert seen["games"][0]["scores"][played.ids["Анна"]] == 8
        text = answer.text
        for secret in (played.organizer.id, played.session["code"], '"money"', '"balances"', '"by"', "10000", token):
            assert secret not in text
        assert played.id not in text

    async def test_money_only_if_said(self, house: Installation, played: Table) -> None:
        seen = (await shared(house, await share(played, money=True))).json()
        assert seen["transfers"][0]["amount"] == 10_000
        assert seen["games"][0]["money"][played.ids["Анна"]] == 10_000

    async def test_a_running_kolkhoz_as_a_member_sees_it(self, house: Installation) -> None:
        """With what it stands at, and every kind of ball; a member's phone counts both by itself."""
        played = await kolkhoz_of_two_colours(house)
        now = (await shared(house, await share(played, money=True))).json()["game"]
        assert now["stands"] == {played.ids[name]: 5_000 * points for name, points in POINTS.items()}
        assert now["rack"] == RACK
        hidden = (await shared(house, await share(played))).json()["game"]
        assert hidden["rack"] == RACK
        assert hidden.keys().isdisjoint({"money", "stands"})

    async def test_what_a_kolkhoz_has_paid(self, house: Installation) -> None:
        played = await kolkhoz_of_two_colours(house)
        await played.event("end", game=(await played.now())["games"][-1]["id"], reason="timeout")
        seen = (await shared(house, await share(played, money=True))).json()
        assert seen["game"]["stands"] == seen["game"]["money"] == seen["balances"]

    async def test_a_kolkhoz_for_points_stands_at_no_money(self, house: Installation) -> None:
        played = await table(house, house.person("Анна"), "Б", rules={"game": "kolkhoz"})
        await played.start()
        assert "stands" not in (await shared(house, await share(played, money=True))).json()["game"]

    async def test_only_a_hash_is_kept(self, house: Installation, played: Table) -> None:
        token = await share(played)

        def everything(tx: Any) -> str:
            tables = tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
            return str([tx.exec_driver_sql(f"SELECT * FROM {name}").all() for name in tables])  # noqa: S608

        assert token not in await house.app.state.contexts["game"].database.read(everything)

    async def test_revoked_or_replaced(self, house: Installation, played: Table) -> None:
        first = await share(played)
        second = await share(played)
        assert problem(await shared(house, first)) == (404, "not_found")
        assert (await shared(house, second)).status_code == 200
        for _ in range(2):
            assert (await house.call(played.organizer, "DELETE", f"{played.path}/share")).status_code == 204
        assert problem(await shared(house, second)) == (404, "not_found")
        ticket = await house.call(None, "POST", "/shared/live-ticket", headers={"X-Share-Token": second})
        assert problem(ticket) == (404, "not_found")

    async def test_a_key_makes_one_link(self, house: Installation, played: Table) -> None:
        """An answer that got lost on the way has not cut off who already looks on."""
        path, headers = f"{played.path}/share", {"Idempotency-Key": "one"}
        first, again = [
            await house.call(played.organizer, "POST", path, json={"money": False}, headers=headers) for _ in range(2)
        ]
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (await shared(house, first.json()["url"].partition("#")[2])).status_code == 200
        other = await house.call(played.organizer, "POST", path, json={"money": True}, headers=headers)
        assert problem(other) == (422, "idempotency_key_reused")

    @pytest.mark.parametrize("token", ["", "x", "é" * 10, "A" * 22])
    async def test_no_link(self, house: Installation, token: str) -> None:
        headers = [(b"X-Share-Token", token.encode("latin-1"))] if token else []
        answer = await house.http.get("/shared", headers=headers)
        assert problem(answer) == (404, "not_found")

    async def test_only_the_organizer(self, house: Installation, played: Table) -> None:
        await played.join(boris := house.person("Вера"))
        answer = await house.call(boris, "POST", f"{played.path}/share", json={})
        assert problem(answer) == (403, "forbidden")

    async def test_the_link_opens_nothing_else(self, house: Installation, played: Table) -> None:
        headers = {"X-Share-Token": await share(played)}
        for path in ("", "/events", "/export"):
            assert (await house.call(None, "GET", played.path + path, headers=headers)).status_code == 401


class TestSharedLive:
    async def open(self, house: Installation, token: str) -> str:
        answer = await house.call(None, "POST", "/shared/live-ticket", headers={"X-Share-Token": token})
        assert answer.json()["expires_in"] == 30
        return str(answer.json()["ticket"])

    @pytest.mark.parametrize("path", ["/shared/live", "session"])
    async def test_tables_without_a_log(self, house: Installation, port: str, played: Table, path: str) -> None:
        token = await share(played)
        opened = watching(
            port,
            played,
            ticket=await self.open(house, token),
            path=f"{played.path}/live" if path == "session" else path,
        )
        async with opened as screen:
            first = await screen.next()
            assert first == {"type": "snapshot", "session": (await shared(house, token)).json()}
            game = await played.start()
            await played.event("ball", game=game, player="Борис")
            frames = [await screen.next("table") for _ in range(2)]
            assert [frame["version"] for frame in frames] == [10, 11]
            assert frames[1]["table"]["game"]["scores"][played.ids["Борис"]] == 1
            assert played.organizer.id not in json.dumps(frames)
            assert "balances" not in frames[1]["table"]

    async def test_a_kolkhoz_moves_with_every_ball(self, house: Installation, port: str) -> None:
        played = await kolkhoz_of_two_colours(house)
        token = await share(played, money=True)
        async with watching(port, played, ticket=await self.open(house, token), path="/shared/live") as screen:
            await screen.next("snapshot")
            await played.event("ball", game=(await played.now())["games"][-1]["id"], player="Анна")
            game = (await screen.next("table"))["table"]["game"]
            assert game["stands"][played.ids["Анна"]] == 0
            assert [kind["left"] for kind in game["rack"]] == [11, 1]

    async def test_cut_off_when_revoked(self, house: Installation, port: str, played: Table) -> None:
        token = await share(played)
        async with (
            watching(port, played, ticket=await self.open(house, token), path="/shared/live") as screen,
            watching(port, played) as member,
        ):
            await screen.next("snapshot")
            assert (await member.next("presence"))["online"] == [played.organizer.id]
            await house.call(played.organizer, "DELETE", f"{played.path}/share")
            assert await screen.closed() == 4403
            await member.next("session")

    async def test_a_ticket_of_a_link_that_is_gone(self, house: Installation, port: str, played: Table) -> None:
        kept = await self.open(house, await share(played))
        await share(played)
        async with watching(port, played, ticket=kept, path="/shared/live") as screen:
            assert await Screen(screen.socket).closed() == 4403


class TestExport:
    async def test_replays_to_the_same(
        self, house: Installation, tmp_path: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        anna = house.person("Анна")
        played = await table(house, anna, "Б", "В", rules=KOLKHOZ)
        await played.join(house.person("Глеб"))
        for _ in range(2):
            game = await played.start()
            for name in ("Б", "В", "Б"):
                await played.event("ball", game=game, player=name, client_at="2026-11-22T20:00:00Z")
            await played.event("foul", game=game, player="Глеб", reason="кий")
            await played.event("end", game=game, reason="timeout")
        await played.event("expense", payer="Анна", amount=1_000)
        answer = await house.call(anna, "GET", f"{played.path}/export")
        assert "attachment" in answer.headers["content-disposition"]
        case = answer.json()
        assert list(case) == ["id", "rules", "players", "events"]
        assert case["players"] == [played.ids[name] for name in ("Анна", "Б", "В")]
        file = tmp_path / "case.jsonl"
        file.write_bytes(answer.content)
        assert replay([str(file)]) == 0
        result = json.loads(capsys.readouterr().out)
        now = await played.now()
        assert result["balances"] == now["balances"]
        assert result["transfers"] == now["transfers"]
        bare = [{key: game[key] for key in game if key not in {"id", "breaker", "turn"}} for game in now["games"]]
        assert result["games"] == bare

    async def test_a_table_that_runs_no_formula(self, house: Installation) -> None:
        anna = house.person("=HYPERLINK(1)")
        played = await table(house, anna, "+1", "@SUM(1)")
        game = await played.start(sides=[["=HYPERLINK(1)"], ["+1"]])
        await played.event("foul", game=game, player="+1", reason="-2+3")
        await played.event("foul", game=game, player="+1", reason='"quoted", twice')
        await played.event("expense", payer="+1", amount=5, among=["@SUM(1)"])
        answer = await house.call(anna, "GET", f"{played.path}/export?format=csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert [row["type"] for row in rows] == ["start", "foul", "foul", "expense"]
        assert rows[1]["note"] == "'-2+3"
        assert rows[2]["note"] == '"quoted", twice'
        assert rows[1]["player"] == "'+1"
        assert {row["by"] for row in rows} == {"'=HYPERLINK(1)"}
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row.values())

    async def test_no_amount_without_its_currency(self, house: Installation) -> None:
        rules = {**AMERICANA, "currency": "BYN"}
        played = await table(house, house.person("Анна"), "Б", rules=rules)
        await played.start()
        await played.event("expense", payer="Анна", amount=1_205)
        await played.pay("Б", "Анна", 602)
        answer = await house.call(played.organizer, "GET", f"{played.path}/export?format=csv")
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert [(row["amount"], row["currency"]) for row in rows] == [("", ""), ("1205", "BYN"), ("602", "BYN")]

    async def test_no_other_format(self, house: Installation, played: Table) -> None:
        answer = await house.call(played.organizer, "GET", f"{played.path}/export?format=xls")
        assert problem(answer) == (422, "invalid_query")

    async def test_no_secret_in_any_answer(self, house: Installation, played: Table, caplog: Any) -> None:
        def seed(tx: Any) -> bytes:
            return bytes(tx.exec_driver_sql("SELECT seed FROM sessions").scalar_one())

        secret = await house.app.state.contexts["game"].database.read(seed)
        assert len(secret) == 16
        anna: Person = played.organizer
        answers = [
            await house.call(anna, "GET", played.path + path)
            for path in ("", "/events", "/export", "/export?format=csv")
        ]
        answers += [await house.call(anna, "GET", "/sessions"), await played.event("start")]
        everything = " ".join([*(answer.text for answer in answers), caplog.text])
        in_base_64 = [encode(secret).decode().rstrip("=") for encode in (b64encode, urlsafe_b64encode)]
        for form in (secret.hex(), repr(secret), str(list(secret)), str(int.from_bytes(secret)), *in_base_64):
            assert form not in everything
