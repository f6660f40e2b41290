"""Every refusal, and which one comes first where several are true."""

from collections.abc import Callable
from typing import Any

import pytest

from artel.engine.refusal import CODES, Refusal
from artel.engine.replay import replay_case
from engine.table import Json, Table, duel, order, sides

TWO_COLOURS: Json = {"balls": [{"id": "white", "value": 1, "count": 2}, {"id": "red", "value": 3, "count": 1}]}


def waiting() -> Table:
    """A kolkhoz of A, B and C, between games; D has left, X never was."""
    table = Table("ABCD", **TWO_COLOURS)
    table.does("leave", "D")
    return table


def running() -> Table:
    """A and B play, C looks on."""
    table = waiting()
    table.starts(order("AB"))
    return table


def finished() -> Table:
    table = waiting()
    table.does("finish")
    return table


def duelling() -> Table:
    table = duel("ABCD", match={"type": "race", "wins": 1})
    table.does("leave", "D")
    table.starts(sides("A", "B"))
    return table


def decided() -> Table:
    table = duelling()
    table.wins("A")
    return table


PLAYER = {"player": "A"}
STRANGER = {"player": "X"}
GONE = {"player": "D"}
ONLOOKER = {"player": "C"}
PAYMENT: Json = {"from": "A", "to": "B", "amount": 5}

ONE_REASON: list[tuple[str, Callable[[], Table], str, Json]] = [
    ("no_game", waiting, "ball", PLAYER),
    ("no_game", waiting, "foul", PLAYER),
    ("no_game", waiting, "miss", PLAYER),
    ("no_game", waiting, "end", {"reason": "draw"}),
    ("game_in_progress", running, "start", order("BC")),
    ("game_in_progress", running, "join", STRANGER),
    ("game_in_progress", running, "leave", ONLOOKER),
    ("game_in_progress", running, "finish", {}),
    ("match_over", decided, "start", sides("A", "B")),
    ("not_in_game", running, "ball", ONLOOKER),
    ("not_in_game", duelling, "end", {"reason": "concede", **ONLOOKER}),
    ("unknown_player", running, "ball", STRANGER),
    ("unknown_player", running, "foul", GONE),
    ("unknown_player", waiting, "start", order("AX")),
    ("unknown_player", waiting, "start", order("AD")),
    ("unknown_player", waiting, "leave", GONE),
    ("unknown_player", waiting, "pause", STRANGER),
    ("unknown_player", waiting, "resume", GONE),
    ("unknown_player", waiting, "expense", {"payer": "D", "amount": 1}),
    ("unknown_player", waiting, "expense", {"payer": "A", "amount": 1, "among": ["A", "D"]}),
    ("unknown_player", waiting, "payment", {**PAYMENT, "to": "X"}),
    ("self_payment", waiting, "payment", {**PAYMENT, "to": "A"}),
    ("self_payment", waiting, "payment", {**PAYMENT, "from": "D", "to": "D"}),
    ("unknown_ball", running, "ball", {**PLAYER, "ball": "green"}),
    ("unknown_event", waiting, "undo", {"target": "99"}),
    ("invalid_event", waiting, "undo", {"target": "1"}),
    ("invalid_event", waiting, "join", PLAYER),
    ("session_finished", finished, "start", order("AB")),
    ("session_finished", finished, "finish", {}),
    ("session_finished", finished, "expense", {"payer": "A", "amount": 1}),
    ("session_finished", finished, "join", STRANGER),
    ("session_finished", finished, "pause", PLAYER),
]

