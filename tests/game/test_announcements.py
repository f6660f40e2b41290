"""What the log tells the world: read by whoever listens, and by the laws of a consumer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from artel.contracts import published
from artel.game.relay import LogRelay
from artel.game.restored import begin_epoch
from artel.game.tables import cursors
from artel.kernel.bus import Message
from artel.kernel.events import Event, now
from artel_testing import Installation, Person, installation
from game_testing import AMERICANA, KOLKHOZ, Table, table

BY_TOPIC: dict[str, type[Event]] = {event.topic: event for event in published()}


class Ear:
    """Hears everything that game says, in the order in which it comes."""

    def __init__(self, house: Installation) -> None:
        self.house = house
        self.heard: list[Any] = []
        self.ids: list[str] = []
        self.refuses = 0

    async def listen(self) -> None:
        topics = [topic for topic in BY_TOPIC if topic.split(".")[1] in {"session", "game", "guest"}]
        await self.house.app.state.contexts["game"].bus.subscribe("ear", topics, self._hear)

    async def _hear(self, message: Message) -> None:
        if self.refuses:
            self.refuses -= 1
            raise ValueError("no")
        self.ids.append(message.id)
        self.heard.append(BY_TOPIC[message.topic].read(message.body))

    async def said(self) -> list[str]:
        """The kinds of what was said since the last time."""
        await self.house.drain()
        kinds = [event.topic.removeprefix("artel.").removesuffix(".v1") for event in self.heard]
        self.heard, self.kept = [], self.heard
        return kinds


async def listening(houses: list[Installation]) -> list[Ear]:
    """One in each process: whichever of them publishes, tells its own bus."""
    ears = [Ear(house) for house in houses]
    for ear in ears:
        await ear.listen()
    return ears


def topics(ears: list[Ear]) -> set[str]:
    return {event.topic for ear in ears for event in ear.heard}


async def until_heard(topic: str, ears: list[Ear]) -> None:
    """On a server that others use too a transaction of theirs may be older for a while."""
    async with asyncio.timeout(60):
        while topic not in topics(ears):
            for ear in ears:
                await ear.house.drain()


@pytest.fixture
async def ear(house: Installation) -> Ear:
    made = Ear(house)
    await made.listen()
    return made


@pytest.fixture
def anna(house: Installation) -> Person:
    return house.person("Анна")


async def stroke(played: Table, kind: str, game: str, player: str, **keys: Any) -> str:
    answer = await played.event(kind, game=game, player=player, **keys)
    return str(answer.json()["events"][0]["id"])


class TestWhatIsSaid:
    async def test_a_session_and_its_people(self, house: Installation, ear: Ear, anna: Person) -> None:
        boris = house.person("Борис")
        played = await table(house, anna, "Гость", name="Пятница")
        await played.join(boris)
        assert await ear.said() == ["session.created", "session.player_joined"]
        created, joined = ear.kept
        assert (created.session_id, created.session_version, created.session_name) == (played.id, 0, "Пятница")
        assert (created.kind, created.currency, created.organizer_id) == ("americana", "RUB", anna.id)
        assert [(p.name, p.user_id) for p in created.players] == [("Анна", anna.id), ("Гость", None)]
        assert (joined.player_id, joined.by) == (played.ids["Борис"], boris.id)
        await played.join(boris)
        assert await ear.said() == []

    async def test_a_game(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис", rules={**AMERICANA, "game": "moscow"})
        mine, his = played.ids["Анна"], played.ids["Борис"]
        game = await played.start()
        for kind, player, keys in [
            ("ball", "Анна", {"own": True}), ("ball", "Анна", {"lucky": True}), ("miss", "Анна", {}),
            ("ball", "Борис", {}), ("foul", "Борис", {}), ("ball", "Анна", {}),
        ]:  # fmt: skip
            await stroke(played, kind, game, player, **keys)
        gone = await stroke(played, "ball", game, "Анна")
        await played.event("undo", target=gone)
        await played.win(game, "Анна", 4)
        assert await ear.said() == ["session.created", "game.started", "game.finished"]
        _, started, finished = ear.kept
        assert (started.game_id, started.number, started.lineup, started.breaker) == (game, 1, [mine, his], mine)
        assert started.session_version == 1
        now = await played.now()
        assert finished.session_version == now["version"]
        shown = {key: value for key, value in now["games"][0].items() if key not in {"id", "breaker", "turn"}}
        assert finished.result == shown
        assert finished.result["winners"] == [mine]
        assert finished.tallies[mine].model_dump() == {
            "balls": 7, "own": 1, "lucky": 1, "fouls": 0, "misses": 1, "best_series": 5,
        }  # fmt: skip
        assert finished.tallies[his].model_dump() == {
            "balls": 1, "own": 0, "lucky": 0, "fouls": 1, "misses": 0, "best_series": 1,
        }  # fmt: skip
        lines = (await played.log())["items"]
        assert finished.started_at.isoformat() == lines[0]["at"].replace("Z", "000+00:00")
        assert finished.finished_at.isoformat() == lines[-1]["at"].replace("Z", "000+00:00")
        assert not finished.handicapped

    async def test_what_was_refused_counts_nowhere(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        batch = [played.made("ball", game=game, player="Анна"), played.made("ball", game=game, player="nobody")]
        assert (await played.post({"events": batch})).status_code == 409
        await stroke(played, "miss", game, "Анна")
        await played.event("end", game=game, reason="timeout")
        await ear.said()
        tally = ear.kept[-1].tallies[played.ids["Анна"]]
        assert (tally.balls, tally.misses) == (0, 1)

    async def test_a_kolkhoz_with_a_handicap(self, house: Installation, ear: Ear, anna: Person) -> None:
        mine = "01a20562-a592-7046-8162-bed2c4466afa"
        rules = {**KOLKHOZ, "handicap": {mine: {"start": 2}}}
        played = await table(house, anna, "Б", "В", rules=rules, organizer_player_id=mine)
        game = await played.start(order=["В", "Анна", "Б"])
        await played.event("end", game=game, reason="timeout")
        assert (await ear.said())[-2:] == ["game.started", "game.finished"]
        started, finished = ear.kept[-2:]
        assert started.lineup == [played.ids[name] for name in ("В", "Анна", "Б")]
        assert finished.handicapped
        assert sum(finished.result["money"].values()) == 0

    async def test_a_game_taken_back_and_finished_again(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        await played.win(game, "Анна", 7)
        last = await stroke(played, "ball", game, "Анна")
        await played.event("undo", target=last)
        await stroke(played, "miss", game, "Анна")
        await stroke(played, "ball", game, "Анна")
        assert (await ear.said())[1:] == ["game.started", "game.finished", "game.reopened", "game.finished"]
        versions = [event.session_version for event in ear.kept]
        assert versions == sorted(versions)
        assert len(set(versions[1:])) == 4

    async def test_an_older_game_corrected(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        miss = await stroke(played, "miss", game, "Анна")
        await played.win(game, "Анна")
        await played.start()
        await ear.said()
        before = ear.kept[-2]
        await played.event("undo", target=miss)
        assert await ear.said() == ["game.finished"]
        corrected = ear.kept[0]
        assert corrected.game_id == before.game_id == game
        assert corrected.session_version > before.session_version
        assert corrected.result == before.result
        mine = played.ids["Анна"]
        assert (before.tallies[mine].misses, corrected.tallies[mine].misses) == (1, 0)

    async def test_an_undo_that_ends_a_game(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис", rules={**AMERICANA, "foul": "offender_loses"})
        game = await played.start()
        await played.win(game, "Анна", 7)
        foul = await stroke(played, "foul", game, "Анна")
        await stroke(played, "ball", game, "Анна")
        await ear.said()
        await played.event("undo", target=foul)
        assert await ear.said() == ["game.finished"]

    async def test_a_start_taken_back_says_nothing(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        await ear.said()
        await played.event("undo", target=game)
        assert await ear.said() == []

    async def test_a_session_finished_corrected_settled_reopened(
        self, house: Installation, ear: Ear, anna: Person
    ) -> None:
        played = await table(house, anna, "Борис")
        mine, his = played.ids["Анна"], played.ids["Борис"]
        await played.win(await played.start(), "Анна")
        finish = (await played.event("finish")).json()["events"][0]["id"]
        assert (await ear.said())[-1] == "session.finished"
        finished = ear.kept[-1]
        assert (finished.games, finished.balances, finished.money) == (1, {mine: 10_000, his: -10_000}, True)
        assert finished.transfers == [{"from": his, "to": mine, "amount": 10_000}]
        half = (await played.pay("Борис", "Анна", 4_000)).json()["events"][0]["id"]
        assert await ear.said() == ["session.finished"]
        assert ear.kept[0].balances == {mine: 6_000, his: -6_000}
        await played.pay("Борис", "Анна", 6_000)
        assert await ear.said() == ["session.finished", "session.settled"]
        await played.event("undo", target=half)
        assert await ear.said() == ["session.finished"]
        await played.event("undo", target=finish)
        assert await ear.said() == ["session.reopened"]

    async def test_nothing_to_settle(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис", rules={"game": "americana"})
        await played.win(await played.start(), "Анна")
        await played.event("finish")
        assert (await ear.said())[-2:] == ["session.finished", "session.settled"]
        assert ear.kept[-2].money is False

    async def test_money_in_an_evening_for_points(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис", rules={"game": "americana"})
        await played.event("expense", payer="Анна", amount=100)
        await played.event("finish")
        assert (await ear.said())[-1] == "session.finished"
        assert ear.kept[-1].money is True, "somebody owes for the table"

    async def test_a_late_correction_after_the_finish(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис", rules={**AMERICANA, "stake": {"per": "ball", "amount": 100}})
        game = await played.start()
        foul = await stroke(played, "foul", game, "Анна")
        await played.win(game, "Анна")
        await played.event("finish")
        await ear.said()
        await played.event("undo", target=foul)
        assert await ear.said() == ["game.finished", "session.finished"]
        assert ear.kept[1].balances[played.ids["Анна"]] == 800

    async def test_what_changes_nothing_says_nothing(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        await ear.said()
        await stroke(played, "ball", game, "Анна")
        await played.event("expense", payer="Анна", amount=100)
        pause = (await played.event("pause", player="Борис")).json()["events"][0]["id"]
        await played.event("undo", target=pause)
        assert await ear.said() == []


class TestRelay:
    async def test_a_crash_before_the_cursor_is_kept(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        await ear.said()
        await played.start()
        await house.drain()
        heard = list(ear.ids)

        def rewind(tx: Any) -> None:
            tx.exec_driver_sql("UPDATE cursors SET xid = 0")

        await house.app.state.contexts["game"].database.write(rewind)
        await house.drain()
        assert ear.ids == [*heard, heard[-1]], "the same event with the same id: an inbox drops it"

    async def test_one_bad_event_does_not_stop_the_others(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        await ear.said()
        ear.refuses = 1
        game = await played.start()
        await played.event("end", game=game, reason="draw")
        await house.drain()
        assert sorted(await ear.said()) == ["game.finished", "game.started"]

    async def test_an_outage_is_waited_for(
        self, house: Installation, ear: Ear, anna: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        played = await table(house, anna, "Борис")
        await ear.said()
        bus = house.app.state.contexts["game"].bus

        async def away(_: Message) -> None:
            raise ConnectionError("no broker")

        with monkeypatch.context() as outage:
            outage.setattr(bus, "publish", away)
            game = await played.start()
            await played.event("end", game=game, reason="draw")
            await house.drain()
        assert await ear.said() == ["game.started", "game.finished"]

    async def test_an_outage_in_the_middle(
        self, house: Installation, ear: Ear, anna: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What went out before is not said again, and nothing is left out."""
        played = await table(house, anna, "Борис")
        await ear.said()
        heard_before = len(ear.ids)
        bus = house.app.state.contexts["game"].bus
        publish, asked = bus.publish, list[str]()

        async def shaky(message: Message) -> None:
            asked.append(message.id)
            if len(asked) == 2:
                raise ConnectionError("gone for a moment")
            await publish(message)

        monkeypatch.setattr(bus, "publish", shaky)
        for _ in range(2):
            await played.event("end", game=await played.start(), reason="draw")
        await house.drain()
        await house.drain()
        assert [asked.count(event_id) for event_id in asked[:2]] == [1, 2], "from the one that was held back"
        assert len(set(ear.ids[heard_before:])) == 4

    @pytest.fixture
    async def houses(self, tmp_path: Path, postgres_url: str) -> AsyncIterator[list[Installation]]:
        settings: dict[str, Any] = {"database_url": postgres_url, "event_burst": 10**6, "event_rate": 10**6}
        async with (
            installation(tmp_path, ["game"], **settings) as here,
            installation(tmp_path, ["game"], **settings) as there,
        ):
            yield [here, there]

    async def test_two_processes_say_everything_once(self, houses: list[Installation]) -> None:
        here, _ = houses
        ears = await listening(houses)
        anna = here.person("Анна")
        tables = [await table(house, anna, "Борис") for house in houses * 4]

        async def play(played: Table) -> None:
            for _ in range(3):
                game = await played.start()
                await played.event("end", game=game, reason="draw")
            assert (await played.event("finish")).status_code == 201

        await asyncio.gather(*map(play, tables))
        for house in houses:
            await house.drain()
        said = [event for ear in ears for event in ear.heard]
        about = [(event.session_id, type(event).__name__, event.session_version) for event in said]
        assert len(about) == len(set(about)) == 8 * (1 + 3 * 2 + 2)
        by_session = [
            version for session, kind, version in about if session == tables[0].id and kind != "SessionCreated"
        ]
        assert sorted(set(by_session)) == [1, 2, 3, 4, 5, 6, 7]

    @pytest.mark.parametrize(("minutes", "heard"), [(-1, True), (1, False)])
    async def test_a_process_that_died_while_it_published(
        self, houses: list[Installation], monkeypatch: pytest.MonkeyPatch, minutes: int, heard: bool
    ) -> None:
        """It is waited for as long as it may still be at it."""
        monkeypatch.setattr("artel.game.relay.LOOKS", 2)
        here, _ = houses
        ears = await listening(houses)
        played = await table(here, here.person("Анна"), "Борис")
        await here.drain()

        def held(tx: Any) -> None:
            until = now() + timedelta(minutes=minutes)
            tx.execute(update(cursors).values(holder="another", held_until=until))

        await here.app.state.contexts["game"].database.write(held)
        await played.start()
        if heard:
            await until_heard("artel.game.started.v1", ears)
        else:
            await here.drain()
            assert "artel.game.started.v1" not in topics(ears)

    async def test_an_older_transaction_is_waited_for(self, houses: list[Installation]) -> None:
        """Rows become visible out of order; none may appear behind the cursor."""
        here, _ = houses
        ears = await listening(houses)
        played = await table(here, here.person("Анна"), "Борис")
        context = here.app.state.contexts["game"]
        begun, done = asyncio.Event(), asyncio.Event()

        async def older() -> None:
            async with context.database._engine.begin() as connection:
                await connection.exec_driver_sql("SELECT pg_current_xact_id()")
                begun.set()
                await done.wait()

        holding = asyncio.create_task(older())
        await begun.wait()
        await played.start()
        relay = LogRelay(context.database, context.bus)
        looking = asyncio.create_task(relay.drain())
        finished, _ = await asyncio.wait([looking], timeout=0.1)
        assert not finished
        assert "artel.game.started.v1" not in topics(ears)
        done.set()
        await holding
        await looking
        await until_heard("artel.game.started.v1", ears)

    async def test_after_a_backup_was_restored(self, house: Installation, ear: Ear, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        await played.start()
        await ear.said()
        before = await played.now()
        epoch = await house.app.state.contexts["game"].database.write(begin_epoch)
        assert await ear.said() == ["game.started"], "again, because nobody knows who has heard it"
        assert await played.now() == {**before, "epoch": epoch}
        game = (await played.now())["games"][0]["id"]
        await played.event("end", game=game, reason="draw")
        assert await ear.said() == ["game.finished"]
