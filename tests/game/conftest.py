from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from artel_testing import Installation, installation


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    """The game service alone; nobody is held up by limits of events."""
    async with installation(tmp_path, ["game"], event_burst=100_000, event_rate=100_000) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Empty, one of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/game.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
