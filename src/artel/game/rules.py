"""The rules of a new session, as a client sent them."""

from collections.abc import Collection
from typing import Any

from artel.engine.caps import excess
from artel.engine.refusal import Refusal
from artel.engine.rules import Rules, parse_rules, rules_to_json
from artel.game.forms import CONTROL
from artel.kernel.http import bad_field


def read_rules(value: dict[str, Any], players: Collection[str]) -> tuple[Rules, dict[str, Any]]:
    """Also with every key written out. 422 `invalid_rules`."""
    try:
        rules = parse_rules(value)
    except Refusal as refusal:
        raise bad_field("rules", refusal.detail, "invalid_rules") from refusal
    if key := excess(rules):
        raise bad_field(f"rules.{key}", "beyond what is kept", "invalid_rules")
    for key in ("handicap", "rates"):
        stranger = next((player for player in getattr(rules, key, {}) if player not in players), None)
        if stranger is not None:
            raise bad_field(f"rules.{key}", f"no player is {stranger}", "invalid_rules")
    whole = rules_to_json(rules)
    _refuse_odd_texts(whole)
    return rules, whole


def _refuse_odd_texts(value: Any) -> None:
    """What no database takes: control characters, halves of surrogate pairs."""
    if isinstance(value, str):
        if CONTROL.search(value) or (not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)):
            raise bad_field("rules", "control characters are not allowed", "invalid_rules")
    elif isinstance(value, list):
        for each in value:
            _refuse_odd_texts(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            _refuse_odd_texts(key)
            _refuse_odd_texts(each)
