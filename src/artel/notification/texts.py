"""What a notification says, in the reader's language: Russian unless he asked for English."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from artel.notification.money import MINUS, signed, unsigned
from artel.notification.news import (
    Counterparty,
    DeletionAskedData,
    ExportReadyData,
    FriendAcceptedData,
    FriendRequestedData,
    GameFinishedData,
    IdentityChangedData,
    News,
    SessionAddedData,
    SessionFinishedData,
)

Language = Literal["ru", "en"]

KINDS_OF_GAME: Final[Mapping[str, Mapping[Language, str]]] = {
    "americana": {"ru": "Американка", "en": "Americana"},
    "moscow": {"ru": "Московская", "en": "Moscow"},
    "dynamic": {"ru": "Невская", "en": "Nevskaya"},
    "kolkhoz": {"ru": "Колхоз", "en": "Kolkhoz"},
}

# Russian: 1, 2, 5; English: 1, 2.
COUNTED: Final[Mapping[str, Mapping[Language, Sequence[str]]]] = {
    "games": {"ru": ("партия", "партии", "партий"), "en": ("game", "games")},
    "points": {"ru": ("очко", "очка", "очков"), "en": ("point", "points")},
}

SAID: Final[Mapping[str, Mapping[Language, str]]] = {
    "added": {"ru": "Вас добавили в вечер", "en": "You were added to an evening"},
    "added_to": {"ru": "Вас добавили в вечер «{name}»", "en": "You were added to “{name}”"},
    "organizer": {"ru": "организатор: {name}", "en": "organized by {name}"},
    "won": {"ru": "Победа в партии {number}", "en": "You won game {number}"},
    "lost": {"ru": "Поражение в партии {number}", "en": "You lost game {number}"},
    "over": {"ru": "Партия {number} сыграна", "en": "Game {number} is over"},
    "draw": {"ru": "Ничья в партии {number}", "en": "Game {number} is a draw"},
    "none": {"ru": "Партия {number} прервана", "en": "Game {number} was abandoned"},
    "score": {"ru": "счёт {score}", "en": "score {score}"},
    "winners": {"ru": "победа: {names}", "en": "won by {names}"},
    "finished": {"ru": "Вечер закончен", "en": "The evening is over"},
    "finished_named": {"ru": "Вечер «{name}» закончен", "en": "“{name}” is over"},
    "balance": {"ru": "ваш итог {money}", "en": "your balance {money}"},
    "even": {"ru": "вы в расчёте", "en": "you are even"},
    "pay": {"ru": "вы платите: {whom}", "en": "you pay: {whom}"},
    "receive": {"ru": "вам платят: {whom}", "en": "you get: {whom}"},
    "requested": {"ru": "Заявка в друзья", "en": "Friend request"},
    "requested_by": {"ru": "{name} приглашает вас в друзья", "en": "{name} would like to be friends"},
    "accepted": {"ru": "Заявка принята", "en": "Request accepted"},
    "export": {"ru": "Ваши данные собраны", "en": "Your data is ready"},
    "export_until": {"ru": "Архив можно скачать до {day}", "en": "The archive can be downloaded until {day}"},
    "accepted_by": {"ru": "{name} и вы теперь друзья", "en": "{name} and you are friends now"},
    "linked": {"ru": "Добавлен вход через {provider}", "en": "You can sign in through {provider} now"},
    "unlinked": {"ru": "Вход через {provider} убран", "en": "Signing in through {provider} was removed"},
    "not_you": {
        "ru": "Если это были не вы, уберите чужой вход в аккаунте и выйдите везде",
        "en": "If that was not you, remove what is not yours in the account and sign out everywhere",
    },
    "not_you_any_more": {
        "ru": "Если это были не вы, войдите другим способом, уберите чужой вход в аккаунте и выйдите везде",
        "en": "If that was not you, sign in another way, remove what is not yours in the account and sign out "
        "everywhere",
    },
    "not_your_export": {
        "ru": "Если архив просили не вы, уберите чужой вход в аккаунте и выйдите везде",
        "en": "If you did not ask for it, remove what is not yours in the account and sign out everywhere",
    },
    "deletion": {"ru": "Аккаунт будет удалён {day}", "en": "Your account will be deleted on {day}"},
    "not_your_deletion": {
        "ru": "Если это были не вы, войдите, нажмите «Не удалять» и выйдите везде",
        "en": "If that was not you, sign in, press “Do not delete it” and sign out everywhere",
    },
}
PROVIDERS: Final[Mapping[str, str]] = {"telegram": "Telegram", "google": "Google"}


def language(tag: str) -> Language:
    return "en" if tag.replace("_", "-").partition("-")[0].lower() == "en" else "ru"


def text(data: News, lang: Language) -> tuple[str, str]:
    """Title and body."""
    match data:
        case SessionAddedData():
            return _session_added(data, lang)
        case GameFinishedData():
            return _game_finished(data, lang)
        case SessionFinishedData():
            return _session_finished(data, lang)
        case FriendRequestedData(name=name) | FriendAcceptedData(name=name):
            what = "requested" if isinstance(data, FriendRequestedData) else "accepted"
            return SAID[what][lang], SAID[f"{what}_by"][lang].format(name=name)
        case IdentityChangedData() | ExportReadyData() | DeletionAskedData():
            return _of_oneself(data, lang)
    raise TypeError(type(data).__name__)


class Door(NamedTuple):
    """Where one comes into the app: by its address, and in Telegram, if it is there."""

    public: str
    in_telegram: str = ""

    def account(self, *, elsewhere: bool) -> str:
        """`elsewhere`: by Telegram he would come in as somebody else."""
        if elsewhere or not self.in_telegram:
            return f"{self.public}/account"
        return f"{self.in_telegram}?startapp=account"


def letter_text(data: News, lang: Language, door: Door) -> str:
    """The same facts for whoever is not in the app, as plain text, and where to go if it was not him."""
    title, body = text(data, lang)
    lost = isinstance(data, IdentityChangedData) and not data.linked and data.provider == "telegram"
    if lost:
        body = SAID["not_you_any_more"][lang]
    if isinstance(data, ExportReadyData):
        body = f"{body}\n{SAID['not_your_export'][lang]}"
    return f"{title}\n\n{body}\n{door.account(elsewhere=lost)}"


def _day(moment: datetime) -> str:
    return f"{moment:%d.%m.%Y}"


def _of_oneself(data: IdentityChangedData | ExportReadyData | DeletionAskedData, lang: Language) -> tuple[str, str]:
    if isinstance(data, ExportReadyData):
        return SAID["export"][lang], SAID["export_until"][lang].format(day=_day(data.until))
    if isinstance(data, DeletionAskedData):
        return SAID["deletion"][lang].format(day=_day(data.deletes_at)), SAID["not_your_deletion"][lang]
    title = SAID["linked" if data.linked else "unlinked"][lang]
    return title.format(provider=PROVIDERS.get(data.provider, data.provider)), SAID["not_you"][lang]


def _session_added(data: SessionAddedData, lang: Language) -> tuple[str, str]:
    title = SAID["added_to" if data.session_name else "added"][lang].format(name=data.session_name)
    organizer = SAID["organizer"][lang].format(name=data.organizer) if data.organizer else ""
    return title, _joined(_kind_of_game(data.game_kind, lang), organizer)


def _game_finished(data: GameFinishedData, lang: Language) -> tuple[str, str]:
    # Nobody loses a kolkhoz: he only was not the best.
    what = "over" if data.outcome == "lost" and data.against is None else data.outcome
    title = SAID[what][lang].format(number=data.number)
    money = signed(data.money, data.currency, lang) if data.money is not None and data.currency else ""
    others_won = data.outcome == "lost" or (data.outcome == "won" and len(data.winners) > 1)
    winners = SAID["winners"][lang].format(names=", ".join(data.winners)) if others_won else ""
    where = _kind_of_game(data.game_kind, lang) + _quoted(data.session_name, lang)
    return title, _joined(where, _score(data, lang), money, winners)


def _score(data: GameFinishedData, lang: Language) -> str:
    if data.against is not None:
        return SAID["score"][lang].format(score=f"{_number(data.score)}:{_number(data.against)}")
    return counted("points", data.score if data.points is None else data.points, lang)


def _session_finished(data: SessionFinishedData, lang: Language) -> tuple[str, str]:
    title = SAID["finished_named" if data.session_name else "finished"][lang].format(name=data.session_name)
    about = (_kind_of_game(data.game_kind, lang), counted("games", data.games, lang))
    if data.balance is None or data.currency is None:
        return title, _joined(*about)
    balance = SAID["balance"][lang].format(money=signed(data.balance, data.currency, lang))
    pay = _each("pay", data.pay, data.currency, lang)
    receive = _each("receive", data.receive, data.currency, lang)
    return title, _joined(*about, balance if data.balance else SAID["even"][lang], pay, receive)


def _each(what: str, parties: Sequence[Counterparty], currency: str, lang: Language) -> str:
    whom = ", ".join(f"{party.name} {unsigned(party.amount, currency, lang)}" for party in parties)
    return SAID[what][lang].format(whom=whom) if whom else ""


def counted(word: str, count: int | str, lang: Language) -> str:
    """«5 партий»; what is no whole number, such as "8/3", takes the form of two."""
    forms = COUNTED[word][lang]
    place = 1 if isinstance(count, str) else _plural(abs(count), lang)
    return f"{_number(count)} {forms[place]}"


def _plural(count: int, lang: Language) -> int:
    if lang == "en":
        return 0 if count == 1 else 1
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else 2


def _number(count: int | str) -> str:
    return str(count).replace("-", MINUS)


def _kind_of_game(kind: str, lang: Language) -> str:
    return KINDS_OF_GAME[kind][lang] if kind in KINDS_OF_GAME else ""


def _quoted(name: str, lang: Language) -> str:
    quotes = "«»" if lang == "ru" else "“”"
    return f" {quotes[0]}{name}{quotes[1]}" if name else ""


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
