"""The rules of an evening: read strictly, because a misspelt rule must never play silently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from artel.engine.form import Form, is_id

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

_CODE = "invalid_rules"
_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Stake:
    per: str = "none"
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    type: str = "winner_stays"
    cap: int = 3
    """Wins in a row after which the winner leaves too; read by winner_stays only."""


@dataclass(frozen=True, slots=True)
class Match:
    type: str = "endless"
    limit: int = 0
    """Wins of a race, games of a fixed match."""


@dataclass(frozen=True, slots=True)
class Handicap:
    """None is "not written", which differs from 0 as soon as there are partners."""

    start: int | None = None
    target: int | None = None


@dataclass(frozen=True, slots=True)
class DuelRules:
    game: str
    target: int = 8
    foul: str = "opponent_gains"
    debt: bool = False
    fluke: str = "counts"
    handicap: Mapping[str, Handicap] = field(default_factory=dict)
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


@dataclass(frozen=True, slots=True)
class Foul:
    mode: str = "minus"
    value: int = 1


@dataclass(frozen=True, slots=True)
class KolkhozRules:
    game: str = "kolkhoz"
    system: str = "direct"
    price: int = 0
    balls: tuple[Kind, ...] = WHITES
    last_ball: str | int = "double"
    """A number is what {"add": n} adds."""
    foul: Foul = Foul()
    handicap: Mapping[str, Handicap] = field(default_factory=dict)
    rates: Mapping[str, int] = field(default_factory=dict)
    legs: int = 1
    order: str = "fair"
    starter: str = "last_potter"
    currency: str = "RUB"


Rules = DuelRules | KolkhozRules

_DUEL_KEYS: Final = frozenset(each.name for each in fields(DuelRules))
_KOLKHOZ_KEYS: Final = frozenset(each.name for each in fields(KolkhozRules))
_HANDICAP_KEYS: Final = frozenset(("start", "target"))
_START_KEYS: Final = frozenset(("start",))
_STAKE_KEYS: Final = frozenset(("per", "amount"))
_QUEUE_KEYS: Final = frozenset(("type", "cap"))
_KIND_KEYS: Final = frozenset(("id", "value", "count"))
_ADD_KEYS: Final = frozenset(("add",))
_FOUL_KEYS: Final = frozenset(("mode", "value"))


def parse_rules(value: object) -> Rules:
    """Refusal `invalid_rules` for anything but exactly the rules that are written down."""
    game = value.get("game") if isinstance(value, dict) else None
    if game == "kolkhoz":
        return _kolkhoz(Form(value, _KOLKHOZ_KEYS, _CODE, "rules"))
    form = Form(value, _DUEL_KEYS if game in DUELS else _DUEL_KEYS | _KOLKHOZ_KEYS, _CODE, "rules")
    return _duel(form)


def _duel(form: Form) -> DuelRules:
    return DuelRules(
        game=form.choice("game", (*DUELS, "kolkhoz")),
        target=form.whole("target", 1, 50, 8),
        foul=form.choice("foul", DUEL_FOULS, "opponent_gains"),
        debt=form.flag("debt", False),
        fluke=form.choice("fluke", FLUKES, "counts"),
        handicap={player: _duel_handicap(given) for player, given in form.by_player("handicap").items()},
        stake=_stake(form.get("stake")) if form.has("stake") else Stake(),
        format=form.choice("format", FORMATS, "1x1"),
        queue=_queue(form.get("queue")) if form.has("queue") else Queue(),
        breaks=form.choice("breaks", BREAKS, "alternate"),
        match=_match(form.get("match")) if form.has("match") else Match(),
        currency=_currency(form),
    )


def _kolkhoz(form: Form) -> KolkhozRules:
    rules = KolkhozRules(
        system=form.choice("system", SYSTEMS, "direct"),
        price=form.whole("price", 0, default=0),
        balls=_balls(form) if form.has("balls") else WHITES,
        last_ball=_last_ball(form),
        foul=_foul(form.get("foul")) if form.has("foul") else Foul(),
        handicap={player: _start(given) for player, given in form.by_player("handicap").items()},
        rates={player: _rate(form, given) for player, given in form.by_player("rates").items()},
        legs=form.whole("legs", 1, 2, 1),
        order=form.choice("order", ORDERS, "fair"),
        starter=form.choice("starter", STARTERS, "last_potter"),
        currency=_currency(form),
    )
    if rules.system != "direct" and rules.rates:
        raise form.wrong("rates", "personal rates need the system direct")
    if rules.system != "direct" and rules.foul.mode == "next":
        raise form.wrong("foul", "with any system but direct, players who had no part in it would pay")
    return rules


def _duel_handicap(value: object) -> Handicap:
    form = Form(value, _HANDICAP_KEYS, _CODE, "rules.handicap")
    return Handicap(
        form.whole("start", None) if form.has("start") else None,
        form.whole("target", 1, 50) if form.has("target") else None,
    )


def _start(value: object) -> Handicap:
    return Handicap(Form(value, _START_KEYS, _CODE, "rules.handicap").whole("start", None))


def _stake(value: object) -> Stake:
    form = Form(value, _STAKE_KEYS, _CODE, "rules.stake")
    return Stake(form.choice("per", STAKES), form.whole("amount", 0, default=0))


def _queue(value: object) -> Queue:
    form = Form(value, _QUEUE_KEYS, _CODE, "rules.queue")
    kind = form.choice("type", QUEUES)
    if kind != "winner_stays" and form.has("cap"):
        raise form.wrong("cap", "only winner_stays has one")
    return Queue(kind, form.whole("cap", 1, default=3))


def _match(value: object) -> Match:
    kind = Form(value, frozenset(("type", "wins", "games")), _CODE, "rules.match").choice("type", MATCHES)
    limits = {"endless": (), "race": ("wins",), "fixed": ("games",)}[kind]
    form = Form(value, frozenset(("type", *limits)), _CODE, "rules.match")
    return Match(kind, *(form.whole(key, 1) for key in limits))


def _balls(form: Form) -> tuple[Kind, ...]:
    value = form.get("balls")
    if not isinstance(value, list) or not value:
        raise form.wrong("balls", "must be a list of kinds")
    kinds = tuple(_kind(each) for each in value)
    if len({kind.id for kind in kinds}) < len(kinds):
        raise form.wrong("balls", "two kinds have the same id")
    return kinds


def _kind(value: object) -> Kind:
    form = Form(value, _KIND_KEYS, _CODE, "rules.balls")
    return Kind(form.identifier("id"), form.whole("value", 1, 100), form.whole("count", 1, 30))


def _last_ball(form: Form) -> str | int:
    if form.has("last_ball") and isinstance(form.get("last_ball"), dict):
        return Form(form.get("last_ball"), _ADD_KEYS, _CODE, "rules.last_ball").whole("add", None)
    return form.choice("last_ball", ("none", "double"), "double")


def _foul(value: object) -> Foul:
    form = Form(value, _FOUL_KEYS, _CODE, "rules.foul")
    return Foul(form.choice("mode", KOLKHOZ_FOULS), form.whole("value", 1, default=1))


def _rate(form: Form, value: object) -> int:
    if type(value) is not int or value < 0:
        raise form.wrong("rates", "must be whole numbers from 0")
    return value


def _currency(form: Form) -> str:
    value = form.get("currency") if form.has("currency") else "RUB"
    if not is_id(value) or not _CURRENCY.fullmatch(value):
        raise form.wrong("currency", "must be three capital letters (ISO 4217)")
    return value


def rules_to_json(rules: Rules) -> dict[str, Any]:
    """Every key written out, defaults too; `parse_rules` of it gives equal rules."""
    return _kolkhoz_json(rules) if isinstance(rules, KolkhozRules) else _duel_json(rules)


def _duel_json(rules: DuelRules) -> dict[str, Any]:
    limit = {"race": {"wins": rules.match.limit}, "fixed": {"games": rules.match.limit}}
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
