"""Two accounts become one at the very moment in which both sit down at one table: never both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

import openid_provider
from artel.contracts.auth import UserMergeAsked, UserMerged
from artel.contracts.game import UserMergeAnswered
from artel.kernel.bus import Message
from artel.kernel.events import Event, new_id
from artel.verify import verify
from artel_testing import Installation, installation
from auth.test_api import TOKEN, sign_in, with_token
from auth.test_browser_sign_in import Browser, providers, world
from auth.test_linking import launched, link
from openid_provider import Provider

__all__ = ["providers", "world"]
RULES = {"game": "americana", "stake": {"per": "game", "amount": 10_000}}


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, providers: dict[str, Provider]
) -> AsyncIterator[Installation]:
    url = f"sqlite+aiosqlite:///{tmp_path}/{{service}}.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_urls")
    told: dict[str, Any] = openid_provider.settings_of(providers["google"].address)
    async with installation(tmp_path, database_url=url, telegram_bot_token=TOKEN, **told) as made:
        yield made


@dataclass
class Two:
    """Accounts of one person, both proven, and a table that neither is at."""

    house: Installation
    organizer: dict[str, Any]
    mine: dict[str, Any]
    other: dict[str, Any]
    link_id: str
    session: dict[str, Any]

    async def merge(self) -> Response:
        return await with_token(self.house, self.mine, "POST", "/auth/merge", {"link_id": self.link_id})

    async def sit_as_mine(self) -> Response:
        return await self._join(self.mine)

    async def sit_as_other(self) -> Response:
        return await self._join(self.other)

    async def _join(self, who: dict[str, Any]) -> Response:
        return await with_token(self.house, who, "POST", "/sessions/join", {"code": self.session["code"]})

    async def seated(self) -> list[str]:
        path = f"/sessions/{self.session['id']}"
        players = (await with_token(self.house, self.organizer, "GET", path)).json()["players"]
        return [player["user_id"] for player in players if player["user_id"] != self.organizer["user"]["id"]]


async def two(house: Installation, google: Provider, number: int) -> Two:
    google.claims = {**google.claims, "sub": f"10000{number}", "email": f"anna{number}@example.org"}
    browser = Browser(house)
    async with browser.http:
        other = await browser.sign_in()
        mine = await launched(house, 900000100 + number)
        begun = await link(browser, mine, agreed=True)
    organizer = await sign_in(house, "Борис")
    made = await with_token(house, organizer, "POST", "/sessions", {"rules": RULES, "players": []})
    assert made.status_code == 201, made.text
    return Two(house, organizer, mine, other, begun["link_id"], made.json())


async def begins(house: Installation, event: type[Event]) -> asyncio.Event:
    """When the next of these is on the bus, while others are still hearing of it."""
    there = asyncio.Event()

    async def hear(_: Message) -> None:
        there.set()

    await house.app.state.contexts["game"].bus.subscribe(f"ear-{new_id()}", [event.topic], hear)
    return there


async def none_sits_twice(both: Two, merge: Response, mine: Response, other: Response) -> None:
    await both.house.drain()
    for refused in (each for each in (mine, other) if not each.is_success):
        assert refused.json()["code"] in {"merging", "signed_out"}
    seated = sorted(await both.seated(), key=str)
    if merge.status_code == 200:
        assert seated == [both.mine["user"]["id"]] * (mine.is_success or other.is_success), "one seat, and his"
    else:
        assert (merge.status_code, merge.json()["code"]) == (409, "users_met")
        assert seated == sorted(who["user"]["id"] for who in (both.mine, both.other))


async def test_all_at_once(house: Installation, providers: dict[str, Provider]) -> None:
    for number, order in enumerate(list(permutations(range(3))) * 2):
        both = await two(house, providers["google"], number)
        calls: list[Callable[[], Awaitable[Response]]] = [both.merge, both.sit_as_mine, both.sit_as_other]
        answers = await asyncio.gather(*(calls[at]() for at in order))
        await none_sits_twice(both, *(answers[order.index(at)] for at in range(3)))
    assert [str(each) async for each in verify(house.settings, 0)] == []


@pytest.mark.parametrize("moment", [UserMergeAsked, UserMergeAnswered, UserMerged])
async def test_at_every_step_of_it(house: Installation, providers: dict[str, Provider], moment: type[Event]) -> None:
    """He sits as the one already, and sits down as the other in the middle of it."""
    merged = 0
    for number in range(8):
        both = await two(house, providers["google"], number)
        sit_first, sit_then = [both.sit_as_mine, both.sit_as_other][:: 1 if number % 2 else -1]
        first = await sit_first()
        there = await begins(house, moment)

        async def then(there: asyncio.Event = there, sit: Callable[[], Awaitable[Response]] = sit_then) -> Response:
            await there.wait()
            return await sit()

        merge, second = await asyncio.gather(both.merge(), then())
        mine, other = (first, second) if sit_first == both.sit_as_mine else (second, first)
        await none_sits_twice(both, merge, mine, other)
        merged += merge.status_code == 200
    assert merged == 8 or moment is UserMergeAsked, "once game has said that they never met, it stands"
    assert [str(each) async for each in verify(house.settings, 0)] == []
