"""Nothing that was acknowledged is lost, nothing is doubled, memory is what the log says: whatever fails, whoever else
writes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest
from sqlalchemy import delete
from sqlalchemy.engine import make_url

from artel.game.announce import public_events
from artel.game.game import Game
from artel.game.log import Log, Row
from artel.game.tables import events
from artel.game.writer import Batch, Writer
from artel_testing import Installation, Person, installation
from game_testing import Gate, Table, problem, table

FREE: dict[str, Any] = {"event_burst": 100_000, "event_rate": 100_000}


class Flaky:
    """A log whose disk fails now and then, before it has written or after."""

    def __init__(self, log: Log, chance: Random, before: float, after: float) -> None:
        self._log = log
        self._chance = chance
        self._before, self._after = before, after
        self.failures = 0

    async def append(self, rows: Sequence[Row]) -> None:
        await self._fail(self._before)
        await self._log.append(rows)
        await self._fail(self._after)

    async def _fail(self, share: float) -> None:
        if self._chance.random() < share:
            self.failures += 1
            raise ConnectionResetError("the wire was cut")

    async def close(self) -> None:
        await self._log.close()


def game_of(house: Installation) -> Game:
    game: Game = house.app.state.contexts["game"].own
    return game


def expense(played: Table, event_id: str) -> dict[str, Any]:
    return {"id": event_id, "type": "expense", "payer": played.ids["Анна"], "amount": 1}


async def check(played: Table, ids: Sequence[str]) -> None:
    """Each of them is in the log once, the versions have no gap, and memory is what the log says."""
    items: list[Any] = []
    while page := (await played.log(after=len(items), limit=1000))["items"]:
        items += page
    assert [line["version"] for line in items] == list(range(1, len(items) + 1))
    assert sorted(line["id"] for line in items) == sorted(ids)
    remembered = await played.now()
    game_of(played.house).owners.doubt()
    await game_of(played.house).put_away(idle=0)
    for owner in list(game_of(played.house).owners):
        owner.doubtful = False
    await game_of(played.house).put_away(idle=0)
    assert not list(game_of(played.house).owners)
    assert await played.now() == remembered


async def test_sixty_four_writers_at_one_table(house: Installation) -> None:
    people = [house.person(f"Игрок {number}") for number in range(64)]
    anna = house.person("Анна")
    played = await table(house, anna)
    session_id = played.id
    await asyncio.gather(*(_member(house, session_id, person) for person in people))
    ids = [f"{writer}-{number}" for writer in range(64) for number in range(5)]

    async def write(writer: int) -> list[int]:
        answers = [await played.post(expense(played, f"{writer}-{number}"), who=people[writer]) for number in range(5)]
        assert {answer.status_code for answer in answers} == {201}
        return [answer.json()["version"] for answer in answers]

    versions = await asyncio.gather(*map(write, range(64)))
    assert sorted(version for each in versions for version in each) == list(range(1, 321))
    assert all(list(each) == sorted(each) for each in versions)
    await check(played, ids)


async def _member(house: Installation, session_id: str, person: Person) -> None:
    from sqlalchemy import insert  # noqa: PLC0415

    from artel.game.people import touch  # noqa: PLC0415
    from artel.game.tables import members  # noqa: PLC0415
    from artel.kernel.database import Tx  # noqa: PLC0415
    from artel.kernel.events import now  # noqa: PLC0415

    def work(tx: Tx) -> None:
        tx.execute(insert(members).values(session_id=session_id, user_id=person.id, joined_at=now()))
        touch(tx, session_id)

    await house.app.state.contexts["game"].database.write(work)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("before", "after"), [(0.3, 0.0), (0.0, 0.3), (0.15, 0.15)])
async def test_a_disk_that_fails(house: Installation, seed: int, before: float, after: float) -> None:
    anna = house.person("Анна")
    tables = [await table(house, anna, "Борис") for _ in range(3)]
    writer = game_of(house).owners.writer
    flaky = writer._log = Flaky(writer._log, Random(seed), before, after)
    acknowledged: dict[str, list[str]] = {played.id: [] for played in tables}

    async def write(played: Table, name: str) -> None:
        for number in range(10):
            for _ in range(100):
                answer = await played.post(expense(played, f"{name}-{number}"))
                if answer.status_code != 503:
                    break
                assert answer.headers["Retry-After"]
            assert answer.status_code in {200, 201}
            acknowledged[played.id].append(f"{name}-{number}")

    await asyncio.gather(*(write(played, f"w{writer}") for played in tables for writer in range(4)))
    assert flaky.failures
    for played in tables:
        await check(played, acknowledged[played.id])


async def test_what_stands_behind_a_failure_fails_with_it(house: Installation) -> None:
    played = await table(house, house.person("Анна"), "Борис")
    writer = game_of(house).owners.writer
    gate = writer._log = Gate(writer._log)
    first = asyncio.create_task(played.post(expense(played, "first")))
    await gate.asked.wait()
    queued = _queued(writer, 3)
    behind = [asyncio.create_task(played.post(expense(played, f"behind-{number}"))) for number in range(3)]
    await queued.wait()
    gate.fails = True
    gate.opened.set()
    answers = await asyncio.gather(first, *behind)
    assert {problem(answer) for answer in answers} == {(503, "unavailable")}
    gate.fails = False
    assert (await played.now())["version"] == 0
    assert (await played.post(expense(played, "behind-1"))).json()["version"] == 1
    await check(played, ["behind-1"])


def _queued(writer: Writer, count: int) -> asyncio.Event:
    """Set as soon as so many batches more wait for the writer."""
    add, left, queued = writer.add, count, asyncio.Event()

    def counted(batch: Batch) -> None:
        nonlocal left
        add(batch)
        left -= 1
        if not left:
            queued.set()

    writer.add = counted  # type: ignore[method-assign]  # only of this one
    return queued


async def test_nobody_sees_what_may_still_be_lost(house: Installation) -> None:
    played = await table(house, house.person("Анна"), "Борис")
    await played.post(expense(played, "safe"))
    writer = game_of(house).owners.writer
    gate = writer._log = Gate(writer._log)
    posting = asyncio.create_task(played.post(expense(played, "unsafe")))
    await gate.asked.wait()
    looking = asyncio.create_task(played.now())
    again = asyncio.create_task(played.post(expense(played, "unsafe")))
    done, _ = await asyncio.wait([posting, looking, again], timeout=0.2)
    assert not done
    gate.fails = True
    gate.opened.set()
    assert (await looking)["version"] == 1
    assert {(await posting).status_code, (await again).status_code} == {503}


@pytest.mark.parametrize("before", [0, 1])
async def test_a_bug_in_the_middle_leaves_no_gap(
    house: Installation, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """Whatever was in memory already, alone or in a batch, is not there any more: the next event is the next."""
    played = await table(house, house.person("Анна"), "Борис")

    def breaks(sheet: Any, event: Any, facts: Any) -> list[Any]:
        if event.id == "broken":
            raise ZeroDivisionError
        return public_events(sheet, event, facts)

    monkeypatch.setattr("artel.game.owner.public_events", breaks)
    asked = [expense(played, event_id) for event_id in [*("fine" for _ in range(before)), "broken"]]
    answer = await played.post({"events": asked})
    assert problem(answer) == (500, "internal")
    assert (await played.now())["version"] == 0
    assert (await played.post(expense(played, "next"))).json()["version"] == 1
    await check(played, ["next"])


async def test_a_bug_in_a_join_that_waited(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    played = await table(house, house.person("Анна"))

    def breaks(*_: Any) -> list[Any]:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("artel.game.owner.public_events", breaks)
        body = {"code": played.session["code"]}
        answer = await house.call(house.person("Борис"), "POST", "/sessions/join", json=body)
        assert problem(answer) == (500, "internal")
        owner = game_of(house).owners.peek(played.id)
        assert owner is not None
        assert owner.sheet.version == 0
    assert [player["active"] for player in (await played.now())["players"]] == [True, True], "he still waited"
    lines = (await played.log())["items"]
    assert [(line["version"], line["type"]) for line in lines] == [(1, "join")]


async def test_while_the_disk_is_full(house: Installation) -> None:
    played = await table(house, house.person("Анна"), "Борис")
    writer = game_of(house).owners.writer
    gate = writer._log = Gate(writer._log)
    gate.fails = True
    gate.opened.set()
    for number in range(3):
        answer = await played.post(expense(played, f"lost-{number}"))
        assert problem(answer) == (503, "unavailable")
        assert answer.headers["Retry-After"]
    gate.fails = False
    assert (await played.post(expense(played, "kept"))).status_code == 201
    await check(played, ["kept"])


class TestTwoProcesses:
    """Two installations on one database, and no bus between them: the key of the log alone keeps them apart."""

    @pytest.fixture
    async def houses(self, tmp_path: Path, database_url: str) -> AsyncIterator[list[Installation]]:
        async with AsyncExitStack() as stack:
            settings = {**FREE, "database_url": database_url}
            yield [await stack.enter_async_context(installation(tmp_path, ["game"], **settings)) for _ in range(2)]

    async def test_at_one_table(self, houses: list[Installation]) -> None:
        here, there = houses
        anna = here.person("Анна")
        played = await table(here, anna, "Борис")
        seen_there = Table(there, anna, played.session)

        async def write(at: Table, name: str) -> None:
            for number in range(10):
                for _ in range(20):
                    answer = await at.post(expense(at, f"{name}-{number}"))
                    if answer.status_code != 503:
                        break
                assert answer.status_code in {200, 201}, answer.text

        names = [f"w{number}" for number in range(8)]
        await asyncio.gather(*(write(at, name) for name, at in zip(names, [played, seen_there] * 4, strict=True)))
        assert await played.now() == await seen_there.now()
        await check(played, [f"{name}-{number}" for name in names for number in range(10)])

    async def test_the_same_event_from_both(self, houses: list[Installation]) -> None:
        here, there = houses
        anna = here.person("Анна")
        played = await table(here, anna, "Борис")
        other = Table(there, anna, played.session)
        answers = await asyncio.gather(*(at.post(expense(played, "once")) for at in [played, other] * 25))
        assert {answer.status_code for answer in answers} == {200, 201}
        assert {answer.json()["version"] for answer in answers} == {1}
        assert len({str(answer.json()["events"]) for answer in answers}) == 1
        await check(played, ["once"])

    async def test_each_sees_at_once_what_the_other_wrote(self, houses: list[Installation]) -> None:
        here, there = houses
        anna, boris = here.person("Анна"), here.person("Борис")
        played = await table(here, anna)
        other = Table(there, anna, played.session)
        await other.now()
        await played.join(boris)
        assert (await other.event("expense", who=boris, payer="Анна", amount=7)).status_code == 201
        assert (await played.now())["version"] == 2
        await here.call(anna, "PATCH", played.path, json={"scorers": "organizer", "name": "Другое"})
        assert (await other.now())["name"] == "Другое"
        game = (await played.event("start")).json()["events"][0]["id"]
        assert (await other.event("ball", game=game, player="Анна")).status_code == 201, "a refusal looks again first"

    async def test_a_join_is_granted_once(self, houses: list[Installation]) -> None:
        here, there = houses
        anna, boris = here.person("Анна"), here.person("Борис")
        played = await table(here, anna, "Виктор")
        other = Table(there, anna, played.session)
        game = await played.start()
        await other.join(boris)
        end = played.made("end", game=game, reason="abandoned")
        await asyncio.gather(played.post(end), other.post(end), played.now(), other.now())
        ids = played.ids | {"Борис": next(p["id"] for p in (await played.now())["players"] if p["user_id"] == boris.id)}
        words = [made.made("expense", payer=ids["Анна"], amount=1, among=[ids["Борис"]]) for made in (played, other)]
        await asyncio.gather(played.post(words[0]), other.post(words[1]), played.now(), other.now())
        kinds = [line["type"] for line in (await played.log())["items"]]
        assert kinds == ["start", "end", "join", "expense", "expense"]
        assert await played.now() == await other.now()


CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'artel-log' AND datname = current_database()"""


