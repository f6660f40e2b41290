"""One request through the whole: every line that anybody says of it is found again, and no secret in any."""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from httpx2 import AsyncClient, Response
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from artel.compose import SERVICES
from artel.kernel.events import new_id
from elastic import Elastic, with_words
from playing import RULES, Company, Somebody, Table
from servers import free_port, wait_for
from system.test_gateway import running
from system.test_serving import House, Serving, comes, house
from system.test_shipping import Ship

__all__ = ["house"]  # a fixture

BOT = "7123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
PROCESSES = {
    "auth": ("auth", "friends", "template"),
    "game": ("game",),
    "stats": ("stats",),
    "notification": ("notification",),
}


@dataclass
class Installed:
    """The gateway and four processes, each of whose words are kept."""

    http: AsyncClient
    port: int
    gateway: Path
    processes: dict[str, Serving]
    listening: list[asyncio.Task[None]] = field(default_factory=list)

    async def said(self, query: str) -> dict[str, str]:
        """Everything, when all have ended; the gate, asked with the query, finds nobody and says so, a moment later."""
        for serving in self.processes.values():
            serving.process.terminate()
        await asyncio.gather(*self.listening)
        asked = []
        for path in ("/.well-known/jwks.json", "/api/v1/shared"):
            answer = await self.http.get(f"{path}?{query}", headers={"Referer": f"http://x/?{query}"})
            assert answer.status_code == 503
            asked.append(answer.headers["x-request-id"])
        words, access = self.gateway / "words.log", self.gateway / "access.log"

        def all_written() -> bool:
            logged = access.read_text()
            return words.read_text().count("connect() failed") >= len(asked) and all(each in logged for each in asked)

        await asyncio.to_thread(wait_for, all_written, "the gateway's last words", words)
        of_processes = {name: serving.said for name, serving in self.processes.items()}
        return {**of_processes, "gateway": words.read_text(), "access": access.read_text()}


async def listen(serving: Serving) -> None:
    while await serving.hear():
        pass


@asynccontextmanager
async def installed(house: House, nginx: str, folder: Path) -> AsyncIterator[Installed]:
    """Every trace is chosen."""
    await house.migrate(*SERVICES)
    here = House({**house.env, "ARTEL_TELEGRAM_BOT_TOKEN": BOT}, house.databases)
    async with AsyncExitStack() as stack:
        processes = {name: await stack.enter_async_context(here.serving(*of)) for name, of in PROCESSES.items()}
        tasks = [asyncio.create_task(listen(each)) for each in processes.values()]
        for each in processes.values():
            await each.is_ready()
        upstreams = {name: [f"127.0.0.1:{processes[at].port}"] for at, names in PROCESSES.items() for name in names}
        rates = {"user_rate": 10_000, "address_rate": 10_000, "traced": 100}
        port, http = await stack.enter_async_context(
            running(nginx, folder / "gateway", upstreams, folder / "keys", **rates)
        )
        yield Installed(http, port, folder / "gateway", processes, tasks)


def launch(token: str) -> str:
    """As Telegram signs it."""
    fields = {
        "query_id": "AAHdF6IQAAAAAN0XohDhrOrc",
        "auth_date": str(int(time.time())),
        "user": '{"id":4242,"first_name":"Т"}',
    }
    text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    return urlencode({**fields, "hash": hmac.digest(key, text.encode(), "sha256").hex()})


async def drive_secrets(http: AsyncClient, port: int, company: Company, table: Table) -> list[str]:
    """All kinds of them, where they belong and where they do not."""
    anya = table.people[0]
    good, bad = launch(BOT), launch("7:another")
    signed_in = (await http.post("/api/v1/auth/telegram", json={"init_data": good})).raise_for_status().json()
    assert (await http.post("/api/v1/auth/telegram", json={"init_data": bad})).status_code == 401
    assert (await http.post("/api/v1/auth/telegram", json={"init_data": [bad]})).status_code == 422
    for refresh in (anya.refresh, anya.refresh + "x"):
        await http.post("/api/v1/auth/refresh", json={"refresh_token": refresh})
    share = await company.ok(anya, "POST", f"/sessions/{table.id}/share", {"money": True})
    link = share["url"].partition("#")[2]
    ticket = (
        (await http.post("/api/v1/shared/live-ticket", headers={"X-Share-Token": link}))
        .raise_for_status()
        .json()["ticket"]
    )
    subprotocols = [Subprotocol("artel.v1"), Subprotocol(f"ticket.{ticket}")]
    for _ in range(2):  # it is good for once
        with suppress(Exception):
            async with connect(f"ws://127.0.0.1:{port}/api/v1/shared/live", subprotocols=subprotocols) as socket:
                await socket.recv()
    code = table.session["code"]
    forged = f"{anya.token[:-6]}AAAAAA"
    words = (BOT, forged, quote(good))
    asked = (
        f"join/{code}",
        f"x?init_data={quote(good)}",
        f"api/v1/shared?token={link}",
        f"api/v1/auth/telegram?{good}",
    )
    for path in (*asked, *words, *(f"bot{word}/getMe" for word in words), *(f"api/v1/nobody/{word}" for word in words)):
        await http.get(f"/{path}", headers={"Authorization": f"Bearer {forged}", "X-Share-Token": link[:-1]})
    await company.call(anya, "POST", "/sessions/join", {"code": [code]})
    hashes = [text.partition("hash=")[2] for text in (good, bad)]
    tokens = [signed_in["access_token"], signed_in["refresh_token"], anya.token, anya.refresh, forged]
    return [
        BOT,
        link,
        ticket,
        code,
        *hashes,
        *tokens,
        "AAHdF6IQAAAAAN0XohDhrOrc",
        *(token.rpartition(".")[2] for token in tokens),
    ]


