import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.contracts.game import Tally
from artel.stats.record import is_even, lines_of, payments
from artel_testing import Person
from evenings import Evening

ANYA, BORIS, VERA, GLEB = (Person(name) for name in ("Аня", "Борис", "Вера", "Глеб"))


class TestLines:
    def test_duel(self) -> None:
        evening = Evening([ANYA, BORIS])
        tally = Tally(balls=8, own=2, lucky=1, fouls=3, misses=4, best_series=5)
        event = evening.duel({"Аня": 8, "Борис": 5}, money={"Аня": 30000, "Борис": -30000}, tallies={"Аня": tally})
        anya, boris = lines_of(event)
        assert (anya.player_id, anya.score, anya.place, anya.outcome) == (evening.ids["Аня"], 8, 1, "win")
        assert (boris.player_id, boris.score, boris.place, boris.outcome) == (evening.ids["Борис"], 5, 2, "loss")
        assert (anya.money, boris.money) == (30000, -30000)
        assert (anya.balls, anya.own, anya.fouls, anya.misses, anya.best_series) == (8, 2, 3, 4, 5)
        assert is_even(event)

    def test_partners_share_a_side(self) -> None:
        evening = Evening([ANYA, BORIS, VERA, GLEB])
        event = evening.duel({"Аня": 8, "Вера": 6}, sides=[["Аня", "Борис"], ["Вера", "Глеб"]])
        assert [(line.side, line.seat, line.place, line.score) for line in lines_of(event)] == [
            (0, 0, 1, 8), (0, 1, 1, 8), (1, 2, 2, 6), (1, 3, 2, 6),
        ]  # fmt: skip

    def test_draw_and_abandoned(self) -> None:
        evening = Evening([ANYA, BORIS])
        draw = evening.duel({"Аня": 7, "Борис": 7}, reason="draw")
        assert [(line.outcome, line.place, line.standing) for line in lines_of(draw)] == [("draw", 1, 0)] * 2
        assert is_even(draw)
        event = evening.duel({"Аня": 7, "Борис": 2}, reason="abandoned")
        assert [(line.outcome, line.place) for line in lines_of(event)] == [("abandoned", None)] * 2
        assert not is_even(event)

    def test_kolkhoz_by_points_and_rated_by_balls(self) -> None:
        evening = Evening([ANYA, BORIS, VERA], kind="kolkhoz")
        event = evening.kolkhoz({"Аня": 9, "Борис": 1, "Вера": 6})
        assert [(line.points, line.place, line.outcome, line.standing) for line in lines_of(event)] == [
            ("8", 1, "win", 9), ("-5", 3, "loss", 1), ("-3", 2, "loss", 6),
        ]  # fmt: skip

    def test_fractions_and_equals(self) -> None:
        evening = Evening([ANYA, BORIS, VERA], kind="kolkhoz")
        points = {"Аня": "4/3", "Борис": "4/3", "Вера": "-8/3"}
        event = evening.kolkhoz({"Аня": 6, "Борис": 6, "Вера": 2}, points=points)
        assert [(line.points, line.place, line.outcome) for line in lines_of(event)] == [
            ("4/3", 1, "win"), ("4/3", 1, "win"), ("-8/3", 3, "loss"),
        ]  # fmt: skip

    def test_on_uneven_terms(self) -> None:
        assert not is_even(Evening([ANYA, BORIS]).duel({"Аня": 8, "Борис": 5}, handicapped=True))


class TestPayments:
    def test_two(self) -> None:
        assert payments([("a", 500), ("b", -500)]) == {("b", "a"): 500}

    def test_in_proportion_to_what_they_won(self) -> None:
        assert payments([("a", 300), ("b", 100), ("c", -400)]) == {("c", "a"): 300, ("c", "b"): 100}
        assert payments([("a", 2), ("b", 1), ("c", -1), ("d", -2)]) == {
            ("c", "a"): 1, ("d", "a"): 1, ("d", "b"): 1,
        }  # fmt: skip

    def test_nobody_owes_anybody(self) -> None:
        assert payments([("a", 0), ("b", 0)]) == {}

    @given(st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=12))
    def test_each_pays_what_he_lost_and_gets_what_he_won(self, amounts: list[int]) -> None:
        money = [(str(index), amount) for index, amount in enumerate([*amounts, -sum(amounts)])]
        paid = payments(money)
        assert all(amount > 0 for amount in paid.values())
        for player, won in money:
            got = sum(amount for (_, winner), amount in paid.items() if winner == player)
            gave = sum(amount for (loser, _), amount in paid.items() if loser == player)
            assert (got, gave) == (max(won, 0), max(-won, 0))

    @pytest.mark.parametrize("lost", [1, 2, 3])
    def test_the_odd_unit_goes_to_the_larger_remainder_then_to_the_first(self, lost: int) -> None:
        won = {1: [0, 1], 2: [1, 1], 3: [1, 2]}[lost]
        paid = payments([("a", 10), ("b", 10), ("c", -lost), ("d", lost - 20)])
        assert sorted([paid.get(("c", "a"), 0), paid.get(("c", "b"), 0)]) == won
        assert paid.get(("c", "a"), 0) >= paid.get(("c", "b"), 0)