async def test_the_connection_is_cut(tmp_path: Path, postgres_url: str) -> None:
    async with installation(tmp_path, ["game"], database_url=postgres_url, **FREE) as house:
        played = await table(house, house.person("Анна"), "Борис")
        admin = await asyncpg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string(False))
        for number in range(3):
            assert (await played.post(expense(played, f"e{number}"))).status_code == 201
            assert await admin.fetch(CUT)
        await admin.close()
        await check(played, ["e0", "e1", "e2"])


@pytest.mark.parametrize("left", [1, 3])
async def test_another_history(house: Installation, left: int) -> None:
    """A backup was restored: what memory knows beyond it is forgotten, and the epoch tells the clients; also where
    others have written as much again."""
    played = await table(house, house.person("Анна"), "Борис")
    for number in range(3):
        await played.post(expense(played, f"e{number}"))
    before = await played.now()

    def restore(tx: Any) -> None:
        tx.execute(delete(events).where(events.c.version > left))
        tx.exec_driver_sql("UPDATE epochs SET epoch = 'another'")

    await house.app.state.contexts["game"].database.write(restore)
    after = await played.now()
    assert (after["version"], after["epoch"]) == (left, "another")
    assert before["epoch"] != "another"
    assert (await played.post(expense(played, "next"))).json()["version"] == left + 1
    await check(played, [*(f"e{number}" for number in range(left)), "next"])
