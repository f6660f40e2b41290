"""The rules of an evening: read strictly, because a misspelt rule must never play silently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from artel.engine.form import FormError, by_player, flag, identifier, made, one_of, whole
from artel.engine.refusal import Refusal

DUELS: Final = ("americana", "moscow", "dynamic")
DUEL_FOULS: Final = ("opponent_gains", "offender_returns", "offender_loses", "none")
FLUKES: Final = ("counts", "spotted")
STAKES: Final = ("none", "game", "ball")
FORMATS: Final = ("1x1", "2x2")
QUEUES: Final = ("manual", "winner_stays", "both_leave", "round_robin", "least_played", "random_no_repeat")
MATCHES: Final = ("endless", "race", "fixed")
BREAKS: Final = ("alternate", "winner", "loser", "random", "manual")
SYSTEMS: Final = ("direct", "reverse", "everyone", "norm")
KOLKHOZ_FOULS: Final = ("minus", "next", "pay_all", "pending", "none")
ORDERS: Final = ("fixed", "rotate", "random", "random_no_repeat", "fair", "manual")
STARTERS: Final = ("first", "last_potter")

NOBODY: Final[Mapping[str, Any]] = MappingProxyType({})
_CURRENCY = re.compile("[A-Z]{3}")


class Stake(NamedTuple):
    per: str = "none"
    amount: int = 0


class Queue(NamedTuple):
    type: str = "winner_stays"
    cap: int = 3
    """Wins in a row after which the winner leaves too; read by winner_stays only."""


class Match(NamedTuple):
    type: str = "endless"
    wins: int = 0
    games: int = 0

    @property
    def limit(self) -> int:
        """Wins of a race, games of a fixed match, 0 where there is no end."""
        return self.wins or self.games


class Handicap(NamedTuple):
    """None is "not written", which differs from 0 as soon as there are partners."""

    start: int | None = None
    target: int | None = None


class DuelRules(NamedTuple):
    game: str
    target: int = 8
    foul: str = "opponent_gains"
    debt: bool = False
    fluke: str = "counts"
    handicap: Mapping[str, Handicap] = NOBODY
    stake: Stake = Stake()
    format: str = "1x1"
    queue: Queue = Queue()
    breaks: str = "alternate"
    match: Match = Match()
    currency: str = "RUB"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of balls in the rack."""

    id: str
    value: int
    count: int


WHITES: Final = (Kind("white", 1, 15),)


class Foul(NamedTuple):
    mode: str = "minus"
    value: int = 1


class KolkhozRules(NamedTuple):
    game: str = "kolkhoz"
    system: str = "direct"
    price: int = 0
    balls: tuple[Kind, ...] = WHITES
    last_ball: str | int = "double"
    """A number is what {"add": n} adds."""
    foul: Foul = Foul()
    handicap: Mapping[str, Handicap] = NOBODY
    rates: Mapping[str, int] = NOBODY
    legs: int = 1
    order: str = "fair"
    starter: str = "last_potter"
    currency: str = "RUB"


Rules = DuelRules | KolkhozRules


def parse_rules(value: object) -> Rules:
    """Refusal `invalid_rules` for anything but exactly the rules that are written down."""
    kolkhoz = isinstance(value, dict) and value.get("game") == "kolkhoz"
    try:
        rules: Rules = (_kolkhoz if kolkhoz else _duel)(value)
    except FormError as error:
        raise Refusal("invalid_rules", f"rules: {error}") from None
    return rules


def _kolkhoz(value: object) -> KolkhozRules:
    rules: KolkhozRules = _read_kolkhoz(value)
    if rules.system != "direct" and rules.rates:
        raise FormError("rates: players have rates of their own only in the system direct")
    if rules.system != "direct" and rules.foul.mode == "next":
        raise FormError("foul: with any system but direct, players who had no part in it would pay")
    return rules


def _queue(value: object) -> Queue:
    queue: Queue = _read_queue(value)
    if queue.type != "winner_stays" and isinstance(value, dict) and "cap" in value:
        raise FormError("cap: only winner_stays has one")
    return queue


def _match(value: object) -> Match:
    """Which limit there is depends on the type."""
    kind = value.get("type") if isinstance(value, dict) else None
    match: Match = _MATCHES.get(kind if isinstance(kind, str) else "", _MATCHES["endless"])(value)
    return match


