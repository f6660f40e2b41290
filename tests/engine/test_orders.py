"""Who follows whom in the next kolkhoz."""

from collections import Counter
from itertools import pairwise, permutations
from math import factorial

import pytest

from engine.table import Json, Table, order

LETTERS = "ABCDEFGHIJKL"
TWO_BALLS: Json = {"balls": [{"id": "white", "value": 1, "count": 2}]}


def follows(circles: list[Json]) -> Counter[tuple[str, str]]:
    return Counter(pair for drawn in circles for pair in pairwise([*drawn["order"], drawn["order"][0]]))


def turn(circle: str) -> str:
    """The same for all who see the same circle."""
    at = circle.index(min(circle))
    return circle[at:] + circle[:at]


def orders(drawn: list[Json]) -> list[str]:
    return ["".join(start["order"]) for start in drawn]


def rack(table: Table, *potters: str) -> None:
    """A drawn game in which these pot, the last of them the last ball; the rack has one ball for each."""
    table.starts()
    for potter in potters:
        table.does("ball", potter)
    assert not table.session.running


class TestFair:
    @pytest.mark.parametrize(
        ("players", "circles", "times"), [(2, 1, 1), (3, 2, 1), (4, 6, 2), (5, 4, 1), (6, 10, 2), (7, 6, 1)]
    )
    @pytest.mark.parametrize("starter", ["first", "last_potter"])
    def test_everybody_follows_everybody_equally_often(
        self, players: int, circles: int, times: int, starter: str
    ) -> None:
        table = Table(LETTERS[:players], starter=starter)
        pairs = permutations(LETTERS[:players], 2)
        expected = dict.fromkeys(pairs, times)
        for _ in range(3):
            drawn = table.plays(circles)
            assert follows(drawn) == expected
            assert len(set(map(turn, orders(drawn)))) == circles

    @pytest.mark.parametrize("players", [8, 9, 10, 11, 12])
    def test_as_close_as_can_be_with_more(self, players: int) -> None:
        table = Table(LETTERS[:players])
        counted = follows(table.plays(players - 1))
        times = [counted[pair] for pair in permutations(LETTERS[:players], 2)]
        assert max(times) - min(times) <= 2
        assert sum(times) == players * (players - 1)

    @pytest.mark.parametrize(("players", "circles"), [(2, 1), (3, 2), (4, 6), (5, 4), (6, 10), (7, 6)])
    def test_everybody_has_started_equally_often(self, players: int, circles: int) -> None:
        table = Table(LETTERS[:players], starter="first")
        drawn = table.plays(players * circles)
        assert Counter(start["breaker"] for start in drawn) == dict.fromkeys(LETTERS[:players], circles)
        assert all(start["breaker"] == start["order"][0] for start in drawn)

    def test_seats_are_drawn(self) -> None:
        seen = set()
        for seed in range(20):
            table = Table("ABCD")
            table.seed = bytes([seed]) * 16
            seen.add(turn(table.circle()))
        assert len(seen) > 3

    def test_a_circle_given_by_hand_is_used_up(self) -> None:
        table = Table("ABCDE", starter="first")
        drawn = orders(table.plays(4))
        again = Table("ABCDE", starter="first")
        again.starts(order(drawn[2]))
        again.ends()
        assert {turn(drawn[2]), *map(turn, orders(again.plays(3)))} == set(map(turn, drawn))

    def test_undoing_a_start_gives_its_circle_back(self) -> None:
        table = Table("ABCDE")
        table.plays(2)
        drawn = table.drawn()
        start = table.starts()
        assert not table.session.next(table.seed)  # it depends on who pots the last ball
        table.undoes(start)
        assert table.drawn() == drawn


