"""One trace: a phone's tap, the gateway, game, its log, the broker, statistics and a notification."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from httpx2 import AsyncClient, Response

from artel.compose import SERVICES
from artel.kernel.events import new_id
from collector import Collector, Seen, collecting
from playing import RULES, Company, Somebody, Table
from system.test_gateway import running
from system.test_serving import House, comes, house

__all__ = ["house"]  # a fixture

PARTS = (("auth", "friends", "template"), ("game",), ("stats",), ("notification",))
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5  # as OTLP numbers them


@dataclass
class Evening:
    collector: Collector
    http: AsyncClient
    table: Table
    access_log: Path
    game: str  # past the gate

    @property
    def organizer(self) -> Somebody:
        return self.table.people[0]

    async def tap(self, traceparent: str) -> Response:
        """The last one: it ends the session, and everybody is told."""
        headers = {"authorization": f"Bearer {self.organizer.token}", "traceparent": traceparent}
        path = f"/api/v1/sessions/{self.table.id}/events"
        return await self.http.post(path, json={"id": new_id(), "type": "finish"}, headers=headers)


@pytest.fixture(params=[100, 0])
async def evening(request: pytest.FixtureRequest, house: House, nginx: str, tmp_path: Path) -> AsyncIterator[Evening]:
    """Of two, with a game behind them; each service in a process of its own, of a hundred traces so many are kept."""
    await house.migrate(*SERVICES)
    async with AsyncExitStack() as stack:
        collector = stack.enter_context(collecting())
        traced = House({**house.env, "ARTEL_OTLP_URL": collector.url}, house.databases)
        upstreams: dict[str, list[str]] = {}
        for names in PARTS:
            made = await stack.enter_async_context(traced.serving(*names))
            await made.is_ready()
            upstreams |= {name: [f"127.0.0.1:{made.port}"] for name in names}
        keep = {"collector": collector.url, "traced": request.param}
        gateway = running(nginx, tmp_path / "gateway", upstreams, tmp_path / "keys", **keep)
        port, http = await stack.enter_async_context(gateway)
        api = await stack.enter_async_context(AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30))
        company = Company(api, Random(4))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0])
        await table.play(12)
        if table.running:
            end = {"id": new_id(), "type": "end", "game": table.running["id"], "reason": "timeout"}
            assert (await table.post(end)).status_code == 201
        yield Evening(collector, http, table, tmp_path / "gateway" / "access.log", upstreams["game"][0])


def one(spans: list[Seen], service: str, name: str) -> Seen:
    found = [span for span in spans if (span.service, span.name) == (service, name)]
    assert len(found) == 1, [(span.service, span.name) for span in spans]
    return found[0]


@pytest.mark.parametrize("evening", [100], indirect=True)
async def test_one_trace_from_the_tap_to_the_notification(evening: Evening) -> None:
    trace = secrets.token_hex(16)
    answer = await evening.tap(f"00-{trace}-{secrets.token_hex(8)}-00")
    assert answer.status_code == 201

    finished = "artel.session.finished.v1"

    names = {"gateway": "POST game", "game": f"publish {finished}"} | dict.fromkeys(
        ("stats", "notification"), f"process {finished}"
    )

    async def whole() -> bool:  # each process tells its own, when it has some
        return names.items() <= {(span.service, span.name) for span in evening.collector.of(trace)}

    await comes(whole)
    spans = evening.collector.of(trace)
    gate = one(spans, "gateway", "POST game")
    tap = one(spans, "game", "POST /api/v1/sessions/{session_id}/events")
    append = one(spans, "game", "append to the log")
    publish = one(spans, "game", f"publish {finished}")
    counts, tells = (one(spans, name, f"process {finished}") for name in ("stats", "notification"))
    assert (gate.parent, tap.parent, append.parent, publish.parent) == ("", gate.id, tap.id, tap.id)
    assert (counts.parent, tells.parent) == (publish.id, publish.id)
    assert [each.kind for each in (gate, tap, append, publish, counts, tells)] == [
        SERVER, SERVER, CLIENT, PRODUCER, CONSUMER, CONSUMER,
    ]  # fmt: skip
    assert not any(span.failed for span in spans)
    assert gate.about["http.request.id"] == tap.about["http.request.id"] == answer.headers["x-request-id"]
    assert gate.about["user.id"] == tap.about["user.id"] == evening.organizer.id
    assert tap.began <= append.began <= append.ended <= tap.ended
    assert append.ended <= publish.began <= min(counts.began, tells.began)
    assert counts.about["artel.event.id"] == publish.about["artel.event.id"]
    said = repr([span.about for span in spans])
    assert evening.organizer.token not in said
    assert evening.table.session["code"] not in said


@pytest.mark.parametrize("evening", [0], indirect=True)
async def test_a_stranger_does_not_decide_what_is_kept(evening: Evening) -> None:
    trace, later = secrets.token_hex(16), secrets.token_hex(16)
    assert (await evening.tap(f"00-{trace}-{secrets.token_hex(8)}-01")).status_code == 201
    headers = {"traceparent": f"00-{later}-{secrets.token_hex(8)}-01"}
    assert (await evening.http.get(f"http://{evening.game}/healthz", headers=headers)).status_code == 200

    async def told() -> bool:
        return bool(evening.collector.spans)

    await comes(told)
    assert {span.trace for span in evening.collector.spans} == {later}  # in order, and it came last
    access = evening.access_log.read_text().splitlines()
    assert [line for line in access if trace in line and '.status_code":201' in line]
