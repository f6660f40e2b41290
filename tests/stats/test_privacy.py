"""What somebody keeps to himself: his figures, or only his money. Others get the answers they would get without him."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from artel.contracts.auth import Privacy, UserUpdated
from artel.kernel.events import new_id
from artel_testing import Person, installation
from evenings import Evening
from stats.test_api import NOT_FOUND, Company

MONEY = {"Аня": 500, "Борис": -500}


@pytest.fixture
async def company(database_url: str, tmp_path: Path) -> AsyncIterator[Company]:
    async with installation(tmp_path, ["stats"], database_url=database_url) as made:
        yield Company(made)


def decided(who: Person, version: int = 2, **privacy: Any) -> UserUpdated:
    return UserUpdated(user_id=who.id, version=version, display_name=who.name, privacy=Privacy(**privacy))


def renamed(who: Person, version: int) -> UserUpdated:
    """As a process says it that does not know of privacy yet."""
    return UserUpdated(user_id=who.id, version=version, display_name=who.name)


async def evening_of_two(company: Company) -> tuple[Person, Person, Person]:
    """Аня and Борис have played; Вера is a friend of both, and Борис is none of Аня's."""
    anya, boris, vera = await company.people("Аня", "Борис", "Вера")
    evening = Evening([anya, boris])
    await company.tell(evening.duel({"Аня": 8, "Борис": 5}, money=MONEY), evening.finish(MONEY))
    await company.befriend(vera, anya)
    await company.befriend(vera, boris)
    return anya, boris, vera


async def board(company: Company, who: Person, **query: Any) -> list[tuple[int, str]]:
    items = (await company.ok(who, "leaderboard", **query))["items"]
    return [(leader["rank"], leader["display_name"]) for leader in items]


class TestFigures:
    async def test_only_friends(self, company: Company) -> None:
        anya, boris, vera = await evening_of_two(company)
        await company.tell(decided(boris, figures="friends"))
        assert await company.refused(anya, f"players/{boris.id}") == NOT_FOUND
        assert (await company.ok(vera, f"players/{boris.id}"))["games"] == 1
        await company.befriend(anya, boris)
        figures = await company.ok(anya, f"players/{boris.id}")
        assert (figures["games"], figures["balance"]) == (1, {"RUB": -500})

    async def test_nobody_gets_more_than_of_somebody_who_is_not_there(self, company: Company) -> None:
        anya, boris, vera = await evening_of_two(company)
        await company.tell(decided(boris, figures="nobody"))
        for who in (anya, vera):
            for path, query in [
                (f"players/{boris.id}", {}),
                ("head-to-head", {"a": anya.id, "b": boris.id}),
                ("head-to-head", {"a": boris.id, "b": anya.id}),
                ("history", {"player": boris.id}),
                ("flows", {"player": boris.id}),
                (f"ratings/{boris.id}/trace", {}),
            ]:
                answer, nobody = [
                    (await company.get(who, path.replace(boris.id, each), **_with(query, boris.id, each))).json()
                    for each in (boris.id, new_id())
                ]
                assert {**answer, "request_id": ""} == {**nobody, "request_id": ""}, path

    async def test_oneself_sees_all_of_it(self, company: Company) -> None:
        _, boris, _ = await evening_of_two(company)
        await company.tell(decided(boris, figures="nobody", hide_money=True))
        assert (await company.ok(boris, f"players/{boris.id}"))["balance"] == {"RUB": -500}
        (item,) = (await company.ok(boris, "history"))["items"]
        assert (item["money"], item["session"]["balance"]) == (-500, -500)
        assert (await company.ok(boris, "flows"))["items"][0]["net"] == {"RUB": -500}
        assert await board(company, boris, by="balance", currency="RUB") == [(1, "Борис")]

    async def test_no_place_in_any_order(self, company: Company) -> None:
        anya, boris, vera = await evening_of_two(company)
        await company.made.call(anya, "PUT", "/stats/preferences", {"listed": True})
        await company.tell(Evening([vera, boris]).duel({"Борис": 8, "Вера": 1}))
        (stranger,) = await company.people("Чужой")
        assert await board(company, stranger, scope="all") == [(1, "Аня")]
        await company.tell(decided(anya, figures="nobody"))
        assert await board(company, vera) == [(1, "Борис"), (2, "Вера")]
        assert await board(company, vera, by="rating", game="americana") == [(1, "Борис"), (2, "Вера")]
        assert await board(company, vera, scope="all") == await board(company, stranger, scope="all") == []
        await company.tell(decided(anya, 3, figures="friends"))
        assert await board(company, vera, scope="all") == [(1, "Аня")]
        assert await board(company, stranger, scope="all") == []

    async def test_no_name_in_what_others_have_played(self, company: Company) -> None:
        anya, boris, vera = await evening_of_two(company)
        seen = (await company.ok(vera, "history", player=anya.id))["items"][0]["players"]
        assert [player["display_name"] for player in seen] == ["Аня", "Борис"]
        await company.tell(decided(boris, figures="nobody"))
        seen = (await company.ok(vera, "history", player=anya.id))["items"][0]["players"]
        assert [(player["user_id"], player["display_name"]) for player in seen] == [(anya.id, "Аня"), (None, None)]
        for who in (anya, vera):
            (change,) = (await company.ok(who, f"ratings/{anya.id}/trace"))["items"]
            assert [(met["user_id"], met["display_name"]) for met in change["comparisons"]] == [(None, None)]

    async def test_whoever_was_at_the_table_keeps_what_he_saw_there(self, company: Company) -> None:
        anya, boris, _ = await evening_of_two(company)
        await company.tell(decided(boris, figures="nobody"))
        (item,) = (await company.ok(anya, "history"))["items"]
        assert [(player["display_name"], player["score"], player["money"]) for player in item["players"]] == [
            ("Аня", 8, 500), ("Борис", 5, None),
        ]  # fmt: skip