class TestNoRepeat:
    @pytest.mark.parametrize("players", [2, 3, 4, 5])
    def test_every_order_once_in_a_cycle(self, players: int) -> None:
        table = Table(LETTERS[:players], order="random_no_repeat", starter="first")
        before = ""
        for _ in range(2 if players == 5 else 4):
            cycle = orders(table.plays(factorial(players)))
            assert len(set(cycle)) == factorial(players)
            assert cycle[0] != before
            before = cycle[-1]

    @pytest.mark.parametrize("seed", range(60))
    def test_the_boundary_never_repeats(self, seed: int) -> None:
        table = Table("AB", order="random_no_repeat", starter="first")
        table.seed = bytes([seed]) * 16
        played = orders(table.plays(6))
        assert all(one != other for one, other in pairwise(played))

    @pytest.mark.parametrize(("players", "circles"), [(3, 2), (4, 6), (5, 24)])
    def test_with_the_last_potter_breaking_circles_do_not_repeat(self, players: int, circles: int) -> None:
        table = Table(LETTERS[:players], order="random_no_repeat", balls=[{"id": "w", "value": 1, "count": 1}])
        for _ in range(2):
            seen = []
            for number in range(circles):
                seen.append(turn(table.circle()))
                rack(table, LETTERS[number % players])
            assert len(set(seen)) == circles

    def test_two_players_have_but_one_circle(self) -> None:
        table = Table("AB", order="random_no_repeat")
        assert {turn(circle) for circle in orders(table.plays(5))} == {"AB"}

    def test_an_order_given_by_hand_uses_itself_up(self) -> None:
        table = Table("ABC", order="random_no_repeat", starter="first")
        table.starts(order("CAB"))
        table.ends()
        rest = orders(table.plays(5))
        assert {*rest, "CAB"} == {"".join(each) for each in permutations("ABC")}

    def test_an_order_given_twice_by_hand_counts_once(self) -> None:
        table = Table("ABC", order="random_no_repeat", starter="first")
        for _ in range(2):
            table.starts(order("CAB"))
            table.ends()
        assert {*orders(table.plays(5)), "CAB"} == {"".join(each) for each in permutations("ABC")}

    def test_undoing_a_start_gives_its_order_back(self) -> None:
        table = Table("ABC", order="random_no_repeat", starter="first")
        seen = orders(table.plays(5))
        last = table.circle()
        start = table.starts()
        table.undoes(start)
        assert table.circle() == last
        assert {*seen, last} == {"".join(each) for each in permutations("ABC")}

    def test_undoing_an_order_by_hand_gives_it_back(self) -> None:
        table = Table("ABC", order="random_no_repeat", starter="first")
        table.undoes(table.starts(order("CAB")))
        assert len(set(orders(table.plays(6)))) == 6

    def test_another_set_of_players_has_a_cycle_of_its_own(self) -> None:
        table = Table("ABC", order="random_no_repeat", starter="first")
        seen = orders(table.plays(4))
        table.does("join", "D")
        four = orders(table.plays(10))
        table.does("leave", "D")
        assert len({*seen, *orders(table.plays(2))}) == 6
        table.does("join", "D")
        assert len({*four, *orders(table.plays(14))}) == 24

    def test_who_steps_away_makes_another_set(self) -> None:
        table = Table("ABC", order="random_no_repeat", starter="first")
        seen = orders(table.plays(3))
        table.does("pause", "B")
        assert set(orders(table.plays(2))) == {"AC", "CA"}
        table.does("resume", "B")
        assert len({*seen, *orders(table.plays(3))}) == 6

    @pytest.mark.parametrize("players", [7, 8, 12])
    def test_many_players(self, players: int) -> None:
        """Seven have 5040 orders, and of two hundred drawn freely some would come twice."""
        table = Table(LETTERS[:players], order="random_no_repeat", starter="first")
        assert len(set(orders(table.plays(200)))) == 200


class TestOtherPolicies:
    def test_fixed(self) -> None:
        assert orders(Table("CAB", order="fixed", starter="first").plays(4)) == ["CAB"] * 4

    def test_rotate(self) -> None:
        assert orders(Table("ABCD", order="rotate", starter="first").plays(5)) == [
            "ABCD",
            "BCDA",
            "CDAB",
            "DABC",
            "ABCD",
        ]

    def test_manual(self) -> None:
        assert Table("ABC", order="manual").session.next(b"x" * 16) is None

    def test_random_is_uniform(self) -> None:
        """1200 draws of 6 orders: 200 of each, and 13 is the deviation; the seed is fixed, so this never flickers."""
        table = Table("ABC", order="random", starter="first")
        counted = Counter(orders(table.plays(1200)))
        assert len(counted) == 6
        assert all(150 < times < 250 for times in counted.values())

    @pytest.mark.parametrize("policy", ["random", "random_no_repeat", "fair"])
    def test_the_seed_decides(self, policy: str) -> None:
        def drawn(seed: bytes) -> list[Json]:
            table = Table("ABCDE", order=policy)
            table.seed = seed
            return table.plays(6)

        assert drawn(b"a" * 16) == drawn(b"a" * 16)
        assert drawn(b"a" * 16) != drawn(b"b" * 16)

    @pytest.mark.parametrize("players", ["", "A", "ABCDEFGHIJKLM"])
    def test_too_few_or_too_many(self, players: str) -> None:
        assert Table(players).session.next(b"x" * 16) is None


