"""Friends, blocks and groups of whoever is no more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from artel.contracts.auth import UserDeleted, UserMerged, UserRegistered, UserUpdated
from artel_testing import Installation, Person, installation


@pytest.fixture(params=["sqlite", "postgresql"])
async def friends(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    url = f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_urls")
    async with installation(tmp_path, ["friends"], database_url=url) as made:
        yield made


async def people(made: Installation, *names: str) -> list[Person]:
    found = [made.person(name) for name in names]
    await made.publish(*(UserRegistered(user_id=each.id, version=1, display_name=each.name) for each in found))
    return found


async def befriend(made: Installation, one: Person, other: Person) -> None:
    asked = (await made.call(one, "POST", "/friends/requests", {"user_id": other.id})).json()
    answer = await made.call(other, "POST", f"/friends/requests/{asked['id']}/accept")
    assert answer.is_success, answer.text


async def names(made: Installation, who: Person, path: str = "/friends") -> list[str]:
    answer = (await made.call(who, "GET", path)).json()
    return sorted(item["display_name"] for item in answer["items"])


async def groups(made: Installation, who: Person) -> dict[str, list[str]]:
    answer = (await made.call(who, "GET", "/groups")).json()
    return {each["name"]: sorted(member["display_name"] for member in each["members"]) for each in answer["items"]}


def merged(one: Person, into: Person) -> UserMerged:
    return UserMerged(user_id=one.id, version=2, into_id=into.id)


async def test_what_the_one_had_the_keeper_has_and_nothing_twice(friends: Installation) -> None:
    anna, keeper, boris, vera, gleb, dasha = await people(friends, "Аня", "Анна", "Борис", "Вера", "Глеб", "Даша")
    for other in (boris, vera):
        await befriend(friends, other, anna)
    await befriend(friends, keeper, boris)
    await befriend(friends, keeper, gleb)
    await befriend(friends, anna, keeper)
    await friends.call(anna, "POST", "/friends/requests", {"user_id": dasha.id})
    await friends.call(anna, "POST", "/groups", {"name": "Свои", "members": [boris.id, vera.id, keeper.id]})
    await friends.call(vera, "POST", "/groups", {"name": "У Веры", "members": [anna.id]})
    await friends.call(keeper, "POST", "/groups", {"name": "Анны", "members": [gleb.id, anna.id]})
    for event in (merged(anna, keeper), merged(anna, keeper)):
        await friends.publish(event)
    assert await names(friends, keeper) == ["Борис", "Вера", "Глеб"]
    assert await names(friends, boris) == await names(friends, vera) == ["Анна"]
    assert await groups(friends, keeper) == {"Свои": ["Борис", "Вера"], "Анны": ["Глеб"]}
    assert await groups(friends, vera) == {"У Веры": ["Анна"]}
    [asked] = (await friends.call(dasha, "GET", "/friends/requests?direction=incoming")).json()["items"]
    assert asked["user_id"] == keeper.id
    assert (await friends.call(anna, "POST", "/friends/requests", {"user_id": gleb.id})).status_code == 404


@pytest.mark.parametrize("blocker", ["the one", "the keeper", "the other of the one", "the other of the keeper"])
async def test_a_block_wins_over_a_friendship(friends: Installation, blocker: str) -> None:
    anna, keeper, boris = await people(friends, "Аня", "Анна", "Борис")
    blocked, friend = (anna, keeper) if blocker in {"the one", "the other of the one"} else (keeper, anna)
    who, whom = (boris, blocked) if blocker.startswith("the other") else (blocked, boris)
    await friends.call(who, "POST", "/blocks", {"user_id": whom.id})
    await befriend(friends, friend, boris)
    await friends.publish(merged(anna, keeper))
    assert await names(friends, keeper) == await names(friends, boris) == []
    assert await names(friends, keeper if who != boris else boris, "/blocks") == ["Борис" if who != boris else "Анна"]


async def test_of_somebody_deleted_nothing_is_left(friends: Installation) -> None:
    anna, boris, vera = await people(friends, "Аня", "Борис", "Вера")
    await befriend(friends, anna, boris)
    await friends.call(vera, "POST", "/blocks", {"user_id": anna.id})
    await friends.call(boris, "POST", "/groups", {"name": "Наши", "members": [anna.id]})
    await friends.call(anna, "POST", "/groups", {"name": "Анины", "members": [boris.id]})
    event = UserDeleted(user_id=anna.id, version=2)
    await friends.publish(event, event, UserUpdated(user_id=anna.id, version=9, display_name="Аня"))
    assert await names(friends, boris) == await names(friends, vera, "/blocks") == []
    assert await groups(friends, boris) == {"Наши": []}
    assert await groups(friends, anna) == {}
    for path in ("/friends/requests", "/blocks"):
        assert (await friends.call(boris, "POST", path, {"user_id": anna.id})).status_code == 404
    assert (await friends.call(anna, "POST", "/groups", {"name": "Опять"})).status_code == 404


async def test_words_that_come_first_hold(friends: Installation) -> None:
    [anna] = [friends.person("Аня")]
    keeper, boris = await people(friends, "Анна", "Борис")
    await friends.publish(merged(anna, keeper), UserRegistered(user_id=anna.id, version=1, display_name="Аня"))
    answer: Any = await friends.call(boris, "POST", "/friends/requests", {"user_id": anna.id})
    assert answer.status_code == 404
