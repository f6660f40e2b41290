"""What a session says of itself beside the result: whose turn it is, what is known in advance, which game it was."""

from typing import Any

import pytest

from artel.engine.events import parse_event
from artel.engine.refusal import Refusal
from engine.table import Json, Table, duel, order, sides


def turn(table: Table) -> str | None:
    return table.session.running.turn if table.session.running else None


def test_the_turn_goes_round_the_circle() -> None:
    table = Table("ABC")
    assert turn(table) is None
    table.starts({**order("ABC"), "breaker": "B"})
    assert turn(table) == "B"
    for kind, player, after in (("ball", "B", "B"), ("miss", "B", "C"), ("foul", "C", "A"), ("ball", "C", "C")):
        stroke = table.does(kind, player)
        assert turn(table) == after
    table.undoes(stroke)
    assert turn(table) == "A"
    table.ends()
    assert turn(table) is None


def test_partners_take_turns() -> None:
    table = duel("ABCD")
    table.starts({**sides("AB", "CD"), "breaker": "B"})
    assert turn(table) == "B"
    for player, after in (("B", "C"), ("C", "A"), ("A", "D"), ("D", "B")):
        table.does("miss", player)
        assert turn(table) == after


class TestKnownInAdvance:
    def test_not_while_the_winner_would_stay(self) -> None:
        table = duel("ABCD")
        table.starts()
        assert table.session.next(table.seed) is None

    def test_where_it_is_the_same_whoever_wins(self) -> None:
        table = duel("ABCD", "both_leave")
        table.starts()
        assert table.sides() == "C-D"

    @pytest.mark.parametrize("match", [{"type": "race", "wins": 1}, {"type": "fixed", "games": 1}])
    def test_nothing_after_the_last_game(self, match: Json) -> None:
        table = duel("ABCD", "both_leave", match=match)
        table.starts()
        assert table.session.next(table.seed) is None
        table.wins("A")
        assert table.session.next(table.seed) is None
        assert table.refuses("start", **sides("A", "B")) == "match_over"

    def test_a_race_that_goes_on(self) -> None:
        table = duel("AB", match={"type": "race", "wins": 2})
        table.starts()
        table.wins("A")
        assert table.drawn()
        table.starts(sides("B", "A"))
        end = table.wins("A")
        assert table.session.next(table.seed) is None
        table.undoes(end)
        table.wins("B")
        assert table.drawn()

    def test_nothing_in_a_finished_session(self) -> None:
        table = Table("ABC")
        finish = table.does("finish")
        assert table.session.next(table.seed) is None
        table.undoes(finish)
        assert table.drawn()


def test_of_many_people_the_least_tired_play_in_pairs() -> None:
    table = duel("ABCDEFGHIJKLMNOP", "least_played", format="2x2")
    drawn = table.plays(4)
    assert {player for start in drawn for side in start["sides"] for player in side} == set("ABCDEFGHIJKLMNOP")


def test_which_game_it_was() -> None:
    table = Table("ABC")
    session = table.session
    undone = table.starts()
    table.undoes(undone)
    assert session.game_at(undone) is None
    start, ball = table.starts(), table.does("ball", "A")
    for event in (start, ball):
        assert session.game_at(event) is session.games[0]
    assert session.game_at(undone) is None  # another game has its number now
    assert session.game_at("nothing") is None
    assert session.is_undone(undone)
    assert not session.is_undone(start)
    played = session.event(ball)
    assert played
    assert played.type == "ball"
    assert session.event("nothing") is None
    assert (session.state, session.version, session.players) == ("open", 4, ["A", "B", "C"])


MALFORMED: list[Json] = [
    {"type": "dance"}, {"type": "ball"}, {"type": "ball", "player": "A", "own": 1},
    {"type": "miss", "player": "A", "own": True},
    {"type": "ball", "player": "A", "lucky": "yes"}, {"type": "ball", "player": "A", "ball": ""},
    {"type": "ball", "player": "A", "ball": None},
    {"type": "foul", "player": "A", "reason": 1}, {"type": "ball", "player": "A", "reason": "x"},
    {"type": "start"}, {"type": "start", "order": ["A"]}, {"type": "start", "order": ["A", "A"]},
    {"type": "start", "order": "AB"},
    {"type": "start", "order": [*"ABCDEFGHIJKLM"]}, {"type": "start", "order": ["A", "B"], "breaker": "C"},
    {"type": "start", "order": ["A", "B"], "sides": [["A"], ["B"]]}, {"type": "start", "sides": [["A"]]},
    {"type": "start", "sides": [["A"], ["A"]]}, {"type": "start", "sides": [["A"], []]},
    {"type": "start", "sides": ["A", "B"]},
    {"type": "start", "sides": [["A", "B", "C"], ["D"]]}, {"type": "start", "sides": [["A"], ["B"], ["C"]]},
    {"type": "end"}, {"type": "end", "reason": "concede"}, {"type": "end", "reason": "draw", "player": "A"},
    {"type": "end", "reason": []},
    {"type": "join"}, {"type": "join", "player": "A", "name": 1}, {"type": "leave", "player": "A", "name": "Anna"},
    {"type": "expense", "payer": "A"}, {"type": "expense", "payer": "A", "amount": 0},
    {"type": "expense", "payer": "A", "amount": 1.0},
    {"type": "expense", "payer": "A", "amount": True}, {"type": "expense", "payer": "A", "amount": 1, "split": "fair"},
    {"type": "expense", "payer": "A", "amount": 1, "among": []},
    {"type": "expense", "payer": "A", "amount": 1, "among": ["A", "A"]},
    {"type": "payment", "from": "A", "to": "B", "amount": -1}, {"type": "payment", "from": "A", "amount": 1},
    {"type": "undo"}, {"type": "undo", "target": 1}, {"type": "finish", "player": "A"},
    {"type": "pause", "player": ["A"]},
]  # fmt: skip


@pytest.mark.parametrize("event", MALFORMED, ids=str)
def test_a_form_that_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="invalid_event"):
        parse_event({"id": "1", **event})
