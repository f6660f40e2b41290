"""The full set: `make faults`. A seed may be given; report and words are in var/faults."""

import argparse
import asyncio
import os
import shutil
import sys
import time
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory

from faults.faults import KINDS
from faults.hall import hall
from faults.run import Report, faults_while_they_play
from system.test_readers import come_and_go

MORE = {"stop": 30, "stall": 40, "cut": 30}
ROUND = 65
CLIENTS = 20
AT_ONCE = 6


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    parser.add_argument("--times", type=int, default=12, help="of each kind at least; default: %(default)s")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--away", type=float, default=300, help="seconds without RabbitMQ; default: %(default)s")
    parser.add_argument("--visits", type=int, default=10_000, help="of those who look on; default: %(default)s")
    arguments = parser.parse_args()
    report = Report(arguments.seed)
    kept = Path("var/faults")
    kept.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="artel-faults-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        try:
            asyncio.run(full(Path(folder), arguments, report))
        finally:
            (kept / f"{report.seed}.md").write_text(f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}: {report}\n")
            sys.stdout.write(f"{report}\n")
    return int(bool(report.wrong))


async def full(folder: Path, arguments: argparse.Namespace, report: Report) -> None:
    times, clients = arguments.times, arguments.clients
    kinds = [kind for kind in KINDS for _ in range(max(times, MORE.get(kind, 0) * times // 12))]
    Random(report.seed).shuffle(kinds)
    await come_and_go(folder, arguments.visits)
    async with hall(folder) as made:
        made.away_seconds = arguments.away
        try:
            await faults_while_they_play(made, ["away"], clients, report)
            while kinds and not report.wrong:
                now, kinds = kinds[:ROUND], kinds[ROUND:]
                await faults_while_they_play(made, now, clients, report, at_once=AT_ONCE)
        finally:
            words = Path("var/faults") / f"{report.seed}.words"
            shutil.rmtree(words, ignore_errors=True)
            shutil.copytree(made.stack.home / "words", words)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    sys.exit(main())
