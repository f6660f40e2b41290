"""Templates of whoever is no more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from artel.contracts.auth import UserDeleted, UserMerged
from artel_testing import Installation, Person, installation

RULES = {"game": "kolkhoz", "price": 500}


@pytest.fixture
async def template(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["template"]) as made:
        yield made


async def made(template: Installation, who: Person, name: str) -> str:
    answer = await template.call(who, "POST", "/templates", {"name": name, "rules": RULES})
    return str(answer.json()["id"])


async def mark(template: Installation, who: Person, template_id: str) -> None:
    assert (await template.call(who, "PUT", f"/templates/{template_id}/favourite")).status_code == 204


async def own(template: Installation, who: Person) -> dict[str, bool]:
    items = (await template.call(who, "GET", "/templates")).json()["items"]
    return {each["name"]: each["favourite"] for each in items if each["owner"] == "me"}


async def shared(template: Installation, who: Person, template_id: str) -> Any:
    answer = (await template.call(who, "POST", f"/templates/{template_id}/share")).json()
    return {"X-Share-Token": answer["token"]}


async def test_the_keeper_has_them(template: Installation) -> None:
    anna, keeper = template.person("Аня"), template.person("Анна")
    preset = (await template.call(anna, "GET", "/templates")).json()["items"][0]["id"]
    for who in (anna, keeper):
        await mark(template, who, preset)
    one = await made(template, anna, "Раз")
    await made(template, anna, "Два")
    await made(template, keeper, "Три")
    await mark(template, anna, one)
    event = UserMerged(user_id=anna.id, version=2, into_id=keeper.id)
    again = UserMerged(user_id=anna.id, version=2, into_id=keeper.id)
    await template.publish(event, event, again)
    assert await own(template, keeper) == {"Раз": True, "Два": False, "Три": False}
    assert await own(template, anna) == {}
    assert (await template.call(anna, "POST", "/templates", {"name": "Ещё", "rules": RULES})).status_code == 404


async def test_what_somebody_copied_is_his_own(template: Installation) -> None:
    anna, boris = template.person("Аня"), template.person("Борис")
    one = await made(template, anna, "Раз")
    link = await shared(template, anna, one)
    copied = await template.call(boris, "POST", f"/templates/{one}/copy", {"name": "Моё"}, headers=link)
    assert copied.status_code == 201, copied.text
    await template.publish(UserDeleted(user_id=anna.id, version=2), UserDeleted(user_id=anna.id, version=2))
    assert await own(template, boris) == {"Моё": False}
    assert await own(template, anna) == {}
    assert (await template.call(boris, "GET", f"/templates/{one}", headers=link)).status_code == 404