SEVERAL: list[tuple[str, Callable[[], Table], str, Json]] = [
    # the form before all else
    ("invalid_event", finished, "ball", {"player": 1}),
    ("invalid_event", finished, "start", sides("A", "B")),
    ("invalid_event", finished, "ball", {**PLAYER, "own": True}),
    ("invalid_event", finished, "end", {"reason": "concede", **PLAYER}),
    ("invalid_event", waiting, "ball", {**STRANGER, "own": True}),
    ("invalid_event", waiting, "end", {"reason": "tired"}),
    ("invalid_event", waiting, "end", {"reason": "concede", **STRANGER}),
    ("invalid_event", running, "start", sides("A", "B")),
    ("invalid_event", decided, "start", order("AB")),
    ("invalid_event", decided, "ball", {**PLAYER, "ball": "white"}),
    ("invalid_event", waiting, "payment", {"from": "X", "to": "X", "amount": 0}),
    ("invalid_event", waiting, "expense", {"payer": "X", "amount": 1, "among": []}),
    # the session before the game
    ("session_finished", finished, "ball", STRANGER),
    ("session_finished", finished, "end", {"reason": "draw"}),
    ("session_finished", finished, "start", order("AX")),
    ("session_finished", finished, "leave", GONE),
    ("session_finished", finished, "expense", {"payer": "X", "amount": 1}),
    # the state before who
    ("no_game", waiting, "ball", STRANGER),
    ("no_game", decided, "end", {"reason": "concede", **STRANGER}),
    ("no_game", waiting, "ball", {**PLAYER, "ball": "green"}),
    ("game_in_progress", running, "start", order("XY")),
    ("game_in_progress", running, "join", PLAYER),
    ("game_in_progress", running, "leave", STRANGER),
    ("match_over", decided, "start", sides("X", "B")),
    # who before what
    ("unknown_player", running, "ball", {**STRANGER, "ball": "green"}),
    ("not_in_game", running, "ball", {**ONLOOKER, "ball": "green"}),
    ("unknown_player", waiting, "payment", {"from": "X", "to": "X", "amount": 1}),
]


def name(value: object) -> str:
    return str(getattr(value, "__name__", value))


@pytest.mark.parametrize(("code", "at", "kind", "keys"), [*ONE_REASON, *SEVERAL], ids=name)
def test_refusal(code: str, at: Callable[[], Table], kind: str, keys: Json) -> None:
    assert at().refuses(kind, **keys) == code


def test_what_comes_after_who() -> None:
    table = running()
    table.does("ball", "A", ball="red")
    assert table.refuses("ball", "B", ball="red") == "ball_not_on_table"
    assert table.refuses("ball", "C", ball="red") == "not_in_game"
    assert table.refuses("ball", "B", ball="green") == "unknown_ball"


def test_a_start_above_the_target_is_looked_at_last() -> None:
    table = duel("ABC", target=3, handicap={"A": {"start": 3}, "B": {"start": 2}})
    assert table.refuses("start", **sides("A", "X")) == "unknown_player"
    assert table.refuses("start", **sides("A", "C")) == "invalid_event"
    table.starts(sides("B", "C"))
    assert table.refuses("start", **sides("A", "C")) == "game_in_progress"


class TestRepeatedId:
    @pytest.mark.parametrize("at", [waiting, running, finished, duelling, decided])
    def test_is_ignored_whatever_it_says(self, at: Callable[[], Table]) -> None:
        table = at()
        version = table.session.version
        for event in ({"type": "finish"}, {"type": "ball", **STRANGER}, {"type": "undo", "target": "nothing"}):
            assert table.session.take({"id": "1", **event}) is False
        assert table.session.version == version

    def test_of_an_undo_and_of_an_undone_event(self) -> None:
        table = running()
        ball = table.does("ball", "A")
        undo = table.undoes(ball)
        for known in (ball, undo):
            assert table.session.take({"id": known, "type": "ball", "player": "B"}) is False

    @pytest.mark.parametrize("event", [{"type": "ball"}, {"type": "dance"}, {"type": "ball", **PLAYER, "own": True}])
    def test_its_form_is_checked_all_the_same(self, event: Json) -> None:
        table = running()
        with pytest.raises(Refusal, match="invalid_event"):
            table.session.take({"id": "1", **event})

    def test_of_a_refused_event_is_free(self) -> None:
        table = waiting()
        with pytest.raises(Refusal):
            table.session.take({"id": "again", "type": "ball", **PLAYER})
        assert table.session.take({"id": "again", "type": "pause", **PLAYER}) is True


