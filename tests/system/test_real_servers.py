"""One evening with PostgreSQL, RabbitMQ and Redis under all six services: the same code, other addresses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from artel.compose import SERVICES
from artel_testing import Installation, installation
from playing import RULES, Company, Somebody, agrees, figures, replayed, told


@pytest.fixture
async def house(tmp_path: Path, postgres_urls: str, broker: str, redis_url: str) -> AsyncIterator[Installation]:
    where = {"database_url": postgres_urls, "bus_url": broker, "store_url": redis_url}
    async with installation(tmp_path, event_burst=10_000, **where) as made:
        yield made


async def comes(true: Callable[[], Awaitable[bool]]) -> None:
    """Asks until it is so. Each question lets the consumers work; an event takes milliseconds."""
    async with asyncio.timeout(60):
        while not await true():
            pass


async def test_an_evening_on_real_servers(house: Installation) -> None:
    company = Company(house.http, Random(7))
    ready = (await house.http.get("http://testserver/readyz")).json()
    assert ready == {service: {"database": "ok", "bus": "ok", "store": "ok"} for service in SERVICES}

    anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
    await house.drain()

    async def known() -> bool:
        return (await company.call(anya, "POST", "/friends/requests", {"user_id": boris.id})).is_success

    await comes(known)
    table = await company.sit_down(anya, [boris], RULES[0], guests=["Гость"])
    await table.play(100)
    await table.finish()
    await house.drain()
    session, case = await table.whole(), await table.exported()
    agrees(session, replayed(case))
    expected = figures(case, session)

    for somebody in (anya, boris):

        async def counted(who: Somebody = somebody) -> bool:
            return told(await company.ok(who, "GET", f"/stats/players/{who.id}")) == expected[who.id]

        async def noticed(who: Somebody = somebody) -> bool:
            items = (await company.ok(who, "GET", "/notifications", limit=100))["items"]
            games = sum(item["kind"] == "game_finished" for item in items)
            return games == expected[who.id]["games"] and any(item["kind"] == "session_finished" for item in items)

        await comes(counted)
        await comes(noticed)
    ticket = await company.ok(boris, "POST", f"/sessions/{table.id}/live-ticket")
    assert ticket["expires_in"] == 30
