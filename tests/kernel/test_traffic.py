"""Whoever waits for an answer comes first, and the rest is done all the same."""

import asyncio

import pytest

from artel.kernel.bus import MemoryBus, Message
from artel.kernel.events import new_id
from artel.kernel.traffic import Traffic

FOR_EVER = 3600.0


async def turns() -> None:
    """Everybody who can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_without_traffic_it_is_always_a_lull() -> None:
    await asyncio.wait_for(Traffic(FOR_EVER).lull(), 10)


async def test_a_lull_comes_with_the_last_answer() -> None:
    traffic = Traffic(FOR_EVER)
    with traffic:
        with traffic:
            waiting = asyncio.create_task(traffic.lull())
            await turns()
            assert not waiting.done()
        await turns()
        assert not waiting.done()
    await asyncio.wait_for(waiting, 10)


async def test_a_moment_between_two_requests_is_no_lull() -> None:
    traffic = Traffic(FOR_EVER, quiet=FOR_EVER)
    with traffic:
        waiting = asyncio.create_task(traffic.lull())
        await turns()
    await turns()
    assert not waiting.done()
    waiting.cancel()


async def test_a_request_that_fails_is_over_too() -> None:
    traffic = Traffic(FOR_EVER)
    with pytest.raises(LookupError), traffic:
        raise LookupError
    await asyncio.wait_for(traffic.lull(), 10)


async def test_patience_ends() -> None:
    traffic = Traffic(patience=0)
    with traffic:
        await asyncio.wait_for(traffic.lull(), 10)


async def test_reactions_wait_for_answers_and_come_one_at_a_time() -> None:
    traffic = Traffic(FOR_EVER)
    bus = MemoryBus(traffic)
    under_way = most = done = 0

    async def react(_: Message) -> None:
        nonlocal under_way, most, done
        under_way += 1
        most = max(most, under_way)
        await turns()
        under_way -= 1
        done += 1

    await bus.subscribe("stats", ["games"], react)
    with traffic:
        publishing = [asyncio.create_task(bus.publish(Message(new_id(), "games", b""))) for _ in range(5)]
        await turns()
        assert most == 0
    await asyncio.wait_for(asyncio.gather(*publishing), 10)
    assert (most, done) == (1, 5)
