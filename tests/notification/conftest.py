from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from artel_testing import Installation, installation


@pytest.fixture
async def made(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["notification"], database_url=database_url) as made:
        yield made
