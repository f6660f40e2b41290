"""`artel verify`: evenings were played, and all agree; then something is damaged, and it is found and named."""

import asyncio
import gc
import json
import os
import re
import tracemalloc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aio_pika import connect_robust
from sqlalchemy import Table as Rows
from sqlalchemy import and_, delete, insert, select, update

from artel.auth import tables as auth
from artel.auth.leaving import delete_due
from artel.auth.merging import merge
from artel.cli import main
from artel.compose import SERVICES, load
from artel.friends import tables as friends
from artel.game import tables as game
from artel.kernel.bus import Message
from artel.kernel.database import Tx, open_database
from artel.kernel.events import now
from artel.kernel.migrations import migrate
from artel.kernel.settings import Settings
from artel.notification import tables as notification
from artel.stats import tables as stats
from artel.template import tables as template
from artel.verify import verify, waits
from artel.verify.difference import Difference
from artel_testing import Installation, installation
from playing import RULES, Company, Somebody, Table
from servers import free_port
from system.test_serving import comes


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    url: str = request.getfixturevalue("postgres_urls")
    return url


async def all_of(settings: Settings, patience: float = 0) -> list[Difference]:
    return [difference async for difference in verify(settings, patience)]


@dataclass
class Evenings:
    """Whatever people do: friends, groups, templates, names, guests who turn out to be somebody."""

    house: Installation
    company: Company

    async def all(self) -> None:
        people = [await self.company.sign_in(name) for name in ("Аня", "Борис", "Вера", "Глеб", "Даша")]
        await self.house.drain()
        anya, boris, vera, gleb, dasha = people
        await self.circles(people)
        tables = [await self.company.sit_down(anya, [boris], rules, guests=["Гость"]) for rules in RULES[::2]]
        tables.append(await self.sit_down_with_friends(anya, boris))
        for table in tables:
            await table.play(60)
            await self.house.drain()
        await self.claim(tables[0], gleb, back=False)
        await self.claim(tables[1], dasha, back=True)
        await tables[0].finish()
        await tables[1].finish()
        await tables[1].post({"id": "reopened", "type": "undo", "target": tables[1].acknowledged[-1]["id"]}, who=anya)
        await tables[2].finish()
        await self.chores(anya, vera)
        await self.house.drain()
        await self.partings(anya, vera)
        await self.put_away()

    async def circles(self, people: list[Somebody]) -> None:
        ok, (anya, boris, vera, gleb, dasha) = self.company.ok, people
        await self.company.befriend(anya, boris)
        await self.company.befriend(vera, anya)
        await self.company.befriend(gleb, vera)
        await ok(gleb, "DELETE", f"/friends/{vera.id}")
        await ok(dasha, "POST", "/friends/requests", {"user_id": anya.id})
        await self.company.befriend(dasha, gleb)
        await ok(dasha, "POST", "/blocks", {"user_id": gleb.id})
        await ok(vera, "POST", "/blocks", {"user_id": gleb.id})
        await ok(vera, "DELETE", f"/blocks/{gleb.id}")
        group = await ok(anya, "POST", "/groups", {"name": "Наши", "members": [boris.id]})
        await ok(anya, "PUT", f"/groups/{group['id']}/members/{vera.id}")
        other = await ok(anya, "POST", "/groups", {"name": "Лишняя"})
        await ok(anya, "DELETE", f"/groups/{other['id']}")
        await ok(boris, "PUT", "/notifications/preferences", {"kinds": {"game_finished": False}})
        await self.house.drain()

    async def sit_down_with_friends(self, anya: Somebody, boris: Somebody) -> Table:
        body = {"rules": dict(RULES[0]), "name": "У Ани", "players": [{"user_id": boris.id}]}
        table = Table(self.company, [anya, boris], await self.company.ok(anya, "POST", "/sessions", body))
        await self.company.ok(anya, "PATCH", f"/sessions/{table.id}", {"name": "У Ани дома"})
        return table

    async def claim(self, table: Table, who: Somebody, *, back: bool) -> None:
        """The guest of this table was somebody; perhaps it turns out that he was not."""
        anya = table.people[0]
        guest = next(player for player in table.session["players"] if player["user_id"] is None)
        path = f"/sessions/{table.id}/players/{guest['id']}/claim"
        claim = await self.company.ok(who, "POST", path, {"code": (await table.whole())["code"]})
        await self.company.ok(anya, "POST", f"/sessions/{table.id}/claims/{claim['id']}/accept")
        if back:
            await self.company.ok(who, "DELETE", path)
        await self.house.drain()

    async def chores(self, anya: Somebody, vera: Somebody) -> None:
        await self.company.ok(vera, "PATCH", "/users/me", {"display_name": "Вера Ивановна"})
        await self.company.ok(vera, "PATCH", "/users/me", {"privacy": {"figures": "friends", "hide_money": True}})
        made = await self.company.ok(
            anya, "POST", "/templates", {"name": "Наша", "rules": {"game": "kolkhoz", "price": 1}}
        )
        change = {"rules": {"game": "kolkhoz", "price": 2}}
        await self.company.ok(anya, "PATCH", f"/templates/{made['id']}", change)
        await self.company.ok(anya, "POST", "/users/me/export")

    async def partings(self, anya: Somebody, vera: Somebody) -> None:
        """Somebody is deleted, and somebody turns out to be Vera."""
        leaver, other = [await self.company.sign_in(name) for name in ("Уходящий", "Вера вторая")]
        await self.house.drain()
        for who in (leaver, other):
            await self.company.befriend(anya, who)
            table = await self.company.sit_down(who, [anya], RULES[0])
            await table.play(40)
            await self.house.drain()
        await self.company.ok(leaver, "DELETE", "/users/me")
        database = self.house.app.state.contexts["auth"].database
        since = update(auth.users).where(auth.users.c.id == leaver.id).values(deletes_at=now())
        await database.write(lambda tx: tx.execute(since))
        await delete_due(database)
        await database.write(merge, other.id, vera.id)
        await self.house.drain()

    async def put_away(self) -> None:
        """So that there are summaries."""
        await self.house.app.state.contexts["game"].own.put_away(idle=-1)


