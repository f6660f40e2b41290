"""Bugs that are put into a service from outside, to see that the checker finds them: SEEDED_BUG says which.

Python runs this as it starts, where this folder stands on PYTHONPATH.
"""

import os
from collections.abc import Sequence
from typing import Any

from artel.game.log import PostgresLog
from artel.game.owner import Owner
from artel.game.writer import Batch, Writer
from artel.kernel import service
from artel.kernel.database import PostgresDatabase


def inbox() -> None:
    """What comes twice takes effect twice."""
    vars(service)["once"] = lambda _tx, _event_id: True


def synchronous_commit() -> None:
    """All is said to be written before it is. All: whoever waits for the disk takes with him what others have not."""
    PostgresDatabase.LIMITS = {**PostgresDatabase.LIMITS, "synchronous_commit": "off"}
    PostgresLog.SETTINGS = {**PostgresLog.SETTINGS, "synchronous_commit": "off"}


def fan_out() -> None:
    """Who looks on is told before it is on disk, and not again afterwards."""
    commit = Writer._commit

    async def told_first(self: Writer, group: Sequence[Batch]) -> None:
        for batch in group:
            source: Any = batch.source
            source.live.tell(batch.frames)
        await commit(self, group)

    def tell(self: Owner) -> None:
        self._untold.clear()

    Writer._commit = told_first  # type: ignore[method-assign]
    Owner._tell = tell  # type: ignore[method-assign]


if __name__ == "sitecustomize" and "SEEDED_BUG" in os.environ:
    {"inbox": inbox, "synchronous_commit": synchronous_commit, "fan_out": fan_out}[os.environ["SEEDED_BUG"]]()
