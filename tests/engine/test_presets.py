"""The rule sets that come with the program, and how rules are read."""

import json
from typing import Any

import pytest

from artel.engine.caps import excess
from artel.engine.kolkhoz import KolkhozGame
from artel.engine.presets import PRESETS, Preset
from artel.engine.refusal import Refusal
from artel.engine.replay import replay_case
from artel.engine.rules import KolkhozRules, parse_rules, rules_to_json
from artel.engine.session import Session
from engine.table import SEED, Json

each_preset = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)


def test_all_games_are_among_them() -> None:
    assert {preset.rules.game for preset in PRESETS} == {"americana", "moscow", "dynamic", "kolkhoz"}


@pytest.mark.parametrize("key", ["id", "name_ru", "name_en", "about_ru", "about_en"])
def test_none_is_mistaken_for_another(key: str) -> None:
    assert len({getattr(preset, key) for preset in PRESETS}) == len(PRESETS)


@each_preset
def test_written_out_it_is_the_same(preset: Preset) -> None:
    written = rules_to_json(preset.rules)
    assert parse_rules(json.loads(json.dumps(written))) == preset.rules
    assert excess(preset.rules) is None


@each_preset
def test_it_speaks_both_languages(preset: Preset) -> None:
    for russian in (preset.name_ru, preset.about_ru):
        assert any("а" <= letter <= "я" for letter in russian.lower())
    for english in (preset.name_en, preset.about_en):
        assert english.isascii()
        assert english.strip()


@each_preset
def test_none_is_about_money(preset: Preset) -> None:
    assert (preset.rules.price if isinstance(preset.rules, KolkhozRules) else preset.rules.stake.amount) == 0


@each_preset
def test_it_can_be_played(preset: Preset) -> None:
    """To the end, by whoever is drawn."""
    session = Session(preset.rules, ["A", "B", "C"])
    drawn = session.next(SEED)
    assert drawn
    session.take({"id": "start", "type": "start", **drawn})
    number = 0
    while session.running:
        ball = {"ball": kind_left(session)} if preset.rules.game == "kolkhoz" else {}
        session.take({"id": str(number), "type": "ball", "player": drawn["breaker"], **ball})
        number += 1
    assert drawn["breaker"] in session.games[0].winners
    assert sum(session.balances().values()) == 0


def kind_left(session: Session) -> str:
    rules, game = session.rules, session.running
    assert isinstance(rules, KolkhozRules)
    assert isinstance(game, KolkhozGame)
    return next(kind.id for kind, count in zip(rules.balls, game.rack, strict=True) if count)


DUEL: Json = {"game": "americana"}
KOLKHOZ: Json = {"game": "kolkhoz"}
REFUSED_DUELS: list[Json] = [
    {"game": "snooker"}, {"target": 0}, {"target": 51}, {"target": True}, {"target": 8.0}, {"target": "8"},
    {"foul": "minus"}, {"debt": 1}, {"fluke": None}, {"handicap": []}, {"handicap": {"A": {"target": 0}}},
    {"handicap": {"A": {"start": 1, "price": 1}}}, {"handicap": {"": {}}}, {"handicap": {"x" * 65: {}}},
    {"stake": {"amount": 1}}, {"stake": {"per": "game", "amount": -1}}, {"stake": {"per": "hour"}},
    {"format": "3x3"},
    {"queue": {}}, {"queue": "manual"}, {"queue": {"type": "winner_stays", "cap": 0}},
    {"queue": {"type": "manual", "cap": 2}},
    {"breaks": "lag"}, {"match": {}}, {"match": {"type": "race"}}, {"match": {"type": "race", "games": 3}},
    {"match": {"type": "fixed", "games": 0}}, {"match": {"type": "endless", "wins": 3}}, {"currency": "rub"},
    {"currency": "RUBL"}, {"currency": "RUB\n"}, {"currency": "РУБ"}, {"price": 5}, {"Target": 8},
]  # fmt: skip
REFUSED_KOLKHOZES: list[Json] = [
    {"system": "crooked"}, {"price": -1}, {"price": 0.5}, {"balls": []}, {"balls": [{"id": "w", "value": 1}]},
    {"balls": [{"id": "w", "value": 0, "count": 1}]}, {"balls": [{"id": "w", "value": 101, "count": 1}]},
    {"balls": [{"id": "w", "value": 1, "count": 31}]}, {"balls": [{"id": "w", "value": 1, "count": 1}] * 2},
    {"last_ball": "triple"}, {"last_ball": {}}, {"last_ball": {"add": 1.0}}, {"last_ball": 2}, {"foul": {}},
    {"foul": {"mode": "minus", "value": 0}}, {"foul": "minus"}, {"handicap": {"A": {"target": 3}}},
    {"rates": {"A": -1}}, {"system": "norm", "rates": {"A": 1}}, {"system": "reverse", "foul": {"mode": "next"}},
    {"legs": 3}, {"legs": True}, {"order": "alphabet"}, {"starter": "last"}, {"target": 8},
    {"stake": {"per": "game"}},
]  # fmt: skip


@pytest.mark.parametrize(
    "rules", [DUEL | wrong for wrong in REFUSED_DUELS] + [KOLKHOZ | wrong for wrong in REFUSED_KOLKHOZES]
)
def test_rules_that_are_refused(rules: Json) -> None:
    with pytest.raises(Refusal, match="invalid_rules"):
        parse_rules(rules)


@pytest.mark.parametrize("value", [None, [], "americana", 1, {}, {"game": None}, {"game": ["kolkhoz"]}, {"target": 8}])
def test_what_are_no_rules(value: Any) -> None:
    case = {"id": "case", "rules": value, "players": [], "events": []}
    assert replay_case(case)["error"]["code"] == "invalid_rules"


@pytest.mark.parametrize(("rules", "given"), [
    (DUEL, {"foul": "none", "debt": True}), (DUEL, {"handicap": {"A": {}, "B": {"start": -9}}}),
    (KOLKHOZ, {"system": "norm", "rates": {}}), (KOLKHOZ, {"foul": {"mode": "next"}, "rates": {"A": 0}}),
    (KOLKHOZ, {"last_ball": {"add": -5}}), (KOLKHOZ, {"price": 10**40}),
])  # fmt: skip
def test_rules_that_look_odd_and_are_well(rules: Json, given: Json) -> None:
    assert parse_rules({**rules, **given})


@pytest.mark.parametrize(("key", "rules"), [
    ("stake", {**DUEL, "stake": {"per": "game", "amount": 10**9 + 1}}),
    ("queue", {**DUEL, "queue": {"type": "winner_stays", "cap": 1001}}),
    ("match", {**DUEL, "match": {"type": "race", "wins": 1001}}),
    ("handicap", {**DUEL, "handicap": {"A": {"start": -1001}}}),
    ("price", {**KOLKHOZ, "price": 10**9 + 1}),
    ("rates", {**KOLKHOZ, "rates": {"A": 10**9 + 1}}),
    ("foul", {**KOLKHOZ, "foul": {"mode": "minus", "value": 1001}}),
    ("last_ball", {**KOLKHOZ, "last_ball": {"add": -1001}}),
    ("balls", {**KOLKHOZ, "balls": [{"id": str(kind), "value": 1, "count": 1} for kind in range(21)]}),
])  # fmt: skip
def test_numbers_too_large_to_be_kept(key: str, rules: Json) -> None:
    assert excess(parse_rules(rules)) == key
