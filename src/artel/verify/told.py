"""What `artel verify` prints."""

from artel.kernel.settings import Settings
from artel.verify import verify


async def tell(settings: Settings, patience: float, *, as_json: bool) -> int:
    """The exit status."""
    count = 0
    async for difference in verify(settings, patience):
        print(difference.as_json() if as_json else difference, flush=True)  # noqa: T201 a command's own words
        count += 1
    if not as_json:
        print(f"{count} differences" if count else "all agree")  # noqa: T201
    return int(count > 0)
