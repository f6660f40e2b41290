"""A short set of faults; `make faults` has the full one. Then bugs are put in, and the checker has to find them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from faults.hall import Hall, hall
from faults.run import Report, faults_while_they_play

SEED = 22
CLIENTS = 6
SHORT = (
    "kill game", "kill game-2", "kill stats-2", "kill friends-2", "kill gateway", "kill postgres", "kill redis",
    "restart postgres", "stop", "stall", "stall", "cut", "cut", "lost answers", "lost answers", "slow broker",
    "duplicates", "reorder", "forget", "disk full", "clock step", "restart rabbit",
    "newer tables", "newer tables",
)  # fmt: skip


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The servers of the fixtures are not used: they say that the programs are here."""
    for program in ("supervisor", "nginx", "postgres_url", "amqp_url", "redis_url", "prometheus", "faketime"):
        assert request.getfixturevalue(program)
    with TemporaryDirectory(prefix="artel-faults-", dir="/var/tmp") as made:
        Path(made).chmod(0o711)  # PostgreSQL's own user has to get there
        yield Path(made)


FOUND: Sequence[tuple[Sequence[str], Mapping[str, str]]] = (
    (
        ["duplicates", "kill postgres"],
        {
            "inbox": "taken: notification does not remember",
            "fan_out": "seen: ",
            "money": "sums: .* makes [1-9]",
            "lines": "verify: stats.lines: .*fouls",
            "news": "verify: notification.entries: .*, should be ",
            "ties": 'verify: game.ties: .*"friends": false}, should be {"friends": true}',
            "friendships": "verify: stats.friendships: .* no, should be yes",
            "poison": "set aside: friends",
            "idempotency": "chores: the template .* 2 times",
            "befriend": "chores: no friend any more",
            "sign_in": "chores: somebody else now",
        },
    ),
    (["kill postgres"], {"synchronous_commit": "acknowledged: .* is lost"}),
    ([], {"boards": "board: .* shows another "}),
)
"""What is broken in an evening, with which bugs, and what the checker says of each: no other bug of the same evening
makes it say that."""


@pytest.mark.timeout(1800)
async def test_nothing_acknowledged_is_lost_whatever_breaks(folder: Path) -> None:
    async with hall(folder) as made:
        await nothing_is_lost(made)
        for kinds, bugs in FOUND:
            await made.plant(*bugs)
            await are_found(made, kinds, bugs)


async def nothing_is_lost(made: Hall) -> None:
    report = Report(SEED)
    await faults_while_they_play(made, ["away"], CLIENTS, report)
    await faults_while_they_play(made, SHORT, CLIENTS, report)
    assert report.wrong == []
    done = Counter(kind for kind, _ in report.did)
    assert done == Counter(["away", *SHORT]) - Counter({"disk full": 1} if report.not_run else {}), report.not_run
    assert report.events > 100, "hardly anything was played"
    assert report.again >= 1, "no phone was ever cut off"
    assert report.repeated, "nobody ever had to ask again"
    idle = {line for line, way in made.ways.items() if not way.passed}
    assert not {line for line in idle if line[0] != "gateway"}, "somebody took no part"


async def are_found(made: Hall, kinds: Sequence[str], bugs: Mapping[str, str]) -> None:
    """On the same system: what an earlier bug has spoilt stays spoilt, and is not what a later one is told by."""
    report = Report(SEED)
    await faults_while_they_play(made, kinds, CLIENTS, report, patience=5)
    missed = [bug for bug, told in bugs.items() if not any(re.match(told, wrong) for wrong in report.wrong)]
    assert not missed, report
