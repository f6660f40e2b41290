"""What the OpenAPI document says is what the engine does."""

import re
from typing import Any

import pytest

from artel.compose import compose
from artel.engine import rules as engine
from artel.engine.rules import parse_rules, rules_to_json
from artel.game.told import DUEL, EXAMPLES, KOLKHOZ, MINOR, SPLIT
from artel.kernel.settings import Settings

MODELS = compose(["game"], Settings()).openapi()["components"]["schemas"]
CHOICES = {each for choices in vars(engine).values() if isinstance(choices, tuple) for each in choices}


@pytest.mark.parametrize(("game", "told"), [("americana", DUEL), ("kolkhoz", KOLKHOZ)])
def test_every_key_of_rules_is_told(game: str, told: dict[str, str]) -> None:
    assert {*told, "game", "currency"} == rules_to_json(parse_rules({"game": game})).keys()


def test_every_choice_is_told_and_none_that_there_is_not() -> None:
    said = MODELS["NewSession"]["properties"]["rules"]["description"]
    words = {each for each in CHOICES if isinstance(each, str)}
    assert {word for word in words if not re.search(f'[`"]{word}[`"]', said)} == set()
    keys = {*DUEL, *KOLKHOZ, "game", "currency", "cap", "kolkhoz", "white", "none", "double", "direct"}
    assert {word for word in re.findall(r"`(\w+)`", said) if word not in words} <= keys


def test_examples_are_rules() -> None:
    examples = MODELS["NewSession"]["properties"]["rules"]["examples"]
    assert examples == EXAMPLES
    assert {parse_rules(example).game for example in examples} == {"americana", "kolkhoz"}


def test_money_says_its_unit() -> None:
    """Wherever there is any."""
    money = {
        (model, name): about
        for model, described in MODELS.items()
        for name, about in described.get("properties", {}).items()
        if name in {"money", "balances", "amount"} and model != "Share"
    }
    assert len(money) >= 8
    assert [place for place, about in money.items() if MINOR not in about.get("description", "")] == []


def test_a_game_is_called_by_its_start() -> None:
    for model, name in (("GameOut", "id"), ("SharedGame", "id"), ("BallForm", "game"), ("EndForm", "game")):
        assert "that of the `start` which began it" in MODELS[model]["properties"][name]["description"]
    assert "whose id is that of this event" in MODELS["StartForm"]["description"]


def test_ways_to_split_are_told() -> None:
    split: dict[str, Any] = MODELS["ExpenseForm"]["properties"]["split"]
    assert split["description"] == SPLIT
    assert all(f"`{way}`" in SPLIT for way in split["enum"])
