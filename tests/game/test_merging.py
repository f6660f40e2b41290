"""Whether two accounts ever sat together, and that they don't while they become one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from artel.contracts.auth import UserMergeAsked, UserMerged, UserMergeDropped
from artel.contracts.friends import FriendAccepted
from artel.contracts.game import UserMergeAnswered
from artel.game.tables import merging
from artel.kernel.bus import Message
from artel.kernel.events import new_id
from artel_testing import Installation, Person, installation
from game_testing import AMERICANA, Table, problem, table


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["game"], database_url=database_url) as made:
        yield made


async def ask(house: Installation, ours: list[Person], theirs: list[Person]) -> tuple[str, bool]:
    """The question, and what game says to it: once, however often it is asked."""
    heard: list[UserMergeAnswered] = []

    async def hear(message: Message) -> None:
        heard.append(UserMergeAnswered.read(message.body))

    await house.app.state.contexts["game"].bus.subscribe(f"ear-{new_id()}", [UserMergeAnswered.topic], hear)
    asked = UserMergeAsked(merge_id=new_id(), user_ids=[p.id for p in ours], into_ids=[p.id for p in theirs])
    await house.publish(asked, asked)
    await house.drain()
    [answer] = [each for each in heard if each.merge_id == asked.merge_id]
    return asked.merge_id, answer.met


async def join(played: Table, who: Person) -> Any:
    return await played.house.call(who, "POST", "/sessions/join", {"code": played.session["code"]})


async def claim(played: Table, who: Person) -> str:
    path = f"{played.path}/players/{played.ids['Гость']}/claim"
    answer = await played.house.call(who, "POST", path, {"code": played.session["code"]})
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("how", ["created", "joined", "claimed", "unclaimed", "sent_away"])
async def test_who_ever_sat_together_has_met(house: Installation, how: str) -> None:
    organizer, one, other, stranger = [house.person(name) for name in ("Анна", "Борис", "Боря", "Вера")]
    played = await table(house, organizer, "Гость", joined=[one])
    if how == "created":
        other = organizer
    elif how == "joined":
        await played.join(other)
    elif how == "sent_away":
        await played.join(other)
        sent = await house.call(organizer, "DELETE", f"{played.path}/members/{other.id}")
        assert sent.status_code == 204, sent.text
        played.session = await played.now()  # with the code that is good from here on
    else:
        accepted = await house.call(organizer, "POST", f"{played.path}/claims/{await claim(played, other)}/accept")
        assert accepted.status_code == 200, accepted.text
        if how == "unclaimed":
            path = f"{played.path}/players/{played.ids['Гость']}/claim"
            assert (await house.call(other, "DELETE", path)).status_code == 204
    for pair in ([one], [other]), ([other], [one]), ([stranger, other], [one]), ([one], [stranger, other]):
        _, met = await ask(house, *pair)
        assert met
    assert not (await ask(house, [one], [stranger]))[1]
    assert problem(await join(played, stranger)) == (409, "merging")


async def test_who_only_looked_on_has_not(house: Installation) -> None:
    """A claim that nobody accepted is no seat."""
    organizer, one, other = [house.person(name) for name in ("Анна", "Борис", "Боря")]
    played = await table(house, organizer, "Гость", joined=[one])
    await claim(played, other)
    assert not (await ask(house, [one], [other]))[1]


class TestUntilItIsDone:
    @pytest.fixture
    async def three(self, house: Installation) -> tuple[Person, Person, Person]:
        """An organizer who is friends with two accounts of one person."""
        organizer, one, other = [house.person(name) for name in ("Анна", "Борис", "Боря")]
        for friend in (one, other):
            about = {"user_id": organizer.id, "other_id": friend.id, "version": 1}
            await house.publish(FriendAccepted(**about, request_id=new_id(), name=friend.name))
        return organizer, one, other

    @pytest.mark.parametrize("how", ["join", "claim", "add", "create"])
    async def test_nobody_sits_down_as_both(
        self, house: Installation, three: tuple[Person, Person, Person], how: str
    ) -> None:
        organizer, one, other = three
        played = await table(house, organizer, "Гость", joined=[one] if how != "create" else [])
        claimed = await claim(played, other) if how == "claim" else ""

        async def sit_down() -> Any:
            if how == "join":
                return await join(played, other)
            if how == "claim":
                return await house.call(organizer, "POST", f"{played.path}/claims/{claimed}/accept")
            if how == "add":
                return await house.call(organizer, "POST", f"{played.path}/players", {"user_id": other.id})
            players = [{"user_id": one.id}, {"user_id": other.id}]
            return await house.call(organizer, "POST", "/sessions", {"rules": AMERICANA, "players": players})

        merge_id, met = await ask(house, [other], [one])
        assert not met
        assert problem(await sit_down()) == (409, "merging")
        assert problem(await sit_down()) == (409, "merging"), "what was refused has left nothing behind"
        assert other.id not in {player["user_id"] for player in (await played.now())["players"]}
        await played.join(house.person("Вера"))
        await table(house, organizer, joined=[other])
        await house.publish(UserMergeDropped(merge_id=merge_id))
        assert (await sit_down()).is_success
        assert (await ask(house, [other], [one]))[1]

    async def test_nor_as_whom_he_was_before(self, house: Installation) -> None:
        """The keeper's other account is known, though nothing has followed it yet."""
        organizer, former, keeper, other = [house.person(name) for name in ("Анна", "Аня", "Борис", "Боря")]
        played = await table(house, organizer, joined=[former])
        await ask(house, [other], [keeper, former])
        assert problem(await join(played, other)) == (409, "merging")

    async def test_what_was_done_before_holds_it_up_no_more_and_no_less(self, house: Installation) -> None:
        """His former account's sessions follow while it is asked about him: that is another question."""
        organizer, former, keeper, other, third = [house.person(name) for name in ("Анна", "Аня", "Боря", "Вера", "Г")]
        for _ in range(2):
            await table(house, organizer, joined=[former])
        his, theirs = await table(house, organizer, joined=[keeper]), await table(house, organizer, joined=[third])
        await house.publish(UserMerged(user_id=former.id, version=2, into_id=keeper.id))
        assert not (await ask(house, [other], [keeper, former]))[1]
        assert not (await ask(house, [keeper, former], [third]))[1]
        await house.drain()
        assert problem(await join(his, other)) == (409, "merging")
        assert problem(await join(theirs, keeper)) == (409, "merging")
        await house.publish(UserMerged(user_id=other.id, version=2, into_id=keeper.id))
        await house.drain()
        assert problem(await join(theirs, keeper)) == (409, "merging")
        await house.publish(UserMerged(user_id=keeper.id, version=2, into_id=third.id))
        await house.drain()
        assert problem(await join(theirs, keeper)) == (401, "signed_out")
        left = await house.app.state.contexts["game"].database.read(lambda tx: tx.execute(select(merging)).all())
        assert left == []

    @pytest.mark.parametrize("last", ["former", "account"])
    async def test_it_is_not_over_before_all_have_followed_who_went_with_it(
        self, house: Installation, last: str
    ) -> None:
        """Who became one who becomes another: game hears of the two in any order."""
        organizer, former, account, keeper = [house.person(name) for name in ("Анна", "Аня", "Боря", "Вера")]
        there = await table(house, organizer, joined=[former if last == "former" else account])
        await ask(house, [account, former], [keeper])
        first, second = [
            UserMerged(user_id=former.id, version=2, into_id=account.id),
            UserMerged(user_id=account.id, version=2, into_id=keeper.id),
        ][:: 1 if last == "account" else -1]
        await house.publish(first)
        await house.drain()
        assert problem(await join(there, keeper)) == (409, "merging")
        await house.publish(second)
        await house.drain()
        assert (await join(there, keeper)).is_success
        seated = [player["user_id"] for player in (await there.now())["players"]]
        assert sorted(seated) == sorted([organizer.id, keeper.id])
        left = await house.app.state.contexts["game"].database.read(lambda tx: tx.execute(select(merging)).all())
        assert left == []

    async def test_done_it_holds_nobody_up(self, house: Installation) -> None:
        organizer, one, keeper, third = [house.person(name) for name in ("Анна", "Борис", "Боря", "Вера")]
        played = await table(house, organizer, joined=[one])
        await ask(house, [one], [keeper])
        await ask(house, [third], [keeper])
        await house.publish(UserMerged(user_id=one.id, version=2, into_id=keeper.id))
        await house.drain()
        assert (await join(played, keeper)).is_success
        assert problem(await join(played, third)) == (409, "merging"), "that question is another"
        assert problem(await join(played, one)) == (401, "signed_out")