async def played(house: Installation, seed: int = 5) -> None:
    await Evenings(house, Company(house.http, Random(seed))).all()


async def test_an_installation_after_played_evenings_is_clean(urls: str, tmp_path: Path) -> None:
    async with installation(tmp_path, database_url=urls, event_burst=10**6) as house:
        await played(house)
        assert list(map(str, await all_of(house.settings))) == []


# Damage


@dataclass(frozen=True)
class Damage:
    """`do` is given the transaction and a row of the table; `named` columns of that row stand in what is told."""

    service: str
    table: Rows
    do: Callable[[Tx, Rows, Mapping[str, Any]], object]
    named: tuple[str, ...]
    where: Any = None
    told: str | None = None  # the table in which it shows, if not its own

    def __str__(self) -> str:
        return f"{self.service}.{self.table.name}"


def this(table: Rows, row: Mapping[str, Any]) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key))


def put(**values: Any) -> Callable[[Tx, Rows, Mapping[str, Any]], object]:
    def change(tx: Tx, table: Rows, row: Mapping[str, Any]) -> None:
        tx.execute(update(table).where(this(table, row)).values(values))

    return change


def more(name: str) -> Callable[[Tx, Rows, Mapping[str, Any]], object]:
    def change(tx: Tx, table: Rows, row: Mapping[str, Any]) -> None:
        tx.execute(update(table).where(this(table, row)).values({name: row[name] + 1}))

    return change


def gone(tx: Tx, table: Rows, row: Mapping[str, Any]) -> None:
    tx.execute(delete(table).where(this(table, row)))


def double(**values: Any) -> Callable[[Tx, Rows, Mapping[str, Any]], object]:
    """As another row: the keys of the tables let no second one be."""

    def change(tx: Tx, table: Rows, row: Mapping[str, Any]) -> None:
        tx.execute(insert(table).values({**row, **values}))

    return change


