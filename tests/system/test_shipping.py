"""Log files to Elasticsearch by rsyslog, with the configuration that is shipped; a receiver stands in its place."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from elastic import Elastic, with_words
from servers import free_port, wait_for

LOGS = Path(__file__).parents[2] / "deploy" / "logs"


@dataclass
class Ship:
    """rsyslog on a folder like that of `make stack`."""

    program: str
    folder: Path
    elastic: Elastic
    said: int = 0
    logs: Path = field(init=False)
    own: Path = field(init=False)

    def __post_init__(self) -> None:
        self.logs, self.own = self.folder / "stack", self.folder / "ship"
        for made in (self.logs / "words", self.logs / "gateway", self.own):
            made.mkdir(parents=True)
        (self.logs / "gateway" / "access.log").touch()
        self.elastic.templates["artel"] = json.loads((LOGS / "index-template.json").read_text())

    @property
    def env(self) -> dict[str, str]:
        return {
            "ARTEL_LOGS": str(self.logs), "ARTEL_SHIP": str(self.own), "ARTEL_SEARCH": "127.0.0.1",
            "ARTEL_SEARCH_PORT": str(self.elastic.port),
        }  # fmt: skip

    @contextmanager
    def sails(self) -> Iterator[None]:
        """To its end by SIGKILL, as the configuration says."""
        command = [self.program, "-n", "-f", str(LOGS / "rsyslog.conf"), "-i", str(self.own / "pid")]
        with (self.folder / "words.log").open("ab") as words:
            process = subprocess.Popen(command, env=os.environ | self.env, stderr=words)
        try:
            yield
        finally:
            process.kill()
            process.wait(30)
            (self.own / "pid").unlink(missing_ok=True)

    def say(self, many: int, name: str = "game", duration: int = 0) -> None:
        with (self.logs / "words" / f"{name}.log").open("a") as file:
            for _ in range(many):
                self.said += 1
                file.write(json.dumps(line(f'№ {self.said} "ё\\"', name, duration), ensure_ascii=False) + "\n")

    def queued(self) -> int:
        """Bytes."""
        return sum(file.stat().st_size for file in self.own.glob("ship.0*"))

    def all_came_once(self) -> list[dict[str, Any]]:
        documents = self.elastic.wait_for(self.said)
        assert len(documents) == self.said
        assert len({document["message"] for document in documents}) == self.said
        assert self.elastic.unmapped == set()
        return documents


def line(message: str, name: str, duration: int = 0) -> dict[str, Any]:
    """The least that each line has."""
    return {
        "@timestamp": datetime.now(UTC).isoformat(), "log.level": "info", "message": message, "ecs.version": "8.11.0",
        "service.name": name, "event.dataset": f"{name}.log", "event.duration": duration,
    }  # fmt: skip


@pytest.fixture
def ship(rsyslog: str, tmp_path: Path) -> Ship:
    return Ship(rsyslog, tmp_path, Elastic(free_port()))


def test_lines_come_as_they_are_and_text_is_wrapped(ship: Ship) -> None:
    with ship.elastic.open(), ship.sails():
        ship.say(3, duration=7)
        (ship.logs / "gateway" / "access.log").write_text(json.dumps(line("GET / 200", "gateway")) + "\n")
        (ship.logs / "words" / "supervisor.log").write_text('2026-11-25 21:59:08,123 INFO spawned: "game" \\ ё\n')
        ship.said += 2
        documents = ship.all_came_once()
    assert ship.elastic.refused == []
    [first, *_] = with_words(documents, message='№ 1 "ё\\"')
    assert first == line('№ 1 "ё\\"', "game", 7) | {"@timestamp": first["@timestamp"]}
    [text] = with_words(documents, service_name="supervisor")
    assert text["message"] == '2026-11-25 21:59:08,123 INFO spawned: "game" \\ ё'
    assert (text["event.dataset"], text["log.level"], text["ecs.version"]) == ("supervisor.log", "info", "8.11.0")


def test_nothing_is_lost_while_it_is_away(ship: Ship) -> None:
    with ship.sails():
        with ship.elastic.open():
            ship.say(10)
            ship.all_came_once()
        ship.say(500)
        wait_for(lambda: ship.queued() > 500 * 200, "a queue on disk")
        ship.say(500, "stats")
        with ship.elastic.open():
            ship.all_came_once()


def test_the_shipper_may_die_with_a_full_queue(ship: Ship) -> None:
    with ship.sails():
        with ship.elastic.open():
            ship.say(10)
            ship.all_came_once()
        ship.say(2000)
        wait_for(lambda: ship.queued() > 500 * 200, "a queue on disk")
    ship.say(300)
    with ship.elastic.open(), ship.sails():
        ship.all_came_once()


def test_a_file_that_is_rotated_is_read_to_its_end(ship: Ship) -> None:
    with ship.elastic.open(), ship.sails():
        ship.say(50)
        ship.all_came_once()
        words = ship.logs / "words" / "game.log"
        for number in range(3):
            ship.say(50)
            words.rename(words.with_suffix(f".log.{number}"))
            ship.say(50)
            ship.all_came_once()


def test_what_was_refused_as_a_whole_is_sent_again(ship: Ship) -> None:
    refused = ship.own / "refused.log"
    with ship.elastic.open(), ship.sails():
        ship.say(5)
        ship.all_came_once()
        ship.elastic.says = 503
        ship.say(20)
        wait_for(lambda: refused.exists() and refused.stat().st_size > 0, "what is set aside")
        assert "try later" in again(ship).stderr
        ship.elastic.says = 200
        ship.say(1)
        wait_for(lambda: again(ship).returncode == 0 and len(ship.elastic.documents) == ship.said, "all of it")
        ship.all_came_once()
    assert not (ship.own / "refused.wrong").exists()


def again(ship: Ship) -> subprocess.CompletedProcess[str]:
    where = f"http://127.0.0.1:{ship.elastic.port}"
    command = [sys.executable, str(LOGS / "resend.py"), str(ship.own / "refused.log"), where]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_what_is_wrong_in_itself_stops_nobody(ship: Ship) -> None:
    with ship.elastic.open(), ship.sails():
        ship.say(2)
        with (ship.logs / "words" / "game.log").open("a") as file:
            file.write(json.dumps(line("a word for a number", "game") | {"event.duration": "long"}) + "\n")
        ship.say(2)
        ship.all_came_once()
        wait_for(lambda: ship.elastic.refused != [], "the refusal")
        assert "failed to parse field [event.duration] of type [long]" in ship.elastic.refused[0]


def test_places_are_made_by_a_script_that_may_be_repeated(tmp_path: Path) -> None:
    elastic = Elastic(free_port())
    url = f"http://127.0.0.1:{elastic.port}"
    options = tmp_path / "curl"
    options.write_text('user = "elastic:not-on-the-command-line"\n')
    with elastic.open():
        for _ in range(2):
            command = ["sh", str(LOGS / "setup.sh"), url, url]
            subprocess.run(command, check=True, env=os.environ | {"ARTEL_SEARCH_CURL": str(options)})
    assert elastic.templates == {"/_index_template/artel-logs": json.loads((LOGS / "index-template.json").read_text())}
    assert elastic.put == {"/_ilm/policy/artel-logs": json.loads((LOGS / "lifecycle.json").read_text())}
    assert (LOGS / "kibana.ndjson").read_bytes() in elastic.imported


REFUSALS: dict[str, dict[str, Any]] = {
    "of type [long]": {"process.pid": "1"},
    "of type [ip]": {"client.ip": "localhost"},
    "of type [date]": {"@timestamp": "yesterday"},
    "of type [keyword]": {"service.name": 5},
    "of type [object]": {"service": "game"},
    "data streams": {"@timestamp": None},
}


@pytest.mark.parametrize("why", REFUSALS)
def test_the_receiver_refuses_what_elasticsearch_would(why: str) -> None:
    elastic = Elastic(0)
    elastic.templates["artel"] = json.loads((LOGS / "index-template.json").read_text())
    document = line("good", "game")
    action = {"create": {"_index": "logs-artel-default", "_id": "1"}}
    assert bulk(elastic, action, document)["errors"] is False
    spoiled = {name: value for name, value in (document | REFUSALS[why]).items() if value is not None}
    answer = bulk(elastic, {"create": {"_index": "logs-artel-default", "_id": "2"}}, spoiled)
    assert answer["errors"] is True
    assert why in answer["items"][0]["create"]["error"]["reason"]
    assert len(elastic.documents) == 1


def bulk(elastic: Elastic, *lines: dict[str, Any]) -> dict[str, Any]:
    return elastic.bulk(b"".join(json.dumps(each).encode() + b"\n" for each in lines))