class TestLegs:
    @pytest.mark.parametrize("policy", ["fixed", "rotate", "random", "random_no_repeat", "fair"])
    def test_every_second_game_is_the_reverse(self, policy: str) -> None:
        played = orders(Table("ABCDE", order=policy, legs=2, starter="first").plays(12))
        assert played[1::2] == [circle[::-1] for circle in played[::2]]

    def test_the_policy_draws_for_the_odd_games(self) -> None:
        played = orders(Table("ABC", order="random_no_repeat", legs=2, starter="first").plays(12))
        assert len(set(played[::2])) == 6
        assert orders(Table("ABCD", order="rotate", legs=2, starter="first").plays(5))[::2] == ["ABCD", "BCDA", "CDAB"]

    def test_other_players_begin_with_a_first_leg(self) -> None:
        table = Table("ABC", order="fixed", legs=2, starter="first")
        table.plays(1)
        table.does("pause", "B")
        assert orders(table.plays(2)) == ["AC", "CA"]
        table.does("resume", "B")
        assert orders(table.plays(1)) == ["CBA"]

    def test_the_last_potter_turns_the_reverse_too(self) -> None:
        table = Table("ABC", order="fixed", legs=2, balls=[{"id": "w", "value": 1, "count": 1}])
        rack(table, "B")
        assert table.drawn() == {"order": ["B", "A", "C"], "breaker": "B"}


class TestLastPotter:
    @pytest.mark.parametrize("potter", "ABCD")
    def test_turns_and_never_changes_the_circle(self, potter: str) -> None:
        table = Table("ABCD", order="fixed", **TWO_BALLS)
        rack(table, "A", potter)
        drawn = table.drawn()
        assert drawn["breaker"] == drawn["order"][0] == potter
        assert turn(table.circle()) == "ABCD"

    def test_who_pots_does_not_disturb_who_follows_whom(self) -> None:
        table = Table("ABCDE", **TWO_BALLS)
        drawn = []
        for potter in "BEAC":
            drawn.append(table.drawn())
            rack(table, "A", potter)
        assert follows(drawn) == dict.fromkeys(permutations("ABCDE", 2), 1)

    def test_a_game_ended_early_leaves_it_to_the_policy(self) -> None:
        table = Table("ABC", order="rotate", **TWO_BALLS)
        rack(table, "A", "C")
        assert table.circle() == "CAB"
        table.starts()
        table.does("ball", "A")
        table.ends("timeout")
        played = Table("ABC", order="rotate", **TWO_BALLS)
        played.plays(2)
        assert turn(table.circle()) == turn(played.circle())
        assert table.drawn()["breaker"] == table.circle()[0]

    def test_a_rack_emptied_by_a_foul_leaves_it_to_the_policy(self) -> None:
        table = Table("ABC", order="fixed", foul={"mode": "next"}, **TWO_BALLS)
        table.starts()
        table.does("ball", "B")
        table.does("foul", "C")
        assert not table.session.running
        assert table.circle() == "ABC"

    def test_who_does_not_play_does_not_break(self) -> None:
        table = Table("ABC", order="fixed", **TWO_BALLS)
        rack(table, "A", "B")
        table.does("pause", "B")
        assert table.circle() == "AC"

    def test_undoing_the_last_ball_takes_the_break_back(self) -> None:
        table = Table("ABC", order="fixed", **TWO_BALLS)
        table.starts()
        table.does("ball", "A")
        last = table.does("ball", "B")
        assert table.circle() == "BCA"
        table.undoes(last)
        table.does("ball", "C")
        assert table.circle() == "CAB"
