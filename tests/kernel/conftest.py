from collections.abc import AsyncIterator

import pytest

from artel.kernel.database import Database, open_database


@pytest.fixture
async def database(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Database]:
    """With the tables of the test's own module."""
    opened = open_database(database_url)
    await opened.write(request.module.metadata.create_all)
    yield opened
    await opened.close()
