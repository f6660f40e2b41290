import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from artel.contracts.auth import UserRegistered, UserUpdated
from artel.contracts.friends import FriendAccepted, FriendRemoved, GroupChanged, UserBlocked, UserUnblocked
from artel.contracts.game import Tally
from artel.kernel.events import Event, new_id
from artel.kernel.migrations import check, downgrade, migrate
from artel_testing import Installation, Person, installation
from evenings import Evening


class Company:
    def __init__(self, made: Installation) -> None:
        self.made = made

    async def people(self, *names: str) -> list[Person]:
        people = [self.made.person(name) for name in names]
        await self.tell(*(UserRegistered(user_id=p.id, version=1, display_name=p.name) for p in people))
        return people

    async def tell(self, *events: Event) -> None:
        await self.made.publish(*events)

    async def befriend(self, one: Person, other: Person, version: int = 1) -> None:
        event = FriendAccepted(user_id=one.id, other_id=other.id, version=version, request_id=new_id(), name=one.name)
        await self.tell(event)

    async def get(self, who: Person | None, path: str, **params: Any) -> Response:
        return await self.made.call(who, "GET", f"/stats/{path}", params=params)

    async def ok(self, who: Person, path: str, **params: Any) -> Any:
        answer = await self.get(who, path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, who: Person | None, path: str, **params: Any) -> tuple[int, str]:
        answer = await self.get(who, path, **params)
        return answer.status_code, answer.json()["code"]


@pytest.fixture
async def company(database_url: str, tmp_path: Path) -> AsyncIterator[Company]:
    async with installation(tmp_path, ["stats"], database_url=database_url) as made:
        yield Company(made)


NOT_FOUND = (404, "not_found")
WON = {"Аня": 30_000, "Борис": -30_000}


def won(answer: dict[str, Any]) -> tuple[int, int, dict[str, int]]:
    return answer["games"], answer["wins"], answer["balance"]


