"""How often somebody may try what could be guessed."""

from typing import NamedTuple

from starlette.types import Scope

from artel.kernel.errors import rate_limited
from artel.kernel.store import Store


class Limit(NamedTuple):
    """So many at once, and so many a second for long."""

    burst: int
    rate: float


async def allow(store: Store, key: str, limit: Limit) -> None:
    """429 with Retry-After. A key must be proven before it is asked for: else a stranger uses up what is another's."""
    wait = await store.allow(key, *limit)
    if wait:
        raise rate_limited(wait)


def address_of(scope: Scope) -> str:
    """From where somebody asks: as the gateway says, where there is one."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
