"""Whatever the order and however often: what is kept is a function of what is true in the end."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from artel.contracts.auth import UserDeleted, UserMerged, UserRegistered
from artel.contracts.game import GameFinished, GameReopened, GuestClaimed, GuestEvent, SessionEvent
from artel.kernel.events import Event
from artel.kernel.outbox import once
from artel.stats.elo import START, Entrant, changes
from artel.stats.games import key_of
from artel.stats.reactions import REACTIONS
from artel.stats.record import is_even, lines_of
from artel.stats.tables import flows, lines, metadata, ratings, standings
from artel_testing import Person, installation
from evenings import Story

Tables = dict[str, list[tuple[Any, ...]]]


def dump(tx: Connection) -> Tables:
    tables = [table for table in metadata.sorted_tables if table.name not in {"inbox", "outbox"}]
    return {table.name: sorted(map(tuple, tx.execute(select(table))), key=repr) for table in tables}


def react(tx: Connection, event: Event) -> None:
    if type(event) in REACTIONS and once(tx, event.event_id):
        REACTIONS[type(event)](tx, event)


def after(events: Sequence[Event]) -> Tables:
    engine = create_engine("sqlite://")
    with engine.begin() as tx:
        metadata.create_all(tx)
        for event in events:
            react(tx, event)
        tables = dump(tx)
    engine.dispose()
    return tables


def in_the_end(story: Story) -> list[GameFinished]:
    """The result of each game that its last word is about."""
    newest: dict[str, GameFinished | GameReopened] = {}
    for event in story.events:
        if isinstance(event, GameFinished | GameReopened):
            newest[key_of(event)] = event
    return [event for event in newest.values() if isinstance(event, GameFinished)]


def who_is_who(story: Story) -> dict[tuple[str, str], str | None]:
    """Each player of a session as its newest word has it; of those who were claimed, as the newest claim has it."""
    known: dict[tuple[str, str], str | None] = {}
    lists = [event for event in story.events if isinstance(event, SessionEvent)]
    for event in sorted(lists, key=lambda event: (event.session_version, event.at)):
        known |= {(event.session_id, player.id): player.user_id for player in event.players}
    claims = [event for event in story.events if isinstance(event, GuestEvent)]
    for claim in sorted(claims, key=lambda claim: claim.claim_version):
        known[claim.session_id, claim.player_id] = claim.user_id if isinstance(claim, GuestClaimed) else None
    return known


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_any_order_any_repeats(seed: int, rng: Random) -> None:
    story = Story(Random(seed))
    assert after(story.retold(rng)) == after(story.events)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_ratings_are_a_fresh_replay(seed: int, rng: Random) -> None:
    story = Story(Random(seed))
    who = who_is_who(story)
    current: dict[tuple[str, str], list[int]] = defaultdict(lambda: [START, 0])
    expected = []
    for event in sorted(in_the_end(story), key=lambda game: (game.finished_at, key_of(game))):
        found = lines_of(event)
        users = [who[event.session_id, line.player_id] for line in found]
        if not is_even(event) or None in users:
            continue
        before = {user: current[event.kind, str(user)][0] for user in users}
        together = zip(users, found, strict=True)
        gained = changes([Entrant(str(user), line.side, line.standing, before[user]) for user, line in together])
        for user, change in gained.items():
            mine = current[event.kind, user]
            mine[:] = [mine[0] + change, mine[1] + 1]
            expected.append((key_of(event), user, event.kind, mine[1], before[user], mine[0]))
    tables = after(story.retold(rng))
    columns = [ratings.c.keys().index(name) for name in ("game_key", "user_id", "kind", "ordinal", "before", "after")]
    assert sorted(tuple(row[index] for index in columns) for row in tables["ratings"]) == sorted(expected)
    assert sorted(tables["standings"]) == sorted((kind, user, *values) for (kind, user), values in current.items())
    assert standings.c.keys() == ["kind", "user_id", "rating", "games"]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_money_is_that_of_the_games(seed: int, rng: Random) -> None:
    story = Story(Random(seed))
    tables = after(story.retold(rng))
    money, user, game = (lines.c.keys().index(name) for name in ("money", "user_id", "game_key"))
    kept = {(row[game], row[user]): row[money] for row in tables["lines"] if row[user]}
    who = who_is_who(story)
    told = {
        (key_of(event), who[event.session_id, player_id]): amount
        for event in in_the_end(story)
        for player_id, amount in event.result["money"].items()
        if who[event.session_id, player_id]
    }
    assert kept == told
    paid: dict[tuple[str, str | None], int] = dict.fromkeys(told, 0)
    amount, user, game = (flows.c.keys().index(name) for name in ("amount", "user_id", "game_key"))
    for row in tables["flows"]:
        paid[row[game], row[user]] += row[amount]
    assert paid == told


def who_else(story: Story, rng: Random) -> tuple[list[Event], Person, Person]:
    """The same evenings, in some of which one of the people was there by another account; and the two."""
    keeper = rng.choice(story.people)
    other = Person(keeper.name, id=story.make_id())
    sessions = sorted({event.session_id for event in story.events if isinstance(event, SessionEvent)})
    there = {session for session in sessions if rng.random() < 0.6}

    def told(event: Event) -> Event:
        if isinstance(event, SessionEvent) and event.session_id in there:
            return (
                type(event)
                .model_validate_json(event.model_dump_json().replace(keeper.id, other.id))
                .model_copy(update={"event_id": event.event_id, "at": event.at})
            )
        return event

    registered = UserRegistered(user_id=other.id, version=1, display_name="Он же")
    return [registered, *map(told, story.events)], other, keeper


def but(tables: Tables, *names: str) -> Tables:
    return {name: rows for name, rows in tables.items() if name not in names}


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_who_became_another_has_been_him_from_the_beginning(seed: int, rng: Random) -> None:
    """Wherever the word of it comes among the others."""
    story = Story(Random(seed))
    told, other, keeper = who_else(story, Random(seed))
    told.append(UserMerged(user_id=other.id, version=2, into_id=keeper.id))
    rng.shuffle(told)
    tables = after([*told, *rng.choices(told, k=5)])
    # Of claims it is kept what was said.
    assert but(tables, "gone", "claims") == but(after(story.events), "gone", "claims")


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_who_is_deleted_has_been_a_guest_from_the_beginning(seed: int, rng: Random) -> None:
    story = Story(Random(seed))
    nobody = rng.choice(story.people)
    last = UserDeleted(user_id=nobody.id, version=9)
    told = [*story.events, last]
    rng.shuffle(told)
    tables, expected = after([*told, last, *rng.choices(told, k=5)]), after([*story.events, last])
    # What his seats are called is for game to say.
    assert but(tables, "session_players") == but(expected, "session_players")
    for name in ("people", "lines", "flows", "ratings", "standings", "session_players"):
        assert nobody.id not in repr(tables[name])
        assert name == "people" or len(tables[name]) <= len(after(story.events)[name])


@pytest.mark.parametrize("seed", range(4))
async def test_all_at_once(database_url: str, tmp_path: Path, seed: int) -> None:
    """Several handlers at the same moment, as where a broker delivers; none waits for another in a ring."""
    story = Story(Random(seed))
    told = [event for event in story.retold(Random(seed)) if type(event) in REACTIONS]
    async with installation(tmp_path, ["stats"], database_url=database_url) as made:
        await asyncio.gather(*(made.publish(event) for event in told))
        assert await made.app.state.contexts["stats"].database.read(dump) == after(story.events)
