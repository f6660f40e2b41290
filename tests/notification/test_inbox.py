"""What comes into whose inbox, what a correction does to it, and what it says."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from artel.contracts.auth import IdentityLinked, IdentityUnlinked, UserExportReady
from artel.contracts.friends import FriendAccepted, FriendRemoved, FriendRequested, UserBlocked, UserUnblocked
from artel.kernel.events import new_id, now
from artel.kernel.migrations import check, downgrade, migrate
from artel_testing import Installation, Person
from evenings import Evening

RUB = "\u00a0₽"
MINUS = "\u2212"


async def inbox(made: Installation, who: Person) -> list[dict[str, Any]]:
    answer = await made.call(who, "GET", "/notifications")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    assert answer.json()["unread"] == sum(not item["read"] for item in items)
    assert [item["created_at"] for item in items] == sorted((item["created_at"] for item in items), reverse=True)
    return items


async def only(made: Installation, who: Person) -> dict[str, Any]:
    items = await inbox(made, who)
    assert len(items) == 1, items
    return items[0]


async def read(made: Installation, who: Person, *ids: str) -> None:
    answer = await made.call(who, "POST", "/notifications/read", {"ids": list(ids)})
    assert answer.status_code == 200, answer.text


def said(item: dict[str, Any]) -> tuple[str, str]:
    return item["title"], item["body"]


def english(made: Installation, who: Person) -> Person:
    return made.person(who.name, sub=who.id, lang="en-GB")


class TestSessionAdded:
    async def test_created_with_me_in_it(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris, "Гость"], kind="kolkhoz", name="Пятница")
        await made.publish(evening.created())
        item = await only(made, boris)
        assert item["kind"] == "session_added"
        assert item["read"] is False
        assert item["created_at"] == item["updated_at"]
        assert item["created_at"].endswith("Z")
        assert set(item) == {"id", "kind", "title", "body", "data", "read", "created_at", "updated_at"}
        assert item["data"] == {
            "session_id": evening.id,
            "session_name": "Пятница",
            "game_kind": "kolkhoz",
            "organizer": "Аня",
        }
        assert said(item) == ("Вас добавили в вечер «Пятница»", "Колхоз · организатор: Аня")
        assert said(await only(made, english(made, boris))) == (
            "You were added to “Пятница”",
            "Kolkhoz · organized by Аня",
        )
        assert await inbox(made, anya) == []

    async def test_without_a_name_by_somebody_who_does_not_play(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        created = Evening([boris, "Гость"], kind="moscow", name="").created()
        await made.publish(created.model_copy(update={"organizer_id": anya.id}))
        item = await only(made, boris)
        assert said(item) == ("Вас добавили в вечер", "Московская")
        assert item["data"]["organizer"] is None
        assert said(await only(made, english(made, boris))) == ("You were added to an evening", "Moscow")
        assert await inbox(made, anya) == []

    async def test_later_by_the_organizer_or_nobody_knows_whom(self, made: Installation) -> None:
        anya, boris, vera = made.person("Аня"), made.person("Борис"), made.person("Вера")
        evening = Evening([anya, "Гость"])
        await made.publish(evening.created())
        await made.publish(evening.joined(boris).model_copy(update={"by": anya.id}), evening.joined(vera))
        await made.publish(evening.joined("Ещё гость").model_copy(update={"by": anya.id}))
        assert (await only(made, boris))["kind"] == "session_added"
        assert (await only(made, vera))["kind"] == "session_added"
        assert await inbox(made, anya) == []

    async def test_nobody_is_told_what_he_did_himself(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, "Гость"])
        await made.publish(evening.created(), evening.joined(boris).model_copy(update={"by": boris.id}))
        assert await inbox(made, boris) == []
        late = evening.joined(anya)
        await made.publish(late)
        assert await inbox(made, anya) == []

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
    async def test_added_and_added_again_is_one(self, made: Installation, order: tuple[int, ...]) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris])
        created = evening.created()
        evening.name = "Суббота"
        again = evening.joined("Гость").model_copy(update={"player_id": evening.ids["Борис"], "by": anya.id})
        by_himself = again.model_copy(update={"event_id": new_id(), "session_version": 9, "by": boris.id})
        events = [created, again, by_himself]
        await made.publish(*(events[place] for place in order))
        item = await only(made, boris)
        assert item["data"]["session_name"] == "Суббота"
        assert item["created_at"] < item["updated_at"]


class TestGameFinished:
    async def test_a_duel(self, made: Installation) -> None:
        anya, boris, vera = made.person("Аня"), made.person("Борис"), made.person("Вера")
        evening = Evening([anya, boris, vera], name="Пятница")
        evening.games += [new_id(), new_id()]
        game = evening.duel({"Аня": 8, "Борис": 5}, money={"Аня": 125_050, "Борис": -125_050})
        await made.publish(game)
        won, lost = await only(made, anya), await only(made, boris)
        assert await inbox(made, vera) == []
        assert won["kind"] == "game_finished"
        assert won["data"] == {
            "session_id": evening.id,
            "session_name": "Пятница",
            "game_kind": "americana",
            "game_id": game.game_id,
            "number": 3,
            "outcome": "won",
            "score": 8,
            "against": 5,
            "points": None,
            "money": 125_050,
            "currency": "RUB",
            "winners": ["Аня"],
        }
        assert said(won) == ("Победа в партии 3", f"Американка «Пятница» · счёт 8:5 · +1\u00a0250,50{RUB}")
        assert (lost["data"]["outcome"], lost["data"]["money"], lost["data"]["winners"]) == ("lost", -125_050, ["Аня"])
        assert said(lost) == (
            "Поражение в партии 3",
            f"Американка «Пятница» · счёт 5:8 · {MINUS}1\u00a0250,50{RUB} · победа: Аня",
        )
        assert said(await only(made, english(made, boris))) == (
            "You lost game 3",
            f"Americana “Пятница” · score 5:8 · {MINUS}1\u00a0250.50{RUB} · won by Аня",
        )

    async def test_two_against_two_for_other_money(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris, "Гость", "Вера"], kind="dynamic", name="", currency="EUR")
        money = {"Аня": 1000, "Гость": 1000, "Борис": -1000, "Вера": -1000}
        sides = [["Аня", "Гость"], ["Борис", "Вера"]]
        await made.publish(evening.duel({"Аня": 8, "Борис": -1}, sides=sides, money=money))
        assert said(await only(made, anya)) == (
            "Победа в партии 1",
            f"Невская · счёт 8:{MINUS}1 · +10\u00a0EUR · победа: Аня, Гость",
        )
        item = await only(made, boris)
        assert (item["data"]["score"], item["data"]["against"]) == (-1, 8)
        assert said(item) == (
            "Поражение в партии 1",
            f"Невская · счёт {MINUS}1:8 · {MINUS}10\u00a0EUR · победа: Аня, Гость",
        )

    async def test_a_kolkhoz(self, made: Installation) -> None:
        anya, boris, vera = made.person("Аня"), made.person("Борис"), made.person("Вера")
        evening = Evening([anya, boris, vera, "Гость"], kind="kolkhoz", name="")
        await made.publish(
            evening.kolkhoz(
                {"Аня": 6, "Борис": 4, "Вера": 2, "Гость": 4},
                points={"Аня": "8/3", "Борис": 0, "Вера": -2, "Гость": "-2/3"},
                money={"Аня": 26_667, "Борис": 0, "Вера": -20_000, "Гость": -6_667},
            )
        )
        assert said(await only(made, anya)) == ("Победа в партии 1", f"Колхоз · 8/3 очка · +266,67{RUB}")
        boris_s = await only(made, boris)
        assert said(boris_s) == ("Партия 1 сыграна", f"Колхоз · 0 очков · 0{RUB} · победа: Аня")
        assert (boris_s["data"]["outcome"], boris_s["data"]["points"], boris_s["data"]["against"]) == ("lost", 0, None)
        assert (await only(made, anya))["data"]["points"] == "8/3"
        assert said(await only(made, vera))[1] == f"Колхоз · {MINUS}2 очка · {MINUS}200{RUB} · победа: Аня"
        assert said(await only(made, english(made, vera))) == (
            "Game 1 is over",
            f"Kolkhoz · {MINUS}2 points · {MINUS}200{RUB} · won by Аня",
        )

    async def test_for_points_there_is_no_money(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris], name="")
        await made.publish(evening.duel({"Аня": 8, "Борис": 5}))
        for person in (anya, boris):
            item = await only(made, person)
            assert (item["data"]["money"], item["data"]["currency"]) == (None, None)
            assert "₽" not in item["body"]
        assert said(await only(made, anya)) == ("Победа в партии 1", "Американка · счёт 8:5")

    @pytest.mark.parametrize(
        ("reason", "outcome", "title"),
        [("draw", "draw", "Ничья в партии 1"), ("abandoned", "none", "Партия 1 прервана")],
    )
    async def test_nobody_won(self, made: Installation, reason: str, outcome: str, title: str) -> None:
        anya = made.person("Аня")
        await made.publish(Evening([anya, "Гость"], name="").duel({"Аня": 7, "Гость": 7}, reason=reason))
        item = await only(made, anya)
        assert (item["data"]["outcome"], item["data"]["winners"]) == (outcome, [])
        assert said(item) == (title, "Американка · счёт 7:7")

    async def test_all_the_best_is_a_draw(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris, "Гость"], kind="kolkhoz", name="")
        await made.publish(evening.kolkhoz({"Аня": 5, "Борис": 5, "Гость": 5}))
        assert said(await only(made, anya)) == ("Ничья в партии 1", "Колхоз · 0 очков")
        other = Evening([boris, "Гость", "Ещё гость"], kind="kolkhoz", name="")
        await made.publish(
            other.kolkhoz({"Борис": 5, "Гость": 5, "Ещё гость": 0}, points={"Борис": 1, "Гость": 1, "Ещё гость": -2})
        )
        item = next(item for item in await inbox(made, boris) if item["data"]["session_id"] == other.id)
        assert said(item) == ("Победа в партии 1", "Колхоз · 1 очко · победа: Борис, Гость")


class TestCorrections:
    async def test_my_result_changed(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris])
        await made.publish(evening.duel({"Аня": 8, "Борис": 5}, money={"Аня": 300, "Борис": -300}))
        first = await only(made, anya)
        await read(made, anya, first["id"])
        money = {"Аня": -300, "Борис": 300}
        await made.publish(evening.duel({"Аня": 5, "Борис": 8}, money=money, game_id=evening.games[0]))
        second = await only(made, anya)
        assert (second["id"], second["created_at"]) == (first["id"], first["created_at"])
        assert second["updated_at"] > first["updated_at"]
        assert (second["read"], second["data"]["outcome"], second["data"]["money"]) == (False, "lost", -300)

    async def test_only_another_s_result_changed(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris])
        await made.publish(evening.duel({"Аня": 8, "Борис": 5}, money={"Аня": 300, "Борис": -300}))
        for person in (anya, boris):
            await read(made, person, (await only(made, person))["id"])
        money = {"Аня": 300, "Борис": -300}
        await made.publish(evening.duel({"Аня": 8, "Борис": 4}, money=money, game_id=evening.games[0]))
        mine, his = await only(made, anya), await only(made, boris)
        assert (mine["read"], mine["data"]["against"]) == (True, 4)
        assert (his["read"], his["data"]["score"]) == (False, 4)

    async def test_what_is_older_or_the_same_changes_nothing(self, made: Installation) -> None:
        anya = made.person("Аня")
        evening = Evening([anya, "Гость"])
        first = evening.duel({"Аня": 8, "Гость": 5})
        second = evening.duel({"Аня": 5, "Гость": 8}, game_id=evening.games[0])
        await made.publish(second)
        shown = await only(made, anya)
        await read(made, anya, shown["id"])
        told_again = second.model_copy(update={"event_id": new_id()})
        await made.publish(first, second, told_again, first.model_copy(update={"event_id": new_id()}))
        item = await only(made, anya)
        assert item == {**shown, "read": True, "created_at": item["created_at"]}
        assert item["created_at"] < shown["created_at"]  # it dates from the first result, however late that came

    @pytest.mark.parametrize("late", [False, True])
    async def test_of_one_version_the_latest(self, made: Installation, late: bool) -> None:
        """Whoever is added, removed and added between two events of the log."""
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya])
        joined = evening.joined(boris)
        renamed = {"event_id": new_id(), "session_name": "Новое", "at": joined.at + timedelta(seconds=1)}
        events = [joined, joined.model_copy(update=renamed)]
        await made.publish(*(reversed(events) if late else events))
        item = await only(made, boris)
        assert item["data"]["session_name"] == "Новое"
        assert item["created_at"] < item["updated_at"]

    async def test_reopened_and_finished_again(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris])
        finished = evening.duel({"Аня": 8, "Борис": 5})
        await made.publish(finished)
        first = await only(made, anya)
        await read(made, anya, first["id"])
        reopened = evening.take_back(evening.games[0])
        await made.publish(reopened)
        late = finished.model_copy(update={"event_id": new_id()})
        await made.publish(late, finished, reopened)
        assert await inbox(made, anya) == await inbox(made, boris) == []
        await read(made, anya, first["id"])
        await made.publish(evening.duel({"Аня": 8, "Борис": 6}, game_id=evening.games[0]))
        again = await only(made, anya)
        assert (again["id"], again["read"], again["data"]["against"]) == (first["id"], True, 6)
        assert again["created_at"] == again["updated_at"] > first["created_at"]
        assert (await only(made, boris))["read"] is False

    async def test_taken_back_before_it_came(self, made: Installation) -> None:
        anya = made.person("Аня")
        evening = Evening([anya, "Гость"])
        finished = evening.duel({"Аня": 8, "Гость": 5})
        reopened = evening.take_back(evening.games[0])
        await made.publish(reopened, finished)
        assert await inbox(made, anya) == []

    async def test_who_is_not_in_it_any_more(self, made: Installation) -> None:
        """A guest was somebody's by mistake."""
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris])
        await made.publish(evening.duel({"Аня": 8, "Борис": 5}))
        assert (await only(made, boris))["kind"] == "game_finished"
        evening.players[1] = evening.players[1].model_copy(update={"user_id": None})
        await made.publish(evening.duel({"Аня": 8, "Борис": 5}, game_id=evening.games[0]))
        assert await inbox(made, boris) == []
        assert (await only(made, anya))["data"]["outcome"] == "won"

    async def test_the_same_game_id_in_another_session(self, made: Installation) -> None:
        """Ids of games are made by clients: a stranger may take one that is ours."""
        anya, mallory = made.person("Аня"), made.person("Мэллори")
        ours, theirs = Evening([anya, "Гость"]), Evening([mallory, "Гость"])
        game = ours.duel({"Аня": 8, "Гость": 5})
        await made.publish(game)
        theirs.version = 1000
        theirs.games.append(game.game_id)
        await made.publish(
            theirs.duel({"Мэллори": 8, "Гость": 0}, game_id=game.game_id), theirs.take_back(game.game_id)
        )
        assert (await only(made, anya))["data"]["session_id"] == ours.id

    async def test_longest_ids(self, made: Installation) -> None:
        """As long as the game service lets clients make them."""
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris])
        evening.games.append("я" * 64)
        evening.players[1] = evening.players[1].model_copy(update={"id": "🎱" * 64})
        evening.ids["Борис"] = "🎱" * 64
        await made.publish(evening.created(), evening.duel({"Аня": 8, "Борис": 5}, game_id="я" * 64))
        assert [item["kind"] for item in await inbox(made, boris)] == ["game_finished", "session_added"]


