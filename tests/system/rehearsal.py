"""An evening on containers, with deaths in it. Needs an engine, so it is no test but a program:

    PYTHONPATH=tests .venv/bin/python -m system.rehearsal

COMPOSE_FILE must name deploy/compose.yaml and deploy/compose.dev.yaml, and be up; DOCKER_COMPOSE is the command. The
process of a container is killed from outside, as a crash would, so it has to run on the engine's own machine as root.
"""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from httpx2 import AsyncClient, TransportError

from artel.kernel.events import new_id
from onlookers import Phone, nothing_is_lost, play
from playing import RULES, Company, Somebody
from system.test_crash import Play
from system.test_serving import comes

MOVES = 150


def compose(*words: str) -> str:
    command = shlex.split(os.environ.get("DOCKER_COMPOSE", "docker compose"))
    return subprocess.run([*command, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def docker(*words: str) -> str:
    return subprocess.check_output(["docker", *words], text=True)


def containers(service: str) -> list[str]:
    return compose("ps", "--quiet", service).split()


def state(container: str, what: str) -> str:
    return docker("inspect", "--format", f"{{{{.{what}}}}}", container).strip()


@dataclass
class Evening:
    """Three tables at once, a phone looking on at each."""

    company: Company
    port: int
    people: list[Somebody] = field(default_factory=list)
    tables: list[Play] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    looking: list[asyncio.Task[None]] = field(default_factory=list)

    async def begin(self) -> None:
        run = new_id()[-6:]  # a name is a person, and an earlier evening counts
        self.people = [await self.company.sign_in(f"{name} {run}") for name in ("Аня", "Борис", "Вера")]
        for rules in self.company.random.sample(RULES, 3):
            table = await self.company.sit_down(self.people[0], self.people[1:], rules, guests=["Гость"])
            self.tables.append(Play(table))
        self.phones = [Phone(each.table, self.port) for each in self.tables]
        self.looking = [asyncio.create_task(phone.look()) for phone in self.phones]

    async def play(self, moves: int, in_mid_play: Sequence[str] = ()) -> None:
        """So many acknowledged moves at each table; half of them after these containers have died."""
        enough, began, before = asyncio.Event(), time.monotonic(), self._played()
        playing = [asyncio.create_task(play(each, enough)) for each in self.tables]
        await self._reach(min(before) + moves // 2)
        for container in in_mid_play:
            os.kill(int(state(container, "State.Pid")), signal.SIGKILL)
        await self._reach(min(self._played()) + moves // 2)
        enough.set()
        await asyncio.gather(*playing)
        seconds = time.monotonic() - began
        played = sum(self._played()) - sum(before)
        print(f"    {played} moves in {seconds:.1f} s, {len(in_mid_play)} killed", flush=True)

    async def _reach(self, moves: int) -> None:
        async def reached() -> bool:
            with suppress(TransportError):
                await self.company.call(self.people[-1], "GET", "/users/me")
            return min(self._played()) >= moves

        await comes(reached)

    def _played(self) -> list[int]:
        return [len(each.table.acknowledged) for each in self.tables]

    async def end(self) -> None:
        await nothing_is_lost(self.company, self.people, self.tables, self.phones)
        again = sum(phone.again for phone in self.phones)
        for task in self.looking:
            task.cancel()
        print(f"    logs, phones (cut off {again} times) and statistics agree", flush=True)


async def evening(port: int, seed: int, rounds: Sequence[Sequence[str]]) -> None:
    """Each round names the containers that die in it."""
    async with AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30) as api:
        one = Evening(Company(api, Random(seed)), port)
        await one.begin()
        for dying in rounds:
            await one.play(MOVES, dying)
        await one.end()


def served() -> Counter[str]:
    """Container's address → requests to game that it answered, by the gateway's access log."""
    lines = (json.loads(line) for line in compose("logs", "--no-log-prefix", "gateway").splitlines() if line[:1] == "{")
    return Counter(
        line["artel.upstream"] for line in lines if line.get("artel.service") == "game" and line["artel.upstream"]
    )


def alive_again(dead: Sequence[str]) -> None:
    compose("up", "--detach", "--wait", "--no-recreate", "--scale", "game=3")
    for container in dead:
        print(f"    restarted {state(container, 'RestartCount')} times: {state(container, 'Name')[1:]}", flush=True)


def nothing_is_left() -> None:
    """Every way is open, every projection is what the logs give, and no event was set aside."""
    for words in (["doctor", "--url", "http://gateway:8080"], ["verify", "--patience", "60"], ["dead-letters", "list"]):
        said = artel(*words)
        print(f"    artel {words[0]}: {said.splitlines()[-1]}", flush=True)
    assert said == "0 dead letters\n", said


def artel(*words: str) -> str:
    try:
        return compose("run", "--rm", "--no-TTY", "artel", *words)
    except subprocess.CalledProcessError as error:
        raise AssertionError(f"artel {words[0]}:\n{error.stdout}") from error


def main(others: Sequence[str]) -> int:
    """`others` die after the processes of game have."""
    port = int(compose("port", "gateway", "8080").strip().rpartition(":")[2])
    print("an evening", flush=True)
    asyncio.run(evening(port, 1, [[]]))
    print("three processes of game, and an evening", flush=True)
    compose("up", "--detach", "--wait", "--no-recreate", "--scale", "game=3")
    before = served()
    asyncio.run(evening(port, 2, [[]]))
    print(f"    answered by {dict(served() - before)}", flush=True)
    print("each of them killed in mid-play, then one of every other service", flush=True)
    games = containers("game")
    asyncio.run(evening(port, 3, [[each] for each in games]))
    alive_again(games)
    for each in (containers(name)[0] for name in others):
        print(f"killed in mid-play: {state(each, 'Name')[1:]}", flush=True)
        asyncio.run(evening(port, 4, [[each]]))
        alive_again([each])
    print("when all of it is over", flush=True)
    nothing_is_left()
    print(docker("stats", "--no-stream", "--format", "{{.Name}}\t{{.MemUsage}}"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ("stats", "auth", "redis", "rabbitmq", "game-db", "gateway")))
