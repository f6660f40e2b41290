"""What goes on beside everything else ends when it is no longer needed."""

import asyncio

import pytest

from artel.kernel import background
from artel.kernel.background import running


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE_SECONDS", 0.01)


async def test_ends_what_lost_the_first_word() -> None:
    """As `wait_for` loses it, when what it waits for comes that very moment."""
    heard = 0

    async def deaf() -> None:
        nonlocal heard
        while heard < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard += 1

    async def whole() -> None:
        async with running(deaf()):
            await asyncio.sleep(0)

    done, _ = await asyncio.wait([asyncio.create_task(whole())], timeout=30)  # a time-out inside would be a second word
    assert done
    assert heard == 2


async def test_waits_for_what_it_leaves_in_order() -> None:
    left = []

    async def orderly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            left.append("in order")

    async with running(orderly()):
        await asyncio.sleep(0)
    assert left == ["in order"]


async def test_tells_how_it_failed() -> None:
    async def broken() -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        async with running(broken()):
            await asyncio.sleep(0)