async def finish_a_game(table: Table, who: Somebody) -> Response:
    """The request that everybody hears of."""
    if not table.running:
        assert (await table.post({"id": new_id(), "type": "start"}, who=who)).is_success
    assert table.running
    end = {"id": new_id(), "type": "end", "game": table.running["id"], "reason": "timeout"}
    return (await table.post(end, who=who)).raise_for_status()


async def wrong_addresses(house: House) -> tuple[str, list[str]]:
    """What a service says that cannot get in, and the passwords it was given."""
    passwords = ["open-sesame/1", "open-sesame-2", "open-sesame-3"]
    database, bus, store = (f"{quote(password, safe='')}@127.0.0.1:{free_port()}" for password in passwords)
    env = {
        **house.env, "ARTEL_DATABASE_URL": f"postgresql+asyncpg://artel:{database}/x",
        "ARTEL_BUS_URL": f"amqp://artel:{bus}/", "ARTEL_STORE_URL": f"redis://:{store}/0",
    }  # fmt: skip
    async with House(env, "").serving("stats") as outside:
        await outside.says("the bus", "the store", "the database of stats")
        return outside.said, [*passwords, quote(passwords[0], safe="")]


@pytest.mark.timeout(240)
async def test_a_request_is_found_everywhere_and_no_secret_anywhere(
    house: House, nginx: str, rsyslog: str, tmp_path: Path
) -> None:
    async with (
        installed(house, nginx, tmp_path) as whole,
        AsyncClient(base_url=f"http://127.0.0.1:{whole.port}/api/v1", timeout=30) as api,
    ):
        company = Company(api, Random(4))
        anya, boris = [await company.sign_in(name) for name in ("Аня", "Борис")]
        table = await company.sit_down(anya, [boris], RULES[0])
        asked = (await finish_a_game(table, anya)).headers["x-request-id"]

        async def noticed() -> bool:
            told = (await company.ok(boris, "GET", "/notifications", limit=100))["items"]
            counted = await company.ok(anya, "GET", f"/stats/players/{anya.id}")
            return bool(told) and counted["games"] == 1

        await comes(noticed)
        secrets = await drive_secrets(whole.http, whole.port, company, table)
        said = await whole.said(launch(BOT))
    said["outside"], passwords = await wrong_addresses(house)
    for name, text in said.items():
        assert text.strip(), name
        assert [secret for secret in [*secrets, *passwords] if secret in text] == [], name

    lines = [json.loads(line) for name in said for line in said[name].splitlines()]
    documents = await asyncio.to_thread(shipped, Ship(rsyslog, tmp_path / "shipping", Elastic(free_port())), said)
    assert len(documents) == len(lines)
    [gate] = with_words(documents, http_request_id=asked, event_dataset="gateway.access")
    of_it = with_words(documents, trace_id=gate["trace.id"])
    told = {(each["event.dataset"], each.get("artel.topic")) for each in of_it}
    finished = "artel.game.finished.v1"
    assert told >= {
        ("gateway.access", None), ("game.access", None), ("game.event", finished), ("stats.event", finished),
        ("notification.event", finished),
    }  # fmt: skip
    [access] = with_words(of_it, event_dataset="game.access")
    assert (access["http.request.id"], access["user.id"]) == (asked, anya.id)
    assert access["artel.route"].endswith("/sessions/{session_id}/events")
    assert 0 < access["event.duration"] <= gate["event.duration"] + 1_000_000
    events = {each["artel.event_id"] for each in of_it if each.get("artel.topic") == finished}
    assert len(events) == 1


def shipped(ship: Ship, said: dict[str, str]) -> list[dict[str, Any]]:
    """What becomes of it behind the receiver: nothing refused, and no field that the index does not know."""
    with ship.elastic.open(), ship.sails():
        for name, text in said.items():
            (ship.logs / "words" / f"{name}.log").write_text(text)
        documents = ship.elastic.wait_for(sum(len(text.splitlines()) for text in said.values()))
    assert ship.elastic.refused == []
    assert ship.elastic.unmapped == set()
    return documents