def _balls(value: object) -> tuple[Kind, ...]:
    if not isinstance(value, list) or not value:
        raise FormError("must be a list of kinds")
    kinds = tuple(map(_read_kind, value))
    if len({kind.id for kind in kinds}) < len(kinds):
        raise FormError("two kinds have the same id")
    return kinds


def _last_ball(value: object) -> str | int:
    added: str | int = (_read_added if isinstance(value, dict) else _read_last_ball)(value)
    return added


def _currency(value: object) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise FormError("must be three capital letters (ISO 4217)")
    return value


_read_queue = made(Queue, {"type": one_of(QUEUES), "cap": whole(1)}, "type")
_MATCHES: Final = {
    "endless": made(Match, {"type": one_of(MATCHES)}, "type"),
    "race": made(Match, {"type": one_of(MATCHES), "wins": whole(1)}, "type", "wins"),
    "fixed": made(Match, {"type": one_of(MATCHES), "games": whole(1)}, "type", "games"),
}
_duel = made(
    DuelRules,
    {
        "game": one_of((*DUELS, "kolkhoz")),
        "target": whole(1, 50),
        "foul": one_of(DUEL_FOULS),
        "debt": flag,
        "fluke": one_of(FLUKES),
        "handicap": by_player(made(Handicap, {"start": whole(), "target": whole(1, 50)})),
        "stake": made(Stake, {"per": one_of(STAKES), "amount": whole(0)}, "per"),
        "format": one_of(FORMATS),
        "queue": _queue,
        "breaks": one_of(BREAKS),
        "match": _match,
        "currency": _currency,
    },
    "game",
)
_read_kind = made(Kind, {"id": identifier, "value": whole(1, 100), "count": whole(1, 30)}, "id", "value", "count")
_read_added = made(lambda add: add, {"add": whole()}, "add")
_read_last_ball = one_of(("none", "double"))
_read_kolkhoz = made(
    KolkhozRules,
    {
        "game": one_of(("kolkhoz",)),
        "system": one_of(SYSTEMS),
        "price": whole(0),
        "balls": _balls,
        "last_ball": _last_ball,
        "foul": made(Foul, {"mode": one_of(KOLKHOZ_FOULS), "value": whole(1)}, "mode"),
        "handicap": by_player(made(Handicap, {"start": whole()}, "start")),
        "rates": by_player(whole(0)),
        "legs": whole(1, 2),
        "order": one_of(ORDERS),
        "starter": one_of(STARTERS),
        "currency": _currency,
    },
)


def rules_to_json(rules: Rules) -> dict[str, Any]:
    """Every key written out, defaults too; `parse_rules` of it gives equal rules."""
    return _kolkhoz_json(rules) if isinstance(rules, KolkhozRules) else _duel_json(rules)


def _duel_json(rules: DuelRules) -> dict[str, Any]:
    limit = {"race": {"wins": rules.match.wins}, "fixed": {"games": rules.match.games}}
    cap = {"cap": rules.queue.cap} if rules.queue.type == "winner_stays" else {}
    return {
        "game": rules.game,
        "target": rules.target,
        "foul": rules.foul,
        "debt": rules.debt,
        "fluke": rules.fluke,
        "handicap": _handicap_json(rules.handicap),
        "stake": {"per": rules.stake.per, "amount": rules.stake.amount},
        "format": rules.format,
        "queue": {"type": rules.queue.type, **cap},
        "breaks": rules.breaks,
        "match": {"type": rules.match.type, **limit.get(rules.match.type, {})},
        "currency": rules.currency,
    }


def _kolkhoz_json(rules: KolkhozRules) -> dict[str, Any]:
    return {
        "game": rules.game,
        "system": rules.system,
        "price": rules.price,
        "balls": [{"id": kind.id, "value": kind.value, "count": kind.count} for kind in rules.balls],
        "last_ball": rules.last_ball if isinstance(rules.last_ball, str) else {"add": rules.last_ball},
        "foul": {"mode": rules.foul.mode, "value": rules.foul.value},
        "handicap": _handicap_json(rules.handicap),
        "rates": dict(rules.rates),
        "legs": rules.legs,
        "order": rules.order,
        "starter": rules.starter,
        "currency": rules.currency,
    }


def _handicap_json(handicap: Mapping[str, Handicap]) -> dict[str, dict[str, int]]:
    return {player: _written(given) for player, given in handicap.items()}


def _written(handicap: Handicap) -> dict[str, int]:
    both = {"start": handicap.start, "target": handicap.target}
    return {key: value for key, value in both.items() if value is not None}
