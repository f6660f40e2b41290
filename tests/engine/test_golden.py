"""Evenings that a player can read. What their lines mean: golden/README.md."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from artel.engine.game import Game
from engine.table import Json, Table

FOLDER = Path(__file__).parent / "golden"
EVENINGS = sorted(FOLDER.glob("*.session"))
STROKES: dict[str, tuple[str, Json]] = {
    "ball": ("ball", {}),
    "own": ("ball", {"own": True}),
    "lucky": ("ball", {"lucky": True}),
    "foul": ("foul", {}),
    "miss": ("miss", {}),
}


class Reader:
    """Plays what is told and compares what is claimed; how many claims there were is for the caller to look at."""

    def __init__(self) -> None:
        self.table = Table("")
        self.players: list[str] = []
        self.standing: list[str] = []
        """The events that were not undone."""
        self.claims = 0

    def line(self, line: str) -> None:
        for pattern, does in READS.items():
            if found := re.fullmatch(pattern, line):
                does(self, *found.groups())
                return
        for stroke in line.split(", "):
            self.stroke(*stroke.split())

    def has(self, players: str) -> None:
        self.players = players.split()
        self.table = Table(self.players)

    def plays(self, rules: str) -> None:
        """What somebody owes from the games before goes on: it is as if he had been given that much."""
        owed = self.table.session.transfers()
        given = dict(rule.split("=", 1) for rule in rules.split())
        self.table = Table(self.players, **{key: value_of(text) for key, text in given.items()})
        for transfer in owed:
            self.does("payment", **{"from": transfer["to"], "to": transfer["from"], "amount": transfer["amount"]})

    def does(self, kind: str, **keys: Any) -> None:
        self.standing.append(self.table.does(kind, **keys))

    def starts(self, who: str) -> None:
        one, _, other = who.partition(" - ")
        self.does("start", **({"sides": [one.split(), other.split()]} if other else {"order": one.split()}))

    def stroke(self, player: str, what: str, times: str = "x1") -> None:
        for _ in range(int(times.removeprefix("x"))):
            kind, keys = STROKES.get(what, ("ball", {"ball": what}))
            self.does(kind, player=player, **keys)

    def concedes(self, player: str) -> None:
        self.does("end", reason="concede", player=player)

    def ends(self, reason: str) -> None:
        self.does("end", reason=reason)

    def paid(self, payer: str, amount: str, split: str) -> None:
        self.does("expense", payer=payer, amount=kopecks(amount), split=split)

    def gave(self, debtor: str, amount: str, creditor: str) -> None:
        self.does("payment", **{"from": debtor, "to": creditor, "amount": kopecks(amount)})

    def takes_back(self) -> None:
        self.table.undoes(self.standing.pop())

    @property
    def game(self) -> Game:
        return self.table.session.games[-1]

    def claim(self, what: str, claimed: str) -> None:
        """In whatever order."""
        self.claims += 1
        assert sorted(self.is_true(what).split(", ")) == sorted(claimed.split(", "))

    def is_true(self, what: str) -> str:
        if what == "pays":
            pays = [f"{each['from']} {roubles(each['amount'])} to {each['to']}" for each in self.transfers()]
            return ", ".join(pays) or "nobody"
        if what == "ended":
            won = " ".join(self.game.winners) or "nobody"
            return f"{f'{self.game.reason}, won by {won}' if self.game.over else 'running'}, {self.left()} left"
        raise AssertionError(what)

    def transfers(self) -> list[Json]:
        return self.table.session.transfers()

    def left(self) -> int:
        left: int = self.game.result()["balls_left"]
        return left

    def claim_amounts(self, what: str, claimed: str) -> None:
        self.claims += 1
        amounts = dict(each.split() for each in claimed.split(", "))
        if what == "balance":
            found = {player: roubles(amount) for player, amount in self.table.session.balances().items()}
        elif what == "money":
            found = {player: roubles(amount) for player, amount in self.game.money.items()}
        else:
            found = {player: str(each) for player, each in self.game.result()[KEYS[what]].items()}
        assert found == amounts


KEYS = {"score": "scores", "points": "points"}
READS: dict[str, Callable[..., None]] = {
    "players: (.+)": Reader.has,
    "rules: (.+)": Reader.plays,
    "start: (.+)": Reader.starts,
    "concede (.+)": Reader.concedes,
    "(timeout|draw|abandoned)": Reader.ends,
    r"(\S+) paid (\S+) (\S+)": Reader.paid,
    r"(\S+) gave (\S+) to (\S+)": Reader.gave,
    "undo": Reader.takes_back,
    "(ended|pays): (.+)": Reader.claim,
    "(score|points|money|balance): (.+)": Reader.claim_amounts,
}


def value_of(text: str) -> Any:
    """A word stands for itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def kopecks(amount: str) -> int:
    return int(Decimal(amount) * 100)


def roubles(amount: int) -> str:
    return f"{Decimal(amount) / 100:f}".removesuffix(".00")


@pytest.mark.parametrize("path", EVENINGS, ids=lambda path: path.stem)
def test_evening(path: Path) -> None:
    reader = Reader()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            try:
                reader.line(line)
            except Exception as error:
                error.add_note(f"{path.name}:{number}: {line}")
                raise
    assert reader.claims >= 5


def test_a_wrong_claim_is_seen() -> None:
    reader = Reader()
    for line in ("players: A B", "rules: game=americana", "start: A - B", "A ball"):
        reader.line(line)
    for claim in ("score: A 1, B 1", "ended: running, 16 left", "balance: A 1, B -1", "pays: A 1 to B"):
        with pytest.raises(AssertionError):
            reader.line(claim)


def test_all_games_are_told() -> None:
    told = "".join(path.read_text("utf-8") for path in EVENINGS)
    for word in ("americana", "moscow", "dynamic", "kolkhoz", "everyone", "norm", "pending", "pay_all", "2x2"):
        assert word in told
