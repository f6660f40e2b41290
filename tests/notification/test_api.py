"""Reading, marking, choosing: the routes, what they refuse, and whose things they leave alone."""

from datetime import datetime, timedelta, timezone
from typing import Any

from httpx2 import Response

from artel.contracts.friends import FriendRequested
from artel.contracts.game import GameFinished
from artel.kernel.events import new_id
from artel.notification.news import KINDS
from artel_testing import Installation, Person
from evenings import Evening

ON = dict.fromkeys(KINDS, True)

NO_READING: list[Any] = [
    {},
    [],
    None,
    "all",
    {"ids": None},
    {"ids": None, "up_to": None},
    {"ids": [], "up_to": "2026-11-22T18:30:00Z"},
    {"ids": "x"},
    {"ids": ["x"]},
    {"ids": [5]},
    {"ids": [None]},
    {"ids": ["0192F0C1-0000-7000-8000-000000000000"]},
    {"ids": ["0192f0c1-0000-7000-8000-000000000000"] * 101},
    {"ids": [], "all": True},
    {"up_to": 1_795_000_000},
    {"up_to": "1795000000"},
    {"up_to": "2026-11-22"},
    {"up_to": "2026-11-22T18:30:00"},
    {"up_to": "2026-13-22T18:30:00Z"},
    {"up_to": "0001-01-01T00:00:00+14:00"},
    {"up_to": "9999-12-31T23:59:59-12:00"},
    {"up_to": True},
    {"up_to": ""},
]
NO_CHOICE: list[Any] = [
    {},
    None,
    [],
    {"kinds": None},
    {"kinds": []},
    {"kinds": {"weather": True}},
    {"kinds": {"game_finished": "no"}},
    {"kinds": {"game_finished": 0}},
    {"kinds": {"game_finished": None}},
    {"kinds": {"game_finished": False, "": True}},
    {"kinds": {"game_finished": False}, "more": 1},
    {"game_finished": False},
]


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def page(made: Installation, who: Person, query: str = "") -> dict[str, Any]:
    answer = await made.call(who, "GET", f"/notifications{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def everything(made: Installation, who: Person, limit: int) -> list[dict[str, Any]]:
    """All pages of so many."""
    part = await page(made, who, f"?limit={limit}")
    found: list[dict[str, Any]] = part["items"]
    while part["next_cursor"]:
        part = await page(made, who, f"?limit={limit}&cursor={part['next_cursor']}")
        found += part["items"]
    return found


async def refused(made: Installation, who: Person, method: str, path: str, body: Any) -> bool:
    answer = await made.call(who, method, path, body)
    document = answer.headers["content-type"] == "application/problem+json"
    return code(answer) == (422, "invalid_body") and document and bool(answer.json()["errors"])


async def mark(made: Installation, who: Person, **body: Any) -> int:
    answer = await made.call(who, "POST", "/notifications/read", body)
    assert answer.status_code == 200, answer.text
    unread: int = answer.json()["unread"]
    assert unread == (await page(made, who))["unread"]
    return unread


async def choose(made: Installation, who: Person, **kinds: bool) -> None:
    answer = await made.call(who, "PUT", "/notifications/preferences", {"kinds": kinds})
    assert answer.status_code == 200, answer.text
    chosen = await made.call(who, "GET", "/notifications/preferences")
    assert chosen.json() == answer.json()
    assert {kind: chosen.json()["kinds"][kind] for kind in kinds} == kinds


async def games(made: Installation, *people: Person, count: int) -> Evening:
    """So many games that the first of them has won."""
    evening = Evening([*people, "Гость"])
    names = [person.name for person in people]
    for _ in range(count):
        await made.publish(evening.kolkhoz({names[0]: 9, **dict.fromkeys([*names[1:], "Гость"], 1)}))
    return evening


def again(evening: Evening, place: int, score: int, guest: int = 8) -> GameFinished:
    return evening.duel({evening.players[0].name: score, "Гость": guest}, game_id=evening.games[place])


class TestPages:
    async def test_the_newest_first_and_each_once(self, made: Installation) -> None:
        anya = made.person("Аня")
        evening = await games(made, anya, count=25)
        first = await page(made, anya)
        assert (len(first["items"]), first["unread"]) == (20, 25)
        second = await page(made, anya, f"?cursor={first['next_cursor']}")
        assert (len(second["items"]), second["unread"], second["next_cursor"]) == (5, 25, None)
        found = [item["data"]["game_id"] for item in first["items"] + second["items"]]
        assert found == evening.games[::-1]
        assert await everything(made, anya, limit=4) == first["items"] + second["items"]
        exactly = await page(made, anya, "?limit=25")
        assert exactly["next_cursor"] is None

    async def test_of_the_same_moment(self, made: Installation) -> None:
        anya = made.person("Аня")
        evening = Evening([anya, "Гость"])
        events = [evening.duel({"Аня": 8, "Гость": 1}) for _ in range(5)]
        await made.publish(*(event.model_copy(update={"at": events[0].at}) for event in events))
        found = await everything(made, anya, limit=2)
        assert [item["data"]["game_id"] for item in found] == evening.games[::-1]

    async def test_nothing_yet(self, made: Installation) -> None:
        assert await page(made, made.person("Аня")) == {"items": [], "next_cursor": None, "unread": 0}

    async def test_queries_that_are_none(self, made: Installation) -> None:
        anya = made.person("Аня")
        for query in ("limit=0", "limit=101", "limit=x", *(f"cursor={key}" for key in ("!!", "W10", "WzEsMl0"))):
            assert code(await made.call(anya, "GET", f"/notifications?{query}")) == (422, "invalid_query")


class TestReading:
    async def test_by_ids(self, made: Installation) -> None:
        anya = made.person("Аня")
        await games(made, anya, count=4)
        ids = [item["id"] for item in (await page(made, anya))["items"]]
        assert await mark(made, anya, ids=ids[:2]) == 2
        assert [item["read"] for item in (await page(made, anya))["items"]] == [True, True, False, False]
        assert await mark(made, anya, ids=[ids[0], ids[2], ids[2]]) == 1
        assert await mark(made, anya, ids=[]) == 1
        assert await mark(made, anya, ids=ids) == 0

    async def test_those_of_others_and_of_nobody(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        await games(made, anya, boris, count=2)
        mine = [item["id"] for item in (await page(made, anya))["items"]]
        his = [item["id"] for item in (await page(made, boris))["items"]]
        assert not set(mine) & set(his)
        assert await mark(made, anya, ids=[*his, new_id()]) == 2
        assert (await page(made, boris))["unread"] == 2
        assert await mark(made, anya, ids=[his[0], mine[0]]) == 1
        assert (await page(made, boris))["unread"] == 2

    async def test_up_to_a_moment(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        await games(made, anya, boris, count=4)
        times = [item["updated_at"] for item in (await page(made, anya))["items"]]
        assert await mark(made, anya, up_to=times[2]) == 2
        assert [item["read"] for item in (await page(made, anya))["items"]] == [False, False, True, True]
        moscow = datetime.fromisoformat(times[1]).astimezone(timezone(timedelta(hours=3))).isoformat()
        assert await mark(made, anya, up_to=moscow) == 1
        assert await mark(made, anya, up_to="9999-12-31T23:59:59Z") == 0
        assert (await page(made, boris))["unread"] == 4

    async def test_what_was_corrected_since_stays_unread(self, made: Installation) -> None:
        """Whoever has seen the list has not seen the correction that came a moment later."""
        anya = made.person("Аня")
        evening = Evening([anya, "Гость"])
        await made.publish(*(evening.duel({"Аня": 8, "Гость": 5}) for _ in range(2)))
        seen = max(item["updated_at"] for item in (await page(made, anya))["items"])
        await made.publish(again(evening, 0, 7))
        assert await mark(made, anya, up_to=seen) == 1
        assert [item["read"] for item in (await page(made, anya))["items"]] == [True, False]

    async def test_bodies_that_are_none(self, made: Installation) -> None:
        anya = made.person("Аня")
        await games(made, anya, count=1)
        taken = [body for body in NO_READING if not await refused(made, anya, "POST", "/notifications/read", body)]
        assert taken == []
        assert (await page(made, anya))["unread"] == 1


class TestPreferences:
    async def test_all_are_on_at_first(self, made: Installation) -> None:
        answer = await made.call(made.person("Аня"), "GET", "/notifications/preferences")
        assert (answer.status_code, answer.json()) == (200, {"kinds": ON})
        assert set(ON) == {
            "session_added",
            "game_finished",
            "session_finished",
            "friend_requested",
            "friend_accepted",
            "identity_changed",
            "export_ready",
            "deletion_asked",
        }

    async def test_each_for_itself_and_each_for_himself(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        put = await made.call(anya, "PUT", "/notifications/preferences", {"kinds": {"game_finished": False}})
        assert put.json() == {"kinds": {**ON, "game_finished": False}}
        put = await made.call(anya, "PUT", "/notifications/preferences", {"kinds": {"session_added": False}})
        assert put.json() == {"kinds": {**ON, "game_finished": False, "session_added": False}}
        put = await made.call(anya, "PUT", "/notifications/preferences", put.json())
        assert put.json() == {"kinds": {**ON, "game_finished": False, "session_added": False}}
        put = await made.call(anya, "PUT", "/notifications/preferences", {"kinds": {}})
        assert put.json()["kinds"]["game_finished"] is False
        put = await made.call(anya, "PUT", "/notifications/preferences", {"kinds": ON})
        assert put.json() == {"kinds": ON}
        await choose(made, anya, game_finished=False)
        assert (await made.call(boris, "GET", "/notifications/preferences")).json() == {"kinds": ON}

    async def test_what_is_off_makes_no_entry(self, made: Installation) -> None:
        anya, boris = made.person("Аня"), made.person("Борис")
        await choose(made, anya, game_finished=False)
        evening = await games(made, anya, boris, count=2)
        assert await page(made, anya) == {"items": [], "next_cursor": None, "unread": 0}
        assert (await page(made, boris))["unread"] == 2
        request = FriendRequested(user_id=boris.id, other_id=anya.id, version=1, request_id=new_id(), name="Борис")
        await made.publish(request)
        assert [item["kind"] for item in (await page(made, anya))["items"]] == ["friend_requested"]
        await choose(made, anya, game_finished=True)
        assert (await page(made, anya))["unread"] == 1  # what was not wanted then does not come later
        await made.publish(again(evening, 0, 7))
        assert sorted(item["kind"] for item in (await page(made, anya))["items"]) == [
            "friend_requested",
            "game_finished",
        ]

    async def test_what_is_there_stays_and_stays_true(self, made: Installation) -> None:
        anya = made.person("Аня")
        evening = await games(made, anya, count=2)
        assert await mark(made, anya, ids=[item["id"] for item in (await page(made, anya))["items"]]) == 0
        await choose(made, anya, game_finished=False)
        await made.publish(again(evening, 0, 3))
        items = (await page(made, anya))["items"]
        assert [(item["data"]["outcome"], item["read"]) for item in items] == [("won", True), ("lost", True)]
        await made.publish(evening.take_back(evening.games[0]), again(evening, 0, 4))
        assert [item["data"]["game_id"] for item in (await page(made, anya))["items"]] == [evening.games[1]]

    async def test_bodies_that_are_none(self, made: Installation) -> None:
        anya = made.person("Аня")
        path = "/notifications/preferences"
        taken = [body for body in NO_CHOICE if not await refused(made, anya, "PUT", path, body)]
        assert taken == []
        assert (await made.call(anya, "GET", path)).json() == {"kinds": ON}


class TestPrivacy:
    async def test_signed_in_only(self, made: Installation) -> None:
        for method, path, body in (
            ("GET", "/notifications", None),
            ("POST", "/notifications/read", {"ids": []}),
            ("GET", "/notifications/preferences", None),
            ("PUT", "/notifications/preferences", {"kinds": {}}),
        ):
            assert code(await made.call(None, method, path, body)) == (401, "unauthenticated")

    async def test_a_stranger_sees_nothing(self, made: Installation) -> None:
        anya, stranger = made.person("Аня"), made.person("Никто")
        await games(made, anya, count=3)
        cursor = (await page(made, anya, "?limit=1"))["next_cursor"]
        assert await page(made, stranger) == {"items": [], "next_cursor": None, "unread": 0}
        assert await page(made, stranger, f"?cursor={cursor}") == {"items": [], "next_cursor": None, "unread": 0}


async def test_the_document_names_what_there_is(made: Installation) -> None:
    document = (await made.call(None, "GET", "/openapi.json")).json()
    schemas = document["components"]["schemas"]
    item = schemas["NotificationsPage"]["properties"]["items"]["items"]
    assert item["discriminator"]["propertyName"] == "kind"
    assert set(item["discriminator"]["mapping"]) == set(KINDS)
    for kind, reference in item["discriminator"]["mapping"].items():
        one = schemas[reference.rpartition("/")[2]]
        assert one["properties"]["kind"]["const"] == kind
        assert "$ref" in one["properties"]["data"]
        assert set(one["required"]) == {"id", "kind", "title", "body", "data", "read", "created_at", "updated_at"}
