"""`artel replay` as a program: what goes in, what comes out, and how it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from artel.engine.replay import replay_case
from engine.random_evenings import evenings

MODULE = [sys.executable, "-m", "artel.cli_replay"]
ARTEL = [sys.executable, "-m", "artel.cli", "replay"]
GOOD: dict[str, Any] = {"id": "good", "rules": {"game": "americana"}, "players": ["A", "B"], "events": []}
REFUSED = {**GOOD, "id": "refused", "events": [{"id": "1", "type": "ball", "player": "A"}]}


def run(*arguments: object, given: bytes = b"", program: list[str] = MODULE) -> tuple[int, list[Any], str]:
    """Exit status, results, what was said beside them."""
    done = subprocess.run([*program, *map(str, arguments)], input=given, capture_output=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def lines(*cases: Any) -> bytes:
    return b"".join(json.dumps(case).encode() + b"\n" for case in cases)


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    file = tmp_path / "cases.jsonl"
    file.write_bytes(lines(GOOD))
    return file


@pytest.mark.parametrize("program", [MODULE, ARTEL], ids=["module", "command"])
class TestBothWays:
    def test_a_good_file(self, program: list[str], cases: Path) -> None:
        empty = {"id": "good", "games": [], "balances": {"A": 0, "B": 0}, "transfers": []}
        assert run(cases, program=program) == (0, [empty], "")

    def test_a_refusal_goes_on_with_the_next_case(self, program: list[str]) -> None:
        status, results, said = run("-", given=lines(GOOD, REFUSED, GOOD), program=program)
        assert status == 1
        assert [result["id"] for result in results] == ["good", "refused", "good"]
        assert results[1]["error"].keys() == {"code", "event", "detail"}
        assert (results[1]["error"]["code"], results[1]["error"]["event"]) == ("no_game", 0)
        assert said == ""

    def test_an_unreadable_file(self, program: list[str], tmp_path: Path) -> None:
        status, results, said = run(tmp_path / "nothing", program=program)
        assert (status, results) == (2, [])
        assert "nothing" in said

    @pytest.mark.parametrize("arguments", [[], ["--fast"], ["-x"]])
    def test_unusable_arguments(self, program: list[str], arguments: list[str]) -> None:
        status, results, said = run(*arguments, program=program)
        assert (status, results) == (2, [])
        assert "usage" in said


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert run(tmp_path)[:2] == (2, [])


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stream_is_unusable(closed: str, cases: Path) -> None:
    argument = "-" if closed == "<&-" else str(cases)
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *MODULE, argument]
    done = subprocess.run(shell, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"artel replay: standard input or output is closed\n"


def test_an_interrupt_ends_it_quietly() -> None:
    with subprocess.Popen(
        [*MODULE, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        program.stdin.write(lines(GOOD))
        program.stdin.flush()
        assert json.loads(program.stdout.readline())["id"] == "good"
        program.send_signal(signal.SIGINT)
        assert program.stderr.read() == b""
        assert program.wait() == 130


def test_files_one_after_the_other(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(lines({**GOOD, "id": name}))
    status, results, _ = run(tmp_path / "b", "-", tmp_path / "a", given=lines(REFUSED))
    assert [result["id"] for result in results] == ["b", "refused", "a"]
    assert status == 1


def test_the_worst_status_holds(tmp_path: Path) -> None:
    (tmp_path / "refused").write_bytes(lines(REFUSED))
    assert run(tmp_path / "refused", tmp_path / "nothing")[0] == 2


def test_blank_lines_and_a_last_line_without_an_end() -> None:
    given = b"\n  \n" + lines(GOOD) + b"\r\n\t\n" + lines(GOOD).rstrip()
    status, results, _ = run("-", given=given)
    assert (status, len(results)) == (0, 2)


def test_nothing_at_all() -> None:
    assert run("-") == (0, [], "")


def test_random_evenings_come_out_in_order() -> None:
    played = list(evenings(99, 60))
    status, results, _ = run("-", given=lines(*played))
    assert results == [replay_case(case) for case in played]
    assert status == 1


def with_events(events: str) -> str:
    return '{"id":"case","rules":{"game":"americana"},"players":["A","B"],"events":' + events + "}"


MALFORMED = {
    "not JSON": b"{",
    "two values": lines(GOOD).rstrip() * 2,
    "a bare word": b"nothing",
    "NaN": with_events('[{"id":"1","type":"expense","payer":"A","amount":NaN}]').encode(),
    "Infinity": with_events("[-Infinity]").encode(),
    "key twice": b'{"id":"a","id":"b","rules":{"game":"americana"},"players":[],"events":[]}',
    "key twice in the rules": b'{"id":"a","rules":{"game":"moscow","game":"moscow"},"players":[],"events":[]}',
    "key twice in an event": with_events('[{"id":"1","id":"2","type":"finish"}]').encode(),
    "key twice deep in an event": with_events('[{"id":"1","type":"finish","x":{"y":1,"y":1}}]').encode(),
    "key twice behind a colon": with_events('[{"id":":","type":"join","player":"C","player":"D"}]').encode(),
    "key twice by an escape": with_events('[{"id":"1","type":"finish","\\u0069d":"1"}]').encode(),
    "not UTF-8": b'{"id":"\xff","rules":{"game":"americana"},"players":[],"events":[]}',
    "half a surrogate in bytes": b'{"id":"\xed\xa0\x80","rules":{"game":"americana"},"players":[],"events":[]}',
    "another encoding": json.dumps(GOOD).encode("utf-16").replace(b"\n", b""),
    "a nest": b"[" * 100_000 + b"]" * 100_000,
    "a nest of objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "a control character": b'{"id":"a\x01","rules":{"game":"americana"},"players":[],"events":[]}',
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """Of all the malformed lines at once, a good case behind each."""
    status, results, said = run("-", given=b"".join(line + b"\n" + lines(GOOD) for line in MALFORMED.values()))
    assert (status, said) == (1, "")
    assert all(result["id"] == "good" and "error" not in result for result in results[1::2])
    return dict(zip(MALFORMED, results[::2], strict=True))


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed(kind: str, answers: dict[str, Any]) -> None:
    answer = answers[kind]
    assert answer.keys() == {"id", "error"}
    assert (answer["id"], answer["error"]["code"], answer["error"]["event"]) == (None, "malformed", None)


def test_what_looks_alike_and_is_well() -> None:
    """Colons in names are no keys, and a key may come in two objects."""
    name = {"id": "1", "type": "join", "player": ":", "name": '"id":"1","id":"2"'}
    status, results, _ = run("-", given=lines({**GOOD, "events": [name, {"id": "2", "type": "finish"}]}))
    assert (status, results[0]["balances"]) == (0, {"A": 0, "B": 0, ":": 0})


@pytest.mark.parametrize("amount", ["1" + "0" * 17 + "1", "9" * 101, "1" + "0" * 6000 + "1"], ids=len)
def test_money_has_no_upper_end(amount: str) -> None:
    """Python itself reads and writes no integer of more than 4300 digits, unless told to."""
    event = '{"id":"1","type":"payment","from":"A","to":"B","amount":' + amount + "}"
    given = with_events(f"[{event}]").encode()
    done = subprocess.run([*MODULE, "-"], input=given, capture_output=True, check=False)
    assert done.returncode == 0
    assert f'"balances": {{"A": {amount}, "B": -{amount}}}'.encode() in done.stdout


def test_names_of_all_kinds() -> None:
    names = ["Аня", "🎱", "\u2028", "a\ud800", '"', "\\", "\x00"]
    status, results, _ = run("-", given=lines({**GOOD, "players": names}))
    assert (status, list(results[0]["balances"])) == (0, names)


def test_every_result_is_out_before_the_next_case_is_read() -> None:
    with subprocess.Popen([*MODULE, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin
        assert program.stdout
        for number in range(3):
            program.stdin.write(lines({**GOOD, "id": str(number)}))
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["id"] == str(number)
        program.stdin.close()
        assert program.wait() == 0


@pytest.mark.parametrize(("name", "program"), list(product(["file", "-"], [MODULE, ARTEL])))
def test_a_closed_pipe_is_no_disaster(name: str, program: list[str], tmp_path: Path) -> None:
    """`artel replay cases | head -1`"""
    file = tmp_path / "cases"
    file.write_bytes(lines(GOOD) * 20_000)
    with file.open("rb") as given:
        arguments = [*program, "-" if name == "-" else str(file)]
        with subprocess.Popen(arguments, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            assert running.stdout
            assert running.stderr
            assert json.loads(running.stdout.readline())["id"] == "good"
            running.stdout.close()
            assert running.stderr.read() == b""
            assert running.wait() == 141


def test_memory_does_not_grow_with_the_number_of_cases() -> None:
    """The program is asked itself for the most it ever held, in KiB."""
    script = (
        "import sys, resource; from artel.cli_replay import replay; status = replay(['-']);"
        "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)); sys.exit(status)"
    )

    def most(times: int) -> int:
        arguments = [sys.executable, "-c", script]
        with subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as running:
            assert running.stdin
            assert running.stderr
            running.stdin.writelines(repeated(times))
            running.stdin.close()
            return int(running.stderr.read())

    assert most(30_000) < most(300) + 4096


def repeated(times: int) -> Iterator[bytes]:
    block = lines(*[{**GOOD, "id": str(number), "players": [f"p{at}" for at in range(12)]} for number in range(100)])
    return (block for _ in range(times // 100))
