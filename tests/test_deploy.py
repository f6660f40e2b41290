"""What deploy/ says about containers, as far as it can be known without an engine."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, combinations
from pathlib import Path
from threading import Thread
from typing import Any
from zipfile import ZipFile

import pytest

from artel.compose import SERVICES
from artel.gateway import Place
from artel.kernel.settings import Settings
from artel.secret_files import BOT, write_secrets

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
OVERLAYS = ("dev", "observability", "logs")
ALL = ("observability", "logs")
BIN = Path(sys.executable).parent
STEPS = {*(f"{name}-migrate" for name in SERVICES), "secrets", "artel", "logs-setup"}
WRITES_ITSELF = {"elasticsearch", "logstash", "kibana"}  # their images write configuration when they start
ROOTS = {"logstash"}  # the engine's log files are root's
Config = Mapping[str, Any]


def compose(*overlays: str, **env: str) -> subprocess.CompletedProcess[str]:
    files = chain.from_iterable(("--file", str(DEPLOY / name)) for name in _files(overlays))
    command = [str(BIN / "docker-compose"), "--env-file", os.devnull, *files, "--profile", "*", "config"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ARTEL_", "COMPOSE_"))}
    return subprocess.run(
        [*command, "--format", "json"], check=False, capture_output=True, text=True, env={**clean, **env}
    )


def _files(overlays: Sequence[str]) -> list[str]:
    return ["compose.yaml", *(f"compose.{name}.yaml" for name in overlays)]


@cache
def config(*overlays: str) -> Config:
    done = compose(*overlays, ARTEL_PUBLIC_URL="https://artel.example")
    assert done.returncode == 0, done.stderr
    found: Config = json.loads(done.stdout)
    return found


def services(*overlays: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = config(*overlays)["services"]
    return found


EACH = sorted(services(*ALL))
SETS = list(chain.from_iterable(combinations(OVERLAYS, count) for count in range(len(OVERLAYS) + 1)))


# The whole


@pytest.mark.parametrize("overlays", SETS, ids="+".join)
def test_whatever_is_laid_over_it_it_can_be_read(overlays: tuple[str, ...]) -> None:
    assert {*SERVICES, "gateway", "rabbitmq", "redis"} <= services(*overlays).keys()


def test_each_service_has_a_database_and_a_step_that_comes_before_it() -> None:
    found = services()
    assert found.keys() == {*SERVICES, *STEPS, *(f"{name}-db" for name in SERVICES), "gateway", "rabbitmq", "redis"} - {
        "logs-setup"
    }
    for name in SERVICES:
        assert found[name]["command"] == ["serve", name]
        assert found[f"{name}-migrate"]["command"] == ["migrate", name]
        waits = {other: how["condition"] for other, how in found[name]["depends_on"].items()}
        assert waits == {
            f"{name}-migrate": "service_completed_successfully", "rabbitmq": "service_healthy",
            "redis": "service_healthy",
        }  # fmt: skip
        assert found[f"{name}-migrate"]["depends_on"][f"{name}-db"]["condition"] == "service_healthy"
    assert found["gateway"]["depends_on"].keys() == set(SERVICES)
    assert {how["condition"] for how in found["gateway"]["depends_on"].values()} == {"service_healthy"}


def test_a_database_is_reached_by_its_service_alone() -> None:
    found = services(*ALL)
    networks = config(*ALL)["networks"]
    for name in SERVICES:
        there = {other for other, each in found.items() if f"{name}-data" in (each.get("networks") or {})}
        assert there == {name, f"{name}-db", f"{name}-migrate", f"{name}-db-exporter", "artel"}
        assert found[f"{name}-db"]["networks"].keys() == {f"{name}-data"}
        assert networks[f"{name}-data"]["internal"]
        outside = {"auth": {BOT, "telegram.client", "google.client"}, "notification": {BOT}}.get(name, set())
        assert {each["source"] for each in found[name]["secrets"]} == {
            f"{name}.url",
            "bus.url",
            "store.url",
            *outside,
        }
    for network, alone in {"providers": "auth", "bot": "notification"}.items():
        assert {name for name, each in found.items() if network in (each.get("networks") or {})} == {alone}
        assert not networks[network].get("internal")
    assert {name for name, each in networks.items() if not each.get("internal")} == {"world", "providers", "bot"}
    assert all(networks[name]["internal"] for name in ("front", "back", "watch", "logs"))


def test_who_asks_all_of_them_runs_only_while_he_is_asked() -> None:
    """`docker compose run artel doctor`, `verify`, `dead-letters`."""
    each = services()["artel"]
    assert each["profiles"] == ["tools"]
    folder = each["environment"]["ARTEL_DATABASES_DIR"]
    given = {str(Path("/run/secrets", secret["target"])) for secret in each["secrets"]}
    assert {f"{folder}/{name}.url" for name in SERVICES} <= given


def test_one_port_is_open_to_the_world_if_it_is_to_be() -> None:
    opened = {name: each["ports"] for name, each in services(*ALL).items() if each.get("ports")}
    assert opened.keys() == {"gateway", "prometheus", "alertmanager", "grafana", "jaeger", "kibana"}
    assert {port["host_ip"] for ports in opened.values() for port in ports} == {"127.0.0.1"}
    world = json.loads(compose(*ALL, ARTEL_PUBLIC_URL="https://a.example", ARTEL_HOST="192.0.2.1").stdout)["services"]
    assert [name for name in opened if world[name]["ports"][0]["host_ip"] == "192.0.2.1"] == ["gateway"]


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_links_in_alerts_lead_to_the_open_port(name: str) -> None:
    each = services(*ALL)[name]
    [port] = each["ports"]
    assert f"--web.external-url=http://{port['host_ip']}:{port['published']}" in " ".join(each["command"]).split()


# Each part


@pytest.mark.parametrize("name", EACH)
def test_it_is_shut_in(name: str) -> None:
    each = services(*ALL)[name]
    assert each.get("read_only") is not (name in WRITES_ITSELF)
    assert each["cap_drop"] == ["ALL"]
    assert not each.get("cap_add")
    assert not each.get("privileged")
    assert each["security_opt"] == ["no-new-privileges:true"]
    limits = each["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory", "pids"}
    assert int(limits["memory"]) <= 2 * 2**30


def test_taps_come_first() -> None:
    """Of the processor, where all want more than there is: what follows from a game may wait."""
    behind = {name for name, each in services(*ALL).items() if each.get("cpu_shares")}
    assert behind == {"stats", "stats-db", "notification", "notification-db"}


@pytest.mark.parametrize("name", EACH)
def test_it_is_nobody_of_importance(name: str) -> None:
    """Ours by their image, the others by a word here."""
    each = services(*ALL)[name]
    user = each.get("user", "")
    if re.match("artel(-gateway)?(-traced)?:", each["image"]):
        assert user == ""
    else:
        assert user.split(":")[0] not in ({"", "root"} if name in ROOTS else {"", "root", "0"})


@pytest.mark.parametrize("name", EACH)
def test_it_lives_again_and_is_watched_and_its_words_do_not_fill_the_disk(name: str) -> None:
    each = services(*ALL)[name]
    assert each["restart"] == ("no" if name in STEPS else "unless-stopped")
    health = each.get("healthcheck")
    if name in STEPS:
        assert health["disable"]
    elif not each["image"].startswith("artel"):  # ours have it in the image
        assert health["test"]
    options = each["logging"]["options"]
    assert each["logging"]["driver"] == "json-file"
    assert options.keys() == {"max-size", "max-file", "tag"}


@pytest.mark.parametrize("name", EACH)
def test_its_image_is_of_one_version(name: str) -> None:
    image = services(*ALL)[name]["image"]
    assert re.search(r":v?\d+\.\d+\.?\d*(-\w+)?$", image), image


# Secrets


def test_all_secrets_are_files_and_made_by_one_command(tmp_path: Path) -> None:
    write_secrets(tmp_path, SERVICES)
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    wanted = {str(Path(each["file"]).relative_to(DEPLOY / "secrets")) for each in config(*ALL)["secrets"].values()}
    assert wanted - made == {BOT}
    bound = {
        str(Path(volume["source"]).relative_to(DEPLOY / "secrets"))
        for name, each in services(*ALL).items()
        for volume in each.get("volumes", [])
        if name != "secrets" and "/secrets" in volume["source"]
    }
    assert bound == {"keys", "public"}


@pytest.mark.parametrize("overlays", SETS, ids="+".join)
def test_each_secret_that_is_read_is_there(overlays: tuple[str, ...]) -> None:
    for name, each in services(*overlays).items():
        given = {str(Path("/run/secrets", secret["target"])) for secret in each.get("secrets", [])}
        asked = {value for value in (each.get("environment") or {}).values() if str(value).startswith("/run/secrets/")}
        assert asked <= given, name


OPEN = {f"ARTEL_{name}_URL" for name in ("PUBLIC", "OTLP", "NOTIFY", "TELEGRAM_API")}


def test_no_secret_is_written_here() -> None:
    for name, each in services(*ALL).items():
        env = each.get("environment") or {}
        telling = {key: value for key, value in env.items() if re.search("PASS|TOKEN|SECRET|_URL$", key)}
        for key, value in telling.items():
            assert key.endswith("_FILE") or key in OPEN, (name, key)
            assert "@" not in str(value)


def test_who_needs_no_private_key_sees_none() -> None:
    for name, each in services(*ALL).items():
        folders = {Path(volume["source"]).name for volume in each.get("volumes", []) if "/secrets/" in volume["source"]}
        assert folders == (
            {"keys"} if name in {"auth", "artel"} else {"public"} if name in {*SERVICES, "gateway"} else set()
        )


def test_what_is_missing_is_told_in_a_sentence() -> None:
    done = compose()
    assert done.returncode != 0
    assert "deploy/.env has to say where people open the app" in done.stderr
    made = [
        volume
        for each in services(*ALL).values()
        for volume in each.get("volumes", [])
        if "/secrets" in volume["source"] and volume["bind"].get("create_host_path")
    ]
    assert made == []  # else Docker would make an empty folder, and the start would fail later and elsewhere


def test_production_is_strict_and_development_says_what_it_is() -> None:
    for name in SERVICES:
        assert services()[name]["environment"]["ARTEL_ENV"] == "production"
        assert "ARTEL_DEV_LOGIN" not in services()[name]["environment"]
        told = services("dev")[name]["environment"]
        assert (told["ARTEL_ENV"], told["ARTEL_DEV_LOGIN"]) == ("local", "1")
    for name in ("auth", "notification"):
        assert BOT not in {each["source"] for each in services("dev")[name]["secrets"]}
        assert "ARTEL_TELEGRAM_BOT_TOKEN_FILE" not in services("dev")[name]["environment"]
    told = {kind: services(*kind)["notification"]["environment"]["ARTEL_NOTIFY_URL"] for kind in ((), ("dev",))}
    assert told == {(): "telegram://", ("dev",): "console://"}


DECIDED = {
    "ENV", "HOST", "PORT", "ADMIN_PORT", "ADMIN_HOST", "DATA_DIR", "DATABASES_DIR", "KEYS_DIR", "WEB_DIR", "DEV_LOGIN",
    "OTLP_URL",  # an overlay brings the collector, to where a way leads
    "LOG_FORMAT",  # who is no terminal gets JSON
    "TELEGRAM_BOT_ID",  # the token has it
    "DATABASE_URL", "BUS_URL", "STORE_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CLIENT_SECRET", "GOOGLE_CLIENT_SECRET",
}  # fmt: skip
PASSED = {
    f"ARTEL_{name.upper()}": field for name, field in Settings.model_fields.items() if name.upper() not in DECIDED
}


def told_to(name: str, told: Mapping[str, Any]) -> dict[str, str]:
    """Each service that is told this setting, with what it is told."""
    return {each: told[each]["environment"][name] for each in SERVICES if name in told[each]["environment"]}


def test_what_env_says_of_a_setting_reaches_the_services() -> None:
    said = {name: f"said of {name}" for name in PASSED}
    done = json.loads(compose(**said).stdout)["services"]
    heard = {name: told_to(name, done) for name in PASSED}
    assert {name: set(told.values()) for name, told in heard.items()} == {name: {said[name]} for name in PASSED}
    for_all = [name for name in PASSED if re.search("PUBLIC_URL|SIGN_IN|EVENT|INBOX|LOG", name)]
    assert all(heard[name].keys() == set(SERVICES) for name in for_all)
    document = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"ARTEL_\w+", document.partition("## With Docker")[2].partition("\n## ")[0]))
    assert PASSED.keys() <= named


@pytest.mark.parametrize("name", sorted(PASSED.keys() - {"ARTEL_PUBLIC_URL", "ARTEL_NOTIFY_URL"}))
def test_where_env_is_silent_a_setting_is_as_the_table_says(name: str) -> None:
    assert set(told_to(name, services()).values()) <= {"", str(PASSED[name].default)}


# What is mounted and named is there


def test_every_file_that_is_mounted_is_there() -> None:
    sources = {
        Path(volume["source"])
        for each in services(*OVERLAYS).values()
        for volume in each.get("volumes", [])
        if volume["type"] == "bind"
    }
    ours = [path for path in sources if path.is_relative_to(ROOT) and "secrets" not in path.parts]
    assert len(ours) >= 10
    assert [str(path) for path in ours if not path.exists()] == []


def test_prometheus_looks_for_what_is_there() -> None:
    known = services(*ALL)
    for file in (DEPLOY / "observability" / "targets").glob("*.json"):
        hosts = {target.partition(":")[0] for group in json.loads(file.read_text()) for target in group["targets"]}
        assert hosts <= {*known, "localhost"}, file.name
        assert all(known["prometheus"]["networks"].keys() & known[host]["networks"].keys() for host in hosts & {*known})
    aliases = [alias for name in SERVICES for alias in known[name]["networks"]["front"]["aliases"]]
    assert aliases == [f"{name}.artel.internal" for name in SERVICES]
    assert aliases == re.findall(r"- (\w+\.artel\.internal)", (DEPLOY / "observability" / "prometheus.yml").read_text())


# The images


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [BIN / "hadolint", DEPLOY / "Dockerfile"], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout


def stages() -> dict[str, str]:
    found = re.split(r"^FROM \S+ AS (\w+)$", DOCKERFILE, flags=re.MULTILINE)[1:]
    return {name: text.replace("\\\n", " ") for name, text in zip(found[::2], found[1::2], strict=True)}


@pytest.mark.parametrize("stage", ["app", "gateway"])
def test_an_image_holds_what_was_made_for_it_and_runs_as_nobody(stage: str) -> None:
    text = stages()[stage]
    copied = re.findall(r"^(?:COPY|ADD) (.+)$", text, re.MULTILINE)
    assert copied
    assert all(re.match(r"--from=\w+ (/opt/artel|/etc/artel/gateway|/build/web/dist) ", line) for line in copied)
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["10001:10001"]
    assert "HEALTHCHECK" in text
    assert "pip" not in text


@pytest.mark.parametrize("stage", ["app", "gateway"])
@pytest.mark.parametrize("status", [200, 503])
def test_its_health_is_asked_for_without_an_interpreter_of_its_own(stage: str, status: int) -> None:
    """Python starts for 50 ms of processor: of the share that statistics have on a busy machine, more than the 5 s."""
    command = json.loads(re.findall(r"HEALTHCHECK .* CMD (\[.+\])$", stages()[stage], re.MULTILINE)[0])
    assert command[0] == "bash"
    with answering(status) as port:
        done = subprocess.run([word.replace("8080", str(port)) for word in command], timeout=10, check=False)
    assert (done.returncode == 0) == (status == 200)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A port at which each question gets this answer."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(status)

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        yield server.server_port
        thread.join()


def test_what_is_kept_in_memory_may_be_written_to_at_the_second_start_too() -> None:
    """Docker gives a tmpfs the mode of the folder that it hides; where there is none, Docker makes it, as root's."""
    folders = {tmpfs.split(":")[0] for tmpfs in services()["gateway"]["tmpfs"]}
    assert folders == set(re.findall(r"install --directory --mode=1777 (\S+)", stages()["gateway"])) == {"/run/artel"}
    ours = [each for each in services().values() if each["image"].startswith("artel:")]
    assert {tmpfs.partition(":")[0].strip("/") for each in ours for tmpfs in each["tmpfs"]} == {"tmp"}


