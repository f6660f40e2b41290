"""Processes of one release, forked from one that has read the program already: to read it takes each of them seconds.

A line of JSON on standard input starts one, with `words` for the command and `env` added to this one's: its number is
the answer. A number waits for that one, and its status is the answer. At the end of the input all are killed.
"""

import json
import os
import signal
import sys
from importlib import import_module
from typing import Any

from artel import cli, serving
from artel.compose import SERVICES, load
from artel.kernel import migrations, rabbit, redis_store, waiting


def main() -> None:
    assert all((serving, migrations, rabbit, redis_store, waiting))  # read by now, as is all that they need
    import_module("uvicorn.protocols.websockets.websockets_sansio_impl")  # by its name, as uvicorn does
    for name in SERVICES:
        load(name)
    children: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            answer = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
            children.discard(asked)
        else:
            answer = begin(asked)
            children.add(answer)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def begin(asked: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # its words are no answers
    os.environ.update(asked["env"])
    try:
        os._exit(cli.main(asked["words"]))
    finally:
        os._exit(70)


if __name__ == "__main__":
    main()
