"""Who watches: `make stack` as it is; an evening is played, each panel is asked, and a death is told to Telegram."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from httpx2 import AsyncClient, HTTPStatusError, TransportError

from artel.compose import SERVICES
from deploy.dashboards import HERE, metrics, questions
from onlookers import Phone
from playing import RULES, Company, Somebody, Table
from servers import free_port
from system.test_serving import comes
from system.test_stack import Host, host

__all__ = ["host"]  # a fixture

TOKEN, CHAT = "12:Secret", "-100"


@dataclass
class Telegram:
    """Stands where its API is, and keeps what it is told."""

    port: int = field(default_factory=free_port)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._hear, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        self.told.append((head.split(" ")[1], json.loads(await reader.readexactly(int(length[1]) if length else 0))))
        answer = b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":-100,"type":"group"}}}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        self.heard.set()

    async def hears(self, words: str) -> None:
        async with asyncio.timeout(60):
            while words not in self.texts():
                self.heard.clear()
                await self.heard.wait()

    def texts(self) -> str:
        return "\n".join(said["text"] for path, said in self.told if path == f"/bot{TOKEN}/sendMessage")


@dataclass
class Prometheus:
    http: AsyncClient
    at: str

    async def ask(self, path: str, **params: str) -> Any:
        answer = await self.http.get(f"{self.at}/api/v1/{path}", params=params)
        assert answer.is_success, f"{params}: {answer.text}"
        return answer.json()["data"]

    async def has_data(self, expr: str) -> bool:
        """A number, and not the share of nothing."""
        series = (await self.ask("query", query=expr))["result"]
        return any(sample["value"][1] != "NaN" for sample in series)


def hurry(watched: Host) -> None:
    """A minute becomes a second; nothing else is changed in what `make stack` has written. An alert waits for
    those that come with it for longer than Prometheus takes between them."""
    stack = watched.data / "stack"
    for path, pattern, quick in (
        (stack / "prometheus" / "prometheus.yml", r"_interval: 15s", "_interval: 1s"),
        (stack / "prometheus" / "rules" / "alerts.yml", r"for: \d+m$", "for: 1s"),
        (stack / "alertmanager.yml", r"group_interval: \w+$", "group_interval: 1s"),
        (stack / "alertmanager.yml", r"group_wait: \w+$", "group_wait: 5s"),
    ):
        text, changed = re.subn(pattern, quick, path.read_text(), flags=re.MULTILINE)
        assert changed
        path.write_text(text)
    for name in ("prometheus", "alertmanager"):
        os.kill(watched.pid(name), signal.SIGHUP)


def written(pattern: str) -> Iterator[str]:
    """The expressions of rules: `expr: …`, or `expr: |` and an indented block."""
    for path in (HERE / "rules").glob(pattern):
        for one_line, block in re.findall(
            r"^ +expr: (?!\|)(.+)$|^ +expr: \|\n((?: {10,}.*\n)+)", path.read_text(), re.MULTILINE
        ):
            yield one_line or block


@asynccontextmanager
async def meanwhile(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def play(company: Company, tables: list[Table]) -> None:
    """For as long as somebody wants to see it; newcomers come, whom everybody hears of."""
    for number in count():
        with suppress(HTTPStatusError, TransportError):
            await company.sign_in(f"Новый {number}")
        for table in tables:
            with suppress(AssertionError, TransportError):  # a limit: the gateway's are as they are shipped
                await table.play(1)
        await company.call(tables[0].people[0], "GET", f"/stats/players/{tables[0].people[0].id}")


@pytest.mark.timeout(500)
async def test_an_evening_is_seen_and_a_death_is_told(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram = Telegram()
    for name, value in {"ALERT_BOT_TOKEN_FILE": TOKEN, "ALERT_CHAT_ID_FILE": CHAT}.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("ALERT_API_URL", f"http://127.0.0.1:{telegram.port}")
    host.stack("up")
    hurry(host)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(telegram.open())
        http = await stack.enter_async_context(AsyncClient(timeout=30))
        prometheus = Prometheus(http, f"http://127.0.0.1:{host.port + 8}")
        api = await stack.enter_async_context(AsyncClient(base_url=f"http://127.0.0.1:{host.port}/api/v1", timeout=30))
        company = Company(api, Random(4))
        people = [await company.sign_in(name) for name in ("Аня", "Борис", "Вера")]
        await comes(partial(are_friends, company, people[0], people[1]))
        tables = [await company.sit_down(people[0], people[1:], rules, guests=["Гость"]) for rules in RULES[:3]]
        over = await company.sit_down(people[0], people[1:], RULES[0])
        await over.play(10)
        await over.finish()
        async with meanwhile(play(company, tables), *(Phone(table, host.port).look() for table in tables)):
            await comes(partial(everybody_is_watched, prometheus))
            await every_panel_shows_something(prometheus)
            await every_name_is_known(prometheus)
        assert (await prometheus.ask("status/flags"))["web.external-url"] == prometheus.at  # links lead there
        await a_death_is_told(host, telegram)


async def are_friends(company: Company, one: Somebody, other: Somebody) -> bool:
    """As soon as friends has heard of both."""
    with suppress(AssertionError):
        await company.befriend(one, other)
        return True
    return False


async def every_panel_shows_something(prometheus: Prometheus) -> None:
    for service in SERVICES:
        for question in questions(service=service, __rate_interval="10s"):
            await prometheus.ask("query", query=question.expr)
    missing = {q for q in questions(service="game", __rate_interval="10s") if q.where[1] != "annotations"}

    async def none_is_empty() -> bool:
        for question in list(missing):
            if await prometheus.has_data(question.expr):
                missing.remove(question)
        return not missing

    try:
        await comes(none_is_empty)
    except TimeoutError:
        pytest.fail("\n".join(f"{question.where}: {question.expr}" for question in sorted(missing)))


async def every_name_is_known(prometheus: Prometheus) -> None:
    asked = [*written("*.yml"), *(question.expr for question in questions(service="game", __rate_interval="10s"))]
    named = set[str]().union(*map(metrics, asked))
    assert len(named) > 50
    seen = set(await prometheus.ask("label/__name__/values"))
    promised = await prometheus.ask("metadata")  # before the first failure there is nothing else of some
    seen |= {f"{name}_total" for name, about in promised.items() if about[0]["type"] == "counter"}
    assert named - seen == set()
    # One that is named by a pattern.
    assert await prometheus.has_data('{__name__=~"rabbitmq_alarms_(memory_used|free_disk_space)_watermark"}')


async def everybody_is_watched(prometheus: Prometheus) -> bool:
    """And says so; False until all have been asked once."""
    targets = (await prometheus.ask("targets"))["activeTargets"]
    groups = (await prometheus.ask("rules"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    services = await prometheus.ask("label/service/values", **{"match[]": "artel_reachable"})
    if {each["health"] for each in targets} != {"up"} or {each["health"] for each in rules} != {"ok"}:
        return False
    if set(services) != set(SERVICES):
        return False
    ours = {target["labels"]["process"] for target in targets if target["labels"]["job"] == "artel"}
    assert ours == {*SERVICES, "game-2"}
    others = {target["labels"]["job"] for target in targets} - {"artel"}
    text = (HERE / "prometheus.yml").read_text()
    assert others == set(re.findall(r"job_name: (\w+)", text)) - {"artel"}
    return True


async def a_death_is_told(host: Host, telegram: Telegram) -> None:
    """Of one of two processes; then of statistics, whose supervisor is told to leave them dead, and that they live
    again."""
    host.control("stop", "game-2")
    await telegram.hears("🔴 ProcessDown: The process game-2 does not answer.")
    host.control("start", "game-2")
    os.kill(host.pid("stats"), signal.SIGKILL)
    host.control("stop", "stats")
    await telegram.hears("🔴 ServiceDown: No process of stats is left.")
    host.control("start", "stats")
    await telegram.hears("🟢 ServiceDown: No process of stats is left.")
    assert {path for path, _ in telegram.told} == {f"/bot{TOKEN}/sendMessage"}
    assert {str(said["chat_id"]) for _, said in telegram.told} == {CHAT}
    assert "The process stats does not answer" not in telegram.texts(), "that no process of it is left says it"
