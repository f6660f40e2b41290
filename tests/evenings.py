"""Evenings as the game service would tell of them, without playing them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from random import Random
from typing import Any
from uuid import UUID

from artel.contracts.auth import Privacy, UserRegistered, UserUpdated
from artel.contracts.friends import (
    FriendAccepted,
    FriendEvent,
    FriendRemoved,
    FriendRequested,
    UserBlocked,
    UserUnblocked,
)
from artel.contracts.game import (
    GameFinished,
    GameReopened,
    GuestClaimed,
    GuestUnclaimed,
    Player,
    SessionCreated,
    SessionFinished,
    SessionPlayerJoined,
    SessionReopened,
    Tally,
)
from artel.kernel.events import Event, new_id
from artel_testing import Person

LONG_AGO = datetime(2026, 1, 10, 18, tzinfo=UTC)
KINDS = ("americana", "moscow", "dynamic", "kolkhoz")


@dataclass
class Evening:
    """Every call is the next version. Players go by their names; a name alone is a guest."""

    people: Sequence[Person | str]
    kind: str = "americana"
    name: str = "Вечер"
    currency: str = "RUB"
    starts: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=3))
    make_id: Callable[[], str] = new_id
    version: int = 0
    claim_version: int = 0
    games: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.make_id()
        self.players = [self._player(person) for person in self.people]
        self.ids = {player.name: player.id for player in self.players}

    def _player(self, person: Person | str) -> Player:
        if isinstance(person, str):
            return Player(id=self.make_id(), user_id=None, name=person)
        return Player(id=self.make_id(), user_id=person.id, name=person.name)

    def _common(self) -> dict[str, Any]:
        return {
            "session_id": self.id,
            "session_version": self.version,
            "session_name": self.name,
            "organizer_id": next(player.user_id for player in self.players if player.user_id),
            "players": list(self.players),
            "kind": self.kind,
            "currency": self.currency,
            "at": self.starts + timedelta(minutes=self.version, seconds=self.claim_version),
        }

    def created(self) -> SessionCreated:
        return SessionCreated(**self._common())

    def joined(self, person: Person | str) -> SessionPlayerJoined:
        self.version += 1
        player = self._player(person)
        self.players.append(player)
        self.ids[player.name] = player.id
        return SessionPlayerJoined(**self._common(), player_id=player.id)

    def claimed(self, player: str, by: Person) -> GuestClaimed:
        """From now on the guest is this user, in all lists of players too."""
        self._turn_out(player, by.id)
        about = {"player_id": self.ids[player], "user_id": by.id, "claim_version": self.claim_version}
        return GuestClaimed(**self._common(), **about)

    def unclaimed(self, player: str, by: Person) -> GuestUnclaimed:
        self._turn_out(player, None)
        about = {"player_id": self.ids[player], "user_id": by.id, "claim_version": self.claim_version}
        return GuestUnclaimed(**self._common(), **about)

    def _turn_out(self, name: str, user_id: str | None) -> None:
        self.claim_version += 1
        seat = next(seat for seat, player in enumerate(self.players) if player.id == self.ids[name])
        self.players[seat] = self.players[seat].model_copy(update={"user_id": user_id})

    def duel(
        self,
        score: Mapping[str, int],
        *,
        money: Mapping[str, int] | None = None,
        sides: Sequence[Sequence[str]] | None = None,
        reason: str = "target",
        game_id: str | None = None,
        **details: Any,
    ) -> GameFinished:
        """`score` of each side by its first player; the higher one wins unless it is a draw or abandoned."""
        sides = sides or [[name] for name in score]
        best = max(score.values())
        undecided = reason in {"draw", "abandoned"}
        winners = [] if undecided else next(list(side) for side in sides if score[side[0]] == best)
        scores = {name: score[side[0]] for side in sides for name in side}
        shape = {"sides": [[self.ids[name] for name in side] for side in sides], "points": {}, "balls_left": 3}
        outcome = {"reason": reason, **shape, **self._result(scores, winners, money)}
        return self._finished(outcome, game_id, **details)

    def kolkhoz(
        self,
        score: Mapping[str, int],
        *,
        money: Mapping[str, int] | None = None,
        points: Mapping[str, Any] | None = None,
        reason: str = "rack_empty",
        game_id: str | None = None,
        **details: Any,
    ) -> GameFinished:
        """Points as in the direct system, unless given."""
        order = list(score)
        direct = {name: score[name] - score[order[(seat + 1) % len(order)]] for seat, name in enumerate(order)}
        worth = dict(points or direct)
        best = max(Fraction(value) for value in worth.values())
        winners = [] if reason == "abandoned" else [name for name in order if Fraction(worth[name]) == best]
        shape = {
            "order": [self.ids[name] for name in order],
            "points": {self.ids[name]: value for name, value in worth.items()},
            "balls_left": 0,
        }
        outcome = {"reason": reason, **shape, **self._result(score, winners, money)}
        return self._finished(outcome, game_id, **details)

    def _result(
        self, scores: Mapping[str, int], winners: Sequence[str], money: Mapping[str, int] | None
    ) -> dict[str, Any]:
        return {
            "scores": {self.ids[name]: value for name, value in scores.items()},
            "winners": [self.ids[name] for name in winners],
            "money": {self.ids[name]: (money or {}).get(name, 0) for name in scores},
        }

    def _finished(self, outcome: Mapping[str, Any], game_id: str | None, **details: Any) -> GameFinished:
        self.version += 10
        if game_id is None:
            game_id = f"start-{len(self.games)}"  # the client's making: another evening has it too
            self.games.append(game_id)
        result = {"number": self.games.index(game_id) + 1, "state": "ended", **outcome}
        finished = details.pop("finished_at", self.starts + timedelta(minutes=self.version))
        tallies = {self.ids[name]: tally for name, tally in details.pop("tallies", {}).items()}
        default = {player_id: Tally(balls=max(value, 0)) for player_id, value in result["scores"].items()}
        return GameFinished(
            **self._common(),
            game_id=game_id,
            number=result["number"],
            result=result,
            tallies={**default, **tallies},
            handicapped=details.pop("handicapped", False),
            started_at=finished - timedelta(minutes=9),
            finished_at=finished,
        )

    def take_back(self, game_id: str) -> GameReopened:
        self.version += 1
        return GameReopened(**self._common(), game_id=game_id, number=self.games.index(game_id) + 1)

    def finish(
        self, balances: Mapping[str, int], transfers: Sequence[tuple[str, str, int]] = (), *, money: bool = True
    ) -> SessionFinished:
        self.version += 1
        return SessionFinished(
            **self._common(),
            games=len(self.games),
            balances={self.ids[name]: amount for name, amount in balances.items()},
            transfers=[{"from": self.ids[a], "to": self.ids[b], "amount": amount} for a, b, amount in transfers],
            money=money,
        )

    def reopen(self) -> SessionReopened:
        self.version += 1
        return SessionReopened(**self._common())


class Story:
    """What the services might tell of a few people over some evenings, in the order in which it happened."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.kinds = rng.sample(KINDS, 2)
        self.people = [Person(name, id=self.make_id()) for name in ("Аня", "Борис", "Вера", "Глеб")]
        self.events: list[Event] = []
        self._names()
        for one, other in combinations(self.people, 2):
            self._acquaintance(one, other)
        for number in range(rng.randint(1, 3)):
            self._evening(number)

    def make_id(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def _names(self) -> None:
        for person in self.people:
            self.events.append(UserRegistered(user_id=person.id, version=1, display_name=person.name))
            for version in range(2, self.rng.randint(2, 4)):
                name = f"{person.name} {version}"
                update = UserUpdated(user_id=person.id, version=version, display_name=name, privacy=self._privacy())
                self.events.append(update)

    def _privacy(self) -> Privacy | None:
        """None: said by a process that does not know of it yet."""
        hidden = Privacy(figures=self.rng.choice(["known", "friends", "nobody"]), hide_money=self.rng.random() < 0.5)
        return self.rng.choice([None, hidden])

    def _acquaintance(self, one: Person, other: Person) -> None:
        request = {"request_id": self.make_id()}
        for version in range(1, self.rng.randint(1, 6)):
            who, whom = self.rng.sample([one, other], 2)
            pair = {"user_id": who.id, "other_id": whom.id, "version": version}
            told: list[FriendEvent] = [
                FriendRequested(**pair, **request, name=who.name),
                FriendAccepted(**pair, **request, name=who.name),
                FriendRemoved(**pair),
                UserBlocked(**pair),
                UserUnblocked(**pair),
            ]
            self.events.append(self.rng.choice(told))

    def _evening(self, number: int) -> None:
        people: list[Person | str] = [*self.rng.sample(self.people, self.rng.randint(2, 3))]
        guests = ["Гость"] if self.rng.random() < 0.4 else []
        evening = Evening(
            [*people, *guests],
            kind=self.rng.choice(self.kinds),
            name=f"Вечер {number}",
            currency=self.rng.choice(["RUB", "EUR"]),
            starts=LONG_AGO + timedelta(hours=self.rng.randint(0, 3)),
            make_id=self.make_id,
        )
        self.events.append(evening.created())
        for _ in range(self.rng.randint(0, 12)):
            self.events.append(self._step(evening))

    def _step(self, evening: Evening) -> Event:
        kind = self.rng.choice(["game", "game", "game", "again", "again", "back", "finish", "reopen", "claim"])
        if kind in {"again", "back"} and evening.games:
            game_id = self.rng.choice(evening.games)
            return self._game(evening, game_id) if kind == "again" else evening.take_back(game_id)
        if kind == "reopen":
            return evening.reopen()
        if kind == "claim" and "Гость" in evening.ids:
            return self._claim(evening)
        if kind == "finish":
            one, other, *_ = evening.ids
            return evening.finish(self._amounts(list(evening.ids)), [(one, other, 100)])
        return self._game(evening, None)

    def _claim(self, evening: Evening) -> Event:
        """By somebody who was not there; or taken back."""
        there = {player.user_id for player in evening.players}
        absent = [person for person in self.people if person.id not in there]
        guest = next(player for player in evening.players if player.name == "Гость")
        if guest.user_id is None and absent:
            return evening.claimed("Гость", self.rng.choice(absent))
        known = [person for person in self.people if person.id == guest.user_id]
        return evening.unclaimed("Гость", known[0]) if known else evening.created()

    def _game(self, evening: Evening, game_id: str | None) -> GameFinished:
        details: dict[str, Any] = {"game_id": game_id, "handicapped": self.rng.random() < 0.2}
        if self.rng.random() < 0.3:  # some end at the same moment
            details["finished_at"] = LONG_AGO + timedelta(minutes=self.rng.randint(0, 3) * 60)
        names = self.rng.sample(list(evening.ids), self.rng.randint(2, len(evening.ids)))
        if evening.kind == "kolkhoz":
            score = {name: self.rng.randint(-2, 9) for name in names}
            reason = self.rng.choice(["rack_empty", "rack_empty", "timeout", "abandoned"])
            return evening.kolkhoz(score, money=self._amounts(names), reason=reason, **details)
        sides = [names[:2], names[2:]] if len(names) == 4 else [names[:1], names[1:]]
        score = {sides[0][0]: 8, sides[1][0]: self.rng.randint(0, 7)}
        reason = self.rng.choice(["target", "target", "draw", "abandoned"])
        return evening.duel(score, sides=sides, money=self._amounts(names), reason=reason, **details)

    def _amounts(self, names: Sequence[str]) -> dict[str, int]:
        amounts = [self.rng.randint(-100_000, 100_000) for _ in names[1:]]
        return dict(zip(names, [-sum(amounts), *amounts], strict=True))

    def retold(self, rng: Random) -> list[Event]:
        """Every event at least once, some again, in any order."""
        told = [*self.events, *rng.choices(self.events, k=rng.randint(0, len(self.events)))]
        rng.shuffle(told)
        return told