def test_what_is_installed_is_locked_by_hash() -> None:
    text = "\n".join(stages().values())
    installs = re.findall(r"pip install (.+)", text)
    assert len(installs) == 4
    for line in installs:
        assert "--no-deps" in line
        assert "--require-hashes" in line or "--no-build-isolation" in line
    assert re.findall(r"npm-cli\.js (\w+)", text) == ["ci"]
    assert re.findall(r"^ARG \w+_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE) == [
        "python:3.11.15-slim-bookworm", "debian:bookworm-20260824-slim",
    ]  # fmt: skip


def test_what_builds_is_in_the_lock() -> None:
    """The words of the Dockerfile, run on the lock of today."""
    scripts = re.findall(r"awk -v these=.+?requirements-dev\.lock", DOCKERFILE.replace("\\\n", " "))
    assert len(scripts) == 2
    for script in scripts:
        chosen = subprocess.check_output(["sh", "-c", script], text=True, cwd=ROOT)
        entries = re.split(r"\n(?=[a-z])", chosen.strip())
        [wanted] = re.findall(r'these=" ([^"]+) "', script)
        assert [entry.partition("==")[0] for entry in entries] == sorted(wanted.split())
        assert all("--hash=sha256:" in entry for entry in entries)


def test_nothing_but_sources_goes_to_the_builder() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {
        "pyproject.toml", "requirements.lock", "requirements-dev.lock", "src", "web", "deploy/compiled.py",
    }  # fmt: skip
    assert {"web/node_modules", "web/dist", "web/e2e", "**/*.test.ts", "**/__pycache__"} <= set(lines)


