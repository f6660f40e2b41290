from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from artel_testing import Installation, installation


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["game"], event_burst=10_000, event_rate=10_000) as made:
        yield made
