"""A game's newest result in place of what was known of it, and its players as who they turned out to be."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, and_, delete, insert, select, update

from artel.contracts.game import GameEvent, GameFinished, GameReopened
from artel.kernel.database import Tx
from artel.kernel.sql import put_newest
from artel.stats.record import is_even, lines_of, payments
from artel.stats.replay import replay
from artel.stats.tables import flows, games, lines, session_players


def key_of(event: GameEvent) -> str:
    return f"{event.session_id}.{event.game_id}"


def game_of(key: str) -> str:
    """The id of the game's start."""
    return key.partition(".")[2]


def put_result(tx: Tx, event: GameFinished) -> None:
    row = {
        **_game(event),
        "ended": True,
        "reason": event.result["reason"],
        "even": is_even(event),
        "started_at": event.started_at,
        "finished_at": event.finished_at,
    }
    if put_newest(tx, games, row):
        _put_lines(tx, event)
        _settle(tx, event.kind, [key_of(event)])


def take_back(tx: Tx, event: GameReopened) -> None:
    """The row stays with its version: an older result that comes late finds it and changes nothing."""
    nothing = {"ended": False, "reason": None, "even": False, "started_at": None, "finished_at": None}
    if put_newest(tx, games, {**_game(event), **nothing}):
        tx.execute(delete(lines).where(lines.c.game_key == key_of(event)))
        _settle(tx, event.kind, [key_of(event)])


def _game(event: GameEvent) -> dict[str, Any]:
    return {
        "key": key_of(event),
        "session_id": event.session_id,
        "version": event.session_version,
        "kind": event.kind,
        "number": event.number,
        "rated": False,
    }


def _put_lines(tx: Tx, event: GameFinished) -> None:
    key = key_of(event)
    here = session_players.c.session_id == event.session_id
    known = tx.execute(select(session_players.c.player_id, session_players.c.user_id).where(here)).all()
    users = {player.player_id: player.user_id for player in known}
    common = {
        "game_key": key,
        "session_id": event.session_id,
        "kind": event.kind,
        "currency": event.currency,
        "finished_at": event.finished_at,
    }
    tx.execute(delete(lines).where(lines.c.game_key == key))
    rows = [{**common, **asdict(line), "user_id": users.get(line.player_id)} for line in lines_of(event)]
    tx.execute(insert(lines), rows)


def recognise(tx: Tx, session_id: str, kind: str) -> None:
    """Write into the lines of this session who its players are by now."""
    same = and_(session_players.c.session_id == lines.c.session_id, session_players.c.player_id == lines.c.player_id)
    changed = (
        select(lines.c.game_key, lines.c.player_id, session_players.c.user_id)
        .join(session_players, same)
        .where(lines.c.session_id == session_id, lines.c.user_id.is_distinct_from(session_players.c.user_id))
    )
    found = tx.execute(changed).all()
    for row in found:
        line = and_(lines.c.game_key == row.game_key, lines.c.player_id == row.player_id)
        tx.execute(update(lines).where(line).values(user_id=row.user_id))
    if found:
        _settle(tx, kind, sorted({row.game_key for row in found}))


def _settle(tx: Tx, kind: str, keys: Sequence[str]) -> None:
    """What follows from the lines of these games: payments and ratings."""
    for key in keys:
        found = tx.execute(select(lines).where(lines.c.game_key == key).order_by(lines.c.seat)).all()
        _put_flows(tx, key, found)
        _put_rated(tx, key, found)
    replay(tx, kind, keys)


def _put_rated(tx: Tx, key: str, found: Sequence[Row[Any]]) -> None:
    """Even, all of them users, and two sides at least."""
    users, sides = {line.user_id for line in found}, {line.side for line in found}
    all_users = None not in users and len(users) == len(found) and len(sides) > 1
    tx.execute(update(games).where(games.c.key == key).values(rated=games.c.even if all_users else False))


def _put_flows(tx: Tx, key: str, found: Sequence[Row[Any]]) -> None:
    tx.execute(delete(flows).where(flows.c.game_key == key))
    by_player = {line.player_id: line for line in found}
    paid = payments([(line.player_id, line.money) for line in found])
    both_ways = [(giver, taker, -amount) for (giver, taker), amount in paid.items()]
    both_ways += [(taker, giver, amount) for (giver, taker), amount in paid.items()]
    rows = [_flow(by_player[one], by_player[other], amount) for one, other, amount in both_ways]
    of_users = [row for row in rows if row["user_id"]]
    if of_users:
        tx.execute(insert(flows), of_users)


def _flow(one: Row[Any], other: Row[Any], amount: int) -> dict[str, Any]:
    common = {name: getattr(one, name) for name in ("game_key", "kind", "currency", "finished_at", "player_id")}
    return {
        **common,
        "other_player_id": other.player_id,
        "user_id": one.user_id,
        "other_id": other.user_id,
        "amount": amount,
    }
