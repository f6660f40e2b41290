"""A short set of faults; `make faults` has the full one. Then bugs are put in, and the checker has to find them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from faults.hall import Hall, hall
from faults.run import Report, faults_while_they_play

SEED = 22
CLIENTS = 6
SHORT = (
    "kill game", "kill game-2", "kill stats", "kill gateway", "kill postgres", "kill redis", "restart postgres",
    "stop", "stall", "stall", "cut", "cut", "slow broker", "duplicates", "reorder", "forget", "disk full",
    "clock step", "restart rabbit",
)  # fmt: skip


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The servers of the fixtures are not used: they say that the programs are here."""
    for program in ("supervisor", "nginx", "postgres_url", "amqp_url", "redis_url", "prometheus", "faketime"):
        assert request.getfixturevalue(program)
    with TemporaryDirectory(prefix="artel-faults-", dir="/var/tmp") as made:
        Path(made).chmod(0o711)  # PostgreSQL's own user has to get there
        yield Path(made)


BUGS = (
    ("inbox", ["duplicates"], "taken"),
    ("fan_out", ["kill postgres"], "seen"),
    ("synchronous_commit", ["kill postgres"] * 3, "acknowledged"),
)
"""Which part of the checker finds it."""


@pytest.mark.timeout(600)
async def test_nothing_acknowledged_is_lost_whatever_breaks(folder: Path) -> None:
    async with hall(folder) as made:
        await nothing_is_lost(made)
        for bug, kinds, part in BUGS:
            await made.plant(bug)
            await is_found(made, bug, kinds, part)


async def nothing_is_lost(made: Hall) -> None:
    report = Report(SEED)
    await faults_while_they_play(made, SHORT, CLIENTS, report)
    assert report.wrong == []
    done = Counter(kind for kind, _ in report.did)
    assert done == Counter(SHORT) - Counter({"disk full": 1} if report.not_run else {}), report.not_run
    assert report.events > 100, "hardly anything was played"
    assert report.again >= 1, "no phone was ever cut off"
    assert report.repeated, "nobody ever had to ask again"


async def is_found(made: Hall, bug: str, kinds: Sequence[str], part: str) -> None:
    """On the same system: what an earlier bug has spoilt stays spoilt, and is not what a later one is told by.

    A bug is not at its worst at every moment, so it has three evenings to show itself.
    """
    seeds = Random(bug)
    for _ in range(3):
        report = Report(seeds.randrange(10**6))
        await faults_while_they_play(made, kinds, CLIENTS, report, patience=5)
        if part in {wrong.partition(":")[0] for wrong in report.wrong}:
            return
    pytest.fail(f"{bug} was not found by what looks for it: {report}")
