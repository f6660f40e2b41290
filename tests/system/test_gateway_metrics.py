"""What the gateway counts, for Prometheus alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from httpx2 import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from artel.auth.keys import ensure_key
from artel.compose import SERVICES
from servers import free_port
from system.test_gateway import Gateway, Upstream, running
from system.test_serving import comes


@dataclass
class Counting:
    gateway: Gateway
    at: str

    async def figures(self) -> dict[str, float]:
        """Name and labels → value, as a scraper reads them."""
        answer = await self.gateway.http.get(self.at)
        assert answer.headers["content-type"].startswith("text/plain")
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(answer.text):
            for name, labels, value, *_ in family.samples:
                found[f"{name} {' '.join(labels.values())}"] = value
        return found

    async def come(self, **expected: float) -> dict[str, float]:
        """nginx counts a moment after the answer."""
        told = {key.replace("__", " "): value for key, value in expected.items()}
        seen: dict[str, float] = {}

        async def there() -> bool:
            seen.update(await self.figures())
            return all(seen.get(key) == value for key, value in told.items())

        await comes(there)
        return seen


@pytest.fixture
async def counting(nginx: str, tmp_path: Path) -> AsyncIterator[Counting]:
    keys, folder, at = tmp_path / "keys", tmp_path / "gateway", f"127.0.0.1:{free_port()}"
    ensure_key(keys)
    async with AsyncExitStack() as stack:
        services = {name: Upstream(name) for name in SERVICES}
        for service in services.values():
            await stack.enter_async_context(service.open())
        addresses = {name: [f"127.0.0.1:{service.port}"] for name, service in services.items()}
        addresses["stats"] = [f"127.0.0.1:{free_port()}"]  # nobody
        addresses["friends"] += [f"127.0.0.1:{free_port()}"]
        port, http = await stack.enter_async_context(running(nginx, folder, addresses, keys, metrics=at))
        yield Counting(Gateway(port, folder, keys, services, http), f"http://{at}/metrics")


async def test_answers_are_counted_by_whom_they_were_made(counting: Counting) -> None:
    gate, token = counting.gateway, counting.gateway.token()
    for _ in range(3):
        assert (await gate.ask("GET", "/api/v1/sessions", token)).status_code == 200
    assert (await gate.ask("GET", "/api/v1/sessions")).status_code == 401
    assert (await gate.ask("GET", "/api/v1/stats/flows", token)).status_code == 503
    assert (await gate.ask("GET", "/api/v1/nothing", token)).status_code == 404
    assert (await gate.ask("GET", "/")).status_code == 200
    seen = await counting.come(
        artel_gateway_requests_total__game__200__service=3,
        artel_gateway_requests_total__game__401__gateway=1,
        artel_gateway_requests_total__stats__503__gateway=1,
        artel_gateway_requests_total__web__404__gateway=1,
        artel_gateway_requests_total__web__200__gateway=1,
        artel_gateway_seconds_count__game=4,
    )
    assert sum(seen[f"artel_gateway_connections {state}"] for state in ("reading", "writing", "waiting")) >= 1


async def test_times_fall_into_buckets_that_grow(counting: Counting) -> None:
    for _ in range(5):
        await counting.gateway.ask("GET", "/healthz")
    seen = await counting.come(artel_gateway_seconds_count__web=5)
    buckets = [value for name, value in seen.items() if name.startswith("artel_gateway_seconds_bucket web")]
    assert len(buckets) == 13
    assert buckets == sorted(buckets)
    assert buckets[-1] == 5
    assert 0 <= seen["artel_gateway_seconds_sum web"] < 5


async def test_what_is_asked_again_is_counted(counting: Counting) -> None:
    """One of the two processes of friends is not there."""
    gate, token = counting.gateway, counting.gateway.token()
    answers = await asyncio.gather(*(gate.ask("GET", "/api/v1/friends", token) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}

    async def again() -> bool:
        return (await counting.figures()).get("artel_gateway_sent_again_total friends", 0) > 0

    await comes(again)


async def test_only_metrics_are_there_and_they_are_nowhere_else(counting: Counting) -> None:
    assert (await counting.gateway.http.get(counting.at.replace("/metrics", "/api/v1/sessions"))).status_code == 404
    assert not (await counting.gateway.http.get("/metrics")).text.startswith("# HELP")
    await counting.figures()
    through_the_door = (counting.gateway.folder / "access.log").read_text().count('"/metrics"')
    assert through_the_door <= 1  # it is written a moment later; a scrape is not written at all


async def test_without_an_address_they_are_nowhere(nginx: str, tmp_path: Path) -> None:
    ensure_key(tmp_path / "keys")
    upstreams = {name: [f"127.0.0.1:{free_port()}"] for name in SERVICES}
    async with running(nginx, tmp_path / "gateway", upstreams, tmp_path / "keys") as (_port, http):
        assert isinstance(http, AsyncClient)
        assert (await http.get("/healthz")).status_code == 200
        assert (tmp_path / "gateway" / "metrics.conf").read_text() == ""
