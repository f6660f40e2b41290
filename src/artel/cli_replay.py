"""`artel replay`: what two players run when they disagree about an evening. Needs nothing but Python."""

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from artel.engine.replay import replay_line

USAGE: Final = """usage: artel replay FILE...

Reads JSON Lines, one case a line, and writes one result line a case. "-" is standard input.
Exit status: 0, 1 if a case broke a rule, 2 if a file cannot be read.
"""
OK, REFUSED, UNUSABLE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


def replay(paths: list[str]) -> int:
    """The exit status."""
    if not paths or any(path.startswith("-") and path != "-" for path in paths):
        sys.stderr.write(USAGE)
        return UNUSABLE
    digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)  # amounts have no upper end
    try:
        return max([_replay_file(path) for path in paths])
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it exits
        return PIPE_CLOSED
    except OSError as error:
        sys.stderr.write(f"artel replay: {error}\n")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        sys.set_int_max_str_digits(digits)


def _replay_file(path: str) -> int:
    target = _bytes_of(sys.stdout)
    with nullcontext(_bytes_of(sys.stdin)) if path == "-" else Path(path).open("rb") as source:
        status = _replay_lines(source, target, live=path == "-")
    target.flush()
    return status


def _bytes_of(stream: TextIO | None) -> BinaryIO:
    """Python has no stream where whoever started it closed that one."""
    if stream is None:
        raise OSError("standard input or output is closed")
    return stream.buffer


def _replay_lines(source: BinaryIO, target: BinaryIO, *, live: bool) -> int:
    """With `live` every result is out before the next case is read."""
    status = OK
    for line in source:
        if not line.isspace():
            result = replay_line(_text(line))
            if "error" in result:
                status = REFUSED
            target.write(encoded(result))
            if live:
                target.flush()
    return status


def _text(line: bytes) -> str:
    """What is not UTF-8 is not JSON either."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return "not UTF-8"


_AS_IS: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False)


def encoded(result: dict[str, Any]) -> bytes:
    """A name may hold half of a surrogate pair, which JSON can say and UTF-8 cannot."""
    try:
        return _AS_IS.encode(result).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(result).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(replay(sys.argv[1:]))
