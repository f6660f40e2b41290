"""A session as people see it: whole, in a list, and read-only from outside."""

from typing import Any

import orjson

from artel.engine.game import Game
from artel.engine.kolkhoz import KolkhozGame
from artel.engine.rules import KolkhozRules
from artel.game.moments import written
from artel.game.sheet import Sheet, game_json
from artel.kernel.events import now


def session_json(sheet: Sheet) -> dict[str, Any]:
    """*Session*, with `queue` and `games_version` too, so that a page needs nothing else to begin."""
    return {
        **_head(sheet),
        "rules": sheet.meta.rules,
        "games": [game_json(game) for game in sheet.play.games],
        "games_version": sheet.play.games_version,
        "queue": orjson.Fragment(sheet.shown("queue")),
    }


def summary_json(sheet: Sheet) -> dict[str, Any]:
    """A session in a list: without `games` and `rules`, but with the currency, which stands beside all money."""
    return {**_head(sheet), "currency": sheet.play.rules.currency}


def _head(sheet: Sheet) -> dict[str, Any]:
    meta, play = sheet.meta, sheet.play
    last = sheet.last_event_at()
    return {
        "id": meta.id,
        "code": meta.code if play.state == "open" and now() < sheet.code_until() else None,
        "name": meta.name,
        "state": play.state,
        "version": sheet.version,
        "epoch": meta.epoch,
        "organizer_id": meta.organizer_id,
        "scorers": meta.scorers,
        "template": meta.template,
        "players": orjson.Fragment(sheet.shown("players")),
        "next": orjson.Fragment(sheet.shown("next")),
        "balances": orjson.Fragment(sheet.shown("balances")),
        "transfers": orjson.Fragment(sheet.shown("transfers")),
        "created_at": written(meta.created_at),
        "updated_at": written(max(meta.updated_at, last or meta.updated_at)),
    }


def shared_json(sheet: Sheet) -> dict[str, Any]:
    """The scoreboard: names and scores, money only if said; never user ids, code or log."""
    return {
        "name": sheet.meta.name,
        "kind": sheet.play.rules.game,
        "currency": sheet.play.rules.currency,
        "epoch": sheet.meta.epoch,
        **shared_table(sheet),
        "games": [_shared_game(game_json(game), sheet.meta.share_money) for game in sheet.play.games],
        "updated_at": written(sheet.last_event_at() or sheet.meta.created_at),
    }


def shared_table(sheet: Sheet) -> dict[str, Any]:
    play, money = sheet.play, sheet.meta.share_money
    people = orjson.loads(sheet.shown("players"))
    shown = {
        "version": sheet.version,
        "state": play.state,
        "players": [{key: value for key, value in person.items() if key != "user_id"} for person in people],
        "game": _shared_now(sheet, play.games[-1]) if play.games else None,
        "next": orjson.Fragment(sheet.shown("next")),
        "queue": orjson.Fragment(sheet.shown("queue")),
        "games_version": play.games_version,
    }
    if money:
        shown["balances"] = orjson.Fragment(sheet.shown("balances"))
        shown["transfers"] = orjson.Fragment(sheet.shown("transfers"))
    return shown


def _shared_game(game: dict[str, Any], money: bool) -> dict[str, Any]:
    return game if money else {key: value for key, value in game.items() if key != "money"}


def _shared_now(sheet: Sheet, game: Game) -> dict[str, Any]:
    """With what a member's phone counts by itself from the rules and the log, which nobody gets by a link."""
    money, rules = sheet.meta.share_money, sheet.play.rules
    shown = _shared_game(game_json(game), money)
    if isinstance(game, KolkhozGame) and isinstance(rules, KolkhozRules):
        kinds = zip(rules.balls, game.rack, strict=True)
        shown["rack"] = [{"id": kind.id, "value": kind.value, "count": kind.count, "left": n} for kind, n in kinds]
        if money and (rules.price or rules.rates):
            shown["stands"] = game.stands()
    return shown


def log_json(sheet: Sheet, after: int, limit: int) -> bytes:
    lines = sheet.lines[after : after + limit]
    epoch = orjson.dumps(sheet.meta.epoch)
    return b'{"items":[%b],"version":%d,"epoch":%b}' % (b",".join(lines), sheet.version, epoch)
