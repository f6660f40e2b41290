"""Somebody takes along all that the six services keep about him, and finds in it what he did and nobody's secrets."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from artel.engine.replay import replay_line
from artel.game import takeout as game_takeout
from artel.game.tables import sessions
from artel.kernel import takeout
from artel_testing import Installation, installation
from playing import RULES, Company, Somebody, Table, figures, replayed
from system.test_real_servers import comes


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, event_burst=10_000) as made:
        yield made


@pytest.fixture
async def real_house(tmp_path: Path, postgres_urls: str, broker: str, redis_url: str) -> AsyncIterator[Installation]:
    where = {"database_url": postgres_urls, "bus_url": broker, "store_url": redis_url}
    async with installation(tmp_path, event_burst=10_000, **where) as made:
        yield made


async def archive_of(house: Installation, company: Company, who: Somebody) -> zipfile.ZipFile:
    export = await company.ok(who, "POST", "/users/me/export")

    async def ready() -> bool:
        await house.drain()
        shown = await company.ok(who, "GET", f"/users/me/exports/{export['id']}")
        return bool(shown["state"] == "ready")

    await comes(ready)
    answer = await company.call(who, "GET", f"/users/me/exports/{export['id']}/archive")
    return zipfile.ZipFile(io.BytesIO(answer.content))


def read(files: zipfile.ZipFile, name: str) -> Any:
    return json.loads(files.read(name))


async def evening(company: Company, house: Installation) -> tuple[Somebody, Somebody, Table]:
    anya, boris, vera = [await company.sign_in(name) for name in ("Аня", "Борис", "Вера")]
    await house.drain()

    async def known() -> bool:
        return (await company.call(anya, "POST", "/friends/requests", {"user_id": boris.id})).is_success

    await comes(known)
    (asked,) = (await company.ok(boris, "GET", "/friends"))["incoming"]
    await company.ok(boris, "POST", f"/friends/requests/{asked['id']}/accept")
    await comes(lambda: _blocks(company, boris, vera))
    await company.ok(anya, "POST", "/templates", {"name": "Наши правила", "rules": {"game": "kolkhoz"}})
    await company.ok(anya, "POST", "/groups", {"name": "Четверг", "members": [boris.id]})
    await company.ok(anya, "PUT", "/stats/preferences", {"listed": True})
    await company.ok(anya, "PUT", "/notifications/preferences", {"kinds": {"session_added": False}})
    table = await company.sit_down(anya, [boris], RULES[0], guests=["Гость"])
    await table.play(60)
    await company.ok(anya, "POST", f"/sessions/{table.id}/share", {"money": True})
    await table.finish()
    await house.drain()
    return anya, boris, table


async def _blocks(company: Company, one: Somebody, other: Somebody) -> bool:
    return (await company.call(one, "POST", "/blocks", {"user_id": other.id})).is_success


async def look(house: Installation) -> None:
    company = Company(house.http, Random(7))
    anya, boris, table = await evening(company, house)
    await comes(partial(have_heard, company, anya, table))
    files = await archive_of(house, company, anya)
    (case,) = files.read("game/evenings.jsonl").decode().splitlines()
    whole = await table.exported()
    assert json.loads(case) == whole
    assert replay_line(case) == replayed(whole)
    names = {(player["name"], player["me"]) for player in read(files, "game/players.json")}
    assert names == {("Аня", True), ("Борис", False), ("Гость", False)}
    assert len(read(files, "game/log.json")) == len(whole["events"])
    (session,) = read(files, "game/sessions.json")
    assert (session["id"], session["organizer"], session["state"]) == (table.id, True, "finished")

    shown = await company.ok(anya, "GET", f"/stats/players/{anya.id}")
    games = read(files, "stats/games.json")
    assert (len(games), sum(game["money"] for game in games)) == (shown["games"], shown["balance"]["RUB"])
    assert {game["currency"] for game in games} == {"RUB"}
    (own,) = read(files, "stats/evenings.json")
    me = next(player["id"] for player in (await table.whole())["players"] if player["user_id"] == anya.id)
    assert (own["session_id"], own["balance"]) == (table.id, (await table.whole())["balances"][me])
    assert sum(payment["amount"] for payment in read(files, "stats/payments.json")) == shown["balance"]["RUB"]
    assert read(files, "stats/leaderboards.json")[0]["listed"] is True

    assert [friend["name"] for friend in read(files, "friends/friends.json")] == ["Борис"]
    assert read(files, "friends/blocks.json") == []
    assert [member["name"] for member in read(files, "friends/group_members.json")] == ["Борис"]
    assert [template["name"] for template in read(files, "template/templates.json")] == ["Наши правила"]
    assert {row["kind"] for row in read(files, "notification/notifications.json")} >= {"session_finished"}
    assert read(files, "notification/preferences.json") == [{"kind": "session_added", "enabled": False}]
    chat = {"user_id": anya.id, "telegram_id": None, "language": "ru", "closed_at": None}
    assert (read(files, "notification/telegram.json"), read(files, "notification/letters.json")) == ([chat], [])
    await no_secrets(house, files, table, boris)
    await told(house, company, anya)

    theirs = await archive_of(house, company, boris)
    assert [block["name"] for block in read(theirs, "friends/blocks.json")] == ["Вера"]
    assert [player["name"] for player in read(theirs, "game/players.json") if player["me"]] == ["Борис"]


async def have_heard(company: Company, who: Somebody, table: Table) -> bool:
    """Statistics and notifications, of all games and of the evening's end."""
    expected = figures(await table.exported(), await table.whole())[who.id]
    shown = await company.ok(who, "GET", f"/stats/players/{who.id}")
    past = (await company.ok(who, "GET", "/stats/history"))["items"]
    news = (await company.ok(who, "GET", "/notifications", limit=100))["items"]
    return (
        shown["games"] == expected["games"]
        and all(game["session"]["finished"] for game in past)
        and "session_finished" in {item["kind"] for item in news}
    )


