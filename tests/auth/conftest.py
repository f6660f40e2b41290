"""What the tests of sign-ins share."""

import pytest

from artel.auth import ended
from artel.kernel import revoked


@pytest.fixture
def nobody_looks_by_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that has ended is told to the gate once a second: not beside the test."""
    for module in (ended, revoked):
        monkeypatch.setattr(module, "LOOK_SECONDS", 3600)
