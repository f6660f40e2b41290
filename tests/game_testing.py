"""An evening played through the API, for tests."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
from httpx2 import Response
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from artel.game.log import Log, Row
from artel.kernel.events import new_id
from artel.kernel.wire import LiveProtocol
from artel_testing import Installation, Person

Json = dict[str, Any]
AMERICANA: Json = {"game": "americana", "stake": {"per": "game", "amount": 10_000}}
KOLKHOZ: Json = {"game": "kolkhoz", "price": 5_000, "starter": "first"}


@dataclass
class Table:
    """One session, and the ids of its players by name."""

    house: Installation
    organizer: Person
    session: Json
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.session["id"])

    @property
    def path(self) -> str:
        return f"/sessions/{self.id}"

    def __post_init__(self) -> None:
        self.ids |= {player["name"]: player["id"] for player in self.session["players"]}

    async def post(self, body: Any, who: Person | None = None) -> Response:
        return await self.house.call(who or self.organizer, "POST", f"{self.path}/events", json=body)

    async def event(self, kind: str, who: Person | None = None, **keys: Any) -> Response:
        """One event; players by name."""
        return await self.post(self.made(kind, **keys), who)

    def made(self, kind: str, **keys: Any) -> Json:
        named = {"player", "payer", "from", "to", "breaker"}
        told = {key: self.ids.get(value, value) if key in named else value for key, value in keys.items()}
        for key in ("order", "among"):
            if key in told:
                told[key] = [self.ids.get(name, name) for name in told[key]]
        if "sides" in told:
            told["sides"] = [[self.ids.get(name, name) for name in side] for side in told["sides"]]
        return {"id": new_id(), "type": kind, **told}

    async def pay(self, debtor: str, creditor: str, amount: int, who: Person | None = None) -> Response:
        return await self.post(self.made("payment", **{"from": debtor, "to": creditor, "amount": amount}), who)

    async def start(self, **keys: Any) -> str:
        """The id of the game."""
        answer = await self.event("start", **keys)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["events"][0]["id"])

    async def win(self, game: str, player: str, balls: int = 8) -> Response:
        for _ in range(balls):
            answer = await self.event("ball", game=game, player=player)
            assert answer.status_code == 201, answer.text
        return answer

    async def now(self, who: Person | None = None) -> Json:
        answer = await self.house.call(who or self.organizer, "GET", self.path)
        assert answer.status_code == 200, answer.text
        seen: Json = answer.json()
        self.ids |= {player["name"]: player["id"] for player in seen["players"]}
        return seen

    async def log(self, **query: int) -> Json:
        answer = await self.house.call(self.organizer, "GET", f"{self.path}/events", params=query)
        assert answer.status_code == 200, answer.text
        lines: Json = answer.json()
        return lines

    async def join(self, who: Person) -> Response:
        code = (await self.now())["code"]
        answer = await self.house.call(who, "POST", "/sessions/join", json={"code": code})
        assert answer.status_code == 200, answer.text
        await self.now()
        return answer


async def table(
    house: Installation,
    organizer: Person,
    *guests: str,
    rules: Mapping[str, Any] = AMERICANA,
    joined: Sequence[Person] = (),
    **body: Any,
) -> Table:
    players = [{"guest_name": name} for name in guests]
    answer = await house.call(organizer, "POST", "/sessions", json={"rules": rules, "players": players, **body})
    assert answer.status_code == 201, answer.text
    made = Table(house, organizer, answer.json())
    for person in joined:
        await made.join(person)
    return made


class Gate:
    """A log that writes when it is told to, or fails when it is told to."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.asked = asyncio.Event()
        self.opened = asyncio.Event()
        self.fails = False

    async def append(self, rows: Sequence[Row]) -> None:
        self.asked.set()
        await self.opened.wait()
        if self.fails:
            raise OSError("no space left on device")
        await self._log.append(rows)

    async def close(self) -> None:
        await self._log.close()


def problem(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # Ctrl-C is the test run's


@asynccontextmanager
async def listening(house: Installation, send_buffer: int = 0) -> AsyncIterator[str]:
    """The same application on a real port: host:port."""
    with socket.create_server(("127.0.0.1", 0)) as server_socket:
        if send_buffer:
            server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        config = uvicorn.Config(
            house.app, lifespan="off", ws=LiveProtocol, log_config=None, access_log=False, ws_ping_interval=None
        )
        server = _Quiet(config)
        serving = asyncio.create_task(server.serve(sockets=[server_socket]))
        try:
            yield f"127.0.0.1:{server_socket.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@dataclass(eq=False)
class Screen:
    """Somebody who looks on."""

    socket: ClientConnection

    async def next(self, *kinds: str) -> Json:
        """The next frame that is no mere sign of life, or the next of these kinds."""
        while True:
            frame: Json = orjson.loads(await asyncio.wait_for(self.socket.recv(), 30))
            if frame["type"] in kinds or (not kinds and frame["type"] != "ping"):
                return frame

    async def closed(self) -> int:
        """The code with which the server hangs up, whatever it says before."""
        with suppress(ConnectionClosed):
            while True:
                await asyncio.wait_for(self.socket.recv(), 30)
        assert self.socket.close_code is not None
        return self.socket.close_code


async def ticket(played: Table, who: Person | None = None) -> str:
    answer = await played.house.call(who or played.organizer, "POST", f"{played.path}/live-ticket")
    assert answer.json()["expires_in"] == 30
    return str(answer.json()["ticket"])


def narrow(port: str) -> socket.socket:
    """A connection that holds little of what nobody reads."""
    host, number = port.split(":")
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((host, int(number)))
    return made


@asynccontextmanager
async def watching(
    port: str, played: Table, who: Person | None = None, query: str = "", **kwargs: Any
) -> AsyncIterator[Screen]:
    given = kwargs.pop("ticket", None) or await ticket(played, who)
    path = kwargs.pop("path", f"{played.path}/live")
    async with connect(
        f"ws://{port}/api/v1{path}{query}",
        subprotocols=[Subprotocol("artel.v1"), Subprotocol(f"ticket.{given}")],
        **kwargs,
    ) as opened:
        assert opened.subprotocol == "artel.v1"
        yield Screen(opened)