def of_nobody(tx: Tx, table: Rows, row: Mapping[str, Any]) -> None:
    """As if it were another's who has been deleted."""
    deleted = select(auth.users.c.id).where(auth.users.c.deleted_at.is_not(None)).limit(1)
    key = {"id": STRANGER} if "id" in row else {}
    tx.execute(insert(table).values({**row, **key, "user_id": tx.execute(deleted).scalar_one()}))


def body(change: Callable[[str], str], column: str = "body") -> Callable[[Tx, Rows, Mapping[str, Any]], object]:
    def changed(tx: Tx, table: Rows, row: Mapping[str, Any]) -> None:
        new = change(row[column])
        assert new != row[column]
        tx.execute(update(table).where(this(table, row)).values({column: new}))

    return changed


STRANGER = "00000000-0000-7000-8000-000000000000"
SESSION, SEAT, GAME, LINE = ("session_id",), ("session_id", "player_id"), ("key",), ("game_key", "player_id")
PAIR, ENTRY = ("low_id", "high_id"), ("user_id", "subject")
LOG, ENDED = ("session_id", "version"), stats.games.c.ended
TOLD = game.events.c.announce.like("%artel.game.finished.v1%")
BALL = game.events.c.body.like('%"ball"%')
CLOSED = game.summaries.c.body.like('%"state":"finished"%')
FRIENDS = game.ties.c.friends
SEATED = stats.session_players.c.user_id.is_not(None)
heard, moments, chats = notification.entries, notification.moments, notification.chats
FINALE = moments.c.subject.like("session_finished%")


def shown(kind: str = "", *, wanted: bool = True) -> Any:
    return and_(heard.c.shown.is_(wanted), heard.c.kind == kind if kind else heard.c.kind != "")


