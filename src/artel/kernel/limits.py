"""How often somebody may try what could be guessed."""

from ipaddress import IPv6Address, IPv6Network, ip_address
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


def place_of(scope: Scope) -> str:
    """For limits: whoever has one address of IPv6 has the 2⁶⁴ beside it as well."""
    address = address_of(scope)
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return address
    return str(read.ipv4_mapped or IPv6Network((int(read), 64), strict=False))


def address_of(scope: Scope) -> str:
    """From where somebody asks: as the gateway says, where there is one."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
