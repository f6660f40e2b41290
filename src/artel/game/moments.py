"""Times as the API writes them: RFC 3339, UTC, Z."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written_now() -> str:
    """`written(now())`, for taps: all of one second share what is slow to write."""
    moment = time.time_ns() // 1_000_000
    return f"{_second(moment // 1000)}.{moment % 1000:03}Z"


@lru_cache(maxsize=2)
def _second(since_1970: int) -> str:
    return datetime.fromtimestamp(since_1970, UTC).isoformat()[: -len("+00:00")]


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)
