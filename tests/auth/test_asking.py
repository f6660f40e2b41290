"""Game is asked before two accounts become one; and what becomes of it when the answer is late, or never comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from artel.auth import asking, leaving, tables
from artel.auth.audit import Where
from artel.contracts.auth import UserMergeAsked, UserMerged, UserMergeDropped
from artel.contracts.game import UserMergeAnswered
from artel.kernel.bus import Message
from artel.kernel.errors import Problem
from artel.kernel.events import new_id, now
from artel_testing import Installation, installation
from auth.test_admin import ANNA, BORIS, launched
from auth.test_api import TOKEN, sign_in, with_token

KINDS: dict[str, Any] = {event.topic: event for event in (UserMergeAsked, UserMergeDropped, UserMerged)}
LINK = new_id()
HERE = Where("192.0.2.7", "a phone")
Tokens = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
async def auth(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Installation]:
    """Alone: what game says, the test says."""
    url = f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_urls")
    async with installation(tmp_path, ["auth"], database_url=url, telegram_bot_token=TOKEN, admins=f"{ANNA}") as made:
        yield made


@pytest.fixture
async def told(auth: Installation) -> list[Any]:
    heard: list[Any] = []

    async def hear(message: Message) -> None:
        heard.append(KINDS[message.topic].read(message.body))

    await auth.app.state.contexts["auth"].bus.subscribe("ear", list(KINDS), hear)
    return heard


@pytest.fixture
async def pair(auth: Installation) -> tuple[Tokens, Tokens]:
    return await launched(auth, BORIS), await sign_in(auth, "Борис")


def database(auth: Installation) -> Any:
    return auth.app.state.contexts["auth"].database


async def sid_of(auth: Installation, who: Tokens) -> str:
    found = select(tables.sign_ins.c.id).where(tables.sign_ins.c.user_id == who["user"]["id"])
    sid: str = await database(auth).read(lambda tx: tx.execute(found).scalars().first())
    return sid


async def ask(auth: Installation, one: Tokens, into: Tokens) -> str | None:
    ids = one["user"]["id"], into["user"]["id"]
    about = {"sid": await sid_of(auth, into), "link_id": LINK, "here": HERE}
    merge_id: str | None = await database(auth).write(asking.ask, *ids, **about)
    await auth.drain()
    return merge_id


async def answer(auth: Installation, merge_id: str | None, *, met: bool = False) -> None:
    said = UserMergeAnswered(merge_id=merge_id or "", met=met)
    await auth.publish(said, said)
    await auth.drain()


async def refused(work: Awaitable[Any]) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        await work
    return caught.value.status, caught.value.code


async def is_there(auth: Installation, who: Tokens) -> bool:
    return bool((await with_token(auth, who, "GET", "/users/me")).status_code == 200)


async def test_told_that_they_never_met_they_become_one(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens]
) -> None:
    one, into = pair
    merge_id = await ask(auth, one, into)
    assert await is_there(auth, one)
    waiting = asyncio.create_task(asking.outcome(database(auth), merge_id or ""))
    await answer(auth, merge_id)
    await waiting
    asked, merged = told
    assert (asked.merge_id, asked.user_ids, asked.into_ids) == (merge_id, [one["user"]["id"]], [into["user"]["id"]])
    assert (merged.user_id, merged.into_id) == (one["user"]["id"], into["user"]["id"])
    assert await ask(auth, one, into) is None, "it is done"
    found = select(tables.audit).where(tables.audit.c.kind == "merged")
    [noted] = await database(auth).read(lambda tx: tx.execute(found).all())
    assert (noted.user_id, noted.by_id, noted.address) == (one["user"]["id"], into["user"]["id"], HERE.address)


async def test_told_that_they_met_they_stay_two(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens]
) -> None:
    merge_id = await ask(auth, *pair)
    await answer(auth, merge_id, met=True)
    assert await refused(asking.outcome(database(auth), merge_id or "")) == (409, "users_met")
    assert [await is_there(auth, who) for who in pair] == [True, True]
    assert [type(each) for each in told] == [UserMergeAsked, UserMergeDropped]


async def test_an_answer_that_nobody_waits_for_any_more_does_not_count(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LOOKS", 1)
    merge_id = await ask(auth, *pair)
    assert await refused(asking.outcome(database(auth), merge_id or "")) == (503, "unavailable")
    await answer(auth, merge_id)
    assert await is_there(auth, pair[0])
    assert [type(each) for each in told] == [UserMergeAsked, UserMergeDropped], "game lets them sit again"
    again = await ask(auth, *pair)
    assert again != merge_id
    await answer(auth, again)
    await asking.outcome(database(auth), again or "")
    assert not await is_there(auth, pair[0])


async def test_nor_one_that_comes_when_whoever_waited_has_died(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    merge_id = await ask(auth, *pair)
    monkeypatch.setattr(asking, "LOST", timedelta(0))
    await answer(auth, merge_id)
    assert await is_there(auth, pair[0])
    assert [type(each) for each in told] == [UserMergeAsked, UserMergeDropped]


async def test_a_no_to_something_else_does_not_matter(auth: Installation, pair: tuple[Tokens, Tokens]) -> None:
    merge_id = await ask(auth, *pair)
    await database(auth).write(asking.refuse, new_id())
    await answer(auth, merge_id)
    assert not await is_there(auth, pair[0])


async def test_nor_after_a_no(auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens]) -> None:
    one, into = pair
    merge_id = await ask(auth, one, into)
    await database(auth).write(asking.refuse, LINK)
    await answer(auth, merge_id)
    assert await is_there(auth, one)
    assert [type(each) for each in told] == [UserMergeAsked, UserMergeDropped]


async def test_asked_twice_it_is_one_question_and_a_third_has_to_wait(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, into = pair
    third = await sign_in(auth, "Третий")
    assert await ask(auth, one, into) == await ask(auth, one, into)
    assert len(told) == 1
    for others in ((third, into), (into, third), (one, third), (third, one), (into, one)):
        assert await refused(ask(auth, *others)) == (409, "merging")
    left = told[0].merge_id
    with monkeypatch.context() as later:
        later.setattr(asking, "LOST", timedelta(0))
        merge_id = await ask(auth, third, into)
    await answer(auth, left)
    assert await is_there(auth, one), "nobody waited for that any more"
    await answer(auth, merge_id)
    assert not await is_there(auth, third)


@pytest.mark.parametrize("what", ["signed_out", "blocked", "deleted", "merged"])
async def test_what_happens_meanwhile_counts(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens], what: str
) -> None:
    one, into = pair
    merge_id = await ask(auth, one, into)
    user_id = one["user"]["id"]
    if what == "signed_out":
        await with_token(auth, into, "DELETE", "/auth/sessions")
    elif what == "blocked":
        await with_token(auth, await launched(auth, ANNA), "POST", f"/admin/users/{user_id}/block")
    else:
        since = update(tables.users).where(tables.users.c.id == user_id).values(deletes_at=now())
        await database(auth).write(lambda tx: tx.execute(since))
        if what == "deleted":
            await leaving.delete_due(database(auth))
    await answer(auth, merge_id)
    expected = {"signed_out": (403, "sign_in_again"), "blocked": (403, "blocked"), "deleted": (503, "unavailable")}
    outcome = await refused(asking.outcome(database(auth), merge_id or ""))
    assert outcome == expected.get(what, (409, "deletion_asked"))
    assert UserMergeDropped in {type(each) for each in told}
    assert UserMerged not in {type(each) for each in told}


async def test_whoever_became_one_of_them_is_told_of(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens]
) -> None:
    one, into = pair
    third = await sign_in(auth, "Третий")
    await answer(auth, await ask(auth, one, into))
    await ask(auth, into, third)
    asked = told[-1]
    assert (asked.user_ids, asked.into_ids) == ([into["user"]["id"], one["user"]["id"]], [third["user"]["id"]])


async def test_answers_to_nothing_are_dropped_and_what_is_old_is_swept(
    auth: Installation, told: list[Any], pair: tuple[Tokens, Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    await answer(auth, new_id())
    assert [type(each) for each in told] == [UserMergeDropped]
    await ask(auth, *pair)
    await leaving.delete_due(database(auth))
    assert len(await kept(auth)) == 1
    monkeypatch.setattr(asking, "KEPT", timedelta(0))
    await leaving.delete_due(database(auth))
    assert await kept(auth) == []


async def kept(auth: Installation) -> list[Any]:
    rows: list[Any] = await database(auth).read(lambda tx: tx.execute(select(tables.merges)).all())
    return rows
