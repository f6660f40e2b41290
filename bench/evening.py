"""What is posted: evenings of американка between an organizer and a guest, as phones would post them."""

import http.client
import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count, cycle
from typing import Any

PREFIX = "/api/v1"
USERS = 16  # who sign in; the tables are theirs by turns
RULES = {
    "game": "americana",
    "stake": {"per": "game", "amount": 30_000},
    "match": {"type": "endless"},
}
# One game: visits of A and B by turns, b a ball, m a miss, f a foul, which gives the other side a ball. 8:5.
VISITS = ["bbm", "bm", "m", "bbm", "bm", "f", "bm", "m", "bbm", "bm", "m", "bm", "b"]
WORDS = {"b": "ball", "m": "miss", "f": "foul"}
MIX = "1 start, " + ", ".join(
    f"{sum(visit.count(letter) for visit in VISITS)} {word}" for letter, word in WORDS.items()
)
EVENTS_A_GAME = 1 + sum(map(len, VISITS))


@dataclass(frozen=True)
class Table:
    """A session that is open, and whose token may post to it."""

    port: int
    session: str
    players: tuple[str, str]
    token: str = ""  # the floor asks for none
    hot: str = ""  # the running game to write to, instead of one game after the other

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    def head(self) -> bytes:
        """Of every request; the length of the body is to follow."""
        authorization = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        return (
            f"POST {PREFIX}/sessions/{self.session}/events HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{authorization}"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def bodies(self) -> Iterator[bytes]:
        return misses(self.hot, self.players) if self.hot else games(self.players)


def ids() -> Iterator[str]:
    """Forms of UUIDv7: no two runs have one in common."""
    run = secrets.token_hex(8)
    before = f"0193{run[:4]}-{run[4:8]}-7{run[8:11]}-8{run[11:14]}"
    return (f"{before}-{number:012x}" for number in count())


def games(players: tuple[str, str]) -> Iterator[bytes]:
    """One game after the other; each is over with its last ball."""
    new = ids()
    while True:
        game = next(new)
        yield body({"id": game, "type": "start"})
        for player, visit in zip(cycle(players), VISITS, strict=False):
            for stroke in visit:
                yield body({"id": next(new), "type": WORDS[stroke], "game": game, "player": player})


def misses(game: str, players: tuple[str, str]) -> Iterator[bytes]:
    """What may be written in any order, so that any number may write it at once."""
    return (
        body({"id": new, "type": "miss", "game": game, "player": player})
        for new, player in zip(ids(), cycle(players), strict=False)
    )


def body(event: dict[str, str]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()


class Caller:
    """Whoever sets the tables: slow and simple."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, method: str, path: str, said: bytes = b"", token: str = "") -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._connection.request(method, PREFIX + path, said or None, headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {response.status} {text.decode()}")
        return json.loads(text)

    def sign_in(self, name: str) -> str:
        token: str = self.call("POST", "/auth/dev", json.dumps({"name": name}).encode())["access_token"]
        return token

    def open_table(self, token: str) -> Table:
        asked = {"name": "Бенч", "rules": RULES, "players": [{"guest_name": "Гость"}]}
        session = self.call("POST", "/sessions", json.dumps(asked).encode(), token)
        first, second = (player["id"] for player in session["players"])
        return Table(self.port, session["id"], (first, second), token)

    def start(self, table: Table) -> str:
        """The game that it starts."""
        game = next(ids())
        self.post(table, body({"id": game, "type": "start"}))
        return game

    def post(self, table: Table, event: bytes) -> None:
        self.call("POST", f"/sessions/{table.session}/events", event, table.token)

    def ticket(self, table: Table) -> str:
        """Opens one live socket."""
        ticket: str = self.call("POST", f"/sessions/{table.session}/live-ticket", token=table.token)["ticket"]
        return ticket
