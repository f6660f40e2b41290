"""The rule sets that come with the program. A company copies one and changes what it plays otherwise.

None is about money: all stakes and prices are 0 until a company sets its own. Where a custom has no key of its own
(who takes a ball off for an own ball, from where one plays on), the description says it.
"""

from dataclasses import dataclass
from typing import Any, Final

from artel.engine.rules import Rules, parse_rules


@dataclass(frozen=True, slots=True)
class Preset:
    id: str
    """Stable: templates refer to it."""
    name_ru: str
    about_ru: str
    name_en: str
    about_en: str
    rules: Rules


def _preset(preset: str, russian: tuple[str, str], english: tuple[str, str], rules: dict[str, Any]) -> Preset:
    return Preset(preset, *russian, *english, parse_rules(rules))


_SHELF: Final = {"foul": "offender_returns", "debt": True}

# The first of a game is what an evening of it begins with.
PRESETS: Final = (
    _preset(
        "americana",
        ("Американка", "Бить можно любым шаром, до 8 шаров. Штраф — шар сопернику."),
        ("Americana", "Any ball may be the cue ball; first to 8. A foul gives the opponent a ball."),
        {"game": "americana"},
    ),
    _preset(
        "americana-shelf",
        ("Американка «с полки»", "Штраф — свой шар с полки на стол, с пустой полки — в долг."),
        ("Americana from the shelf", "A foul puts a ball of your own back on the table; an empty shelf means a debt."),
        {"game": "americana", **_SHELF},
    ),
    _preset(
        "moscow",
        ("Московская", "За своего шар снимает соперник, он же решает, считать ли дурака. Штраф — шар с полки."),
        ("Moscow pyramid", "After an own ball, and after a fluke, the opponent decides. A foul costs a ball."),
        {"game": "moscow", **_SHELF},
    ),
    _preset(
        "combined",
        ("Комбинированная", "Один биток. За своего бьющий сам снимает шар и играет из дома. Штраф — шар сопернику."),
        ("Combined pyramid", "One cue ball. After an own ball the shooter takes one off. A foul gives one away."),
        {"game": "moscow"},
    ),
    _preset(
        "siberian",
        ("Сибирская", "Без случайных: дурак выставляется. За своего шар снимает соперник, штраф — шар с полки."),
        ("Siberian pyramid", "A fluke is spotted. After an own ball the opponent decides. A foul costs a ball."),
        {"game": "moscow", "fluke": "spotted", **_SHELF},
    ),
    _preset(
        "nevskaya",
        ("Невская", "Динамичная пирамида: после своего играют с любого места. Штраф — шар сопернику."),
        ("Nevskaya", "Dynamic pyramid: after an own ball play on from anywhere. A foul gives the opponent a ball."),
        {"game": "dynamic"},
    ),
    _preset(
        "kolkhoz-white",
        ("Колхоз белый", "Прямой: забитый шар оплачивает предыдущий. Последний шар — два, штраф — минус шар."),
        (
            "White kolkhoz",
            "Direct: whoever plays before you pays for your ball. The last counts twice.",
        ),
        {"game": "kolkhoz"},
    ),
    _preset(
        "kolkhoz-colours",
        ("Колхоз цветной 1-2-3", "Прямой, белый — 1, жёлтый — 2, красный — 3. Последний шар вдвое, штраф — минус 1."),
        ("Coloured kolkhoz 1-2-3", "Direct; white 1, yellow 2, red 3. The last ball counts twice, a foul minus 1."),
        {
            "game": "kolkhoz",
            "balls": [
                {"id": "white", "value": 1, "count": 13},
                {"id": "yellow", "value": 2, "count": 1},
                {"id": "red", "value": 3, "count": 1},
            ],
        },
    ),
    _preset(
        "kolkhoz-everyone",
        ("Колхоз «тупой»", "Каждый с каждым: за шар платят все, за штраф — всем."),
        ("Everyone's kolkhoz", "Everybody pays for a ball, and who fouls pays everybody."),
        {"game": "kolkhoz", "system": "everyone", "foul": {"mode": "pay_all", "value": 1}},
    ),
    _preset(
        "kolkhoz-two-legs",
        ("Колхоз с реверсом", "Аверс и реверс: вторая партия в обратном порядке. Красный — 2, штраф висит до шара."),
        (
            "Kolkhoz there and back",
            "Every second game is played in reverse. Red is 2; a foul hangs until the next ball.",
        ),
        {
            "game": "kolkhoz",
            "legs": 2,
            "foul": {"mode": "pending", "value": 1},
            "balls": [{"id": "white", "value": 1, "count": 14}, {"id": "red", "value": 2, "count": 1}],
        },
    ),
    _preset(
        "kolkhoz-reverse",
        ("Колхоз «обратный»", "За забитый шар платит следующий. Последний шар — два, штраф — минус шар."),
        ("Reverse kolkhoz", "Whoever plays after you pays for your ball. The last counts twice, a foul minus 1."),
        {"game": "kolkhoz", "system": "reverse"},
    ),
    _preset(
        "kolkhoz-norm",
        ("Колхоз «от среднего»", "Платят за то, чего не хватило до среднего. Последний шар — два, штраф — минус шар."),
        (
            "Kolkhoz against the average",
            "You pay for what you lack to the average. The last ball counts twice.",
        ),
        {"game": "kolkhoz", "system": "norm"},
    ),
)
BY_ID: Final = {preset.id: preset for preset in PRESETS}
