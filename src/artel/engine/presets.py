"""Rule sets that come with the game, played for points until somebody sets a price.

The switches of clubs that the score cannot see (which ball is the cue ball, from where one plays after a свояк) are in
the descriptions. The names and their rules are those of Russian clubs; companies copy and bend them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from artel.engine.rules import Rules, parse_rules


@dataclass(frozen=True, slots=True)
class Preset:
    id: str
    name: Mapping[str, str]
    """By language: ru, en."""
    description: Mapping[str, str]
    rules: Rules


def _preset(preset_id: str, name: tuple[str, str], description: tuple[str, str], rules: dict[str, object]) -> Preset:
    return Preset(
        preset_id,
        {"ru": name[0], "en": name[1]},
        {"ru": description[0], "en": description[1]},
        parse_rules(rules),
    )


_COLOURED = [
    {"id": "white", "value": 1, "count": 12},
    {"id": "yellow", "value": 2, "count": 2},
    {"id": "red", "value": 3, "count": 1},
]
_WITH_RED = [{"id": "white", "value": 1, "count": 14}, {"id": "red", "value": 2, "count": 1}]

PRESETS = (
    _preset(
        "americana",
        ("Американка", "Americana"),
        (
            "Любой шар может быть битком, до 8. За фол соперник снимает шар со стола.",
            "Any ball may be the cue ball, to 8. For a foul the opponent takes a ball from the table.",
        ),
        {"game": "americana"},
    ),
    _preset(
        "americana-shelf",
        ("Американка «с полки»", "Americana from the shelf"),
        (
            "За фол шар возвращается со своей полки на стол; нет шаров — долг.",
            "For a foul a ball goes back from your shelf to the table; with none there it is a debt.",
        ),
        {"game": "americana", "foul": "offender_returns", "debt": True},
    ),
    _preset(
        "combined",
        ("Комбинированная", "Combined"),
        (
            "Биток один. Свояк — 1: бивший снимает шар и играет с руки из дома. За фол +1 сопернику.",
            "One cue ball. An own ball is 1: the shooter takes a ball, plays from baulk. A foul: +1 to the opponent.",
        ),
        {"game": "moscow"},
    ),
    _preset(
        "moscow",
        ("Московская", "Moscow"),
        (
            "Биток один. Свояк — 1, шар снимает соперник. За фол шар возвращается с полки на стол.",
            "One cue ball. An own ball is 1, the opponent names the ball. For a foul a ball goes back to the table.",
        ),
        {"game": "moscow", "foul": "offender_returns"},
    ),
    _preset(
        "siberian",
        ("Сибирская", "Siberian"),
        (
            "Биток один, без дураков: случайный шар не засчитывается. За фол — шар с полки, можно в долг.",
            "One cue ball, no flukes: a lucky ball does not count. For a foul a ball from the shelf, on credit too.",
        ),
        {"game": "moscow", "foul": "offender_returns", "debt": True, "fluke": "spotted"},
    ),
    _preset(
        "nevskaya",
        ("Невская", "Nevskaya"),
        (
            "Динамичная: после свояка биток с руки с любого места. За фол +1 сопернику.",
            "Dynamic: after an own ball the cue ball is in hand anywhere. A foul is +1 to the opponent.",
        ),
        {"game": "dynamic"},
    ),
    _preset(
        "americana-pairs",
        ("Американка 2×2", "Americana, pairs"),
        (
            "Двое на двое, партнёры меняются: каждый сыграет с каждым.",
            "Two against two; partners change until everybody has played with everybody.",
        ),
        {"game": "americana", "format": "2x2", "queue": {"type": "least_played"}},
    ),
    _preset(
        "kolkhoz",
        ("Колхоз белый", "Kolkhoz, white"),
        (
            "Прямой счёт: за каждый забитый платит предыдущий по кругу. Последний шар — вдвойне, фол −1.",
            "Direct: the player before you pays for each ball you pot. The last ball is double, a foul −1.",
        ),
        {"game": "kolkhoz"},
    ),
    _preset(
        "kolkhoz-colours",
        ("Колхоз цветной 1–2–3", "Kolkhoz, colours 1–2–3"),
        (
            "Белый — 1, жёлтый — 2, красный — 3. Прямой счёт.",
            "White is 1, yellow 2, red 3. Direct.",
        ),
        {"game": "kolkhoz", "balls": _COLOURED},
    ),
    _preset(
        "kolkhoz-everyone",
        ("Колхоз «тупой»", "Kolkhoz, everyone pays"),
        (
            "За каждый забитый платят все остальные; за фол платишь всем.",
            "Everybody pays for each ball you pot; for a foul you pay everybody.",
        ),
        {"game": "kolkhoz", "system": "everyone", "foul": {"mode": "pay_all"}},
    ),
    _preset(
        "kolkhoz-reverse",
        ("Колхоз обратный", "Kolkhoz, reverse"),
        (
            "За каждый забитый платит следующий по кругу.",
            "The player after you pays for each ball you pot.",
        ),
        {"game": "kolkhoz", "system": "reverse"},
    ),
    _preset(
        "kolkhoz-norm",
        ("Колхоз от среднего", "Kolkhoz, from the average"),
        (
            "Каждый получает или платит разницу со средним по столу.",
            "Everybody is paid, or pays, his difference from the average of the table.",
        ),
        {"game": "kolkhoz", "system": "norm"},
    ),
    _preset(
        "kolkhoz-legs",
        ("Колхоз с реверсом", "Kolkhoz with reverse legs"),
        (
            "Каждая вторая партия — в обратном порядке. Красный — 2. Фол висит до следующего забитого.",
            "Every second game in the reverse order. Red is 2. A foul hangs until the next potted ball.",
        ),
        {"game": "kolkhoz", "balls": _WITH_RED, "legs": 2, "foul": {"mode": "pending"}},
    ),
)
