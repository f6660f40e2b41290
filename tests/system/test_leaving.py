"""Two accounts become one, and somebody is deleted: all services follow, in whatever order they hear of it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import LargeBinary, MetaData, cast, select, update
from sqlalchemy import String as Text

from artel.auth import leaving, merging, tables
from artel.compose import SERVICES, load
from artel.contracts.auth import UserDeleted, UserMerged, UserUpdated
from artel.engine.replay import replay_case
from artel.kernel.database import Tx
from artel.kernel.events import now
from artel.verify import verify
from artel_testing import Installation, installation
from auth.test_api import DEVICE, TOKEN, init_data
from playing import RULES, Company, Somebody, Table

NAME, USERNAME, NUMBER, ADDRESS = "Зинаида Прохладная", "zinaida_p", 987654321, "203.0.113.77"
GUEST = "Зинуля в гостях"


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    url = f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_urls")
    async with installation(tmp_path, database_url=url, event_burst=10**6, telegram_bot_token=TOKEN) as made:
        yield made


@dataclass
class Hall:
    house: Installation
    company: Company
    anya: Somebody
    boris: Somebody
    vera: Somebody
    zina: Somebody
    tables: list[Table]

    async def merge(self, one: Somebody, into: Somebody) -> None:
        await self.house.app.state.contexts["auth"].database.write(merging.merge, one.id, into.id)
        await self.house.drain()

    async def delete(self, one: Somebody) -> None:
        """And two weeks later."""
        asked = await self.company.call(one, "DELETE", "/users/me")
        assert asked.status_code == 202
        database = self.house.app.state.contexts["auth"].database
        since = update(tables.users).where(tables.users.c.id == one.id).values(deletes_at=now() - timedelta(seconds=1))
        await database.write(lambda tx: tx.execute(since))
        await leaving.delete_due(database)
        await self.house.drain()

    async def figures(self, who: Somebody) -> Any:
        return await self.company.ok(self.anya, "GET", f"/stats/players/{who.id}")

    async def agree(self) -> None:
        assert [str(each) async for each in verify(self.house.settings, 0)] == []

    async def exported(self) -> list[Any]:
        return [await self.company.ok(self.anya, "GET", f"/sessions/{table.id}/export") for table in self.tables]


async def launched(house: Installation) -> Somebody:
    user: dict[str, Any] = {"first_name": NAME, "username": USERNAME, "photo_url": "https://example.org/zina.jpg"}
    body = {"init_data": init_data(NUMBER, **user), "device": DEVICE}
    headers = {"User-Agent": "Zinaphone"}
    answer = (await house.call(None, "POST", "/auth/telegram", body, headers=headers)).json()
    return Somebody(answer["user"]["id"], NAME, answer["access_token"], answer["refresh_token"])


@pytest.fixture
async def hall(house: Installation) -> Hall:
    """Zina plays with Anya and Boris, claims a guest, organizes; Vera has never met her, and knows others."""
    company = Company(house.http, Random(17))
    anya, boris, vera = [await company.sign_in(name) for name in ("Аня", "Борис", "Вера")]
    zina = await launched(house)
    await house.drain()
    ok = company.ok
    await company.befriend(anya, zina)
    await company.befriend(boris, vera)
    await company.befriend(boris, zina)
    await ok(zina, "POST", "/groups", {"name": "Зинины", "members": [anya.id, boris.id]})
    await ok(anya, "POST", "/groups", {"name": "Анины", "members": [zina.id]})
    gleb = await company.sign_in("Глеб")
    await house.drain()
    await ok(zina, "POST", "/blocks", {"user_id": gleb.id})
    await company.befriend(gleb, vera)
    template = await ok(zina, "POST", "/templates", {"name": "Зинин", "rules": {"game": "kolkhoz", "price": 7}})
    await ok(zina, "PUT", f"/templates/{template['id']}/favourite")
    await ok(zina, "PUT", "/stats/preferences", {"listed": True})
    evenings = [await company.sit_down(anya, [boris, zina], RULES[0])]
    evenings.append(await company.sit_down(zina, [anya], RULES[4]))
    evenings.append(await claimed(company, anya, boris, zina))
    with_vera = await company.sit_down(anya, [vera], RULES[2])
    for table in (*evenings, with_vera):
        await table.play(70)
        await house.drain()
    await evenings[0].finish()
    await evenings[2].finish()
    await house.drain()
    await house.app.state.contexts["game"].own.put_away(idle=-1)
    return Hall(house, company, anya, boris, vera, zina, evenings)


async def claimed(company: Company, anya: Somebody, boris: Somebody, zina: Somebody) -> Table:
    """She was a guest at first."""
    table = await company.sit_down(anya, [boris], RULES[0], guests=[GUEST])
    await table.play(60)
    seat = next(player["id"] for player in table.session["players"] if player["name"] == GUEST)
    code = {"code": table.session["code"]}
    claim = await company.ok(zina, "POST", f"/sessions/{table.id}/players/{seat}/claim", code)
    await company.ok(anya, "POST", f"/sessions/{table.id}/claims/{claim['id']}/accept")
    return table


def everything(tx: Tx, metadata: MetaData) -> str:
    """All that the tables of a database say, as one text."""
    said = []
    for table in metadata.sorted_tables:
        columns = [each if isinstance(each.type, LargeBinary) else cast(each, Text) for each in table.c]
        for row in tx.execute(select(*columns)):
            said += [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(said)


async def left_of(house: Installation, *words: str) -> dict[str, list[str]]:
    """Which of these words are still somewhere, by service; as JSON writes them, too."""
    found: dict[str, list[str]] = {}
    for name in SERVICES:
        said = await house.app.state.contexts[name].database.read(everything, load(name).metadata)
        escaped = {word: word.encode("unicode_escape").decode() for word in words}
        found[name] = [word for word in words if word in said or escaped[word] in said]
    return {name: words_left for name, words_left in found.items() if words_left}


TRACES = (NAME, USERNAME, str(NUMBER), "zina.jpg", "Zinaphone", GUEST, "Зинин")


async def test_all_of_the_one_is_the_other_s(hall: Hall) -> None:
    await hall.agree()
    zina, vera, company = hall.zina, hall.vera, hall.company
    before = {who.id: await hall.figures(who) for who in (zina, vera)}
    exported = await hall.exported()
    await hall.merge(zina, vera)
    await hall.agree()
    vera = await company.sign_in("Вера")
    after = await hall.figures(vera)
    for name in ("games", "wins", "losses", "draws", "balls", "fouls"):
        assert after[name] == sum(each[name] for each in before.values())
    assert after["balance"] == {"RUB": sum(each["balance"].get("RUB", 0) for each in before.values())}
    assert await hall.exported() == exported
    for table in hall.tables:
        session = await company.ok(vera, "GET", f"/sessions/{table.id}")
        assert sum(session["balances"].values()) == 0
        assert vera.id in {player["user_id"] for player in session["players"]}
        assert zina.id not in {player["user_id"] for player in session["players"]}
    assert (await company.ok(vera, "GET", f"/sessions/{hall.tables[1].id}"))["organizer_id"] == vera.id
    friends = {friend["user_id"] for friend in (await company.ok(vera, "GET", "/friends"))["items"]}
    assert friends == {hall.anya.id, hall.boris.id}, "and not whom either blocks"
    groups = (await company.ok(vera, "GET", "/groups"))["items"]
    inside = {group["name"]: {member["user_id"] for member in group["members"]} for group in groups}
    assert inside == {"Зинины": friends}
    templates = (await company.ok(vera, "GET", "/templates"))["items"]
    assert [(each["name"], each["favourite"]) for each in templates if each["owner"] == "me"] == [("Зинин", True)]
    assert (await company.ok(hall.anya, "GET", f"/users/{zina.id}"))["id"] == vera.id
    assert (await launched_again(hall.house))["id"] == vera.id


async def launched_again(house: Installation) -> Any:
    body = {"init_data": init_data(NUMBER, first_name=NAME), "device": DEVICE}
    return (await house.call(None, "POST", "/auth/telegram", body)).json()["user"]


async def test_nothing_is_left_of_somebody_deleted_but_what_was_played(hall: Hall) -> None:
    exported = await hall.exported()
    assert set(TRACES) == {word for words in (await left_of(hall.house, *TRACES)).values() for word in words}
    await hall.delete(hall.zina)
    await hall.agree()
    assert await left_of(hall.house, *TRACES) == {}
    assert await hall.exported() == exported
    for table, case in zip(hall.tables, exported, strict=True):
        session = await hall.company.ok(hall.anya, "GET", f"/sessions/{table.id}")
        assert replay_case(case)["balances"] == session["balances"]
        nobody = [(at, player) for at, player in enumerate(session["players"], 1) if player["user_id"] is None]
        assert [player["name"] for _, player in nobody] == [f"Игрок {at}" for at, _ in nobody] != []
        assert session["organizer_id"] in {hall.anya.id, hall.boris.id}
    assert (await hall.company.call(hall.anya, "GET", f"/users/{hall.zina.id}")).status_code == 404
    history = (await hall.company.ok(hall.boris, "GET", "/stats/history"))["items"]
    names = {player["display_name"] for game in history for player in game["players"]}
    assert names == {"Аня", "Борис", "Игрок 2", "Игрок 3"}
    again = await launched_again(hall.house)
    assert again["id"] != hall.zina.id
    await hall.house.drain()
    await hall.agree()


async def test_who_became_another_goes_with_him(hall: Hall) -> None:
    await hall.merge(hall.zina, hall.vera)
    vera = await hall.company.sign_in("Вера")
    await hall.delete(vera)
    await hall.agree()
    assert await left_of(hall.house, "Вера", *TRACES) == {}


@pytest.mark.parametrize("event", ["merged", "deleted"])
async def test_again_and_late_words_change_nothing(hall: Hall, event: str) -> None:
    zina, vera = hall.zina, hall.vera
    told: Any = UserMerged(user_id=zina.id, version=2, into_id=vera.id)
    if event == "merged":
        await hall.merge(zina, vera)
    else:
        await hall.delete(zina)
        told = UserDeleted(user_id=zina.id, version=2)
    late = UserUpdated(user_id=zina.id, version=9, display_name=NAME, username=USERNAME)
    await hall.house.publish(told, late)
    await hall.house.drain()
    await hall.agree()
    if event == "deleted":
        assert await left_of(hall.house, *TRACES) == {}


async def test_what_is_left_behind_is_found(hall: Hall) -> None:
    friends = load("friends").metadata.tables["people"]
    await hall.delete(hall.zina)
    row: Mapping[str, Any] = {"id": hall.zina.id, "display_name": NAME, "version": 9}
    await hall.house.app.state.contexts["friends"].database.write(lambda tx: tx.execute(friends.insert().values(row)))
    told = [str(each) async for each in verify(hall.house.settings, 0)]
    assert len(told) == 1
    assert told[0].startswith("friends.people")
    assert hall.zina.id in told[0]
