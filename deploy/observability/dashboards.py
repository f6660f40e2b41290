"""Grafana's dashboards, as a program: `make dashboards` writes them into the folder of that name beside it."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "prometheus"}
TAP = 'route="/api/v1/sessions/{session_id}/events"'
QUEUES = r'queue=~"artel\\.[a-z]+"'
DEAD = r'queue=~"artel\\.[a-z]+\\.dead"'
OURS = 'group by (instance, service) (artel_reachable{part="database"})'


@dataclass(frozen=True)
class Panel:
    """`asked`: legend → expression."""

    title: str
    asked: Mapping[str, str]
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    width: int = 8

    @property
    def height(self) -> int:
        return 4 if self.kind == "stat" else 8

    def json(self, number: int, x: int, y: int) -> dict[str, Any]:
        targets = [
            {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
            for place, (legend, expr) in enumerate(self.asked.items())
        ]
        return {
            "id": number, "type": self.kind, "title": self.title, "datasource": SOURCE, "targets": targets,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": {"unit": self.unit, "min": 0}, "overrides": []},
            "options": {} if self.kind == "stat" else {"tooltip": {"mode": "multi", "sort": "desc"}},
        }  # fmt: skip


def stat(title: str, expr: str, unit: str = "short", width: int = 4) -> Panel:
    return Panel(title, {"": expr}, unit, "stat", width)


@dataclass(frozen=True)
class Dashboard:
    """`rows`: heading → panels; `chosen`: variable → what lists its values."""

    uid: str
    title: str
    rows: Mapping[str, Sequence[Panel]]
    chosen: Mapping[str, str] | None = None

    def json(self) -> dict[str, Any]:
        chosen = [
            {
                "name": name, "type": "query", "datasource": SOURCE, "definition": query, "refresh": 2, "sort": 1,
                "query": {"query": query, "refId": name}, "includeAll": False, "multi": False,
            }
            for name, query in (self.chosen or {}).items()
        ]  # fmt: skip
        return {
            "uid": f"artel-{self.uid}", "title": f"Artel: {self.title}", "tags": ["artel"], "schemaVersion": 38,
            "version": 1, "editable": False, "refresh": "15s", "timezone": "browser",
            "time": {"from": "now-1h", "to": "now"}, "templating": {"list": chosen}, "annotations": {"list": [ALERTS]},
            "links": [{"type": "dashboards", "tags": ["artel"], "title": "Artel", "keepTime": True}],
            "panels": list(self._laid_out()),
        }  # fmt: skip

    def _laid_out(self) -> Iterator[dict[str, Any]]:
        """From left to right, and from above, under the heading of its row."""
        number = y = 0
        for heading, panels in self.rows.items():
            number += 1
            yield {
                "id": number, "type": "row", "title": heading, "collapsed": False, "panels": [],
                "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y},
            }  # fmt: skip
            x, y, tallest = 0, y + 1, 0
            for panel in panels:
                number += 1
                if x + panel.width > WIDTH:
                    x, y, tallest = 0, y + tallest, 0
                yield panel.json(number, x, y)
                x, tallest = x + panel.width, max(tallest, panel.height)
            y += tallest


ALERTS = {
    "name": "alerts", "enable": True, "iconColor": "red", "datasource": SOURCE, "titleFormat": "{{alertname}}",
    "expr": 'ALERTS{alertstate="firing", severity="page"}', "textFormat": "{{service}} {{process}}",
}  # fmt: skip


# Words that come back


def rate(counter: str, by: str, /, **only: str) -> str:
    return f"sum by ({by}) (rate({counter}{_labels(only)}[$__rate_interval]))"


def quantile(share: float, histogram: str, by: str = "", /, **only: str) -> str:
    groups = ", ".join(filter(None, (by, "le")))
    inside = f"sum by ({groups}) (rate({histogram}_bucket{_labels(only)}[$__rate_interval]))"
    return f"histogram_quantile({share}, {inside})"


def middle_and_worst(histogram: str, by: str = "", /, **only: str) -> dict[str, str]:
    legend = f"{{{{{by}}}}} " if by else ""
    return {
        f"{legend}p{name}": quantile(share, histogram, by, **only) for name, share in {"50": 0.5, "99": 0.99}.items()
    }


def an_hour(topic: str) -> str:
    return f'sum(increase(artel_events_emitted_total{{topic="artel.{topic}.v1"}}[1h]))'


def failures(counter: str, of: str, by: str, /, **only: str) -> str:
    """A counter that begins with the first failure: nought until then."""
    return f"{rate(counter, by, **only)} or 0 * {rate(of, by, **only)}"


def process(metric: str) -> str:
    """By service: what every program says of itself does not name one."""
    return f"{metric} * on (instance) group_right {OURS}"


def of_service(metric: str, service: str) -> str:
    """By process; others may have the same without ever using it."""
    return f'{metric} * on (process) group by (process) (artel_reachable{{service="{service}"}})'


def _labels(only: Mapping[str, str]) -> str:
    said = ", ".join(f'{name}="{value}"' for name, value in only.items())
    return f"{{{said}}}" if said else ""


OVERVIEW = Dashboard(
    "overview",
    "overview",
    {
        "Now": [
            stat("Alerts that call people", 'count(ALERTS{alertstate="firing", severity="page"}) or vector(0)'),
            stat("Processes that answer", 'sum(up{job="artel"})'),
            stat("Taps a second", "artel:game_events_written:rate5m", "ops"),
            stat("A tap, one in a hundred", f"service_route:artel_http_seconds:p99_5m{{{TAP}}}", "s"),
            stat("Live sockets", "sum(artel_game_sockets)"),
            stat("Sessions open", "max(artel_game_sessions_open)"),
        ],
        "What people get": [
            Panel("Requests", {"{{service}}": "service:artel_gateway_requests:rate5m"}, "reqps"),
            Panel("Share of answers that fail", {"{{service}}": "service:artel_http_errors:ratio5m"}, "percentunit"),
            Panel("Slowest in a hundred", {"{{service}}": "service:artel_http_seconds:p99_5m"}, "s"),
            Panel("Answers at the gateway", {"{{status}}": rate("artel_gateway_requests_total", "status")}, "reqps"),
            Panel(
                "Made by the gateway itself",
                {"{{service}} {{status}}": rate("artel_gateway_requests_total", "service, status", by="gateway")},
                "reqps",
            ),
            Panel("Time at the gateway", middle_and_worst("artel_gateway_seconds"), "s"),
        ],
        "What it stands on": [
            Panel("Reached", {"{{service}} {{part}}": "min by (service, part) (artel_reachable)"}),
            Panel(
                "Oldest event that waits",
                {"{{service}} {{box}}": "max by (service, box) (artel_outbox_age_seconds)"},
                "s",
            ),
            Panel("Behind what happens", {"{{service}}": "service:artel_inbox_lag_seconds:p95_5m"}, "s"),
            Panel(
                "Processor",
                {"{{service}}": process("rate(process_cpu_seconds_total[$__rate_interval])")},
                "percentunit",
            ),
            Panel("Memory", {"{{service}}": process("process_resident_memory_bytes")}, "bytes"),
            Panel(
                "Disk left",
                {
                    "{{mountpoint}}": 'min by (mountpoint) (node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|squashfs"}'
                    " / node_filesystem_size_bytes)"
                },
                "percentunit",
            ),
        ],
    },
)
OF_IT = {"service": "$service"}
SERVICE = Dashboard(
    "service",
    "a service",
    {
        "Answers": [
            Panel(
                "Requests",
                {"{{method}} {{route}}": rate("artel_http_requests_total", "method, route", **OF_IT)},
                "reqps",
            ),
            Panel("By status", {"{{status}}": rate("artel_http_requests_total", "status", **OF_IT)}, "reqps"),
            Panel("Slowest in a hundred", {"{{route}}": quantile(0.99, "artel_http_seconds", "route", **OF_IT)}, "s"),
            Panel("In the middle", {"{{route}}": quantile(0.5, "artel_http_seconds", "route", **OF_IT)}, "s"),
            Panel(
                "Time spent, by route",
                {"{{route}}": rate("artel_http_seconds_sum", "route", **OF_IT)},
                "percentunit",
            ),
            Panel(
                "At the gateway",
                {"{{status}} {{by}}": rate("artel_gateway_requests_total", "status, by", **OF_IT)},
                "reqps",
            ),
        ],
        "Events": [
            Panel("Told", {"{{topic}}": rate("artel_events_emitted_total", "topic", **OF_IT)}, "ops"),
            Panel(
                "Could not be told",
                {"{{topic}}": failures("artel_events_failed_total", "artel_events_emitted_total", "topic", **OF_IT)},
                "ops",
            ),
            Panel("Waiting to be told", {"{{box}}": 'max by (box) (artel_outbox_depth{service="$service"})'}),
            Panel("Taken", {"{{topic}}": rate("artel_events_taken_total", "topic", **OF_IT)}, "ops"),
            Panel("Could not be taken", {"{{topic}}": rate("artel_events_refused_total", "topic", **OF_IT)}, "ops"),
            Panel("Behind what happens", middle_and_worst("artel_inbox_lag_seconds", **OF_IT), "s"),
        ],
        "Itself": [
            Panel(
                "Database connections",
                {
                    "{{process}}": 'artel_database_connections{service="$service"}',
                    "limit": 'min(artel_database_connections_limit{service="$service"})',
                },
            ),
            Panel("Reached", {"{{part}} {{process}}": 'artel_reachable{service="$service"}'}),
            Panel(
                "Processor",
                {"{{process}}": of_service("rate(process_cpu_seconds_total[$__rate_interval])", "$service")},
                "percentunit",
            ),
            Panel(
                "Memory",
                {"{{process}}": of_service("process_resident_memory_bytes", "$service")},
                "bytes",
            ),
            Panel(
                "Open files",
                {"{{process}}": of_service("process_open_fds", "$service")},
            ),
            Panel(
                "Started anew in a quarter of an hour",
                {"{{process}}": of_service("changes(process_start_time_seconds[15m])", "$service")},
            ),
        ],
    },
    {"service": "label_values(artel_reachable, service)"},
)
LIVE = Dashboard(
    "live",
    "live play",
    {
        "Taps": [
            Panel("Written", {"": "sum(rate(artel_game_events_written_total[$__rate_interval]))"}, "ops"),
            Panel(
                "Answered",
                {"{{status}}": f"sum by (status) (rate(artel_http_requests_total{{{TAP}}}[$__rate_interval]))"},
                "reqps",
            ),
            Panel(
                "From the tap to its answer",
                middle_and_worst("artel_http_seconds", route="/api/v1/sessions/{session_id}/events"),
                "s",
            ),
            Panel("A commit", middle_and_worst("artel_game_commit_seconds"), "s"),
            Panel(
                "Events a commit",
                {
                    "": "sum(rate(artel_game_commit_rows_sum[$__rate_interval]))"
                    " / sum(rate(artel_game_commit_rows_count[$__rate_interval]))"
                },
            ),
            Panel("Another process was ahead", {"": "sum(rate(artel_game_fenced_total[$__rate_interval]))"}, "ops"),
        ],
        "Looking on": [
            Panel(
                "Open sockets",
                {"{{process}}": of_service("artel_game_sockets", "game")},
            ),
            Panel("From the commit to every socket", middle_and_worst("artel_game_fan_out_seconds"), "s"),
            Panel(
                "Sockets opened",
                {
                    "": 'sum(rate(artel_gateway_requests_total{service="game", status="101"}[$__rate_interval]))'
                    " or 0 * sum(rate(artel_gateway_requests_total[$__rate_interval]))"
                },
                "ops",
            ),
        ],
        "Sessions": [
            Panel(
                "In memory",
                {"{{process}}": of_service("artel_game_owners", "game")},
            ),
            Panel("Open", {"": "max(artel_game_sessions_open)"}),
            Panel("Not told yet, oldest", {"{{box}}": 'max by (box) (artel_outbox_age_seconds{service="game"})'}, "s"),
        ],
    },
)
BROKER = Dashboard(
    "broker",
    "broker, store and databases",
    {
        "Queues": [
            Panel("Waiting", {"{{queue}}": f"max by (queue) (rabbitmq_detailed_queue_messages_ready{{{QUEUES}}})"}),
            Panel(
                "Taken, not done",
                {"{{queue}}": f"max by (queue) (rabbitmq_detailed_queue_messages_unacked{{{QUEUES}}})"},
            ),
            Panel("Dead letters", {"{{queue}}": f"max by (queue) (rabbitmq_detailed_queue_messages{{{DEAD}}})"}),
            Panel("Readers", {"{{queue}}": f"max by (queue) (rabbitmq_detailed_queue_consumers{{{QUEUES}}})"}),
            Panel(
                "Events",
                {
                    "in": "sum(rate(rabbitmq_global_messages_received_total[$__rate_interval]))",
                    "out": "sum(rate(rabbitmq_global_messages_delivered_total[$__rate_interval]))",
                    "again": "sum(rate(rabbitmq_global_messages_redelivered_total[$__rate_interval]))",
                },
                "ops",
            ),
            Panel(
                "Told and taken",
                {
                    "told": "sum(rate(artel_events_emitted_total[$__rate_interval]))",
                    "taken": "sum(rate(artel_events_taken_total[$__rate_interval]))",
                },
                "ops",
            ),
        ],
        "Telegram": [
            Panel("Messages", {"{{outcome}}": rate("artel_letters_total", "outcome")}, "ops"),
            Panel("Waiting", {"": "max(artel_letters_waiting)"}),
            Panel("Oldest that waits", {"": "max(artel_letters_age_seconds)"}, "s"),
        ],
        "RabbitMQ": [
            Panel("Connections", {"connections": "sum(rabbitmq_connections)", "channels": "sum(rabbitmq_channels)"}),
            Panel(
                "Memory",
                {
                    "used": "sum(rabbitmq_process_resident_memory_bytes)",
                    "limit": "sum(rabbitmq_resident_memory_limit_bytes)",
                },
                "bytes",
            ),
            Panel(
                "Alarms",
                {
                    "memory": "max(rabbitmq_alarms_memory_used_watermark)",
                    "disk": "max(rabbitmq_alarms_free_disk_space_watermark)",
                },
            ),
        ],
        "Redis": [
            Panel("Commands", {"": "sum(rate(redis_commands_processed_total[$__rate_interval]))"}, "ops"),
            Panel("Memory", {"used": "sum(redis_memory_used_bytes)"}, "bytes"),
            Panel(
                "Keys",
                {
                    "kept": "sum(redis_db_keys)",
                    "dropped a second": "sum(rate(redis_evicted_keys_total[$__rate_interval]))",
                },
            ),
        ],
        "PostgreSQL": [
            Panel(
                "Connections",
                {
                    "{{datname}}": 'sum by (datname) (pg_stat_database_numbackends{datname=~"artel_.+"})',
                    "limit": "max(pg_settings_max_connections)",
                },
            ),
            Panel(
                "Transactions",
                {
                    "{{datname}}": 'sum by (datname) (rate(pg_stat_database_xact_commit{datname=~"artel_.+"}'
                    "[$__rate_interval]))"
                },
                "ops",
            ),
            Panel("Size", {"{{datname}}": 'max by (datname) (pg_database_size_bytes{datname=~"artel_.+"})'}, "bytes"),
        ],
    },
)
BUSINESS = Dashboard(
    "business",
    "business",
    {
        "Now": [
            stat("Sessions open", "max(artel_game_sessions_open)", width=6),
            stat("Games in the last hour", "artel:games_finished:increase1h", width=6),
            stat("Who look on", "sum(artel_game_sockets)", width=6),
            stat("Notifications in the last hour", "sum(increase(artel_notifications_total[1h]))", width=6),
        ],
        "An hour": [
            Panel("Games", {"begun": an_hour("game.started"), "over": an_hour("game.finished")}),
            Panel("Sessions", {"begun": an_hour("session.created"), "over": an_hour("session.finished")}),
            Panel("People who joined", {"": an_hour("session.player_joined")}),
            Panel("New users", {"": an_hour("user.registered")}),
            Panel("Notifications", {"{{kind}}": "sum by (kind) (increase(artel_notifications_total[1h]))"}),
            Panel("Friendships", {"asked": an_hour("friend.requested"), "made": an_hour("friend.accepted")}),
        ],
    },
)
ALL = (OVERVIEW, SERVICE, LIVE, BROKER, BUSINESS)


def files() -> dict[str, str]:
    """File name → text."""
    return {f"{each.uid}.json": json.dumps(each.json(), indent=1, ensure_ascii=False) + "\n" for each in ALL}


def write(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
