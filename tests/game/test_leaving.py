"""Sessions of whoever is no more: all in them follow, and what was played stays."""

from typing import Any

import pytest
from sqlalchemy import select, update

from artel.contracts.auth import UserDeleted, UserMerged, UserRegistered, UserUpdated
from artel.contracts.game import GameFinished, GuestClaimed, GuestUnclaimed, SessionFinished
from artel.game import tables
from artel.kernel.bus import Message
from artel.kernel.events import Event, new_id
from artel_testing import Installation, Person
from game_testing import Table, listening, problem, table, watching

KINDS: dict[str, type[Event]] = {
    event.topic: event for event in (GuestClaimed, GuestUnclaimed, GameFinished, SessionFinished)
}


@pytest.fixture
async def anna(house: Installation) -> Person:
    return house.person("Анна")


async def listen(house: Installation) -> list[Any]:
    """To what is said from now on."""
    await house.drain()
    heard: list[Any] = []

    async def hear(message: Message) -> None:
        heard.append(KINDS[message.topic].read(message.body))

    await house.app.state.contexts["game"].bus.subscribe("ear", list(KINDS), hear)
    return heard


async def known(house: Installation, *people: Person) -> None:
    await house.publish(*(UserRegistered(user_id=who.id, version=1, display_name=who.name) for who in people))


async def merged(house: Installation, one: Person, into: Person) -> None:
    event = UserMerged(user_id=one.id, version=2, into_id=into.id)
    await house.publish(event, event, event.model_copy(update={"event_id": new_id()}))
    await house.drain()


async def deleted(house: Installation, one: Person) -> None:
    event = UserDeleted(user_id=one.id, version=2)
    await house.publish(event, event, event.model_copy(update={"event_id": new_id()}))
    await house.drain()


async def seats(played: Table, who: Person) -> list[tuple[str, str | None]]:
    return [(player["name"], player["user_id"]) for player in (await played.now(who))["players"]]


async def members(house: Installation, played: Table) -> set[str]:
    found = select(tables.members.c.user_id).where(tables.members.c.session_id == played.id)
    rows: list[str] = await house.app.state.contexts["game"].database.read(lambda tx: tx.execute(found).scalars().all())
    return set(rows)


async def said(house: Installation, column: Any) -> str:
    database = house.app.state.contexts["game"].database
    return "\n".join(map(str, await database.read(lambda tx: tx.execute(select(column)).scalars().all())))