def test_the_package_is_the_program_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = ZipFile(wheel).namelist()
    assert all(name.startswith(("artel/", "artel-")) for name in names)
    assert not [name for name in names if re.search(r"(^|/)(tests?|node_modules)/|test_", name)]
    gateway = {path.name for path in (ROOT / "src/artel/gateway").iterdir() if path.is_file()}
    assert {f"artel/gateway/{name}" for name in gateway} <= set(names)


def test_who_is_believed_and_how_much_is_let_through_is_said_when_the_gateway_is_built() -> None:
    """Nobody, and as much as `artel gateway` lets through, where `.env` is silent."""
    place = Place("", {}, Path(), Path(), Path())
    silent = {
        "ARTEL_BEHIND": "",
        "ARTEL_ADDRESS_RATE": str(place.address_rate),
        "ARTEL_USER_RATE": str(place.user_rate),
    }
    assert services()["gateway"]["build"]["args"] == silent
    assert services(*ALL)["gateway"]["build"]["args"].items() >= silent.items()
    said = {"ARTEL_BEHIND": "172.18.0.0/16,2001:db8::1", "ARTEL_ADDRESS_RATE": "400", "ARTEL_USER_RATE": "60"}
    told = json.loads(compose(ARTEL_PUBLIC_URL="https://artel.example", **said).stdout)
    assert told["services"]["gateway"]["build"]["args"] == said


