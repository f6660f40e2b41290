"""Evenings played through HTTP, as phones play them, and what everybody should know afterwards.

`Company` needs only an HTTP client, so it plays an application in this process and a server in another alike. What
was acknowledged is remembered; `figures` says from an exported case, by the engine alone, what stats must show.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from httpx2 import AsyncClient, Response

from artel.engine.replay import replay_case
from artel.kernel.events import new_id

RULES: Sequence[Mapping[str, Any]] = (
    {"game": "americana", "stake": {"per": "ball", "amount": 5000}},
    {"game": "americana", "foul": "offender_loses", "debt": True, "queue": {"type": "round_robin"}},
    {"game": "moscow", "stake": {"per": "game", "amount": 100_00}, "queue": {"type": "both_leave"}},
    {"game": "dynamic", "target": 4, "queue": {"type": "least_played"}, "match": {"type": "fixed", "games": 50}},
    {"game": "kolkhoz", "price": 1000, "balls": [{"id": "white", "value": 1, "count": 6}], "legs": 2},
    {"game": "kolkhoz", "price": 700, "system": "norm", "order": "random_no_repeat", "foul": {"mode": "pay_all"}},
    {"game": "kolkhoz", "price": 500, "system": "everyone", "foul": {"mode": "pending"}, "last_ball": {"add": 2}},
)


@dataclass
class Somebody:
    id: str
    name: str
    token: str
    refresh: str


@dataclass
class Company:
    http: AsyncClient
    random: Random

    async def sign_in(self, name: str) -> Somebody:
        answer = (await self.http.post("/auth/dev", json={"name": name})).raise_for_status().json()
        return Somebody(answer["user"]["id"], name, answer["access_token"], answer["refresh_token"])

    async def call(self, who: Somebody, method: str, path: str, json: Any = None, **params: Any) -> Response:
        headers = {"authorization": f"Bearer {who.token}"}
        return await self.http.request(method, path, json=json, headers=headers, params=params)

    async def ok(self, who: Somebody, method: str, path: str, json: Any = None, **params: Any) -> Any:
        answer = await self.call(who, method, path, json, **params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def befriend(self, one: Somebody, other: Somebody) -> None:
        asked = await self.ok(one, "POST", "/friends/requests", {"user_id": other.id})
        await self.ok(other, "POST", f"/friends/requests/{asked['id']}/accept")

    async def sit_down(
        self, organizer: Somebody, others: Sequence[Somebody], rules: Mapping[str, Any], guests: Sequence[str] = ()
    ) -> "Table":
        """The others come by code, the guests are written down."""
        body = {"rules": dict(rules), "players": [{"guest_name": name} for name in guests]}
        session = await self.ok(organizer, "POST", "/sessions", body)
        for somebody in others:
            session = await self.ok(somebody, "POST", "/sessions/join", {"code": session["code"]})
        return Table(self, [organizer, *others], session)


@dataclass
class Table:
    """One session; `state` is the table as the last answer had it."""

    company: Company
    people: list[Somebody]
    session: dict[str, Any]
    state: dict[str, Any] = field(default_factory=dict)
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    finished_games: int = 0

    def __post_init__(self) -> None:
        self.state = self.session

    @property
    def id(self) -> str:
        return str(self.session["id"])

    @property
    def running(self) -> dict[str, Any] | None:
        game: dict[str, Any] | None = self.state.get("game")
        return game if game and game["state"] == "running" else None

    async def post(self, *events: dict[str, Any], who: Somebody | None = None) -> Response:
        """As a phone does; a 201 or 200 is remembered."""
        body = events[0] if len(events) == 1 else {"events": list(events)}
        person = who or self.company.random.choice(self.people)
        answer = await self.company.call(person, "POST", f"/sessions/{self.id}/events", body)
        if answer.is_success:
            said = answer.json()
            self.state = said["table"]
            known = {event["id"] for event in self.acknowledged}
            self.acknowledged += [event for event in said["events"] if event["id"] not in known]
        return answer

    def move(self) -> dict[str, Any]:
        """Something that people do at this moment of an evening. Now and then it is not allowed."""
        random, game = self.company.random, self.running
        if game is None:
            return self._between_games()
        here = list(game["scores"])
        act: dict[str, Any] = {"id": new_id(), "game": game["id"], "player": random.choice(here)}
        chance = random.random()
        if chance < 0.75:
            return {**act, "type": "ball"} | ({"lucky": True} if random.random() < 0.1 else {})
        if chance < 0.85:
            return {**act, "type": "foul"}
        if chance < 0.93:
            return {**act, "type": "miss"}
        if chance < 0.98 and self.acknowledged:
            return {"id": new_id(), "type": "undo", "target": random.choice(self.acknowledged[-4:])["id"]}
        reason = random.choice(["timeout", "abandoned"])
        return {"id": act["id"], "type": "end", "game": game["id"], "reason": reason}

    def _between_games(self) -> dict[str, Any]:
        random = self.company.random
        seats = [player["id"] for player in self.state["players"] if player["active"]]
        chance = random.random()
        if chance < 0.9:
            return {"id": new_id(), "type": "start"}
        if chance < 0.95:
            return {
                "id": new_id(),
                "type": "expense",
                "payer": random.choice(seats),
                "amount": random.randint(1, 999_99),
            }
        debtor, creditor = random.sample(seats, 2)
        return {"id": new_id(), "type": "payment", "from": debtor, "to": creditor, "amount": random.randint(1, 50_00)}

    async def play(self, moves: int) -> None:
        """So many moves; a refusal is a clear one and changes nothing."""
        for _ in range(moves):
            answer = await self.post(self.move())
            assert answer.status_code in {200, 201, 403, 409}, answer.text

    async def finish(self) -> None:
        if self.running:
            end = {"id": new_id(), "type": "end", "game": self.running["id"], "reason": "timeout"}
            assert (await self.post(end)).status_code == 201
        answer = await self.post({"id": new_id(), "type": "finish"})
        assert answer.status_code == 201, answer.text

    async def whole(self) -> dict[str, Any]:
        session: dict[str, Any] = await self.company.ok(self.people[0], "GET", f"/sessions/{self.id}")
        return session

    async def exported(self) -> dict[str, Any]:
        case: dict[str, Any] = await self.company.ok(self.people[0], "GET", f"/sessions/{self.id}/export")
        return case


def replayed(case: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine makes of an exported case, with the server left out of it."""
    result = replay_case(dict(case))
    assert "error" not in result, result
    for game in result["games"]:
        assert sum(game["money"].values()) == 0
    assert sum(result["balances"].values()) == 0
    return result


