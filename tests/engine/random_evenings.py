"""Evenings drawn at random: mostly playable, sometimes wrong in the last event, sometimes in the rules."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from artel.engine.events import parse_event
from artel.engine.refusal import Refusal
from artel.engine.rules import parse_rules
from artel.engine.session import Session

Json = dict[str, Any]
PLAYERS = list("ABCDEF")
TYPES = {
    "start": 10, "ball": 60, "foul": 14, "miss": 5, "end": 5, "undo": 12, "expense": 4,
    "payment": 3, "join": 3, "leave": 3, "pause": 2, "resume": 2, "finish": 0.6,
}  # fmt: skip


def evenings(seed: int, count: int) -> Iterator[Json]:
    chance = Random(seed)
    for number in range(count):
        yield {"id": f"{seed}-{number}", **Evening(chance).played()}


class Evening:
    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.rules = self._duel() if self._maybe(0.5) else self._kolkhoz()
        self.duel = self.rules["game"] != "kolkhoz"
        if self._maybe(0.03):
            self.rules[chance.choice(["foo", "target", "price", "debt"])] = chance.choice([True, -1, "x", None, 51])
        self.players = chance.sample(PLAYERS, chance.randint(2, 6))
        self.events: list[Json] = []
        self.ids: list[str] = []

    def played(self) -> Json:
        try:
            session = Session(parse_rules(self.rules), self.players)
        except Refusal:
            session = None
        wanted, wrong_end = self.chance.randint(1, 120), self._maybe(0.35)
        for number in range(3000 if session else 0):
            assert session is not None
            if len(self.events) >= wanted:
                break
            event = self._event(f"e{number}")
            try:
                session.apply(parse_event(event))
            except Refusal:
                if wrong_end and len(self.events) > wanted / 2:
                    self.events.append(event)
                    break
                continue
            self.events.append(event)
            self.ids.append(str(event["id"]))
        return {"rules": self.rules, "players": self.players, "events": self.events}

    def _maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def _some(self, share: float, choices: dict[str, list[Any]]) -> Json:
        return {key: self.chance.choice(values) for key, values in choices.items() if self._maybe(share)}

    def _duel(self) -> Json:
        chance = self.chance
        matches = [{"type": "endless"}, {"type": "race", "wins": 2}, {"type": "fixed", "games": 3}]
        stakes = [{"per": per, "amount": amount} for per in ("none", "game", "ball") for amount in (0, 7, 33333)]
        handicaps = [{"start": 2}, {"start": -3}, {"target": 3}, {"start": 1, "target": 9}, {}]
        return {
            "game": chance.choice(["americana", "moscow", "dynamic"]),
            **self._some(0.6, {
                "target": [1, 2, 3, 5, 8],
                "foul": ["opponent_gains", "offender_returns", "offender_loses", "none"],
                "debt": [True, False],
                "fluke": ["counts", "spotted"],
                "handicap": [{p: chance.choice(handicaps) for p in chance.sample(PLAYERS, 3)}],
                "stake": stakes,
                "match": matches,
            }),
        }  # fmt: skip

    def _kolkhoz(self) -> Json:
        chance = self.chance
        colours = chance.sample(["white", "yellow", "red"], chance.randint(1, 3))
        balls = [{"id": name, "value": chance.randint(1, 5), "count": chance.randint(1, 4)} for name in colours]
        fouls = ["minus", "next", "pay_all", "pending", "none"]
        rules: Json = {
            "game": "kolkhoz",
            "price": chance.choice([0, 1, 7, 3333, 5000]),
            **self._some(0.6, {
                "system": ["direct", "reverse", "everyone", "norm"],
                "balls": [balls],
                "last_ball": ["none", "double", {"add": chance.randint(-5, 5)}],
                "foul": [{"mode": chance.choice(fouls), "value": chance.randint(1, 4)}],
                "handicap": [{p: {"start": chance.randint(-3, 5)} for p in chance.sample(PLAYERS, 2)}],
                "rates": [{p: chance.choice([0, 1, 777]) for p in chance.sample(PLAYERS, 2)}],
            }),
        }  # fmt: skip
        if rules.get("system", "direct") != "direct" and self._maybe(0.9):
            rules.pop("rates", None)
            rules.pop("foul", None)
        return rules

    def _event(self, event_id: str) -> Json:
        chance = self.chance
        kind = chance.choices(list(TYPES), list(TYPES.values()))[0]
        repeat = self.ids and self._maybe(0.03)
        event = {"id": chance.choice(self.ids) if repeat else event_id, "type": kind, **self._keys(kind)}
        if self._maybe(0.004):
            key = chance.choice(["foo", "player", "amount", "target", "game"])
            event[key] = chance.choice([1, True, None, "A", 1.5, 0])
        if self._maybe(0.003):
            event.pop(chance.choice(list(event)))
        return event

    def _keys(self, kind: str) -> Json:
        makers: dict[str, Callable[[], Json]] = {
            "start": self._start,
            "ball": lambda: {"player": self._player(), **self._ball()},
            "end": self._end,
            "undo": self._undo,
            "expense": self._expense,
            "payment": lambda: {"from": self._player(), "to": self._player(), "amount": self.chance.choice([1, 12345])},
            "finish": dict,
        }
        return makers.get(kind, lambda: {"player": self._player()})()

    def _player(self) -> str:
        return self.chance.choice(PLAYERS)

    def _end(self) -> Json:
        reason = self.chance.choice(["concede", "timeout", "draw", "abandoned"])
        return {"reason": reason, **({"player": self._player()} if reason == "concede" else {})}

    def _undo(self) -> Json:
        recent = self.ids[-12:] if self._maybe(0.7) else self.ids
        return {"target": self.chance.choice(recent) if recent else "nothing"}

    def _expense(self) -> Json:
        among = self.chance.sample(PLAYERS, self.chance.randint(1, 4))
        splits = ["equal", "minus_players", "minus_proportional"]
        amount = self.chance.choice([1, 100, 999, 100000])
        return {"payer": self._player(), "amount": amount, **self._some(0.5, {"split": splits, "among": [among]})}

    def _start(self) -> Json:
        if self.duel:
            four, first = self.chance.sample(PLAYERS, 4), self.chance.choice([1, 1, 2])
            second = self.chance.choice([first, 3 - first])
            sides = [four[:first], four[first : first + second]]
            return {"sides": sides, **self._some(0.3, {"breaker": [side[0] for side in sides]})}
        order = self.chance.sample(PLAYERS, self.chance.randint(2, 5))
        return {"order": order, **self._some(0.3, {"breaker": order})}

    def _ball(self) -> Json:
        lucky = self._some(0.15, {"lucky": [True, False]})
        if self.duel:
            return {**lucky, **self._some(0.15, {"own": [True, True, False]})}
        return {**lucky, **self._some(0.6, {"ball": ["white", "yellow", "red"]})}