DAMAGES = (
    Damage("game", game.events, body(lambda line: line.replace('"ball"', '"foul"', 1)), SESSION, BALL),
    Damage("game", game.events, body(lambda line: line.replace('"version":', '"version":1')), LOG),
    Damage("game", game.events, gone, SESSION, game.events.c.version == 3),
    Damage("game", game.events, put(announce=None), LOG, TOLD),
    Damage("game", game.events, body(lambda told: told.replace('number\\":', 'number\\":7'), "announce"), LOG, TOLD),
    Damage("game", game.events, put(announce="[["), LOG, TOLD),
    Damage("game", game.cursors, put(xid=0, session_id="", version=0), (), told="game.events.announce"),
    Damage("game", game.sessions, put(state="finished"), ("id",), game.sessions.c.state == "open"),
    Damage("game", game.sessions, put(code="ABCDEF"), ("id",), game.sessions.c.state == "finished"),
    Damage("game", game.summaries, body(lambda told: told.replace(':"finished"', ':"open"')), SESSION, CLOSED),
    Damage("game", game.summaries, more("version"), SESSION),
    Damage("game", game.summaries, double(session_id=STRANGER), ()),
    Damage("game", game.players, put(name="Кто-то"), ("session_id", "id"), game.players.c.user_id.is_not(None)),
    Damage("game", game.users, put(name="Кто-то"), ("id",)),
    Damage("game", game.users, gone, ("id",)),
    Damage("game", game.users, double(id=STRANGER), ()),
    Damage("game", game.ties, put(friends=False), PAIR, FRIENDS),
    Damage("game", game.ties, put(low_blocks=True), PAIR, FRIENDS),
    Damage("game", game.ties, gone, PAIR, FRIENDS),
    Damage("stats", stats.people, put(display_name="Кто-то"), ("id",)),
    Damage("stats", stats.people, gone, ("id",)),
    Damage("stats", stats.privacies, put(hide_money=False), ("user_id",)),
    Damage("stats", stats.privacies, gone, ("user_id",)),
    Damage("stats", stats.privacies, double(user_id=STRANGER), ()),
    Damage("stats", stats.friendships, put(friends=False), PAIR, stats.friendships.c.friends),
    Damage("stats", stats.blocks, put(blocked=False), ("user_id", "other_id"), stats.blocks.c.blocked),
    Damage("stats", stats.groups, more("version"), ("id",), stats.groups.c.deleted.is_(False)),
    Damage("stats", stats.groups, put(deleted=False), ("id",), stats.groups.c.deleted),
    Damage("stats", stats.members, gone, ("group_id", "user_id")),
    Damage("stats", stats.members, double(user_id=STRANGER), ("group_id",)),
    Damage("stats", stats.sessions, put(currency="EUR"), ("id",)),
    Damage("stats", stats.sessions, gone, ("id",)),
    Damage("stats", stats.sessions, double(id=STRANGER), ()),
    Damage("stats", stats.session_players, put(user_id=None), SEAT, SEATED),
    Damage("stats", stats.session_players, gone, SEAT),
    Damage("stats", stats.session_players, double(player_id=STRANGER), SESSION),
    Damage("stats", stats.claims, put(user_id=STRANGER), SEAT),
    Damage("stats", stats.claims, gone, SEAT),
    Damage("stats", stats.endings, put(finished=False), SESSION, stats.endings.c.finished),
    Damage("stats", stats.endings, put(balances={}), SESSION, stats.endings.c.finished),
    Damage("stats", stats.games, put(reason="draw"), GAME, ENDED),
    Damage("stats", stats.games, put(ended=False), GAME, ENDED),
    Damage("stats", stats.games, more("version"), GAME),
    Damage("stats", stats.games, gone, GAME, ENDED),
    Damage("stats", stats.games, double(key=f"{STRANGER}.game"), ()),
    Damage("stats", stats.lines, more("money"), LINE),
    Damage("stats", stats.lines, more("balls"), LINE),
    Damage("stats", stats.lines, put(user_id=STRANGER), LINE),
    Damage("stats", stats.lines, gone, LINE),
    Damage("stats", stats.lines, double(player_id=STRANGER), ("game_key",)),
    Damage("stats", stats.flows, more("amount"), LINE),
    Damage("stats", stats.flows, gone, LINE),
    Damage("stats", stats.ratings, more("after"), ("game_key", "user_id")),
    Damage("stats", stats.ratings, gone, ("game_key", "user_id")),
    Damage("stats", stats.ratings, double(user_id=STRANGER), ("game_key",)),
    Damage("stats", stats.standings, put(rating=1), ("kind", "user_id")),
    Damage("stats", stats.standings, gone, ("kind", "user_id")),
    Damage("friends", friends.people, put(display_name="Кто-то"), ("id",)),
    Damage("friends", friends.people, put(version=0), ("id",)),
    Damage("friends", friends.people, gone, ("id",)),
    Damage("friends", friends.friendships, gone, ("user_id", "other_id")),
    Damage("template", template.templates, put(name="Чужая"), ("id",)),
    Damage("template", template.templates, more("version"), ("id",)),
    Damage("auth", auth.users, put(search_name="x"), ("id",)),
    Damage("auth", auth.users, put(display_name="Кто-то", search_name="кто-то"), ("id",), told="stats.people"),
    Damage("auth", auth.seats, double(session_id=STRANGER), ()),
    Damage("auth", auth.seats, of_nobody, ()),
    Damage("auth", auth.exports, of_nobody, ()),
    *(
        Damage(service, load(service).metadata.tables["gone"], do, ("user_id",))
        for service in ("game", "stats", "friends", "template", "notification")
        for do in (gone, put(into_id=STRANGER))
    ),
    Damage("notification", heard, put(data={}), ENTRY, shown()),
    Damage("notification", heard, put(shown=False), ENTRY, shown("session_finished")),
    Damage("notification", heard, gone, ENTRY, shown("game_finished")),
    Damage("notification", heard, gone, ENTRY, shown("session_added")),
    Damage("notification", heard, gone, ENTRY, shown("friend_accepted")),
    Damage("notification", heard, put(data={"request_id": "x"}), ENTRY, shown("friend_requested")),
    Damage("notification", heard, put(shown=True), ENTRY, shown("friend_accepted", wanted=False)),
    Damage("notification", heard, double(id=STRANGER, user_id=STRANGER), ("subject",), shown()),
    Damage("notification", heard, double(id=STRANGER, subject=f"game_finished:{STRANGER}:x"), (), shown()),
    Damage("notification", chats, put(telegram_id=1), ("user_id",)),
    Damage("notification", chats, put(language="xx"), ("user_id",)),
    Damage("notification", chats, more("version"), ("user_id",)),
    Damage("notification", chats, double(user_id=STRANGER), ()),
    Damage("notification", moments, gone, ("subject",), moments.c.subject.like("game_finished%")),
    Damage("notification", moments, put(live=False), ("subject",), and_(moments.c.live, FINALE)),
)


