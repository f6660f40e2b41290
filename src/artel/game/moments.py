"""Times as the API writes them: RFC 3339, UTC, Z."""

from datetime import UTC, datetime


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)
