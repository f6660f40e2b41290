"""Whatever the engine says of a game can be told: every result of the vectors, to everybody in it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from artel.contracts.game import GameFinished, Player
from artel.kernel.events import new_id
from artel.notification.entries import inbox
from artel.notification.news import GameFinishedData
from artel.notification.reactions import REACTIONS
from artel.notification.tables import metadata
from artel.notification.texts import text

VECTORS = Path(__file__).parents[1] / "engine" / "vectors" / "scoring.jsonl"
CASES = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
ENDED = [
    pytest.param(case["case"]["rules"], game, id=f"{case['case']['id']}-{game['number']}")
    for case in CASES
    for game in case["expect"].get("games", [])
    if game["state"] == "ended"
]


def told(rules: dict[str, Any], game: dict[str, Any]) -> dict[str, GameFinishedData]:
    """By player, each of whom has an account of the same id."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = GameFinished(
        session_id=new_id(),
        session_version=7,
        session_name="",
        organizer_id="",
        players=[Player(id=player, user_id=player, name=player) for player in game["scores"]],
        kind=rules["game"],
        currency=rules.get("currency", "RUB"),
        game_id=new_id(),
        number=game["number"],
        result=game,
        tallies={},
        handicapped=False,
        started_at=at,
        finished_at=at,
    )
    engine = create_engine("sqlite://")
    with engine.begin() as tx:
        metadata.create_all(tx)
        REACTIONS[GameFinished](tx, event)
        found = {player: inbox(tx, player, 10, None) for player in game["scores"]}
    engine.dispose()
    assert {len(rows) for rows in found.values()} == {1}
    return {player: GameFinishedData.model_validate(rows[0].data) for player, rows in found.items()}


@pytest.mark.parametrize(("rules", "game"), ENDED)
def test_told_as_it_was(rules: dict[str, Any], game: dict[str, Any]) -> None:
    data = told(rules, game)
    assert {player: mine.score for player, mine in data.items()} == game["scores"]
    assert {player: mine.points for player, mine in data.items() if mine.points is not None} == game["points"]
    assert {player: mine.money or 0 for player, mine in data.items()} == game["money"]
    assert {mine.money is None for mine in data.values()} == {not any(game["money"].values())}
    by_outcome: dict[str, set[str]] = {}
    for player, mine in data.items():
        by_outcome.setdefault(mine.outcome, set()).add(player)
    everybody, winners = set(game["scores"]), set(game["winners"])
    if game["reason"] == "abandoned":
        assert by_outcome == {"none": everybody}
    elif winners in (set(), everybody):
        assert by_outcome == {"draw": everybody}
    else:
        assert by_outcome == {"won": winners, "lost": everybody - winners}
    for player, mine in data.items():
        sides = [side for side in game.get("sides", []) if player not in side]
        assert mine.against == (game["scores"][sides[0][0]] if sides else None)
        assert list(mine.winners) == game["winners"]
        assert all(all(text(mine, language)) for language in ("ru", "en"))
