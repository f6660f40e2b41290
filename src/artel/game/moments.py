"""Times as the API writes them: RFC 3339, UTC, Z."""

import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from artel.engine.refusal import Refusal

RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
THOUSANDTHS: Final = [f".{number:03}Z" for number in range(1000)]


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written_now() -> str:
    """`written(now())`, for taps: all of one second share what is slow to write."""
    moment = time.time_ns() // 1_000_000
    return _second(moment // 1000) + THOUSANDTHS[moment % 1000]


@lru_cache(maxsize=2)
def _second(since_1970: int) -> str:
    return datetime.fromtimestamp(since_1970, UTC).isoformat()[: -len("+00:00")]


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def tapped_at(value: Any) -> str:
    """What a phone's clock says, as UTC."""
    try:
        if not RFC_3339.fullmatch(value):
            raise Refusal("invalid_event", "client_at must be a time with its offset, RFC 3339")
        moment = datetime.fromisoformat(value)
        return value if value.endswith("Z") else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, TypeError, OverflowError) as error:
        raise Refusal("invalid_event", "client_at must be a time that there is") from error
