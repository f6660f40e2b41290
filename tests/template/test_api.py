import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from artel.engine.rules import parse_rules, rules_to_json
from artel.kernel.bus import Message
from artel.kernel.migrations import check, downgrade, migrate
from artel_testing import Installation, Person, installation

KOLKHOZ = {"game": "kolkhoz", "price": 5000}


@pytest.fixture
async def template(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["template"], database_url=database_url) as made:
        yield made


@pytest.fixture
def anya(template: Installation) -> Person:
    return template.person("Аня")


@pytest.fixture
def boris(template: Installation) -> Person:
    return template.person("Борис", lang="en")


async def make(template: Installation, who: Person, name: str = "Пятница", rules: Any = KOLKHOZ) -> dict[str, Any]:
    answer = await template.call(who, "POST", "/templates", {"name": name, "rules": rules})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def names(template: Installation, who: Person) -> list[str]:
    return [item["name"] for item in (await template.call(who, "GET", "/templates?limit=100")).json()["items"]]


async def test_presets_in_both_languages(template: Installation, anya: Person, boris: Person) -> None:
    assert "Колхоз «тупой»" in await names(template, anya)
    assert "Everyone's kolkhoz" in await names(template, boris)
    page = (await template.call(anya, "GET", "/templates?limit=100")).json()
    for preset in page["items"]:
        assert (preset["owner"], preset["version"]) == ("system", 1)
        assert rules_to_json(parse_rules(preset["rules"])) == preset["rules"]
        one = await template.call(anya, "GET", f"/templates/{preset['id']}")
        assert one.json() == preset
        versions = (await template.call(anya, "GET", f"/templates/{preset['id']}/versions")).json()["items"]
        assert [version["rules"] for version in versions] == [preset["rules"]]
        first = await template.call(anya, "GET", f"/templates/{preset['id']}/versions/1")
        assert first.json()["name"] == preset["name"]


async def test_a_preset_can_only_be_copied(template: Installation, anya: Person) -> None:
    for method, path, body in (
        ("PATCH", "/templates/kolkhoz-white", {"name": "Мой"}),
        ("DELETE", "/templates/kolkhoz-white", None),
        ("POST", "/templates/kolkhoz-white/share", None),
    ):
        assert code(await template.call(anya, method, path, body)) == (403, "forbidden")
    copy = await template.call(anya, "POST", "/templates/kolkhoz-two-legs/copy", {"name": "Наш"})
    assert copy.status_code == 201
    assert (copy.json()["name"], copy.json()["owner"], copy.json()["rules"]["legs"]) == ("Наш", "me", 2)
    plain = await template.call(anya, "POST", "/templates/kolkhoz-white/copy")
    assert plain.json()["name"] == "Колхоз белый"


async def test_own_come_first_and_favourites_before_them(template: Installation, anya: Person) -> None:
    await make(template, anya, "Б")
    await make(template, anya, "А")
    assert (await template.call(anya, "PUT", "/templates/kolkhoz-white/favourite")).status_code == 204
    assert (await template.call(anya, "PUT", "/templates/kolkhoz-white/favourite")).status_code == 204
    assert (await names(template, anya))[:4] == ["Колхоз белый", "А", "Б", "Американка"]
    assert (await template.call(anya, "DELETE", "/templates/kolkhoz-white/favourite")).status_code == 204
    assert (await names(template, anya))[:3] == ["А", "Б", "Американка"]


async def test_pages_hold_everything_once(template: Installation, anya: Person) -> None:
    for number in range(3):
        await make(template, anya, f"Правила {number}")
    await template.call(anya, "PUT", "/templates/moscow/favourite")
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await template.call(anya, "GET", f"/templates?limit=2&cursor={cursor}")).json()
        assert len(page["items"]) <= 2
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == await names(template, anya)
    assert code(await template.call(anya, "GET", "/templates?cursor=WzFd")) == (422, "invalid_query")


