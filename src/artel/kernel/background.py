"""What goes on beside everything else, for as long as somebody needs it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

PATIENCE_SECONDS = 1.0


@asynccontextmanager
async def running(work: Coroutine[object, object, None], name: str | None = None) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        while not task.done():  # Python 3.11: `wait_for` is deaf to it when what it waits for comes that very moment
            task.cancel()
            await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        if not task.cancelled():
            task.result()
