"""The app predicts what a tap will do with a fold of its own; here it and the engine play the same random evenings."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from artel.engine.replay import replay_case
from engine.random_evenings import evenings

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"
RUN = """
import { replay } from './replay.mjs';
import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(JSON.stringify(replay(JSON.parse(line))) + '\\n');
"""


@pytest.fixture(scope="module")
def app_fold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's fold as one script; needs what `make install` installs."""
    folder = tmp_path_factory.mktemp("fold")
    bundle = ["node_modules/.bin/rolldown", "src/engine/replay.ts", "--file", str(folder / "replay.mjs")]
    subprocess.run([str(NODE), *bundle, "--format", "esm"], cwd=ROOT / "web", check=True, capture_output=True)
    (folder / "run.mjs").write_text(RUN, encoding="utf-8")
    return folder / "run.mjs"


Json = dict[str, Any]


def told(app_fold: Path, cases: list[Json]) -> list[Json]:
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    answer = subprocess.run([NODE, app_fold], input=lines, capture_output=True, text=True, check=True)
    return [essence(json.loads(line)) for line in answer.stdout.splitlines()]


def essence(result: Json) -> Json:
    """Wordings differ."""
    if "error" in result:
        return {"id": result["id"], "error": (result["error"]["code"], result["error"]["event"])}
    return result


@pytest.mark.parametrize("seed", range(4))
def test_they_agree(app_fold: Path, seed: int) -> None:
    cases = list(evenings(seed, 250))
    theirs = told(app_fold, cases)
    assert theirs == [essence(replay_case(case)) for case in cases]
    assert sum("error" in result for result in theirs) in range(20, 230)


def test_they_propose_the_same_transfers(app_fold: Path) -> None:
    """Also where others would be as few: a plan must not change when the server's word comes."""
    cases = list(crowds(Random(5)))
    theirs = told(app_fold, cases)
    assert theirs == [essence(replay_case(case)) for case in cases]
    assert any(
        len(case["players"]) == 12 and len(result["transfers"]) < 9 for case, result in zip(cases, theirs, strict=True)
    )


def crowds(chance: Random) -> Iterator[Json]:
    for number in range(150):
        players = [f"p{seat}" for seat in range(chance.randint(6, 14))]
        pairs = [chance.sample(players, 2) for _ in range(20)]
        payments = [
            {"id": str(at), "type": "payment", "from": giver, "to": taker, "amount": chance.randint(1, 9)}
            for at, (giver, taker) in enumerate(pairs)
        ]
        yield {"id": str(number), "rules": {"game": "kolkhoz"}, "players": players, "events": payments}


STRANGE = ["constructor", "__proto__", "toString"]
START: Json = {"id": "1", "type": "start", "order": STRANGE}


@pytest.mark.parametrize(
    ("rules", "events"),
    [
        ({"price": 100, "rates": {"valueOf": 7}}, [START, {"id": "2", "type": "ball", "player": "constructor"}]),
        ({"rates": {"__proto__": 7}}, [START, {"id": "2", "type": "ball", "player": "toString"}]),
        ({"handicap": {"__proto__": {"start": 3}}}, [START]),
        ({"handicap": {"A": {}}}, []),
        ({}, [{"id": "1", "type": "expense", "payer": "__proto__", "amount": 10, "among": ["constructor"]}]),
        ({}, [{"id": "1", "type": "join", "player": "valueOf"}]),
    ],
)
def test_they_agree_on_what_is_strange_to_one_of_them(app_fold: Path, rules: Json, events: list[Json]) -> None:
    """Names that every object of JavaScript knows; a handicap that says nothing."""
    end = [{"id": "end", "type": "end", "reason": "timeout"}] if START in events else []
    case = {"id": "", "rules": {"game": "kolkhoz", **rules}, "players": STRANGE, "events": [*events, *end]}
    assert told(app_fold, [case]) == [essence(replay_case(case))]