async def test_a_change_makes_a_version(template: Installation, anya: Person) -> None:
    first = await make(template, anya)
    path = f"/templates/{first['id']}"
    changed = await template.call(anya, "PATCH", path, {"rules": {**KOLKHOZ, "price": 10000}})
    assert (changed.json()["version"], changed.json()["rules"]["price"]) == (2, 10000)
    same = await template.call(anya, "PATCH", path, {"rules": {**KOLKHOZ, "price": 10000}, "name": "Пятница"})
    assert same.json()["version"] == 2
    versions = (await template.call(anya, "GET", f"{path}/versions?limit=1")).json()
    assert [item["version"] for item in versions["items"]] == [2]
    rest = (await template.call(anya, "GET", f"{path}/versions?cursor={versions['next_cursor']}")).json()
    assert [(item["version"], item["rules"]["price"]) for item in rest["items"]] == [(1, 5000)]
    assert (await template.call(anya, "GET", f"{path}/versions/1")).json()["rules"] == first["rules"]
    assert code(await template.call(anya, "GET", f"{path}/versions/3")) == (404, "not_found")
    old = await template.call(anya, "POST", f"{path}/copy", {"version": 1})
    assert old.json()["rules"]["price"] == 5000
    assert code(await template.call(anya, "PATCH", path, {})) == (422, "invalid_body")


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"game": "snooker"},
        {"game": "kolkhoz", "prise": 1},
        {"game": "kolkhoz", "price": -1},
        {"game": "kolkhoz", "price": 10**9 + 1},
        {"game": "kolkhoz", "foul": {"mode": "minus", "value": 1001}},
        {"game": "kolkhoz", "last_ball": {"add": -1001}},
        {"game": "kolkhoz", "rates": {"A": 100}},
        {"game": "kolkhoz", "handicap": {"A": {"start": 2}}},
        {"game": "americana", "handicap": {"A": {"target": 6}}},
        {"game": "americana", "stake": {"per": "game", "amount": 10**9 + 1}},
        {"game": "moscow", "queue": {"type": "winner_stays", "cap": 10**6}},
    ],
)
async def test_rules_nobody_could_play_by(template: Installation, anya: Person, rules: dict[str, Any]) -> None:
    answer = await template.call(anya, "POST", "/templates", {"name": "Х", "rules": rules})
    assert code(answer) == (422, "invalid_rules")
    made = await make(template, anya)
    answer = await template.call(anya, "PATCH", f"/templates/{made['id']}", {"rules": rules})
    assert code(answer) == (422, "invalid_rules")


@pytest.mark.parametrize(
    "body", [{"name": "Х"}, {"name": "", "rules": KOLKHOZ}, {"name": "Х", "rules": KOLKHOZ, "x": 1}, []]
)
async def test_bodies_that_do_not_fit(template: Installation, anya: Person, body: Any) -> None:
    assert code(await template.call(anya, "POST", "/templates", body)) == (422, "invalid_body")


async def test_nobody_else_sees_it(template: Installation, anya: Person, boris: Person) -> None:
    made = await make(template, anya)
    path = f"/templates/{made['id']}"
    for method, place, body in (
        ("GET", path, None),
        ("PATCH", path, {"name": "Моё"}),
        ("DELETE", path, None),
        ("GET", f"{path}/versions", None),
        ("GET", f"{path}/versions/1", None),
        ("POST", f"{path}/copy", {}),
        ("PUT", f"{path}/favourite", None),
        ("POST", f"{path}/share", None),
        ("DELETE", f"{path}/share", None),
    ):
        assert code(await template.call(boris, method, place, body)) == (404, "not_found"), (method, place)
    assert "Пятница" not in await names(template, boris)
    assert (await template.call(anya, "GET", path)).json() == made


async def test_a_link_lets_read_and_copy(template: Installation, anya: Person, boris: Person) -> None:
    made = await make(template, anya)
    path = f"/templates/{made['id']}"
    share = (await template.call(anya, "POST", f"{path}/share")).json()
    assert share["url"].endswith(f"/t/#{made['id']}.{share['token']}")
    link = {"X-Share-Token": share["token"]}
    seen = await template.call(boris, "GET", path, headers=link)
    assert (seen.json()["owner"], seen.json()["name"]) == ("other", "Пятница")
    assert code(await template.call(boris, "PATCH", path, {"name": "Моё"}, headers=link)) == (404, "not_found")
    copy = await template.call(boris, "POST", f"{path}/copy", headers=link)
    assert (copy.json()["owner"], copy.json()["rules"]) == ("me", made["rules"])
    other = await make(template, anya, "Тайна")
    assert code(await template.call(boris, "GET", f"/templates/{other['id']}", headers=link)) == (404, "not_found")
    assert (await template.call(anya, "DELETE", f"{path}/share")).status_code == 204
    assert code(await template.call(boris, "GET", path, headers=link)) == (404, "not_found")