class TestSessionFinished:
    async def test_balance_and_transfers(self, made: Installation) -> None:
        anya, boris, vera = made.person("Аня"), made.person("Борис"), made.person("Вера")
        evening = Evening([anya, boris, vera, "Гость"], kind="kolkhoz", name="Пятница")
        evening.games += [new_id() for _ in range(21)]
        balances = {"Аня": 150_000, "Борис": 0, "Вера": -100_000, "Гость": -50_000}
        finished = evening.finish(balances, [("Вера", "Аня", 100_000), ("Гость", "Аня", 50_000)])
        await made.publish(finished)
        creditor, even, debtor = [await only(made, person) for person in (anya, boris, vera)]
        assert debtor["kind"] == "session_finished"
        assert debtor["data"] == {
            "session_id": evening.id,
            "session_name": "Пятница",
            "game_kind": "kolkhoz",
            "games": 21,
            "balance": -100_000,
            "currency": "RUB",
            "pay": [{"player_id": evening.ids["Аня"], "name": "Аня", "amount": 100_000}],
            "receive": [],
        }
        assert [(one["name"], one["amount"]) for one in creditor["data"]["receive"]] == [
            ("Вера", 100_000),
            ("Гость", 50_000),
        ]
        title = "Вечер «Пятница» закончен"
        assert said(creditor) == (
            title,
            f"Колхоз · 21 партия · ваш итог +1\u00a0500{RUB} · вам платят: Вера 1\u00a0000{RUB}, Гость 500{RUB}",
        )
        assert said(even) == (title, "Колхоз · 21 партия · вы в расчёте")
        assert said(debtor) == (
            title,
            f"Колхоз · 21 партия · ваш итог {MINUS}1\u00a0000{RUB} · вы платите: Аня 1\u00a0000{RUB}",
        )
        assert said(await only(made, english(made, vera))) == (
            "“Пятница” is over",
            f"Kolkhoz · 21 games · your balance {MINUS}1\u00a0000{RUB} · you pay: Аня 1\u00a0000{RUB}",
        )

    async def test_for_points(self, made: Installation) -> None:
        anya = made.person("Аня")
        evening = Evening([anya, "Гость"], name="")
        evening.games += [new_id(), new_id()]
        await made.publish(evening.finish({"Аня": 300, "Гость": -300}, [("Гость", "Аня", 300)], money=False))
        item = await only(made, anya)
        assert said(item) == ("Вечер закончен", "Американка · 2 партии")
        assert [item["data"][name] for name in ("balance", "currency", "pay", "receive")] == [None, None, [], []]

    async def test_a_payment_corrects_it(self, made: Installation) -> None:
        anya, boris, vera = made.person("Аня"), made.person("Борис"), made.person("Вера")
        evening = Evening([anya, boris, vera])
        balances = {"Аня": 300, "Борис": -100, "Вера": -200}
        first = evening.finish(balances, [("Борис", "Аня", 100), ("Вера", "Аня", 200)])
        second = evening.finish({**balances, "Аня": 200, "Борис": 0}, [("Вера", "Аня", 200)])
        await made.publish(first)
        for person in (anya, boris, vera):
            await read(made, person, (await only(made, person))["id"])
        await made.publish(second, first)
        after = {person.name: await only(made, person) for person in (anya, boris, vera)}
        assert {name: item["data"]["balance"] for name, item in after.items()} == {"Аня": 200, "Борис": 0, "Вера": -200}
        assert {name: item["read"] for name, item in after.items()} == {"Аня": False, "Борис": False, "Вера": True}
        assert after["Борис"]["data"]["pay"] == []

    async def test_reopened(self, made: Installation) -> None:
        anya = made.person("Аня")
        evening = Evening([anya, "Гость"])
        finished, reopened = evening.finish({"Аня": 100, "Гость": -100}), evening.reopen()
        await made.publish(reopened, finished)
        assert await inbox(made, anya) == []
        await made.publish(evening.finish({"Аня": 200, "Гость": -200}))
        assert (await only(made, anya))["data"]["balance"] == 200


