"""A gateway that looks its services up by name, as it does among containers: they come, go and move while it runs."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from httpx2 import AsyncClient

from artel.auth.keys import ensure_key
from artel.compose import SERVICES
from artel.gateway import Place, configuration
from artel.kernel.events import new_id
from servers import free_port
from system.test_gateway import Upstream, problem, running, signed
from system.test_serving import comes

PATHS = {
    "auth": "/.well-known/jwks.json",
    "game": "/api/v1/shared",
}
"""Ways that need no token."""


@dataclass
class Names(asyncio.DatagramProtocol):
    """A name server of one page: A records only."""

    known: dict[str, list[str]] = field(default_factory=dict)
    port: int = 0
    out: Any = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        self.out, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self.out.get_extra_info("sockname")[1]
        try:
            yield
        finally:
            self.out.close()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        question = data[12 : data.index(b"\0", 12) + 5]
        name = question[1 : 1 + question[0]].decode()
        found = self.known.get(name, [])
        status = 0 if found else 3
        head = data[:2] + bytes([0x81, 0x80 + status]) + b"\0\1" + len(found).to_bytes(2, "big") + b"\0\0\0\0"
        records = (b"\xc0\x0c\0\1\0\1\0\0\2\x58\0\4" + socket.inet_aton(address) for address in found)
        self.out.sendto(head + question + b"".join(records), addr)


@asynccontextmanager
async def standing(host: str, port: int, name: str) -> AsyncIterator[Upstream]:
    one = Upstream(name, port, host)
    async with one.open():
        yield one


@asynccontextmanager
async def looking_up(nginx: str, folder: Path, names: Names, port: int) -> AsyncIterator[AsyncClient]:
    ensure_key(folder / "keys")
    upstreams = {service: [f"{service}:{port}"] for service in SERVICES}
    resolver, rates = f"127.0.0.1:{names.port}", {"user_rate": 10_000, "address_rate": 10_000}
    async with running(nginx, folder / "gateway", upstreams, folder / "keys", resolver=resolver, **rates) as (_, http):
        yield http


async def test_what_moves_is_found_again_and_what_comes_is_asked_too(nginx: str, tmp_path: Path) -> None:
    names, port = Names({"auth": ["127.0.0.1"]}), free_port()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(names.open())
        first = await stack.enter_async_context(standing("127.0.0.1", port, "first"))
        second = await stack.enter_async_context(standing("127.0.0.2", port, "second"))
        http = await stack.enter_async_context(looking_up(nginx, tmp_path, names, port))

        async def served_by() -> str:
            return str((await http.get(PATHS["auth"])).json().get("service"))

        async def is_found() -> bool:
            return await served_by() == "first"

        await comes(is_found)
        names.known["auth"] = ["127.0.0.2"]

        async def has_moved() -> bool:
            return await served_by() == "second"

        await comes(has_moved)
        assert await served_by() == "second"
        names.known["auth"] = ["127.0.0.1", "127.0.0.2"]
        first.asked.clear()
        second.asked.clear()

        async def both() -> bool:
            await served_by()
            return bool(first.asked and second.asked)

        await comes(both)


async def test_one_of_two_that_does_not_answer_is_not_noticed(nginx: str, tmp_path: Path) -> None:
    names, port = Names({"auth": ["127.0.0.2", "127.0.0.1"]}), free_port()
    async with names.open(), standing("127.0.0.1", port, "alive"), looking_up(nginx, tmp_path, names, port) as http:

        async def is_found() -> bool:
            return (await http.get(PATHS["auth"])).is_success

        await comes(is_found)
        answers = [(await http.get(PATHS["auth"])).json()["service"] for _ in range(20)]
        assert answers == ["alive"] * 20


async def test_who_has_no_address_takes_nobody_with_it(nginx: str, tmp_path: Path) -> None:
    names, port = Names({"auth": ["127.0.0.1"]}), free_port()
    async with names.open(), standing("127.0.0.1", port, "auth"), looking_up(nginx, tmp_path, names, port) as http:

        async def is_found() -> bool:
            return (await http.get(PATHS["auth"])).is_success

        await comes(is_found)
        assert problem(await http.get(PATHS["game"])) == (503, "unavailable")
        assert (await http.get(PATHS["auth"])).json()["service"] == "auth"
        ready = await http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["game"] == {"service": "away"}
        names.known |= {service: ["127.0.0.1"] for service in SERVICES}

        async def all_asked() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await comes(all_asked)


def test_what_it_reads_and_what_it_writes_may_be_apart() -> None:
    """As in a container, whose own files nobody may write to."""
    upstreams = {service: [f"{service}:8080"] for service in SERVICES}
    place = Place(
        "0.0.0.0:8080", upstreams, Path("/keys/jwks.json"), Path("/web"), Path("/run/artel"),
        etc=Path("/etc/artel"), access_log=Path("/dev/stdout"), resolver="127.0.0.11",
    )  # fmt: skip
    text = configuration(place)["nginx.conf"]
    assert "access_log /dev/stdout ecs;" in text
    assert "pid /run/artel/nginx.pid;" in text
    assert 'lua_package_path "/etc/artel/?.lua;' in text
    assert "/run/artel/" not in "\n".join(line for line in text.splitlines() if "include" in line or "alias" in line)


async def test_a_table_stays_where_it_is_whoever_else_comes(nginx: str, tmp_path: Path) -> None:
    """Two of game that write by turns would fence each other at every tap."""
    names, port = Names({"game": ["127.0.0.1", "127.0.0.2"]}), free_port()
    tables = [new_id() for _ in range(60)]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(names.open())
        for number, host in enumerate(("127.0.0.1", "127.0.0.2", "127.0.0.3")):
            await stack.enter_async_context(standing(host, port, str(number)))
        http = await stack.enter_async_context(looking_up(nginx, tmp_path, names, port))
        token = signed(tmp_path / "keys")

        async def homes() -> list[str]:
            paths = (f"/api/v1/sessions/{table}" for table in tables)
            answers = [await http.get(path, headers={"Authorization": f"Bearer {token}"}) for path in paths]
            return [str(answer.json().get("service")) for answer in answers]

        async def both() -> bool:
            return set(await homes()) == {"0", "1"}

        await comes(both)
        first = await homes()
        assert await homes() == first
        names.known["game"].append("127.0.0.3")

        async def third() -> bool:
            return "2" in await homes()

        await comes(third)
        moved = {(old, new) for old, new in zip(first, await homes(), strict=True) if old != new}
        assert {new for _, new in moved} == {"2"}