async def test_what_is_shared_is_published(template: Installation, anya: Person) -> None:
    heard: list[Message] = []

    async def hear(message: Message) -> None:
        heard.append(message)

    await template.app.state.contexts["template"].bus.subscribe("ear", ["artel.template.published.v1"], hear)
    made = await make(template, anya)
    path = f"/templates/{made['id']}"
    await template.call(anya, "PATCH", path, {"name": "Суббота"})
    await template.drain()
    assert heard == []
    await template.call(anya, "POST", f"{path}/share")
    await template.call(anya, "PATCH", path, {"name": "Воскресенье"})
    await template.drain()
    assert [b'"version":2' in message.body for message in heard] == [True, False]


async def test_deleted_is_gone(template: Installation, anya: Person) -> None:
    made = await make(template, anya)
    path = f"/templates/{made['id']}"
    await template.call(anya, "PUT", f"{path}/favourite")
    await template.call(anya, "POST", f"{path}/share")
    assert (await template.call(anya, "DELETE", path)).status_code == 204
    assert code(await template.call(anya, "GET", path)) == (404, "not_found")


async def test_a_name_of_200_is_kept_whole(template: Installation, anya: Person) -> None:
    made = await make(template, anya, "🎱" * 200)
    path = f"/templates/{made['id']}"
    assert (await template.call(anya, "PATCH", path, {"name": "я" * 200})).json()["name"] == "я" * 200
    assert (await template.call(anya, "GET", f"{path}/versions/1")).json()["name"] == "🎱" * 200
    assert code(await template.call(anya, "PATCH", path, {"name": "я" * 201})) == (422, "invalid_body")


async def test_a_repeated_post_makes_one(template: Installation, anya: Person) -> None:
    key = {"Idempotency-Key": "once"}
    body = {"name": "Пятница", "rules": KOLKHOZ}
    answers = [await template.call(anya, "POST", "/templates", body, headers=key) for _ in range(3)]
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    other = await template.call(anya, "POST", "/templates", {**body, "name": "Х"}, headers=key)
    assert code(other) == (422, "idempotency_key_reused")


async def test_a_repeat_gets_the_first_answer_whatever_has_become_of_it(template: Installation, anya: Person) -> None:
    async def twice(path: str, body: Any, meanwhile: tuple[str, Any]) -> tuple[Response, Response]:
        key = {"Idempotency-Key": path.replace("/", ".")}
        first = await template.call(anya, "POST", path, body, headers=key)
        method, change = meanwhile
        changed = await template.call(anya, method, f"/templates/{first.json().get('id', made['id'])}", change)
        assert changed.is_success
        return first, await template.call(anya, "POST", path, body, headers=key)

    made = await make(template, anya)
    body = {"name": "Суббота", "rules": KOLKHOZ}
    for path, sent, meanwhile in (
        ("/templates", body, ("PATCH", {"name": "Воскресенье"})),
        (f"/templates/{made['id']}/copy", {}, ("DELETE", None)),
        (f"/templates/{made['id']}/share", None, ("PATCH", {"name": "Понедельник"})),
    ):
        first, again = await twice(path, sent, meanwhile)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"


async def test_no_more_than_a_shelf_holds(
    template: Installation, anya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artel.template.templates.MOST", 2)
    await make(template, anya, "А")
    await make(template, anya, "Б")
    answer = await template.call(anya, "POST", "/templates", {"name": "В", "rules": KOLKHOZ})
    assert code(answer) == (409, "too_many_templates")


@pytest.mark.parametrize("odd", ["\u0000", "a\u0000b", "\ud800", "\u202e", " "])
async def test_kinds_of_balls_that_no_database_takes(template: Installation, anya: Person, odd: str) -> None:
    rules = {"game": "kolkhoz", "balls": [{"id": odd, "value": 1, "count": 15}]}
    body, json_only = json.dumps({"name": "Пятница", "rules": rules}), {"Content-Type": "application/json"}
    answer = await template.http.post("/templates", content=body, headers={**anya.headers, **json_only})
    assert code(answer) == (422, "invalid_rules")


async def test_two_taps_on_a_star(template: Installation, anya: Person) -> None:
    path = f"/templates/{(await make(template, anya))['id']}/favourite"
    for method in ("PUT", "DELETE"):
        answers = await asyncio.gather(*(template.call(anya, method, path) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {204}


async def test_migrations(database_url: str) -> None:
    address = database_url.replace("{service}", "template")
    for step in (migrate, check, downgrade, migrate, check):
        await asyncio.to_thread(step, "template", address)