def agrees(session: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The session as the API shows it is what a replay of its log gives."""
    shown = [
        {key: value for key, value in game.items() if key not in {"id", "breaker", "turn"}} for game in session["games"]
    ]
    assert shown == result["games"]
    assert session["balances"] == result["balances"]
    assert session["transfers"] == result["transfers"]


def figures(case: Mapping[str, Any], session: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """User id → what stats must say of this evening: counted from the log, games that have ended only."""
    result = replayed(case)
    users = {player["id"]: player["user_id"] for player in session["players"] if player["user_id"]}
    undone = {event["target"] for event in case["events"] if event["type"] == "undo"}
    kept = [event for event in case["events"] if event["id"] not in undone and event["type"] != "undo"]
    games = iter(result["games"])
    game: Mapping[str, Any] = {}
    counted: dict[str, Counter[str]] = {user: Counter() for user in users.values()}
    for event in kept:
        if event["type"] == "start":
            game = next(games)
            for player in game["scores"] if game["state"] == "ended" else ():
                if player in users:
                    counted[users[player]].update(_of_game(game, player))
        elif event["type"] in {"ball", "foul", "miss"} and game["state"] == "ended" and event["player"] in users:
            name = {"ball": "balls", "foul": "fouls", "miss": "misses"}[event["type"]]
            counted[users[event["player"]]][name] += 1
    return counted


def _of_game(game: Mapping[str, Any], player: str) -> Counter[str]:
    outcome = "wins" if player in game["winners"] else "losses" if game["winners"] else "draws"
    if game["reason"] == "abandoned":
        outcome = "abandoned"
    return Counter({"games": 1, outcome: 1, "balance": game["money"][player]})


def told(shown: Mapping[str, Any]) -> Counter[str]:
    """What stats show of a player, in the same words."""
    names = ("games", "wins", "losses", "draws", "abandoned", "balls", "fouls", "misses")
    counted = Counter({name: shown[name] for name in names})
    counted["balance"] = sum((shown["balance"] or {}).values())
    return counted