class TestMerge:
    async def test_the_keeper_sits_organizes_and_keeps_the_score(self, house: Installation, anna: Person) -> None:
        boris, keeper = house.person("Борис"), house.person("Аня")
        await known(house, anna, boris, keeper)
        played = await table(house, anna, "Гость", joined=[boris])
        change = {"scorers": [anna.id, boris.id]}
        assert (await house.call(anna, "PATCH", played.path, json=change)).is_success
        await played.win(await played.start(sides=[["Анна"], ["Борис"]]), "Анна")
        heard = await listen(house)
        before = (await played.now())["balances"]
        await merged(house, anna, keeper)
        now = await played.now(keeper)
        assert (now["organizer_id"], now["scorers"], now["balances"]) == (keeper.id, [keeper.id, boris.id], before)
        assert ("Аня", keeper.id) in await seats(played, keeper)
        [claim] = heard
        assert (claim.player_id, claim.user_id) == (played.ids["Анна"], keeper.id)
        assert problem(await house.call(anna, "GET", played.path)) == (404, "not_found")
        assert await members(house, played) == {keeper.id, boris.id}

    async def test_who_wrote_it_may_undo_it(self, house: Installation, anna: Person) -> None:
        boris, keeper = house.person("Борис"), house.person("Боря")
        await known(house, anna, boris, keeper)
        played = await table(house, anna, "Гость", joined=[boris])
        body = {"organizer_id": anna.id, "scorers": "everyone"}
        assert (await house.call(anna, "PATCH", played.path, json=body)).is_success
        written = played.made("expense", payer="Анна", amount=100)
        assert (await played.post(written, boris)).status_code == 201
        body = {"scorers": "organizer"}
        assert (await house.call(anna, "PATCH", played.path, json=body)).is_success
        await merged(house, boris, keeper)
        assert (await played.event("undo", keeper, target=written["id"])).status_code == 201
        told = (await house.call(anna, "GET", f"{played.path}/export?format=csv")).text
        assert [row.split(",")[2] for row in told.splitlines()[-2:]] == ["Боря", "Боря"]

    async def test_where_both_sit_the_one_who_goes_is_a_guest(self, house: Installation, anna: Person) -> None:
        """Which only a race can bring about."""
        keeper = house.person("Аня")
        await known(house, anna, keeper)
        played = await table(house, anna, joined=[keeper])
        await played.win(await played.start(), "Анна")
        before = (await played.now())["balances"]
        heard = await listen(house)
        await merged(house, anna, keeper)
        assert await seats(played, keeper) == [("Анна", None), ("Аня", keeper.id)]
        assert (await played.now(keeper))["balances"] == before
        assert sum(before.values()) == 0
        assert [type(event) for event in heard] == [GuestUnclaimed]

    async def test_a_claim_is_the_keeper_s(self, house: Installation, anna: Person) -> None:
        boris, keeper = house.person("Борис"), house.person("Боря")
        await known(house, anna, boris, keeper)
        played = await table(house, anna, "Гость")
        code = {"code": played.session["code"]}
        path = f"{played.path}/players/{played.ids['Гость']}/claim"
        for who in (boris, keeper):
            assert (await house.call(who, "POST", path, json=code)).status_code == 202
        await merged(house, boris, keeper)
        [waiting] = (await house.call(anna, "GET", f"{played.path}/claims")).json()["items"]
        assert (waiting["user_id"], waiting["name"]) == (keeper.id, "Боря")
        assert (await house.call(keeper, "POST", path, json=code)).status_code == 202, "again"

    async def test_who_is_gone_comes_nowhere(self, house: Installation, anna: Person) -> None:
        boris, keeper = house.person("Борис"), house.person("Боря")
        played = await table(house, anna, "Гость")
        await merged(house, boris, keeper)
        answer = await house.call(boris, "POST", "/sessions/join", json={"code": played.session["code"]})
        assert problem(answer) == (401, "signed_out")
        late = UserUpdated(user_id=boris.id, version=7, display_name="Борис")
        await house.publish(late)
        assert "Борис" not in await said(house, tables.users.c.name)

    async def test_whoever_looks_on_looks_again(self, house: Installation, anna: Person) -> None:
        boris, keeper = house.person("Борис"), house.person("Боря")
        await known(house, anna, boris, keeper)
        played = await table(house, anna, joined=[boris])
        async with listening(house) as port, watching(port, played) as screen:
            await screen.next("snapshot")
            await merged(house, boris, keeper)
            await screen.next("session")
            assert ("Боря", keeper.id) in await seats(played, anna)

    async def test_many_sessions_a_few_at_a_time(
        self, house: Installation, anna: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("artel.game.leaving.AT_ONCE", 2)
        keeper = house.person("Аня")
        evenings = [await table(house, anna, "Гость") for _ in range(5)]
        await known(house, anna, keeper)
        await merged(house, anna, keeper)
        for played in evenings:
            assert await seats(played, keeper) == [("Аня", keeper.id), ("Гость", None)]
        assert await said(house, tables.leavers.c.user_id) == ""

    async def test_in_any_order_it_is_the_last_one(self, house: Installation, anna: Person) -> None:
        second, third = house.person("Аня"), house.person("Анюта")
        await known(house, anna, second, third)
        played = await table(house, anna, "Гость")
        await merged(house, second, third)
        await merged(house, anna, second)
        assert await seats(played, third) == [("Анюта", third.id), ("Гость", None)]


class TestDeletion:
    async def test_the_seats_are_nobody_s(self, house: Installation, anna: Person) -> None:
        boris, vera = house.person("Борис"), house.person("Вера")
        await known(house, anna, boris, vera)
        played = await table(house, anna, joined=[boris, vera])
        await played.win(await played.start(sides=[["Анна"], ["Борис"]]), "Анна")
        assert (await played.event("finish")).status_code == 201
        await house.drain()
        heard = await listen(house)
        before = (await played.now(boris))["balances"]
        await deleted(house, anna)
        now = await played.now(boris)
        assert await seats(played, boris) == [("Игрок 1", None), ("Борис", boris.id), ("Вера", vera.id)]
        assert (now["organizer_id"], now["balances"]) == (boris.id, before), "whoever came first of the others"
        assert await members(house, played) == {boris.id, vera.id}
        for column in (tables.events.c.announce, tables.users.c.name, tables.summaries.c.body, tables.players.c.name):
            assert "Анна" not in await said(house, column)
        assert {type(event) for event in heard} == {GuestUnclaimed, GameFinished, SessionFinished}
        assert all(event.players[0].name == "Игрок 1" for event in heard), "whoever keeps results hears of it"

    async def test_what_he_was_called_as_a_guest_goes_too(self, house: Installation, anna: Person) -> None:
        boris = house.person("Борис")
        await known(house, anna, boris)
        played = await table(house, anna, "Боря из бара")
        await played.win(await played.start(), "Анна")
        code = {"code": played.session["code"]}
        path = f"{played.path}/players/{played.ids['Боря из бара']}/claim"
        claim = (await house.call(boris, "POST", path, json=code)).json()
        assert (await house.call(anna, "POST", f"{played.path}/claims/{claim['id']}/accept")).is_success
        await deleted(house, boris)
        assert await seats(played, anna) == [("Анна", anna.id), ("Игрок 2", None)]
        for column in (tables.events.c.announce, tables.players.c.guest_name, tables.claims.c.name):
            told = await said(house, column)
            assert "Бор" not in told
        assert (await house.call(anna, "DELETE", path)).status_code == 404, "there is nothing to take back"

    async def test_where_nobody_else_is_the_session_stays(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Гость")
        await deleted(house, anna)
        assert await members(house, played) == set()
        assert "Анна" not in await said(house, tables.players.c.name)

    async def test_of_the_one_whom_he_was(self, house: Installation, anna: Person) -> None:
        """Deleted while his sessions still follow."""
        keeper = house.person("Аня")
        await known(house, anna, keeper)
        played = await table(house, anna, "Гость")
        merge = UserMerged(user_id=anna.id, version=2, into_id=keeper.id)
        await house.publish(merge, UserDeleted(user_id=keeper.id, version=2))
        await house.drain()
        assert await members(house, played) == set()
        assert await said(house, tables.players.c.name) == "Игрок 1\nГость"

    async def test_what_was_announced_may_be_told_again(self, house: Installation, anna: Person) -> None:
        """As after a backup was put back."""
        boris = house.person("Борис")
        await known(house, anna, boris)
        played = await table(house, anna, joined=[boris])
        await played.win(await played.start(), "Анна")
        await deleted(house, boris)
        heard = await listen(house)
        await house.app.state.contexts["game"].database.write(
            lambda tx: tx.execute(update(tables.cursors).values(xid=0, session_id="", version=0))
        )
        await house.drain()
        [event] = [event for event in heard if isinstance(event, GameFinished)]
        assert [(player.user_id, player.name) for player in event.players] == [(anna.id, "Анна"), (None, "Игрок 2")]