class TestFriends:
    def between(self, one: Person, other: Person, version: int) -> dict[str, Any]:
        at = now() + timedelta(minutes=version)
        return {"user_id": one.id, "other_id": other.id, "version": version, "at": at}

    async def test_asked_and_accepted(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        request_id = new_id()
        await made.publish(
            FriendRequested(**self.between(anya, boris, 1), request_id=request_id, name="Аня"),
            FriendAccepted(**self.between(boris, anya, 2), request_id=request_id, name="Борис"),
        )
        asked, accepted = await only(made, boris), await only(made, anya)
        assert (asked["kind"], accepted["kind"]) == ("friend_requested", "friend_accepted")
        assert asked["data"] == {"request_id": request_id, "user_id": anya.id, "name": "Аня"}
        assert accepted["data"] == {"request_id": request_id, "user_id": boris.id, "name": "Борис"}
        assert said(asked) == ("Заявка в друзья", "Аня приглашает вас в друзья")
        assert said(accepted) == ("Заявка принята", "Борис и вы теперь друзья")
        assert said(await only(made, english(made, boris))) == ("Friend request", "Аня would like to be friends")
        assert said(await only(made, english(made, anya))) == ("Request accepted", "Борис and you are friends now")

    @pytest.mark.parametrize("ending", [FriendRemoved, UserBlocked])
    @pytest.mark.parametrize("late", [False, True])
    async def test_taken_back(self, made: Installation, ending: Any, late: bool) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        events = [
            FriendRequested(**self.between(anya, boris, 1), request_id=new_id(), name="Аня"),
            ending(**self.between(anya, boris, 2)),
        ]
        await made.publish(*(reversed(events) if late else events))
        assert await inbox(made, boris) == await inbox(made, anya) == []
        await made.publish(UserUnblocked(**self.between(anya, boris, 3)))
        assert await inbox(made, boris) == []

    async def test_asked_again(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        first = FriendRequested(**self.between(anya, boris, 1), request_id=new_id(), name="Аня")
        await made.publish(first)
        await read(made, boris, (await only(made, boris))["id"])
        again = FriendRequested(**self.between(anya, boris, 3), request_id=new_id(), name="Анна")
        await made.publish(FriendRemoved(**self.between(boris, anya, 2)), again)
        item = await only(made, boris)
        assert (item["read"], item["data"]["name"], item["data"]["request_id"]) == (False, "Анна", again.request_id)
        assert item["created_at"] == item["updated_at"] == again.at.isoformat().replace("+00:00", "Z")


async def test_names_that_look_like_templates(made: Installation) -> None:
    anya, boris = made.person("{number} {0} %s"), made.person("Борис")
    evening = Evening([anya, boris], name="{name!r} {names}")
    await made.publish(evening.created(), evening.duel({boris.name: 5, anya.name: 8}))
    bodies = {item["kind"]: said(item) for item in await inbox(made, boris)}
    assert bodies["session_added"][0] == "Вас добавили в вечер «{name!r} {names}»"
    assert bodies["game_finished"][1].endswith("победа: {number} {0} %s")


async def test_migrations(database_url: str) -> None:
    address = database_url.replace("{service}", "notification")
    for step in (migrate, check, downgrade, migrate, check):
        await asyncio.to_thread(step, "notification", address)


class TestIdentityChanged:
    async def test_what_holds_now(self, made: Installation) -> None:
        """Whatever the order in which it is heard."""
        anya = made.person("Аня")
        linked = IdentityLinked(user_id=anya.id, version=2, provider="google")
        unlinked = IdentityUnlinked(user_id=anya.id, version=3, provider="google")
        await made.publish(linked)
        title, body = said(await only(made, anya))
        assert title == "Добавлен вход через Google"
        assert "не вы" in body
        await made.publish(unlinked, linked)
        item = await only(made, english(made, anya))
        assert said(item)[0] == "Signing in through Google was removed"
        assert item["data"] == {"provider": "google", "linked": False}


class TestExports:
    async def test_ready_once_in_both_languages_and_for_its_owner_alone(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        until = datetime(2026, 12, 3, 20, tzinfo=UTC)
        ready = UserExportReady(export_id=new_id(), user_id=anya.id, until=until)
        await made.publish(ready, ready, ready.model_copy(update={"event_id": new_id()}))
        told = await only(made, anya)
        assert (told["kind"], told["data"]["export_id"]) == ("export_ready", ready.export_id)
        assert said(told) == ("Ваши данные собраны", "Архив можно скачать до 03.12.2026")
        assert said(await only(made, english(made, anya))) == (
            "Your data is ready", "The archive can be downloaded until 03.12.2026",
        )  # fmt: skip
        assert await inbox(made, boris) == []