def rounds() -> list[list[Damage]]:
    """One damage a table at a time; what is done to a log comes alone, because nobody knows what is behind it."""
    of_logs = [[damage] for damage in DAMAGES if damage.table is game.events]
    others: list[list[Damage]] = []
    for table in dict.fromkeys(damage.table for damage in DAMAGES if damage.table is not game.events):
        for number, damage in enumerate(each for each in DAMAGES if each.table is table):
            others += [[]] * (number == len(others))
            others[number] = [*others[number], damage]
    return of_logs + others


def rows(tx: Tx, table: Rows, where: Any = None) -> list[dict[str, Any]]:
    found = select(table).order_by(*table.primary_key)
    return [dict(row) for row in tx.execute(found if where is None else found.where(where)).mappings()]


def mend(tx: Tx, table: Rows, before: list[dict[str, Any]]) -> None:
    """Row by row: others may point at them."""
    names = [column.name for column in table.primary_key]
    known, there = ({tuple(row[name] for name in names): row for row in found} for found in (before, rows(tx, table)))
    for key, row in there.items():
        if key not in known:
            gone(tx, table, row)
    for key, row in known.items():
        if key not in there:
            tx.execute(insert(table).values(row))
        elif there[key] != row:
            tx.execute(update(table).where(this(table, row)).values(row))


@dataclass
class Done:
    damage: Damage
    row: Mapping[str, Any]
    before: list[dict[str, Any]]

    def is_among(self, told: list[str]) -> bool:
        table, names = self.damage.told or str(self.damage), [str(self.row[name]) for name in self.damage.named]
        return any(line.startswith(table) and all(name in line for name in names) for line in told)


async def do(settings: Settings, damage: Damage, number: int) -> Done:
    database = open_database(settings.database(damage.service))
    before = await database.read(rows, damage.table)
    some = await database.read(rows, damage.table, damage.where)
    assert some, f"{damage}: there is nothing to damage"
    row = Random(number).choice(some)
    await database.write(damage.do, damage.table, row)
    await database.close()
    return Done(damage, row, before)


async def undo(settings: Settings, done: Done) -> None:
    database = open_database(settings.database(done.damage.service))
    await database.write(mend, done.damage.table, done.before)
    await database.close()


@pytest.mark.timeout(300)
async def test_whatever_is_damaged_is_found_and_named(urls: str, tmp_path: Path) -> None:
    async with installation(tmp_path, database_url=urls, event_burst=10**6) as house:
        await played(house)
    for number, damages in enumerate(rounds()):
        done = [await do(house.settings, damage, number) for damage in damages]
        told = [str(each) for each in await all_of(house.settings)]
        for each in done:
            assert each.is_among(told), f"{each.damage} of {each.row} in round {number} is not among {told}"
        for each in done:
            await undo(house.settings, each)
    assert await all_of(house.settings) == []


# Beside a living system


