"""The rules and alerts: each rings when it should and not when it should not, and a runbook says what to do."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client, TransportError

from deploy.alerts import CASES, Case
from servers import free_port, wait_for
from watching import Watch

ROOT = Path(__file__).parents[2]
HERE = ROOT / "deploy" / "observability"
RULES = sorted((HERE / "rules").glob("*.yml"))
ALERTS = re.findall(r"^ +- alert: (\w+)$", (HERE / "rules" / "alerts.yml").read_text(), re.MULTILINE)
RECORDED = re.findall(r"^ +- record: (\S+)$", (HERE / "rules" / "recording.yml").read_text(), re.MULTILINE)


def run(*command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **env})


def promtool(prometheus: str, *words: str | Path) -> str:
    tool = Path(prometheus).with_name("promtool")
    done = run(tool if tool.exists() else "promtool", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_configuration_is_one(prometheus: str) -> None:
    promtool(prometheus, "check", "config", HERE / "prometheus.yml")
    said = promtool(prometheus, "check", "rules", *RULES)
    assert f"{len(ALERTS)} rules found" in said
    assert f"{len(RECORDED)} rules found" in said


def test_a_process_in_a_container_is_called_by_its_service(prometheus: str, tmp_path: Path) -> None:
    shutil.copy(HERE / "prometheus.yml", tmp_path)
    (tmp_path / "targets").mkdir()
    found = [
        {"targets": ["10.0.0.5:8081"], "labels": {"__meta_dns_name": "game.artel.internal"}},
        {"targets": ["127.0.0.1:8099"], "labels": {"process": "game-2"}},  # as `make stack` tells
    ]
    (tmp_path / "targets" / "artel.json").write_text(json.dumps(found))
    config = tmp_path / "prometheus.yml"
    said = json.loads(promtool(prometheus, "check", "service-discovery", "--timeout=5s", config, "artel"))
    assert {target["labels"]["process"] for target in said} == {"game at 10.0.0.5:8081", "game-2"}


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_links_lead_to_where_it_listens(tmp_path: Path, name: str) -> None:
    """And not to a name that this host may have for itself alone."""
    command, _ = Watch(8080, tmp_path).programs(1, 2)[name]
    told = dict(word.removeprefix("--").split("=", 1) for word in command[1:])
    assert told["web.external-url"] == f"http://{told['web.listen-address']}"


# Rules


def ring(case: Case, series: Mapping[str, str], alerts: list[Any]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": f"{case.minutes}m", "alertname": case.alert, "exp_alerts": alerts}],
    }


def test_each_alert_rings_when_it_should_and_only_then(prometheus: str, tmp_path: Path) -> None:
    assert {case.alert for case in CASES} == set(ALERTS)
    tests = []
    for case in CASES:
        labels = {**case.labels, "severity": case.severity}
        tests.append(ring(case, case.rings, [{"exp_labels": labels, "exp_annotations": {"summary": case.says}}]))
        tests.append(ring(case, case.quiet, []))
    file = tmp_path / "tests.yml"  # JSON is YAML
    file.write_text(json.dumps({"rule_files": [str(path) for path in RULES], "tests": tests}))
    assert "SUCCESS" in promtool(prometheus, "test", "rules", file)


def test_a_service_without_a_failure_fails_in_none_of_its_answers(prometheus: str, tmp_path: Path) -> None:
    """And not in an unknown share: whatever divides by it would be silent."""
    expected = {
        "service:artel_http_requests:rate5m": 2, "service:artel_http_errors:ratio5m": 0,
        "service:artel_inbox_lag_seconds:p95_5m": 0.0975,
    }  # fmt: skip
    test = {
        "interval": "1m",
        "input_series": [
            {"series": 'artel_http_requests_total{service="game",status="200"}', "values": "0+120x10"},
            {"series": 'artel_inbox_lag_seconds_bucket{service="game",le="0.05"}', "values": "0x10"},
            {"series": 'artel_inbox_lag_seconds_bucket{service="game",le="0.1"}', "values": "0+6x10"},
            {"series": 'artel_inbox_lag_seconds_bucket{service="game",le="+Inf"}', "values": "0+6x10"},
        ],
        "promql_expr_test": [
            {"expr": name, "eval_time": "10m", "exp_samples": [{"labels": f'{name}{{service="game"}}', "value": value}]}
            for name, value in expected.items()
        ],
    }
    file = tmp_path / "tests.yml"
    file.write_text(json.dumps({"rule_files": [str(path) for path in RULES], "tests": [test]}))
    promtool(prometheus, "test", "rules", file)


def test_each_alert_has_its_runbook_and_each_runbook_its_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("\n## When an alert comes\n")
    told = re.findall(r"^### (\w+)\n\n(.+)", rest.partition("\n## ")[0], re.MULTILINE)
    assert [alert for alert, _ in told] == ALERTS
    assert all(len(words) > 40 for _, words in told)


def test_each_alert_is_a_page_or_a_ticket_and_speaks_in_a_sentence() -> None:
    text = (HERE / "rules" / "alerts.yml").read_text(encoding="utf-8")
    for alert in re.split(r"^ +- alert: ", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"labels: {severity: (page|ticket)}\n +annotations: {summary: \"[^\n]+\.\"}", alert), alert


# Alertmanager


def filled(to: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return run(HERE / "alertmanager.sh", to, **env)


def bot(folder: Path, token: str = "12:Secret_-x", chat: str = "-100") -> dict[str, str]:  # noqa: S107 nobody's
    for name, value in {"token": token, "chat": chat}.items():
        (folder / name).write_text(f"{value}\n")
    return {"ALERT_BOT_TOKEN_FILE": str(folder / "token"), "ALERT_CHAT_ID_FILE": str(folder / "chat")}


def test_with_a_bot_it_tells_telegram(prometheus: str, tmp_path: Path) -> None:
    assert prometheus
    made = tmp_path / "made.yml"
    assert filled(made, **bot(tmp_path)).returncode == 0
    text = made.read_text()
    for words in (
        "receiver: telegram\n",
        'bot_token: "12:Secret_-x"\n',
        "chat_id: -100\n",
        "https://api.telegram.org\n",
    ):
        assert words in text
    assert "@" not in text
    assert made.stat().st_mode & 0o077 == 0
    assert run("amtool", "check-config", made).returncode == 0


def test_without_a_bot_it_tells_nobody(prometheus: str, tmp_path: Path) -> None:
    assert prometheus
    made = tmp_path / "made.yml"
    assert filled(made, ALERT_BOT_TOKEN_FILE=str(tmp_path / "none")).returncode == 0
    assert "receiver: telegram" not in made.read_text()
    assert run("amtool", "check-config", made).returncode == 0


@pytest.mark.parametrize(
    ("token", "chat", "says"),
    [
        ("12:a|b", "-100", "no token of a bot"),
        ('12:a"', "-100", "no token of a bot"),
        ("12:a", "@channel", "no number of a chat"),
        ("12:a", "-", "no number of a chat"),
    ],
)
def test_what_is_no_bot_is_a_sentence_without_the_secret(tmp_path: Path, token: str, chat: str, says: str) -> None:
    done = filled(tmp_path / "made.yml", **bot(tmp_path, token, chat))
    assert done.returncode == 1
    assert says in done.stderr
    assert token not in done.stderr
    assert not (tmp_path / "made.yml").exists()


@pytest.mark.parametrize(("labels", "receiver"), [("severity=page", "telegram"), ("severity=ticket", "telegram")])
def test_pages_and_tickets_go_their_way(prometheus: str, tmp_path: Path, labels: str, receiver: str) -> None:
    assert prometheus
    filled(tmp_path / "made.yml", **bot(tmp_path))
    told = run("amtool", "config", "routes", "test", f"--config.file={tmp_path / 'made.yml'}", labels)
    assert told.stdout.strip() == receiver


@contextmanager
def alertmanager(folder: Path) -> Iterator[Client]:
    """With the configuration as it is, and nobody to tell."""
    filled(folder / "made.yml")
    at = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus-alertmanager", f"--config.file={folder / 'made.yml'}", f"--storage.path={folder / 'data'}",
        f"--web.listen-address={at}", "--cluster.listen-address=",
    ]  # fmt: skip
    with (folder / "log").open("wb") as words, Client(base_url=f"http://{at}", timeout=10) as client:
        process = subprocess.Popen(command, stdout=words, stderr=words)

        def answers() -> bool:
            with suppress(TransportError):
                return client.get("/-/ready").is_success
            return False

        try:
            wait_for(answers, "Alertmanager", folder / "log")
            yield client
        finally:
            process.kill()
            process.wait()


Labels = dict[str, str]


def labels_of(alert: str, **more: str) -> Labels:
    """As Prometheus tells them, which is proved above."""
    case = next(case for case in CASES if case.alert == alert)
    return {"alertname": alert, "severity": case.severity, **case.labels, **more}


STATS, GAME = {"service": "stats"}, {"service": "game"}
CAUSES = {  # and what follows from each, and what does not
    "ServiceDown": (
        labels_of("ServiceDown", **STATS),
        [labels_of("ProcessDown", **STATS), labels_of("QueueUnread"), labels_of("GatewayTurnsAway")],
        [labels_of("ProcessDown", **GAME), labels_of("GatewayTurnsAway", **GAME), labels_of("ProcessRestarts")],
    ),
    "QueueUnread": (
        labels_of("QueueUnread"),
        [labels_of("QueueGrows"), labels_of("InboxLate", **STATS)],
        [labels_of("InboxLate", **GAME)],
    ),
    "PostgresDown": (
        labels_of("PostgresDown"),
        [labels_of("PartUnreachable"), labels_of("OutboxStuck"), labels_of("ServiceErrors")],
        [labels_of("ServiceDown"), labels_of("GatewayDown")],
    ),
    "RabbitDown": (
        labels_of("RabbitDown"),
        [labels_of("WatchBlind", job="queues"), labels_of("QueueUnread")],
        [labels_of("WatchBlind", job="node")],
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_follows_from_another_is_silent(prometheus: str, tmp_path: Path, cause: str) -> None:
    assert prometheus
    first, follows, stands = CAUSES[cause]
    with alertmanager(tmp_path) as client:
        said = [{"labels": labels} for labels in (first, *follows, *stands)]
        client.post("/api/v2/alerts", json=said).raise_for_status()

        def silent() -> list[Labels]:
            heard = client.get("/api/v2/alerts").json()
            return [alert["labels"] for alert in heard if alert["status"]["inhibitedBy"]]

        wait_for(lambda: all(labels in silent() for labels in follows), f"silence about what follows from {cause}")
        assert not [labels for labels in (first, *stands) if labels in silent()]