@pytest.mark.parametrize("behind", ["", "172.18.0.0/16,2001:db8::1"])
def test_what_is_said_then_is_what_the_gateway_does(behind: str, tmp_path: Path) -> None:
    """The words of the Dockerfile, run here with what Docker would put into them."""
    given = dict(re.findall(r'^ARG (ARTEL_\w+)="?([^"\n]*)"?$', stages()["routes"], re.MULTILINE))
    [words] = re.findall(r"python -m (artel\.cli gateway .+)", stages()["routes"])
    script = f"exec {sys.executable} -m {words.replace('/etc/artel/gateway', str(tmp_path))}"
    subprocess.run(["sh", "-c", script], check=True, env={**given, "ARTEL_BEHIND": behind}, stdout=subprocess.DEVNULL)
    conf = (tmp_path / "nginx.conf").read_text()
    believed = re.findall(r"set_real_ip_from (\S+);", conf)
    assert believed == (["172.18.0.0/16", "2001:db8::1/128"] if behind else [])
    assert ("real_ip_header" in conf) == bool(behind)
    assert {"rate=200r/s", "rate=30r/s"} <= set(re.findall(r"rate=\S+r/s", conf))


def test_the_gateway_knows_the_services_by_the_names_they_have_here() -> None:
    told = dict(re.findall(r"--upstream (\w+)=(\S+)", stages()["routes"]))
    assert told == {name: f"{name}:8080" for name in SERVICES}
    assert re.search(r"ARTEL_PORT=8080\b", stages()["app"])
