"""For each alert: series with which it rings, what it says then, and series with which it does not. In minutes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

Series = Mapping[str, str]
TAP = 'service="game",route="/api/v1/sessions/{session_id}/events"'


class Case(NamedTuple):
    alert: str
    rings: Series
    says: str
    labels: Mapping[str, str]  # beside the severity
    quiet: Series
    severity: str = "page"
    minutes: int = 15


def histogram(name: str, labels: str, below: float, above: float, minutes: int = 30) -> dict[str, str]:
    """Sixty answers a minute, all between the two."""
    said = f"{labels}," if labels else ""
    counts = {f"{below}": f"0x{minutes}", f"{above}": f"0+60x{minutes}", "+Inf": f"0+60x{minutes}"}
    return {f'{name}_bucket{{{said}le="{le}"}}': values for le, values in counts.items()}


def down(job: str) -> tuple[Series, Series, dict[str, str]]:
    up = f'up{{job="{job}",instance="a:1"}}'
    return {up: "1 0x30"}, {up: "1 0 1x30"}, {"job": job, "instance": "a:1"}


OF_A_PROCESS = {"job": "artel", "instance": "a:1", "process": "game-2"}
OF_A_QUEUE = {"queue": "artel.stats", "service": "stats"}


def of_a_process(metric: str) -> str:
    return f'{metric}{{job="artel",instance="a:1",process="game-2"}}'


def _of_services() -> Iterator[Case]:
    up, began = of_a_process("up"), of_a_process("process_start_time_seconds")
    yield Case(
        "ProcessDown", {up: "1 0x30"}, "The process game-2 does not answer.",
        {**OF_A_PROCESS, "service": "game"}, {up: "1 0 1x30"},
    )  # fmt: skip
    died = {began: "1 2 _ 3 3 4x30"}  # a scrape found nobody
    of_an_update = {began: "1x5 2 _ 3x30", began.replace("game-2", "game").replace("a:1", "b:1"): "1x5 2 3x30"}
    yield Case(
        "ProcessRestarts", died, "The process game-2 has started anew 3 times in a quarter of an hour.", OF_A_PROCESS,
        of_an_update, "ticket", minutes=14,
    )  # fmt: skip
    first, second = (f'artel_reachable{{service="game",part="database",instance="{name}"}}' for name in "ab")
    one_gone = {first: "1 1 stale", second: "1x30"}
    yield Case(
        "ServiceDown", {first: "1 1 stale", second: "1 1 1 stale"}, "No process of game is left.",
        {"service": "game"}, one_gone,
    )  # fmt: skip
    yield Case("ServiceDown", {first: "1 1 stale _x11 1x30"}, "No process of game is left.", {"service": "game"}, {})
    good, bad = (f'artel_http_requests_total{{service="game",status="{status}"}}' for status in (200, 500))
    yield Case(
        "ServiceErrors", {good: "0+50x30", bad: "0+50x30"}, "game fails in 50% of its answers.",
        {"service": "game"}, {good: "0+500x30", bad: "0+5x30"},
    )  # fmt: skip
    unready = 'artel_http_requests_total{service="game",status="503",route="/readyz"}'
    yield Case(
        "ServiceErrors", {good: "0+50x30", bad: "0+50x30"}, "game fails in 50% of its answers.",
        {"service": "game"}, {good: "0+50x30", unready: "0+50x30"},
    )  # fmt: skip
    yield Case(
        "AnswersSlow", histogram("artel_http_seconds", 'service="game",route="/x"', 1, 2.5),
        "One in a hundred waits 2.485s for game.", {"service": "game"},
        histogram("artel_http_seconds", 'service="game",route="/x"', 0.5, 1), "ticket",
    )  # fmt: skip
    memory = of_a_process("process_resident_memory_bytes")
    yield Case(
        "ProcessLarge", {memory: "2000000000x30"}, "The process game-2 has 1.863GiB of memory.", OF_A_PROCESS,
        {memory: "200000000x30"}, "ticket",
    )  # fmt: skip
    store = 'artel_reachable{service="game",part="store",instance="a"}'
    yield Case(
        "PartUnreachable", {store: "1 0x30"}, "game does not reach its store.", {"service": "game", "part": "store"},
        {store: "1 0 1x30"},
    )  # fmt: skip
    used, limit = (f'artel_database_connections{name}{{service="game",instance="a"}}' for name in ("", "_limit"))
    yield Case(
        "ConnectionsUsedUp", {used: "10x30", limit: "10x30"}, "game uses 100% of its database connections.",
        {"service": "game"}, {used: "5x30", limit: "10x30"}, "ticket",
    )  # fmt: skip


def _of_play() -> Iterator[Case]:
    yield Case(
        "TapsSlow", histogram("artel_http_seconds", TAP, 0.25, 0.5), "One tap in a hundred takes 497.5ms.",
        {"service": "game", "route": "/api/v1/sessions/{session_id}/events"},
        histogram("artel_http_seconds", 'service="game",route="/api/v1/sessions"', 0.25, 0.5),
    )  # fmt: skip
    yield Case(
        "CommitsSlow", histogram("artel_game_commit_seconds", "", 0.1, 0.25),
        "One commit of the log in a hundred takes 248.5ms.", {},
        histogram("artel_game_commit_seconds", "", 0.05, 0.1), "ticket",
    )  # fmt: skip
    yield Case(
        "FanOutSlow", histogram("artel_game_fan_out_seconds", "", 0.25, 0.5),
        "Whoever looks on sees a tap 497.5ms after its commit.", {},
        histogram("artel_game_fan_out_seconds", "", 0.1, 0.25), "ticket",
    )  # fmt: skip
    fenced = 'artel_game_fenced_total{instance="a"}'
    yield Case(
        "TablesFoughtOver", {fenced: "0+120x30"}, "Processes get in each other's way 2 times a second.", {},
        {fenced: "0+6x30"}, "ticket", minutes=20,
    )  # fmt: skip


def _between_services() -> Iterator[Case]:
    age = 'artel_outbox_age_seconds{service="game",box="log",instance="a"}'
    yield Case(
        "OutboxStuck", {age: "0+30x30"}, "An event of game (log) has waited 3m 30s.",
        {"service": "game", "box": "log"}, {age: "0 90 0x30"}, minutes=7,
    )  # fmt: skip
    lost = 'artel_outbox_given_up{service="game",instance="a"}'
    yield Case(
        "EventsGivenUp", {lost: "3x30"}, "3 events of game will not be published any more.", {"service": "game"},
        {lost: "0x30"}, "ticket",
    )  # fmt: skip
    yield Case(
        "InboxLate", histogram("artel_inbox_lag_seconds", 'service="stats"', 15, 60),
        "stats is 57.75s behind what happens.", {"service": "stats"},
        histogram("artel_inbox_lag_seconds", 'service="stats"', 5, 15), "ticket",
    )  # fmt: skip
    held, dead, readers, ready = (
        f'rabbitmq_detailed_queue_{name}{{vhost="/",queue="{queue}"}}'
        for name, queue in (
            ("messages", "artel.stats"), ("messages", "artel.stats.dead"), ("consumers", "artel.stats"),
            ("messages_ready", "artel.stats"),
        )
    )  # fmt: skip
    yield Case(
        "DeadLetters", {dead: "0 2x30"}, "2 dead letters in artel.stats.dead.", {"queue": "artel.stats.dead"},
        {held: "2x30"}, "ticket",
    )  # fmt: skip
    of_the_dead = readers.replace("artel.stats", "artel.stats.dead")
    yield Case(
        "QueueUnread", {readers: "1 0x30"}, "Nobody reads artel.stats.", OF_A_QUEUE,
        {readers: "1 0 1x30", of_the_dead: "0x30"},
    )  # fmt: skip
    yield Case(
        "QueueGrows", {ready: "5000x30"}, "5000 events wait in artel.stats.", OF_A_QUEUE,
        {ready: "5000 5000 0x30"}, "ticket",
    )  # fmt: skip


def _of_letters() -> Iterator[Case]:
    age = 'artel_letters_age_seconds{service="notification",instance="a"}'
    yield Case(
        "LettersStuck", {age: "0+60x30"}, "A message to somebody in Telegram has waited 15m 0s.",
        {"service": "notification"}, {age: "0+60x9 0x20"}, "ticket", minutes=15,
    )  # fmt: skip
    refused = 'artel_bot_refused{service="notification",instance="a"}'
    yield Case(
        "BotRefused", {refused: "0 1x30"}, "Telegram knows no bot with the token of notification.",
        {"service": "notification"}, {refused: "0 1 0x30"}, "ticket",
    )  # fmt: skip


def _of_the_gateway() -> Iterator[Case]:
    def requests(status: int, by: str = "gateway") -> str:
        return f'artel_gateway_requests_total{{service="stats",status="{status}",by="{by}"}}'

    rings, quiet, labels = down("gateway")
    yield Case("GatewayDown", rings, "The gateway does not answer.", labels, quiet)
    yield Case(
        "GatewayTurnsAway", {requests(503): "0+60x30"}, "The gateway answers for stats, which does not.",
        {"service": "stats"}, {requests(503, "service"): "0+60x30", requests(503): "0+60x13 780x20"},
    )  # fmt: skip
    yield Case(
        "ManyLimited", {requests(429): "0+60x30", requests(200): "0+60x30"},
        "50% of all requests are too many for their limit.", {},
        {requests(429): "0+2x30", requests(200): "0+60x30"}, "ticket",
    )  # fmt: skip
    yield Case(
        "ManyForged", {requests(401): "0+600x30"}, "10 requests a second have no good token.", {},
        {requests(401): "0+60x30"}, "ticket",
    )  # fmt: skip


def _of_what_they_stand_on() -> Iterator[Case]:
    rings, quiet, labels = down("rabbitmq")
    yield Case("RabbitDown", rings, "RabbitMQ does not answer.", labels, quiet)
    for name, job, metric in (("PostgreSQL", "postgres", "pg_up"), ("Redis", "redis", "redis_up")):
        rings, quiet, labels = down(job)
        alert, says = f"{job.title()}Down", f"{name}, or who watches it, does not answer."
        yield Case(alert, rings, says, labels, quiet)
        seen = {f'{metric}{{job="{job}",instance="a:1"}}': "1 0x30"}
        yield Case(alert, seen, says, labels, quiet)
    backends, most = (
        'pg_stat_database_numbackends{instance="p",datname="x"}',
        'pg_settings_max_connections{instance="p"}',
    )
    yield Case(
        "PostgresFull", {backends: "90x30", most: "100x30"}, "90% of PostgreSQL's connections are taken.",
        {"instance": "p"}, {backends: "70x30", most: "100x30"}, "ticket",
    )  # fmt: skip
    alarm = 'rabbitmq_alarms_{}_watermark{{instance="r"}}'.format
    calm = {alarm("memory_used"): "0x30", alarm("free_disk_space"): "0x30"}
    for name in ("memory_used", "free_disk_space"):
        yield Case(
            "RabbitAlarm", {**calm, alarm(name): "0 1x30"},
            "RabbitMQ takes nothing: it is short of memory or of disk.", {"instance": "r"}, calm,
        )  # fmt: skip
    yield Case(
        "RedisForgets", {"redis_evicted_keys_total": "0+60x30"}, "Redis drops what it was to keep.", {},
        {"redis_evicted_keys_total": "5x30"}, "ticket",
    )  # fmt: skip


def _of_the_host() -> Iterator[Case]:
    left, size = (f'node_filesystem_{name}_bytes{{mountpoint="/",fstype="ext4"}}' for name in ("avail", "size"))
    in_memory = {name.replace("ext4", "tmpfs"): values for name, values in {left: "5x30", size: "100x30"}.items()}
    yield Case(
        "DiskFull", {left: "5x30", size: "100x30"}, "/ has 5% left.", {"mountpoint": "/", "fstype": "ext4"},
        {**in_memory, left: "50x30", size: "100x30"},
    )  # fmt: skip
    free, all_ = "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"
    yield Case(
        "MemoryShort", {free: "5x30", all_: "100x30"}, "5% of the host's memory is left.", {},
        {free: "20x30", all_: "100x30"}, "ticket",
    )  # fmt: skip
    off = "node_timex_offset_seconds"
    yield Case("ClockWrong", {off: "-2x30"}, "The host's clock is 2s off.", {}, {off: "0.1x30"}, "ticket")
    rings, quiet, labels = down("node")
    yield Case("WatchBlind", rings, "node cannot be asked.", labels, quiet, "ticket")
    failed = 'alertmanager_notifications_failed_total{integration="telegram"}'
    yield Case(
        "AlertsUnheard", {failed: "0+1x30"}, "Alerts do not get through to telegram.", {"integration": "telegram"},
        {failed: "3x30"},
    )  # fmt: skip


CASES = [
    *_of_services(), *_of_play(), *_between_services(), *_of_letters(), *_of_the_gateway(),
    *_of_what_they_stand_on(), *_of_the_host(),
]  # fmt: skip