async def test_what_is_only_late_is_waited_for(tmp_path: Path) -> None:
    async with installation(tmp_path) as house:
        company = Company(house.http, Random(7))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0])
        await house.drain()
        database = house.app.state.contexts["stats"].database
        before = await database.read(rows, stats.people)
        await database.write(lambda tx: tx.execute(delete(stats.people)))
        assert {each.table for each in await all_of(house.settings)} == {"people"}
        looking = asyncio.create_task(all_of(house.settings, patience=30))
        await table.play(10)
        await database.write(lambda tx: tx.execute(insert(stats.people), before))
        assert await asyncio.wait_for(looking, 20) == []


async def test_while_people_play_nothing_differs_but_what_is_wrong(urls: str, tmp_path: Path) -> None:
    async with installation(tmp_path, database_url=urls, event_burst=10**6) as house:
        company = Company(house.http, Random(11))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        tables = [await company.sit_down(anya, [boris], rules) for rules in RULES[:3]]
        await tables[0].play(40)
        await house.drain()
        database = house.app.state.contexts["stats"].database
        await database.write(put(display_name="Кто-то"), stats.people, {"id": boris.id})
        over = asyncio.Event()

        async def play_on(table: Table) -> None:
            while not over.is_set():
                await table.play(5)
                await house.drain()  # whoever taps without a pause leaves the relay no time

        playing = [asyncio.create_task(play_on(table)) for table in tables]
        told = [await all_of(house.settings, patience=5) for _ in range(3)]
        over.set()
        await asyncio.gather(*playing)
        assert {each.key for found in told for each in found} == {("stats", "people", f"user={boris.id}")}
        assert all(len(found) == 1 for found in told)


async def test_what_it_needs_does_not_grow_with_the_number_of_sessions(tmp_path: Path) -> None:
    """The most that Python holds while it looks at three times as many."""
    async with installation(tmp_path, event_burst=10**6) as house:
        company = Company(house.http, Random(3))
        anya = await company.sign_in("Аня")
        held: list[int] = []
        for _ in range(3):
            for _ in range(6):
                table = await company.sit_down(anya, [], RULES[0], guests=["Гость"])
                await table.play(30)
                await table.finish()
            await house.drain()
            await all_of(house.settings)  # once, so that all caches are warm
            gc.collect()
            tracemalloc.start()
            try:
                assert await all_of(house.settings) == []
                held.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()
        assert held[2] < 1.5 * held[0], held


