"""The rules of a new session, as a client sent them."""

from collections.abc import Collection
from typing import Any

from artel.engine.caps import excess
from artel.engine.refusal import Refusal
from artel.engine.rules import Rules, parse_rules, rules_to_json
from artel.kernel.http import bad_field, clean


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
    for ball in getattr(rules, "balls", ()):
        _check_text(ball.id)
    return rules, rules_to_json(rules)


def _check_text(text: str) -> None:
    """The engine takes any text; a database takes no NUL and no half of a surrogate pair."""
    try:
        clean(text)
    except ValueError as error:
        raise bad_field("rules.balls", str(error), "invalid_rules") from error
