"""What an event made true that others should know: compared before and after, because an undo may change anything."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from artel.contracts.game import (
    GameFinished,
    GameReopened,
    GameStarted,
    Player,
    SessionFinished,
    SessionReopened,
    SessionSettled,
    Tally,
)
from artel.engine.events import Event, Start, Stroke, Undo
from artel.engine.game import Game
from artel.engine.rules import DuelRules, Rules
from artel.game.meta import Meta
from artel.game.moments import read
from artel.game.sheet import Sheet
from artel.kernel.events import Event as PublicEvent

NAME = 64  # characters that others keep of a name; a guest's may be longer


class Facts(NamedTuple):
    """What the public knows, as far as the next event may change it."""

    state: str
    balances: dict[str, int]
    games: list[Game]
    results: dict[str, Any]  # of the games that an undo may change and that are over


def facts(sheet: Sheet, event: Event) -> Facts | None:
    """To be taken before the event; None where it cannot matter."""
    play = sheet.play
    if isinstance(event, Stroke):
        return None
    games: list[Game] = []
    if isinstance(event, Undo) and (game := play.game_at(event.target)):
        games = [game]
    results = {game.start_id: _result(sheet, game) for game in games if game.state == "ended"}
    return Facts(play.state, play.balances() if play.state == "finished" else {}, games, results)


def public_events(sheet: Sheet, event: Event, before: Facts | None) -> list[PublicEvent]:
    play = sheet.play
    if isinstance(event, Stroke) and play.running:
        return []
    if before is None or event.type == "end":
        return [_finished(sheet, play.games[-1])]
    if isinstance(event, Start):
        return [_started(sheet, play.games[-1])]
    told: list[PublicEvent] = []
    for game in before.games:
        told += _changed(sheet, game, before.results.get(game.start_id))
    return told + _closing(sheet, before)


def _changed(sheet: Sheet, game: Game, before: Any) -> list[PublicEvent]:
    """A game that an undo has touched."""
    over = game.state == "ended" and not sheet.play.is_undone(game.start_id)
    if over and _result(sheet, game) != before:
        return [_finished(sheet, game)]
    if before is not None and not over:
        return [GameReopened(**_about(sheet), game_id=game.start_id, number=game.number)]
    return []


def _closing(sheet: Sheet, before: Facts) -> list[PublicEvent]:
    play = sheet.play
    if play.state == "open":
        return [SessionReopened(**_about(sheet))] if before.state == "finished" else []
    balances = play.balances()
    if before.state == "finished" and before.balances == balances:
        return []
    finished = SessionFinished(
        **_about(sheet),
        games=len(play.games),
        balances=balances,
        transfers=play.transfers(),
        money=for_money(play.rules) or any(balances.values()),
    )
    settled = [] if any(balances.values()) else [SessionSettled(**_about(sheet))]
    return [finished, *settled]


def for_money(rules: Rules) -> bool:
    if isinstance(rules, DuelRules):
        return rules.stake.per != "none" and rules.stake.amount > 0
    return rules.price > 0 or any(rules.rates.values())


def _started(sheet: Sheet, game: Game) -> GameStarted:
    lineup = _lineup(game.result())
    return GameStarted(**_about(sheet), game_id=game.start_id, number=game.number, lineup=lineup, breaker=game.breaker)


def _lineup(result: dict[str, Any]) -> list[str]:
    return list(result["order"] if "order" in result else chain(*result["sides"]))


def _finished(sheet: Sheet, game: Game) -> GameFinished:
    handicap, result = sheet.play.rules.handicap, _result(sheet, game)
    return GameFinished(
        **_about(sheet),
        game_id=game.start_id,
        number=game.number,
        **result,
        handicapped=any(player in handicap for player in result["tallies"]),
        started_at=read(sheet.line(game.start_id)["at"]),
        finished_at=read(sheet.strokes(game)[-1]["at"]),
    )


def _result(sheet: Sheet, game: Game) -> dict[str, Any]:
    result = game.result()
    return {"result": result, "tallies": tallies(sheet, game, _lineup(result))}


def _about(sheet: Sheet) -> dict[str, Any]:
    return about(sheet.meta, sheet.play.rules, sheet.play.players, sheet.version)


def about(meta: Meta, rules: Rules, everybody: Sequence[str], version: int) -> dict[str, Any]:
    """What every event of a session says."""
    people = {player.id: player for player in meta.players}
    return {
        "session_id": meta.id,
        "session_version": version,
        "session_name": meta.name or "",
        "organizer_id": meta.organizer_id,
        "players": [
            Player(id=player, user_id=people[player].user_id, name=people[player].name[:NAME]) for player in everybody
        ],
        "kind": rules.game,
        "currency": rules.currency,
    }


def tallies(sheet: Sheet, game: Game, lineup: Sequence[str]) -> dict[str, Tally]:
    """By player; a series is a run of balls that no miss, foul or other player interrupts."""
    counts = {player: dict.fromkeys(Tally.model_fields, 0) for player in lineup}
    run: tuple[str, int] = ("", 0)
    for line in sheet.strokes(game):
        if line["type"] != "end":
            run = _count(counts[line["player"]], line, run)
    return {player: Tally(**count) for player, count in counts.items()}


def _count(count: dict[str, int], line: Mapping[str, Any], run: tuple[str, int]) -> tuple[str, int]:
    kind = line["type"]
    if kind != "ball":
        count["fouls" if kind == "foul" else "misses"] += 1
        return "", 0
    count["balls"] += 1
    count["own"] += line.get("own") is True
    count["lucky"] += line.get("lucky") is True
    player, length = line["player"], run[1] + 1 if run[0] == line["player"] else 1
    count["best_series"] = max(count["best_series"], length)
    return player, length