# The command


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("ARTEL_P", "ARTEL_D"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ARTEL_DATA_DIR", str(tmp_path))
    return tmp_path


def artel(*arguments: str) -> int:
    """On a loop of its own, as in a terminal."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(main, arguments).result()


async def test_the_command_tells_and_its_status_says_so(command: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with installation(command) as house:
        company = Company(house.http, Random(9))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0])
        await table.play(40)
        await table.finish()
        await house.drain()
    assert artel("verify", "--patience", "0") == 0
    assert capsys.readouterr().out == "all agree\n"
    database = open_database(Settings(data_dir=command).database("stats"))
    line = (await database.read(rows, stats.lines))[0]
    await database.write(more("money"), stats.lines, line)
    await database.close()
    assert artel("verify", "--patience", "0") == 1
    session, seat = line["session_id"], line["player_id"]
    said = f"stats.lines: session {session}, game {line['game_key']}, player {seat}: "
    wrong = f'{{"money": {line["money"] + 1}}}, should be {{"money": {line["money"]}}}'
    assert capsys.readouterr().out == f"{said}{wrong}\n1 differences\n"
    assert artel("verify", "--patience", "0", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["service"], told["table"], told["where"]["player"]) == ("stats", "lines", seat)
    assert told["found"] == {"money": line["money"] + 1}


async def evening_without(service: str, data: Path, **settings: Any) -> Installation:
    """Of two who finish their games, while that service is stopped."""
    names = [name for name in SERVICES if name != service]
    async with installation(data, names, **settings) as house:
        await asyncio.to_thread(migrate, service, house.settings.database(service))
        company = Company(house.http, Random(9))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0])
        await table.play(20)
        await table.finish()
        await house.drain()
        await comes(partial(everything_is_read, str(settings["bus_url"]), set(names)))
    return house


async def everything_is_read(url: str, services: set[str]) -> bool:
    async with await connect_robust(url) as connection:
        counts = [await waits.counts(connection, f"artel.{name}") for name in services]
    return not any(waiting for waiting, _ in counts)


async def test_what_a_stopped_service_has_not_heard_is_said_and_not_listed(
    command: Path, broker: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house = await evening_without("stats", command, bus_url=broker)
    monkeypatch.setenv("ARTEL_BUS_URL", broker)
    asked = ("verify", "--patience", "0")
    assert artel(*asked) == 3
    *sentences, last = capsys.readouterr().out.splitlines()
    [of_stats] = [line for line in sentences if "artel.stats" in line]
    assert re.fullmatch(r"\d+ events wait in artel.stats and nobody reads them: start `artel serve stats`", of_stats)
    assert re.fullmatch(r"all else agrees; .*\b\d+ rows of stats may change when that arrives: look again then", last)

    # What it cannot explain is a difference all the same.
    database = open_database(house.settings.database("game"))
    row = (await database.read(rows, game.players))[0]
    await database.write(put(name="Кто-то"), game.players, row)
    await database.close()
    assert artel(*asked) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told if "should be" in line] == ["game.players"]
    assert told[-1].startswith("1 differences; ")
    assert artel(*asked, "--json") == 1
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert "stats" in first["late"]


async def test_what_could_not_be_published_is_said_too(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with installation(command) as house:
        for context in house.app.state.contexts.values():
            monkeypatch.setattr(context.bus, "publish", refused)
        company = Company(house.http, Random(9))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0])
        await table.play(20)
        await table.finish()
    assert artel("verify", "--patience", "0") == 3
    told = capsys.readouterr().out
    for service in ("auth", "game"):
        assert f"events of {service} wait to be published: is {service} running, and RabbitMQ?" in told
    assert "should be" not in told
    monkeypatch.setenv("ARTEL_BUS_URL", f"amqp://127.0.0.1:{free_port()}")
    assert artel("verify", "--patience", "0") == 3
    assert "so what waits there is not known" in capsys.readouterr().out


async def test_what_was_too_young_at_the_first_look_is_looked_for_again_before_anything_is_a_difference(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with installation(command) as house:
        for context in house.app.state.contexts.values():
            monkeypatch.setattr(context.bus, "publish", refused)
        anya, boris = [await Company(house.http, Random(9)).sign_in(name) for name in ("Аня", "Борис")]
        await (await Company(house.http, Random(9)).sit_down(anya, [boris], RULES[0])).play(5)
    look, looks = waits.look, []

    async def first_too_early(*about: Any) -> list[waits.Wait]:
        looks.append(await look(*about))
        return looks[-1] if looks[1:] else []

    monkeypatch.setattr(waits, "look", first_too_early)
    assert artel("verify", "--patience", "0") == 3
    told = capsys.readouterr().out
    assert len(looks) > 1
    assert told.count("events of game wait to be published") == 1
    assert "should be" not in told
    assert "all else agrees; " in told


async def refused(_message: Message) -> None:
    raise ConnectionError


@pytest.mark.parametrize("setting", ["ARTEL_DATABASE_URL", "ARTEL_DATABASES_DIR"])
def test_a_database_that_is_not_there_is_a_sentence(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    if setting == "ARTEL_DATABASES_DIR":
        (command / "auth.url").write_text(f"sqlite+aiosqlite:///{command}/auth.db")
        monkeypatch.setenv(setting, str(command))
    assert artel("verify") == 2
    said = capsys.readouterr().err
    assert said.startswith("artel: the database of auth cannot be read (its tables are of revision none")
    assert said.endswith(f"; see {setting}\n")
    assert said.count("\n") == 1
