"""A game's newest result in place of what was known of it, and its players as who they turned out to be."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, select, update

from artel.contracts.game import GameEvent, GameFinished, GameReopened
from artel.kernel.database import Tx
from artel.kernel.sql import insert_all, put_new, put_newest
from artel.stats.record import is_even, lines_of, payments
from artel.stats.replay import rate, replay
from artel.stats.tables import flows, games, lines, session_players

Users = Mapping[str, str | None]  # by player; None: a guest
Line = Mapping[str, Any]  # a row of `lines`


def key_of(event: GameEvent) -> str:
    return f"{event.session_id}.{event.game_id}"


def game_of(key: str) -> str:
    """The id of the game's start."""
    return key.partition(".")[2]


def put_result(tx: Tx, event: GameFinished, users: Users) -> None:
    found, even = _lines(event, users), is_even(event)
    row = {
        **_game(event),
        "ended": True,
        "reason": event.result["reason"],
        "even": even,
        "rated": even and _all_users(found),
        "started_at": event.started_at,
        "finished_at": event.finished_at,
    }
    new = put_new(tx, games, row)
    if not new:
        if not put_newest(tx, games, row):
            return
        _forget(tx, key_of(event))
    insert_all(tx, lines, found)
    insert_all(tx, flows, _flows(found))
    if not new:
        replay(tx, event.kind, [key_of(event)])
    elif row["rated"]:
        rate(tx, event.kind, found)


def take_back(tx: Tx, event: GameReopened) -> None:
    """The row stays with its version: an older result that comes late finds it and changes nothing."""
    nothing = {"ended": False, "reason": None, "even": False, "rated": False, "started_at": None, "finished_at": None}
    if put_newest(tx, games, {**_game(event), **nothing}):
        _forget(tx, key_of(event))
        replay(tx, event.kind, [key_of(event)])


def _forget(tx: Tx, key: str) -> None:
    for table in (lines, flows):
        tx.execute(delete(table).where(table.c.game_key == key))


def _game(event: GameEvent) -> dict[str, Any]:
    return {
        "key": key_of(event),
        "session_id": event.session_id,
        "version": event.session_version,
        "kind": event.kind,
        "number": event.number,
    }


def _lines(event: GameFinished, users: Users) -> list[Line]:
    common = {
        "game_key": key_of(event),
        "session_id": event.session_id,
        "kind": event.kind,
        "currency": event.currency,
        "finished_at": event.finished_at,
    }
    return [{**common, **vars(line), "user_id": users.get(line.player_id)} for line in lines_of(event)]


def _all_users(found: Sequence[Line]) -> bool:
    """On two sides at least."""
    users, sides = {line["user_id"] for line in found}, {line["side"] for line in found}
    return None not in users and len(users) == len(found) and len(sides) > 1


def _flows(found: Sequence[Line]) -> list[dict[str, Any]]:
    """Of each payment what its giver and what its taker sees, if he is a user."""
    by_player = {line["player_id"]: line for line in found}
    paid = payments([(line["player_id"], line["money"]) for line in found])
    both_ways = [(giver, taker, -amount) for (giver, taker), amount in paid.items()]
    both_ways += [(taker, giver, amount) for (giver, taker), amount in paid.items()]
    rows = [_flow(by_player[one], by_player[other], amount) for one, other, amount in both_ways]
    return [row for row in rows if row["user_id"]]


def _flow(one: Line, other: Line, amount: int) -> dict[str, Any]:
    common = {name: one[name] for name in ("game_key", "kind", "currency", "finished_at", "player_id", "user_id")}
    return {**common, "other_player_id": other["player_id"], "other_id": other["user_id"], "amount": amount}


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
    keys = sorted({row.game_key for row in found})
    for key in keys:
        _settle(tx, key)
    if keys:
        replay(tx, kind, keys)


def _settle(tx: Tx, key: str) -> None:
    """What else in the game's rows depends on who played it."""
    played = select(lines).where(lines.c.game_key == key).order_by(lines.c.seat)
    found = [dict(line) for line in tx.execute(played).mappings()]
    tx.execute(delete(flows).where(flows.c.game_key == key))
    insert_all(tx, flows, _flows(found))
    rated = games.c.even if _all_users(found) else False
    tx.execute(update(games).where(games.c.key == key).values(rated=rated))
