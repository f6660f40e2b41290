"""What the OpenAPI document says of rules and of money. The engine reads rules; here is their form in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from artel.engine.rules import (
    BREAKS,
    DUEL_FOULS,
    DUELS,
    FLUKES,
    FORMATS,
    KOLKHOZ_FOULS,
    ORDERS,
    QUEUES,
    STAKES,
    STARTERS,
    SYSTEMS,
)

MINOR: Final = "in minor units of the rules' `currency`: kopecks where it is RUB, so 5000 is 50 ₽"
SPLIT: Final = (
    "`equal`, by default: each of `among` bears the same; `minus_players`: only those of them whose balance is below 0 "
    "at that moment, each the same; `minus_proportional`: those, each in proportion to what he owes. Where nobody is "
    "below 0: as `equal`"
)
GAME_ID: Final = "that of the `start` which began it, made by the client"
PER_PLAYER: Final = "by the id of the player, "
Money = Annotated[dict[str, int], Field(description=f"{PER_PLAYER}{MINOR}; what he gets, or owes below 0")]
EXAMPLES: Final[list[dict[str, Any]]] = [
    {"game": "americana", "target": 8, "stake": {"per": "game", "amount": 50000}, "match": {"type": "race", "wins": 3}},
    {"game": "kolkhoz", "system": "direct", "price": 5000, "order": "rotate", "last_ball": {"add": 1}},
]


def _one_of(values: Sequence[str]) -> str:
    return " · ".join(f"`{value}`" for value in values)


DUEL: Final[Mapping[str, str]] = {
    "target": "balls that win a game, 1 to 50 (8)",
    "foul": f"{_one_of(DUEL_FOULS)}: a ball to the opponent, or off the offender's (and back on the table, or not)",
    "debt": "may a foul take a score below 0 (false)",
    "fluke": f"{_one_of(FLUKES)}: what a lucky ball is worth",
    "handicap": "`{player: {start, target}}`: the score he begins with, the balls that he needs",
    "stake": f"`{{per, amount}}`: per {_one_of(STAKES)}; per ball it is the difference of the scores",
    "format": _one_of(FORMATS),
    "queue": f"`{{type, cap}}`, who plays next where more are in than play: {_one_of(QUEUES)}; "
    "`cap`, of `winner_stays` only: wins in a row after which the winner leaves too (3)",
    "breaks": f"who breaks: {_one_of(BREAKS)}",
    "match": '`{"type": "endless"}` · `{"type": "race", "wins": n}` · `{"type": "fixed", "games": n}`',
}
KOLKHOZ: Final[Mapping[str, str]] = {
    "system": f"{_one_of(SYSTEMS)}: for his points a player is paid by the one before him in the circle, by the one "
    "after him, by all others, or all settle with the average",
    "price": "of a point (0)",
    "balls": "`[{id, value, count}]`: the kinds in the rack, by default fifteen `white` of value 1",
    "last_ball": '`none` · `double` · `{"add": n}`: what the last ball of a rack is worth',
    "foul": f"`{{mode, value}}`: {_one_of(KOLKHOZ_FOULS)}",
    "handicap": "`{player: {start}}`",
    "rates": "`{player: price}`: what he himself pays for a point; of `direct` only",
    "legs": "1, or 2: every second game goes round the other way",
    "order": f"of the circle: {_one_of(ORDERS)}",
    "starter": f"who breaks: {_one_of(STARTERS)}",
}


def _list(keys: Mapping[str, str]) -> str:
    return "\n".join(f"- `{key}`: {words}" for key, words in keys.items())


RULES_TOLD: Final = (
    f"Only `game` has to be there, unknown keys are refused, and answers have every key written out. Amounts are "
    f"{MINOR}. `currency`: three letters of ISO 4217 (RUB).\n\nOf a duel, `game` {_one_of(DUELS)}:\n\n{_list(DUEL)}\n\n"
    f"Of `kolkhoz`:\n\n{_list(KOLKHOZ)}"
)
RulesIn = Annotated[dict[str, Any], Field(description=RULES_TOLD, examples=EXAMPLES)]
RulesOut = Annotated[dict[str, Any], Field(description="with every key; `NewSession` says what they mean")]