class TestUndo:
    def test_in_its_own_order(self) -> None:
        table = running()
        ball = table.does("ball", "A")
        undo = table.undoes(ball)
        assert table.refuses("undo", target="nothing") == "unknown_event"
        assert table.refuses("undo", target=undo) == "invalid_event"
        assert table.refuses("undo", target=ball) == "already_undone"

    def test_an_event_cannot_be_its_own_target(self) -> None:
        with pytest.raises(Refusal, match="unknown_event"):
            waiting().session.take({"id": "new", "type": "undo", "target": "new"})

    def test_the_start_of_a_played_game(self) -> None:
        table = running()
        start = table.session.games[0].start_id
        ball = table.does("ball", "A")
        assert table.refuses("undo", target=start) == "undo_conflict"
        table.undoes(ball)
        table.undoes(start)
        assert table.session.games == []

    def test_the_end_of_a_game_before_the_next(self) -> None:
        table = running()
        end = table.ends()
        table.starts(order("BC"))
        assert table.refuses("undo", target=end) == "undo_conflict"

    @pytest.mark.parametrize("kind", ["join", "leave"])
    def test_the_end_of_a_game_before_somebody_came_or_went(self, kind: str) -> None:
        table = running()
        end = table.ends()
        table.does(kind, "X" if kind == "join" else "C")
        assert table.refuses("undo", target=end) == "undo_conflict"

    def test_after_the_finish(self) -> None:
        table = running()
        end = table.ends()
        finish = table.does("finish")
        assert table.refuses("undo", target=end) == "undo_conflict"
        table.does("payment", **PAYMENT)
        table.undoes(finish)
        assert table.refuses("undo", target=finish) == "already_undone"
        table.undoes(end)
        table.does("ball", "A")


def test_every_code_is_known() -> None:
    spoken = {code for code, *_ in (*ONE_REASON, *SEVERAL)}
    elsewhere = {"ball_not_on_table", "already_undone", "undo_conflict", "malformed", "invalid_rules"}
    assert spoken | elsewhere == CODES


def case(**keys: Any) -> Json:
    return {"id": "case", "rules": {"game": "americana"}, "players": ["A", "B"], "events": [], **keys}


def code(result: Json) -> str | None:
    found: str | None = result.get("error", {}).get("code")
    return found


@pytest.mark.parametrize("keys", [
    {"id": 1}, {"id": None}, {"players": "AB"}, {"players": ["A", "A"]}, {"players": ["A", 1]}, {"players": [""]},
    {"players": ["x" * 65]}, {"players": None}, {"events": {}}, {"events": None}, {"note": "more"},
])  # fmt: skip
def test_not_a_case(keys: Json) -> None:
    assert code(replay_case(case(**keys))) == "malformed"


def test_a_case_is_read_before_its_rules() -> None:
    assert code(replay_case(case(rules=None, players=None))) == "malformed"
    assert replay_case(case(rules=None, events=[1]))["error"]["event"] is None
    assert code(replay_case(case(rules=None, events=[1]))) == "invalid_rules"
    assert replay_case(case(events=[1]))["error"]["event"] == 0


@pytest.mark.parametrize("missing", ["id", "rules", "players", "events"])
def test_every_key_is_needed(missing: str) -> None:
    result = replay_case({key: value for key, value in case().items() if key != missing})
    assert code(result) == "malformed"
    assert result["id"] == (None if missing == "id" else "case")


def test_nobody_is_also_a_company() -> None:
    assert replay_case(case(players=[])) == {"id": "case", "games": [], "balances": {}, "transfers": []}


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "x" * 65, [], ["A"], {}, {"A": "B"}], ids=str)
@pytest.mark.parametrize("key", ["id", "type", "player"])
def test_a_stroke_with_something_else_in_it(key: str, value: object) -> None:
    """Also what cannot be looked up, in a game that runs and in one that does not."""
    start = {"id": "start", "type": "start", **sides("A", "B")}
    stroke = {"id": "stroke", "type": "ball", "player": "A", key: value}
    for events in ([start, stroke], [stroke], [start, {**stroke, "own": True}]):
        error = replay_case(case(events=events))["error"]
        assert (error["code"], error["event"]) == ("invalid_event", len(events) - 1)


@pytest.mark.parametrize(
    "event", [None, True, 1, "ball", [], [["id", "1"]], {}, {"id": "1"}, {"type": "ball"}], ids=str
)
def test_no_event_at_all(event: object) -> None:
    start = {"id": "start", "type": "start", **sides("A", "B")}
    assert code(replay_case(case(events=[start, event]))) == "invalid_event"
