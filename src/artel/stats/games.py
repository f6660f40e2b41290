"""A game's newest result in place of what was known of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert

from artel.contracts.game import GameFinished, GameReopened
from artel.kernel.database import Tx
from artel.kernel.sql import put_newest
from artel.stats.record import Line, is_rated, lines_of, payments
from artel.stats.replay import hold, rated_at, replay
from artel.stats.tables import flows, games, lines


def put_result(tx: Tx, event: GameFinished) -> None:
    found = lines_of(event)
    rated = is_rated(event, found)
    row = {
        **_game(event),
        "ended": True,
        "reason": event.result["reason"],
        "rated": rated,
        "started_at": event.started_at,
        "finished_at": event.finished_at,
    }
    if put_newest(tx, games, row):
        _forget(tx, event.game_id)
        _put_lines(tx, event, found)
        _rerate(tx, event, rated=rated)


def take_back(tx: Tx, event: GameReopened) -> None:
    """The row stays with its version: an older result that comes late finds it and changes nothing."""
    nothing = {"ended": False, "reason": None, "rated": False, "started_at": None, "finished_at": None}
    if put_newest(tx, games, {**_game(event), **nothing}):
        _forget(tx, event.game_id)
        _rerate(tx, event, rated=False)


def _game(event: GameFinished | GameReopened) -> dict[str, Any]:
    return {
        "id": event.game_id,
        "version": event.session_version,
        "session_id": event.session_id,
        "kind": event.kind,
        "number": event.number,
    }


def _forget(tx: Tx, game_id: str) -> None:
    for table in (lines, flows):
        tx.execute(delete(table).where(table.c.game_id == game_id))


def _put_lines(tx: Tx, event: GameFinished, found: Sequence[Line]) -> None:
    common = {
        "game_id": event.game_id,
        "kind": event.kind,
        "currency": event.currency,
        "finished_at": event.finished_at,
    }
    tx.execute(insert(lines), [{**common, **asdict(line)} for line in found])
    paid = [{**common, **flow} for flow in _flows(found)]
    if paid:
        tx.execute(insert(flows), paid)


def _flows(found: Sequence[Line]) -> list[dict[str, Any]]:
    by_player = {line.player_id: line for line in found}
    paid = payments([(line.player_id, line.money) for line in found])
    both_ways = [(giver, taker, -amount) for (giver, taker), amount in paid.items()]
    both_ways += [(taker, giver, amount) for (giver, taker), amount in paid.items()]
    return [
        {
            "player_id": one,
            "other_player_id": other,
            "user_id": by_player[one].user_id,
            "other_id": by_player[other].user_id,
            "amount": amount,
        }
        for one, other, amount in both_ways
        if by_player[one].user_id
    ]


def _rerate(tx: Tx, event: GameFinished | GameReopened, *, rated: bool) -> None:
    """From where the game stood or stands now, whichever is earlier."""
    hold(tx, event.kind)
    moments = [rated_at(tx, event.game_id)]
    if rated and isinstance(event, GameFinished):
        moments.append((event.finished_at, event.game_id))
    known = [moment for moment in moments if moment]
    if known:
        replay(tx, event.kind, min(known))
