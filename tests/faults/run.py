"""Faults while evenings are played, and what came of it."""

import asyncio
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random

from faults.checker import SECONDS, broken, until
from faults.evening import PATIENCE_SECONDS, evening
from faults.faults import one_after_another
from faults.hall import Hall

AT_ONCE = 2
"""Things that are broken at the same time, in the short set."""


@dataclass
class Report:
    seed: int
    did: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    not_run: set[str] = field(default_factory=set)
    repeated: Counter[str] = field(default_factory=Counter)
    events: int = 0
    seen: int = 0
    again: int = 0
    seconds: float = 0

    def tell(self, kind: str, what: str) -> None:
        self.did.append((kind, what))
        sys.stderr.write(f"{len(self.did):4}  {kind:18} {what}\n")

    def __str__(self) -> str:
        kinds = Counter(kind for kind, _ in self.did)
        lines = [f"| {kind} | {count} |" for kind, count in sorted(kinds.items())]
        return "\n".join([
            f"seed {self.seed}, {len(self.did)} faults in {self.seconds:.0f} s, Python {platform.python_version()}",
            f"{self.events} events acknowledged, {self.seen} frames seen, {self.again} times a phone came back",
            f"asked again: {dict(self.repeated)}",
            f"broken promises: {len(self.wrong)}; not run: {', '.join(self.not_run) or 'nothing'}",
            "", "| fault | times |", "|---|---|", *lines, *self.wrong[:50],
        ])  # fmt: skip


async def faults_while_they_play(
    hall: Hall, kinds: Sequence[str], clients: int, report: Report, *, patience: float = SECONDS, at_once: int = AT_ONCE
) -> None:
    """One evening; the kinds come at random moments, in an order that the seed gives."""
    sys.stderr.write(f"seed {report.seed}\n")
    random = Random(f"{report.seed} {len(report.did)}")
    left, begun = list(kinds), time.monotonic()
    if not hall.stack.disk.is_mount():
        left = [kind for kind in left if kind != "disk full"]
        report.not_run.add("disk full: no tmpfs may be mounted here")
    random.shuffle(left)
    async with AsyncExitStack() as stack:
        played = await stack.enter_async_context(evening(hall, clients, random))
        async with asyncio.TaskGroup() as lanes:
            for _ in range(at_once):
                lanes.create_task(one_after_another(hall, left, random, report.tell))
        hall.heal()
        await until(lambda: played.has_begun, time.monotonic() + PATIENCE_SECONDS)
        await played.finished()
        report.wrong += await broken(played, hall.settings, patience)
    report.repeated += played.repeated
    report.events += sum(len(play.table.acknowledged) for play in played.plays)
    report.seen += sum(len(phone.seen) for phone in played.phones)
    report.again += sum(phone.again for phone in played.phones)
    report.seconds += time.monotonic() - begun