class TestMoney:
    async def test_hidden_even_from_whoever_shared_an_evening(self, company: Company) -> None:
        anya, boris, vera = await evening_of_two(company)
        await company.tell(Evening([anya, boris, vera]).created(), decided(boris, hide_money=True))
        figures = await company.ok(anya, f"players/{boris.id}")
        assert (figures["games"], figures["balance"], figures["kinds"][0]["balance"]) == (1, None, None)
        assert (await company.ok(anya, "head-to-head", a=anya.id, b=boris.id))["balance"] is None
        assert await company.refused(anya, "flows", player=boris.id) == (403, "forbidden")
        (item,) = (await company.ok(anya, "history", player=boris.id))["items"]
        assert (item["money"], item["session"]["balance"], item["score"]) == (None, None, 5)
        for who in (anya, vera):
            flows = await company.ok(who, "flows", player=anya.id)
            assert (flows["items"], flows["others"]) == ([], {"RUB": 500})
        assert await board(company, vera, by="balance", currency="RUB") == [(1, "Аня")]
        assert await board(company, vera, by="wins") == [(1, "Аня"), (2, "Борис")]

    async def test_not_told_by_what_the_others_of_a_game_won(self, company: Company) -> None:
        anya, boris, vera = await evening_of_two(company)
        await company.tell(Evening([anya, boris, vera]).created(), decided(boris, hide_money=True))
        (item,) = (await company.ok(vera, "history", player=anya.id))["items"]
        assert [(player["display_name"], player["money"]) for player in item["players"]] == [
            ("Аня", None), (None, None),
        ]  # fmt: skip
        assert item["money"] is None
        (item,) = (await company.ok(vera, "history", player=boris.id))["items"]
        assert [player["money"] for player in item["players"]] == [None, None], "nor by his own history"


class TestWhatWasSaid:
    async def test_in_any_order_the_newest_holds(self, company: Company) -> None:
        anya, boris, _ = await evening_of_two(company)
        first, second = decided(boris, 2, figures="nobody"), decided(boris, 4, hide_money=True)
        for events in ([first, second], [second, first, second]):
            await company.tell(*(event.model_copy(update={"event_id": new_id()}) for event in events))
            assert (await company.ok(anya, f"players/{boris.id}"))["balance"] is None

    @pytest.mark.parametrize("late", [False, True])
    async def test_a_change_that_says_nothing_of_it_leaves_it(self, company: Company, late: bool) -> None:
        anya, boris, _ = await evening_of_two(company)
        events = [decided(boris, 2, figures="nobody"), renamed(boris, 3)]
        await company.tell(*(reversed(events) if late else events))
        assert await company.refused(anya, f"players/{boris.id}") == NOT_FOUND


def _with(query: dict[str, str], one: str, other: str) -> dict[str, str]:
    return {name: other if value == one else value for name, value in query.items()}