async def no_secrets(house: Installation, files: zipfile.ZipFile, table: Table, other: Somebody) -> None:
    row = await house.app.state.contexts["game"].database.read(
        lambda tx: tx.execute(select(sessions).where(sessions.c.id == table.id)).one()
    )
    text = "".join(files.read(name).decode() for name in files.namelist())
    for secret in (table.session["code"], row.seed.hex(), row.share_hash, other.token, other.refresh):
        assert secret not in text
    for folder in ("auth", "game", "stats"):  # friends are known by their ids too
        inside = [files.read(name).decode() for name in files.namelist() if name.startswith(f"{folder}/")]
        assert all(other.id not in part for part in inside), folder


async def told(house: Installation, company: Company, who: Somebody) -> None:
    """Once, in words."""

    async def heard() -> bool:
        await house.drain()
        items = (await company.ok(who, "GET", "/notifications", limit=100))["items"]
        return [item["title"] for item in items if item["kind"] == "export_ready"] == ["Ваши данные собраны"]

    await comes(heard)


async def test_an_export(house: Installation) -> None:
    await look(house)


async def test_an_export_on_real_servers(real_house: Installation) -> None:
    await look(real_house)


async def test_an_export_in_many_pages_is_the_same(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeout, "PAGE_BYTES", 300)
    monkeypatch.setattr(takeout, "AT_ONCE", 3)
    monkeypatch.setattr(game_takeout, "AT_ONCE", 5)
    await look(house)


async def test_of_an_evening_he_was_removed_from_only_that_he_was_there(house: Installation) -> None:
    company = Company(house.http, Random(7))
    anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
    table = await company.sit_down(anya, [boris], RULES[0], guests=["Гость"])
    await company.ok(anya, "DELETE", f"/sessions/{table.id}/members/{boris.id}")
    files = await archive_of(house, company, boris)
    assert files.read("game/evenings.jsonl") == b""
    assert read(files, "game/log.json") == []
    (session,) = read(files, "game/sessions.json")
    assert session["removed_at"] is not None
    assert [player["name"] for player in read(files, "game/players.json")] == ["Борис"]


async def test_no_evening_yet(house: Installation) -> None:
    company = Company(house.http, Random(7))
    files = await archive_of(house, company, await company.sign_in("Аня"))
    assert files.read("game/evenings.jsonl") == b""
    assert {name: read(files, name) for name in files.namelist() if name.startswith(("stats/", "friends/"))} == {
        name: [] for name in files.namelist() if name.startswith(("stats/", "friends/"))
    }
