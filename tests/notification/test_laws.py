"""Whatever the order and however often: an inbox is a function of what was told, not of how it came."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from artel.contracts.friends import FriendAccepted, FriendRequested
from artel.contracts.game import GameFinished, GameReopened, SessionFinished, SessionReopened
from artel.kernel.events import Event, new_id
from artel.kernel.outbox import once
from artel.notification.api import _shown
from artel.notification.entries import inbox
from artel.notification.reactions import REACTIONS
from artel.notification.tables import metadata
from artel_testing import Installation, Person, installation
from evenings import LONG_AGO, Evening, Story

Inbox = list[dict[str, Any]]


class Told:
    """A story, and a company that grows while it plays. Some of it is published twice, under new ids."""

    def __init__(self, seed: int) -> None:
        rng = Random(seed)
        story = Story(rng)
        self.people = story.people
        self.events = [*story.events, *_late_comers(rng, story)]
        again = [event.model_copy(update={"event_id": new_id()}) for event in rng.choices(self.events, k=5)]
        self.retold = [*self.events, *again, *rng.choices(self.events, k=rng.randint(0, len(self.events)))]


def _late_comers(rng: Random, story: Story) -> Iterator[Event]:
    organizer, *others = story.people
    starts = LONG_AGO + timedelta(days=1)
    evening = Evening([organizer, "Гость"], name="Поздний", starts=starts, make_id=story.make_id)
    yield evening.created()
    for person in others:
        by = rng.choice([organizer.id, person.id, None])
        joined = evening.joined(person).model_copy(update={"by": by})
        yield joined
        if rng.random() < 0.5:
            update = {"event_id": new_id(), "session_version": joined.session_version + 50, "by": organizer.id}
            yield joined.model_copy(update=update)
        if rng.random() < 0.5:
            update = {"event_id": new_id(), "session_name": "Другой", "at": joined.at + timedelta(seconds=1)}
            yield joined.model_copy(update=update)


def react(tx: Connection, event: Event) -> None:
    if type(event) in REACTIONS and once(tx, event.event_id):
        REACTIONS[type(event)](tx, event)


def inboxes(people: Sequence[Person], events: Sequence[Event]) -> dict[str, Inbox]:
    engine = create_engine("sqlite://")
    with engine.begin() as tx:
        metadata.create_all(tx)
        for event in events:
            react(tx, event)
        found = {person.name: [_shown(row, "ru") for row in inbox(tx, person.id, 1000, None)] for person in people}
    engine.dispose()
    return {name: comparable([item.model_dump(mode="json") for item in items]) for name, items in found.items()}


def comparable(items: Inbox) -> Inbox:
    """Without the ids, which are made on arrival, and by which those of one moment are told apart."""
    assert [item["created_at"] for item in items] == sorted((item["created_at"] for item in items), reverse=True)
    assert len({item["id"] for item in items}) == len(items)
    without = [{key: value for key, value in item.items() if key != "id"} for item in items]
    return sorted(without, key=lambda item: (item["created_at"], str(item)))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_any_order_any_repeats(seed: int, rng: Random) -> None:
    """One entry for what the last word on each game and evening says, and nothing else."""
    told = Told(seed)
    shuffled = list(told.retold)
    rng.shuffle(shuffled)
    found = inboxes(told.people, shuffled)
    assert found == inboxes(told.people, told.events)
    for person in told.people:
        mine = found[person.name]
        games = [item["data"] for item in mine if item["kind"] == "game_finished"]
        ends = [item["data"] for item in mine if item["kind"] == "session_finished"]
        scores = [(game["session_id"], game["game_id"], game["score"]) for game in games]
        assert sorted(scores) == sorted(_scores(told.events, person))
        assert sorted((end["session_id"], end["balance"]) for end in ends) == sorted(_balances(told.events, person))


def _scores(events: Sequence[Event], person: Person) -> Iterator[tuple[str, str, int]]:
    """Ids of games are a session's own."""
    games = [event for event in events if isinstance(event, GameFinished | GameReopened)]
    for game in {(event.session_id, event.game_id): event for event in games}.values():
        me = next((player.id for player in game.players if player.user_id == person.id), None)
        if isinstance(game, GameFinished) and me in game.result["scores"]:
            yield game.session_id, game.game_id, game.result["scores"][me]


def _balances(events: Sequence[Event], person: Person) -> Iterator[tuple[str, int]]:
    ends = [event for event in events if isinstance(event, SessionFinished | SessionReopened)]
    for end in {event.session_id: event for event in ends}.values():
        me = next((player.id for player in end.players if player.user_id == person.id), None)
        if isinstance(end, SessionFinished) and me:
            yield end.session_id, end.balances[me]


async def seen(made: Installation, who: Person) -> Inbox:
    answer = await made.call(made.person(who.name, sub=who.id), "GET", "/notifications?limit=100")
    assert answer.status_code == 200, answer.text
    assert answer.json()["unread"] == len(answer.json()["items"])
    items: Inbox = answer.json()["items"]
    return comparable(items)


@pytest.mark.parametrize("seed", range(4))
async def test_all_at_once(database_url: str, tmp_path: Path, seed: int) -> None:
    """Several handlers at the same moment, as where a broker delivers."""
    told = Told(seed)
    shuffled = [event for event in told.retold if type(event) in REACTIONS]
    Random(seed).shuffle(shuffled)
    async with installation(tmp_path, ["notification"], database_url=database_url) as made:
        await asyncio.gather(*(made.publish(event) for event in shuffled))
        expected = inboxes(told.people, told.events)
        assert {person.name: await seen(made, person) for person in told.people} == expected


async def test_one_subject_at_once(database_url: str, tmp_path: Path) -> None:
    """Twenty corrections of one game and a friendship, all in the same moment."""
    async with installation(tmp_path, ["notification"], database_url=database_url) as made:
        anya, boris = made.person("Аня"), made.person("Борис")
        evening = Evening([anya, boris])
        games = [evening.duel({"Аня": 8, "Борис": 0})]
        games += [evening.duel({"Аня": 8, "Борис": n % 8}, game_id=evening.games[0]) for n in range(1, 20)]
        asked = FriendRequested(user_id=anya.id, other_id=boris.id, version=1, request_id=new_id(), name="Аня")
        accepted = FriendAccepted(user_id=boris.id, other_id=anya.id, version=2, request_id=new_id(), name="Борис")
        await asyncio.gather(*(made.publish(event) for event in (*games[::-1], accepted, asked, *games)))
        assert [item["kind"] for item in await seen(made, boris)] == ["game_finished", "friend_requested"]
        assert [item["kind"] for item in await seen(made, anya)] == ["game_finished", "friend_accepted"]
        item = next(item for item in await seen(made, anya) if item["kind"] == "game_finished")
        assert item["data"]["against"] == 19 % 8
        assert item["created_at"] == games[0].at.isoformat().replace("+00:00", "Z")
        assert item["updated_at"] == games[-1].at.isoformat().replace("+00:00", "Z")