class TestFigures:
    async def test_nothing_yet(self, company: Company) -> None:
        anya = company.made.person("Аня")  # her registration has not even arrived
        figures = await company.ok(anya, f"players/{anya.id}")
        assert figures == {
            "user_id": anya.id, "display_name": "Аня", "period": "all", "kinds": [], "balance": {},
            "games": 0, "wins": 0, "losses": 0, "draws": 0, "abandoned": 0,
            "balls": 0, "own": 0, "fouls": 0, "misses": 0, "best_series": 0,
        }  # fmt: skip

    async def test_by_kind_and_altogether(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        duel, circle = Evening([anya, boris], kind="moscow"), Evening([anya, boris], kind="kolkhoz", currency="EUR")
        mine = {"Аня": Tally(balls=6, own=2, lucky=1, fouls=1, misses=3, best_series=4)}
        await company.tell(
            duel.duel({"Аня": 8, "Борис": 5}, money=WON, tallies=mine),
            duel.duel({"Аня": 7, "Борис": 7}, reason="draw"),
            duel.duel({"Борис": 8, "Аня": 2}, money={"Аня": -5_000, "Борис": 5_000}, reason="concede"),
            duel.duel({"Аня": 1, "Борис": 0}, reason="abandoned"),
            circle.kolkhoz({"Аня": 9, "Борис": 7}, money={"Аня": 200, "Борис": -200}),
        )
        figures = await company.ok(anya, f"players/{anya.id}")
        kinds = {kind.pop("game"): kind for kind in figures["kinds"]}
        assert list(kinds) == ["kolkhoz", "moscow"]
        moscow = kinds["moscow"]
        history = moscow.pop("rating_history")
        assert moscow == {
            "games": 4, "wins": 1, "losses": 1, "draws": 1, "abandoned": 1, "balls": 16, "own": 2, "fouls": 1,
            "misses": 3, "best_series": 4, "balance": {"RUB": 25_000}, "rating": history[-1]["rating"],
            "rated_games": 3, "provisional": True,
        }  # fmt: skip
        assert [point["rating"] for point in history[:1]] == [1512.0]
        assert len(history) == 3
        assert won(kinds["kolkhoz"]) == (1, 1, {"EUR": 200})
        assert (figures["games"], figures["wins"], figures["balls"], figures["own"]) == (5, 2, 25, 2)
        assert figures["balance"] == {"EUR": 200, "RUB": 25_000}
        one = await company.ok(anya, f"players/{anya.id}", game="kolkhoz")
        assert [kind["game"] for kind in one["kinds"]] == ["kolkhoz"]
        assert won(one) == (1, 1, {"EUR": 200})

    async def test_a_period(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        for days in (0, 3, 20, 200, 500):
            evening = Evening([anya, boris], starts=datetime.now(UTC) - timedelta(days=days, hours=1))
            await company.tell(evening.duel({"Аня": 8, "Борис": 1}))
        counts = [
            (await company.ok(anya, f"players/{anya.id}", period=period))["games"]
            for period in ("day", "week", "month", "year", "all", "")
        ]
        assert counts == [1, 2, 3, 4, 5, 5]
        week = await company.ok(anya, f"players/{anya.id}", period="week")
        assert len(week["kinds"][0]["rating_history"]) == 2
        assert week["kinds"][0]["rated_games"] == 5

    async def test_a_correction_replaces_and_a_late_one_is_ignored(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        evening = Evening([anya, boris])
        first = evening.duel({"Аня": 8, "Борис": 5}, money=WON)
        game_id = first.game_id
        reopened = evening.take_back(game_id)
        second = evening.duel({"Борис": 8, "Аня": 7}, money={"Аня": -100, "Борис": 100}, game_id=game_id)
        path = f"players/{anya.id}"
        await company.tell(first, first)
        assert won(await company.ok(anya, path)) == (1, 1, {"RUB": 30_000})
        await company.tell(reopened)
        assert won(await company.ok(anya, path)) == (0, 0, {})
        await company.tell(first.model_copy(update={"event_id": new_id()}))
        assert won(await company.ok(anya, path)) == (0, 0, {})
        await company.tell(second)
        assert won(await company.ok(anya, path)) == (1, 0, {"RUB": -100})
        await company.tell(reopened.model_copy(update={"event_id": new_id()}))
        assert won(await company.ok(anya, path)) == (1, 0, {"RUB": -100})

    async def test_guests_are_no_users(self, company: Company) -> None:
        (anya,) = await company.people("Аня")
        evening = Evening([anya, "Дядя Женя"])
        await company.tell(evening.duel({"Аня": 8, "Дядя Женя": 5}, money={"Аня": 100, "Дядя Женя": -100}))
        figures = await company.ok(anya, f"players/{anya.id}")
        assert won(figures) == (1, 1, {"RUB": 100})
        assert (figures["kinds"][0]["rating"], figures["kinds"][0]["rating_history"]) == (None, [])
        assert await company.refused(anya, f"players/{evening.ids['Дядя Женя']}") == NOT_FOUND

    async def test_the_same_start_in_two_evenings(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        first, second = Evening([anya, boris]), Evening([anya, boris])
        games = first.duel({"Аня": 8, "Борис": 5}, money=WON), second.duel({"Аня": 8, "Борис": 5}, money=WON)
        assert games[0].game_id == games[1].game_id
        await company.tell(*games)
        assert won(await company.ok(anya, f"players/{anya.id}")) == (2, 2, {"RUB": 60_000})
        await company.tell(first.take_back(games[0].game_id))
        assert won(await company.ok(anya, f"players/{anya.id}")) == (1, 1, {"RUB": 30_000})

    @pytest.mark.parametrize("query", [{"game": "snooker"}, {"period": "century"}])
    async def test_queries_that_are_none(self, company: Company, query: dict[str, str]) -> None:
        (anya,) = await company.people("Аня")
        assert await company.refused(anya, f"players/{anya.id}", **query) == (422, "invalid_query")


class TestClaims:
    async def test_a_guest_turns_out_to_be_somebody(self, company: Company) -> None:
        anya, zhenya = await company.people("Аня", "Женя")
        evening = Evening([anya, "Дядя Женя"])
        game = evening.duel({"Дядя Женя": 8, "Аня": 5}, money={"Аня": -100, "Дядя Женя": 100})
        await company.tell(game)
        assert await company.refused(anya, f"players/{zhenya.id}") == NOT_FOUND
        await company.tell(evening.claimed("Дядя Женя", zhenya))
        figures = await company.ok(anya, f"players/{zhenya.id}")
        assert won(figures) == (1, 1, {"RUB": 100})
        assert figures["kinds"][0]["rating"] == 1512
        flows = await company.ok(anya, "flows")
        assert [(item["display_name"], item["net"]) for item in flows["items"]] == [("Женя", {"RUB": -100})]
        (item,) = (await company.ok(anya, "history"))["items"]
        assert [(player["user_id"], player["display_name"]) for player in item["players"]] == [
            (zhenya.id, "Женя"), (anya.id, "Аня"),
        ]  # fmt: skip
        await company.tell(evening.unclaimed("Дядя Женя", zhenya))
        assert await company.refused(anya, f"players/{zhenya.id}") == NOT_FOUND
        assert won(await company.ok(zhenya, f"players/{zhenya.id}")) == (0, 0, {})
        mine = await company.ok(anya, f"players/{anya.id}")
        assert (mine["losses"], mine["kinds"][0]["rating"]) == (1, None)
        (item,) = (await company.ok(anya, "history"))["items"]
        assert [player["display_name"] for player in item["players"]] == ["Дядя Женя", "Аня"]
        assert (await company.ok(anya, "flows"))["guests"] == {"RUB": -100}

    async def test_a_list_made_before_the_claim_does_not_undo_it(self, company: Company) -> None:
        anya, zhenya = await company.people("Аня", "Женя")
        evening = Evening([anya, "Дядя Женя"])
        guests = list(evening.players)
        claim = evening.claimed("Дядя Женя", zhenya)
        game = evening.duel({"Дядя Женя": 8, "Аня": 5}).model_copy(update={"players": guests})
        for order in ([claim, game], [game, claim]):
            for event in order:
                await company.tell(event.model_copy(update={"event_id": new_id()}))
            assert (await company.ok(zhenya, f"players/{zhenya.id}"))["wins"] == 1


class TestWhoMaySee:
    async def test_strangers_do_not(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        for path, query in [
            (f"players/{boris.id}", {}),
            ("head-to-head", {"a": anya.id, "b": boris.id}),
            ("history", {"player": boris.id}),
            ("flows", {"player": boris.id}),
            (f"ratings/{boris.id}/trace", {}),
        ]:
            assert await company.refused(anya, path, **query) == NOT_FOUND
        for nobody in (new_id(), "nonsense"):
            assert await company.refused(anya, f"players/{nobody}") == NOT_FOUND
            assert await company.refused(anya, f"ratings/{nobody}/trace") == NOT_FOUND

    async def test_friends_see_figures_and_no_money(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        evening = Evening([boris, vera])
        await company.tell(evening.duel({"Борис": 8, "Вера": 5}, money={"Борис": 100, "Вера": -100}))
        await company.befriend(anya, boris)
        figures = await company.ok(anya, f"players/{boris.id}")
        assert (figures["display_name"], figures["wins"], figures["balance"]) == ("Борис", 1, None)
        assert [kind["balance"] for kind in figures["kinds"]] == [None]
        assert await company.refused(anya, "flows", player=boris.id) == (403, "forbidden")
        (item,) = (await company.ok(anya, "history", player=boris.id))["items"]
        assert (item["outcome"], item["score"], item["money"], item["session"]) == ("win", 8, None, None)
        seen = [(player["user_id"], player["display_name"], player["money"]) for player in item["players"]]
        assert seen == [(boris.id, "Борис", None), (None, None, None)]
        (change,) = (await company.ok(anya, f"ratings/{boris.id}/trace"))["items"]
        assert [(met["user_id"], met["display_name"]) for met in change["comparisons"]] == [(None, None)]
        await company.tell(FriendRemoved(user_id=boris.id, other_id=anya.id, version=2))
        assert await company.refused(anya, f"players/{boris.id}") == NOT_FOUND

    async def test_an_evening_shared_shows_money(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        first, second = Evening([anya, boris, vera]), Evening([boris, vera])
        await company.tell(first.created())
        await company.tell(second.duel({"Борис": 8, "Вера": 5}, money={"Борис": 100, "Вера": -100}))
        figures = await company.ok(anya, f"players/{boris.id}")
        assert figures["balance"] == {"RUB": 100}
        (item,) = (await company.ok(anya, "history", player=boris.id))["items"]
        assert [player["money"] for player in item["players"]] == [100, -100]
        assert item["session"] is None

    async def test_blocks_hide_both_from_each_other(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        evening = Evening([anya, boris])
        await company.tell(evening.duel({"Аня": 8, "Борис": 5}, money=WON))
        await company.tell(UserBlocked(user_id=boris.id, other_id=anya.id, version=2))
        assert await company.refused(anya, f"players/{boris.id}") == NOT_FOUND
        assert await company.refused(boris, f"players/{anya.id}") == NOT_FOUND
        assert await company.refused(anya, "head-to-head", a=anya.id, b=boris.id) == NOT_FOUND
        # What she saw at the table stays in her own history.
        (item,) = (await company.ok(anya, "history"))["items"]
        assert [player["display_name"] for player in item["players"]] == ["Аня", "Борис"]
        flows = await company.ok(anya, "flows")
        assert (flows["items"], flows["others"]) == ([], {"RUB": 30_000})
        await company.tell(UserBlocked(user_id=anya.id, other_id=boris.id, version=3))
        await company.tell(UserUnblocked(user_id=boris.id, other_id=anya.id, version=4))
        assert await company.refused(anya, f"players/{boris.id}") == NOT_FOUND
        await company.tell(UserUnblocked(user_id=anya.id, other_id=boris.id, version=5))
        assert (await company.ok(anya, f"players/{boris.id}"))["games"] == 1

    async def test_a_block_ends_a_friendship(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.tell(UserBlocked(user_id=boris.id, other_id=anya.id, version=2))
        await company.tell(UserUnblocked(user_id=boris.id, other_id=anya.id, version=3))
        await company.befriend(anya, boris, version=1)
        assert await company.refused(anya, f"players/{boris.id}") == NOT_FOUND

    async def test_signed_in_only(self, company: Company) -> None:
        for path in (f"players/{new_id()}", "leaderboard", "head-to-head", "history", "flows", "preferences"):
            assert await company.refused(None, path) == (401, "unauthenticated")


class TestLeaderboard:
    async def evening(self, company: Company) -> tuple[list[Person], Evening]:
        people = await company.people("Аня", "Борис", "Вера")
        evening = Evening(people)
        for winner, loser, amount in [("Аня", "Борис", 500), ("Аня", "Вера", 300), ("Вера", "Борис", 400)]:
            await company.tell(evening.duel({winner: 8, loser: 4}, money={winner: amount, loser: -amount}))
        return people, evening

    async def test_by_wins_among_friends(self, company: Company) -> None:
        (anya, boris, vera), _ = await self.evening(company)
        board = await company.ok(anya, "leaderboard")
        assert [leader["user_id"] for leader in board["items"]] == [anya.id]
        await company.befriend(anya, boris)
        await company.befriend(vera, anya)
        board = await company.ok(anya, "leaderboard", scope="friends", by="wins")
        told = [(leader["rank"], leader["display_name"], leader["wins"], leader["games"]) for leader in board["items"]]
        assert told == [(1, "Аня", 2, 2), (2, "Вера", 1, 2), (3, "Борис", 0, 2)]
        assert {leader["balance"] for leader in board["items"]} == {None}
        assert [leader["display_name"] for leader in (await company.ok(boris, "leaderboard"))["items"]] == [
            "Аня", "Борис",
        ]  # fmt: skip

    async def test_by_rating(self, company: Company) -> None:
        (anya, boris, vera), _ = await self.evening(company)
        await company.befriend(anya, boris)
        await company.befriend(anya, vera)
        board = await company.ok(anya, "leaderboard", by="rating", game="americana")
        assert [leader["display_name"] for leader in board["items"]] == ["Аня", "Вера", "Борис"]
        assert sum(round(leader["rating"] * 100) for leader in board["items"]) == 3 * 150_000
        assert {leader["provisional"] for leader in board["items"]} == {True}
        assert (await company.ok(anya, "leaderboard", by="rating", game="kolkhoz"))["items"] == []
        assert await company.refused(anya, "leaderboard", by="rating") == (422, "invalid_query")

    async def test_by_balance(self, company: Company) -> None:
        (anya, boris, vera), _ = await self.evening(company)
        (gleb,) = await company.people("Глеб")
        other = Evening([gleb, vera])
        await company.tell(other.duel({"Глеб": 8, "Вера": 1}, money={"Глеб": 10_000, "Вера": -10_000}))
        for friend in (boris, vera, gleb):
            await company.befriend(anya, friend)
        board = await company.ok(anya, "leaderboard", by="balance", currency="RUB")
        # Глеб is a friend, but she has never shared an evening with him.
        assert [(leader["display_name"], leader["balance"]) for leader in board["items"]] == [
            ("Аня", 800), ("Борис", -900), ("Вера", -9_900),
        ]  # fmt: skip
        assert (await company.ok(anya, "leaderboard", by="balance", currency="EUR"))["items"] == []
        assert await company.refused(anya, "leaderboard", by="balance") == (422, "invalid_query")
        for scope in ("all", "friends"):
            refused = await company.refused(anya, "leaderboard", by="balance", scope=scope, currency="rubles")
            assert refused == (422, "invalid_query")
        refused = await company.refused(anya, "leaderboard", by="balance", scope="all", currency="RUB")
        assert refused == (422, "invalid_query")

    async def test_all_are_those_who_asked_for_it(self, company: Company) -> None:
        (anya, boris, _), _ = await self.evening(company)
        (stranger,) = await company.people("Чужой")
        assert (await company.ok(stranger, "leaderboard", scope="all"))["items"] == []
        assert await company.ok(anya, "preferences") == {"listed": False}
        for listed in (True, False, True):
            answer = await company.made.call(anya, "PUT", "/stats/preferences", {"listed": listed})
            assert answer.json() == await company.ok(anya, "preferences") == {"listed": listed}
        assert [x["display_name"] for x in (await company.ok(stranger, "leaderboard", scope="all"))["items"]] == ["Аня"]
        await company.made.call(boris, "PUT", "/stats/preferences", {"listed": True})
        rated = await company.ok(stranger, "leaderboard", scope="all", by="rating", game="americana")
        assert [leader["display_name"] for leader in rated["items"]] == ["Аня", "Борис"]
        await company.tell(UserBlocked(user_id=anya.id, other_id=stranger.id, version=1))
        left = await company.ok(stranger, "leaderboard", scope="all")
        assert [leader["display_name"] for leader in left["items"]] == ["Борис"]

    async def test_a_group_of_mine(self, company: Company) -> None:
        (anya, boris, vera), _ = await self.evening(company)
        group = {"group_id": new_id(), "owner_id": anya.id, "name": "Четверг"}
        scope = f"group:{group['group_id']}"
        assert await company.refused(anya, "leaderboard", scope=scope) == NOT_FOUND
        await company.tell(GroupChanged(**group, version=2, members=[vera.id]))
        await company.tell(GroupChanged(**group, version=1, members=[boris.id]))
        board = await company.ok(anya, "leaderboard", scope=scope)
        assert [leader["display_name"] for leader in board["items"]] == ["Аня", "Вера"]
        assert await company.refused(vera, "leaderboard", scope=scope) == NOT_FOUND
        await company.tell(GroupChanged(**group, version=3, members=[], deleted=True))
        assert await company.refused(anya, "leaderboard", scope=scope) == NOT_FOUND

    async def test_game_and_period(self, company: Company) -> None:
        (anya, boris, _), _ = await self.evening(company)
        await company.befriend(anya, boris)
        old = Evening([anya, boris], kind="kolkhoz", starts=datetime.now(UTC) - timedelta(days=60))
        await company.tell(old.kolkhoz({"Борис": 9, "Аня": 7}))
        for query, expected in [
            ({"game": "kolkhoz"}, [("Борис", 1), ("Аня", 0)]),
            ({"game": "kolkhoz", "period": "month"}, []),
            ({"period": "month"}, [("Аня", 2), ("Борис", 0)]),
            ({}, [("Аня", 2), ("Борис", 1)]),
        ]:
            items = (await company.ok(anya, "leaderboard", **query))["items"]
            assert [(leader["display_name"], leader["wins"]) for leader in items] == expected

    async def test_equals_share_a_rank_over_pages(self, company: Company) -> None:
        people = await company.people(*(f"Игрок {number}" for number in range(7)))
        evening = Evening(people)
        for one, other in zip(people[::2], people[1::2], strict=False):
            await company.tell(evening.duel({one.name: 8, other.name: 1}))
        for person in people[1:]:
            await company.befriend(people[0], person)
        for by in ({"by": "wins"}, {"by": "rating", "game": "americana"}, {"by": "balance", "currency": "RUB"}):
            found, cursor = [], None
            while True:
                query = {**by, "limit": 2, **({"cursor": cursor} if cursor else {})}
                page = await company.ok(people[0], "leaderboard", **query)
                found += page["items"]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert len({leader["user_id"] for leader in found}) == len(found) == 6
            ranks = [1, 1, 1, 1, 1, 1] if by["by"] == "balance" else [1, 1, 1, 4, 4, 4]
            assert [leader["rank"] for leader in found] == ranks
            assert found == (await company.ok(people[0], "leaderboard", **by))["items"]

    @pytest.mark.parametrize(
        "query", [{"scope": "world"}, {"scope": "group:1"}, {"by": "luck"}, {"cursor": "WyJhIiwxXQ"}, {"limit": 0}]
    )
    async def test_queries_that_are_none(self, company: Company, query: dict[str, Any]) -> None:
        (anya,) = await company.people("Аня")
        assert await company.refused(anya, "leaderboard", **query) == (422, "invalid_query")

    async def test_preferences_that_are_none(self, company: Company) -> None:
        (anya,) = await company.people("Аня")
        for body in ({}, {"listed": "yes"}, {"listed": True, "loud": True}, None):
            answer = await company.made.call(anya, "PUT", "/stats/preferences", body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")


class TestHeadToHead:
    async def test_wins_draws_and_partners(self, company: Company) -> None:
        anya, boris, vera, gleb = await company.people("Аня", "Борис", "Вера", "Глеб")
        duel, circle = Evening([anya, boris, vera, gleb]), Evening([anya, boris, vera], kind="kolkhoz")
        await company.tell(
            duel.duel({"Аня": 8, "Борис": 5}, money=WON),
            duel.duel({"Борис": 8, "Аня": 5}),
            duel.duel({"Борис": 7, "Аня": 7}, reason="draw"),
            duel.duel({"Борис": 3, "Аня": 4}, reason="abandoned"),
            duel.duel({"Аня": 8, "Вера": 5}, sides=[["Аня", "Борис"], ["Вера", "Глеб"]]),
            duel.duel({"Вера": 8, "Борис": 5}),
            circle.kolkhoz({"Аня": 5, "Борис": 8, "Вера": 3}, money={"Аня": -300, "Борис": 500, "Вера": -200}),
        )
        meetings = await company.ok(anya, "head-to-head", a=anya.id, b=boris.id)
        assert {name: meetings[name] for name in ("games", "partners", "a_wins", "b_wins", "draws")} == {
            "games": 6, "partners": 1, "a_wins": 1, "b_wins": 2, "draws": 1,
        }  # fmt: skip
        assert meetings["balance"] == {"RUB": 29_700}
        kinds = {kind["game"]: kind for kind in meetings["kinds"]}
        assert (kinds["kolkhoz"]["b_wins"], kinds["kolkhoz"]["balance"]) == (1, {"RUB": -300})
        mirrored = await company.ok(anya, "head-to-head", a=boris.id, b=anya.id)
        assert (mirrored["a_wins"], mirrored["b_wins"], mirrored["balance"]) == (2, 1, {"RUB": -29_700})
        only = await company.ok(anya, "head-to-head", a=anya.id, b=boris.id, game="kolkhoz")
        assert only["games"] == 1

    async def test_of_others(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        await company.tell(Evening([boris, vera]).duel({"Борис": 8, "Вера": 5}, money={"Борис": 1, "Вера": -1}))
        query = {"a": boris.id, "b": vera.id}
        await company.befriend(anya, boris)
        assert await company.refused(anya, "head-to-head", **query) == NOT_FOUND
        await company.befriend(anya, vera)
        assert (await company.ok(anya, "head-to-head", **query))["balance"] is None
        await company.tell(Evening([anya, boris, vera]).created())
        assert (await company.ok(anya, "head-to-head", **query))["balance"] == {"RUB": 1}

    async def test_queries_that_are_none(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        for query in ({"a": anya.id, "b": anya.id}, {"a": anya.id}, {"a": anya.id, "b": "x"}, {}):
            assert await company.refused(anya, "head-to-head", **query) == (422, "invalid_query")
        assert await company.refused(anya, "head-to-head", a=anya.id, b=boris.id) == NOT_FOUND


class TestHistory:
    async def test_games_with_their_evening(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        evening = Evening([anya, boris, "Дядя Женя"], name="Четверг")
        game = evening.duel({"Аня": 8, "Борис": 5}, money=WON)
        late = evening.duel({"Дядя Женя": 8, "Аня": 5})
        await company.tell(late, game)
        items = (await company.ok(anya, "history"))["items"]
        assert [(item["number"], item["outcome"], item["rating_change"]) for item in items] == [
            (2, "loss", None), (1, "win", 12.0),
        ]  # fmt: skip
        first = items[1]
        assert (first["game_id"], first["game"], first["reason"]) == (game.game_id, "americana", "target")
        assert (first["score"], first["money"], first["currency"]) == (8, 30_000, "RUB")
        assert datetime.fromisoformat(first["finished_at"]) == game.finished_at
        assert first["finished_at"].endswith("Z")
        session = {"id": evening.id, "name": "Четверг", "finished": False, "balance": None}
        assert [item["session"] for item in items] == [session, session]
        guest = items[0]["players"][0]
        assert (guest["user_id"], guest["display_name"], guest["score"]) == (None, "Дядя Женя", 8)
        await company.tell(evening.finish({"Аня": 25_000, "Борис": -25_000, "Дядя Женя": 0}))
        balances = [
            (await company.ok(who, "history", player=anya.id))["items"][1]["session"]["balance"]
            for who in (anya, boris)
        ]
        assert balances == [25_000, 25_000]
        await company.tell(evening.reopen())
        assert (await company.ok(anya, "history"))["items"][0]["session"] == session

    async def test_page_by_page(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        evening = Evening([anya, boris])
        same = evening.starts
        games = [evening.duel({"Аня": 8, "Борис": 5}, finished_at=same) for _ in range(3)]
        games += [evening.duel({"Аня": 8, "Борис": 5}) for _ in range(2)]
        await company.tell(*games)
        for path in ("history", f"ratings/{anya.id}/trace"):
            found, cursor = [], None
            while True:
                page = await company.ok(anya, path, limit=2, **({"cursor": cursor} if cursor else {}))
                found += [item["game_id"] for item in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            ordered = sorted(games, key=lambda game: (game.finished_at, game.game_id), reverse=True)
            assert found == [game.game_id for game in ordered]
            assert (await company.ok(anya, path, game="kolkhoz"))["items"] == []
            for cursor in ("!", "WzFd", "WyIyMDI2IiwiYSJd"):
                assert await company.refused(anya, path, cursor=cursor) == (422, "invalid_query")

    async def test_names_follow(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        await company.tell(Evening([anya, boris]).duel({"Аня": 8, "Борис": 5}))
        await company.tell(UserUpdated(user_id=boris.id, version=3, display_name="Борис Петрович"))
        await company.tell(UserUpdated(user_id=boris.id, version=2, display_name="Боря"))
        (item,) = (await company.ok(anya, "history"))["items"]
        assert [player["display_name"] for player in item["players"]] == ["Аня", "Борис Петрович"]


class TestFlows:
    async def test_who_pays_whom(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        evening, euros = Evening([anya, boris, vera, "Гость"]), Evening([anya, boris], currency="EUR")
        await company.tell(
            evening.duel({"Аня": 8, "Борис": 5}, money=WON),
            evening.duel({"Вера": 8, "Аня": 5}, money={"Вера": 500, "Аня": -500}),
            evening.duel({"Гость": 8, "Аня": 5}, money={"Гость": 70, "Аня": -70}),
            euros.duel({"Борис": 8, "Аня": 5}, money={"Борис": 900, "Аня": -900}),
        )
        flows = await company.ok(anya, "flows")
        assert flows["player"] == anya.id
        assert [(item["display_name"], item["net"]) for item in flows["items"]] == [
            ("Борис", {"EUR": -900, "RUB": 30_000}), ("Вера", {"RUB": -500}),
        ]  # fmt: skip
        assert (flows["guests"], flows["others"]) == ({"RUB": -70}, {})
        figures = await company.ok(anya, f"players/{anya.id}")
        assert figures["balance"] == {"EUR": -900, "RUB": 30_000 - 500 - 70}
        seen_by_boris = await company.ok(boris, "flows", player=anya.id)
        assert seen_by_boris == flows

    async def test_strangers_of_mine_are_others(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        await company.tell(Evening([anya, boris]).created())
        evening = Evening([boris, vera])
        await company.tell(evening.duel({"Борис": 8, "Вера": 5}, money={"Борис": 100, "Вера": -100}))
        await company.befriend(anya, vera)
        flows = await company.ok(anya, "flows", player=boris.id)
        assert (flows["items"], flows["others"]) == ([], {"RUB": 100})


class TestTrace:
    async def test_the_parts_add_up(self, company: Company) -> None:
        anya, boris, vera = await company.people("Аня", "Борис", "Вера")
        evening = Evening([anya, boris, vera], kind="kolkhoz")
        await company.tell(
            evening.kolkhoz({"Аня": 9, "Борис": 1, "Вера": 6}), evening.kolkhoz({"Аня": 2, "Борис": 8, "Вера": 6})
        )
        items = (await company.ok(anya, f"ratings/{anya.id}/trace"))["items"]
        assert [item["number"] for item in items] == [2, 1]
        for item in items:
            assert item["change"] == round(item["after"] - item["before"], 2)
            assert round(sum(met["change"] for met in item["comparisons"]), 2) == item["change"]
            assert [met["display_name"] for met in item["comparisons"]] == ["Борис", "Вера"]
        first = items[1]
        assert (first["before"], first["after"], items[0]["before"]) == (1500, 1512, 1512)
        assert first["comparisons"][0] == {
            "user_id": boris.id, "display_name": "Борис", "rating": 1500, "expected": 0.5, "actual": 1, "change": 6,
        }  # fmt: skip
        seconds = (await company.ok(boris, f"ratings/{vera.id}/trace", game="kolkhoz"))["items"]
        assert seconds[0]["comparisons"][0]["actual"] == 1
        assert len(seconds) == 2

    async def test_a_late_game_moves_all_after_it(self, company: Company) -> None:
        anya, boris = await company.people("Аня", "Борис")
        evening = Evening([anya, boris])
        first, second = evening.duel({"Аня": 8, "Борис": 1}), evening.duel({"Борис": 8, "Аня": 1})
        await company.tell(second)
        assert [x["before"] for x in (await company.ok(anya, f"ratings/{anya.id}/trace"))["items"]] == [1500]
        await company.tell(first)
        items = (await company.ok(anya, f"ratings/{anya.id}/trace"))["items"]
        assert [(x["game_id"], x["before"]) for x in items] == [(second.game_id, 1512.0), (first.game_id, 1500.0)]
        await company.tell(evening.take_back(first.game_id))
        items = (await company.ok(anya, f"ratings/{anya.id}/trace"))["items"]
        assert [(x["game_id"], x["before"], x["number"]) for x in items] == [(second.game_id, 1500.0, 1)]


async def test_migrations(database_url: str) -> None:
    address = database_url.replace("{service}", "stats")
    for step in (migrate, check, downgrade, migrate, check):
        await asyncio.to_thread(step, "stats", address)
