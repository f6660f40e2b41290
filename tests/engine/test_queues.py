"""Who plays the next duel, when more are in than the table seats."""

from collections import Counter
from itertools import pairwise

import pytest

from engine.table import Json, Table, all_pairs, duel, pairs, play, sides


def waits(table: Table) -> str:
    return "".join(table.session.queue())


class TestWinnerStays:
    def test_the_loser_goes_to_the_tail(self) -> None:
        table = duel("ABCD")
        assert table.sides() == "A-B"
        play(table, "B")
        assert table.sides() == "C-B"  # the head takes the seat of the loser
        assert waits(table) == "CDA"
        play(table, "C")
        assert table.sides() == "C-D"
        assert waits(table) == "DAB"

    def test_after_the_cap_the_winner_stands_behind_the_loser(self) -> None:
        table = duel("ABCDE", cap=2)
        play(table, "A")
        play(table, "A")
        assert table.sides() == "D-E"
        assert waits(table) == "DEBCA"

    def test_the_cap_is_three_unless_said(self) -> None:
        table = duel("ABCDEF")
        for seated in ("A-B", "A-C", "A-D"):
            assert table.sides() == seated
            play(table, "A")
        assert table.sides() == "E-F"
        assert waits(table) == "EFBCDA"

    def test_a_loss_ends_the_row(self) -> None:
        table = duel("ABC", cap=2)
        play(table, "A")
        play(table, "C")
        assert table.sides() == "B-C"
        play(table, "B")
        assert table.sides() == "B-A"
        play(table, "B")
        assert table.sides() == "C-A"

    def test_cap_one_is_both_leave(self) -> None:
        one = duel("ABCDE", cap=1)
        both = duel("ABCDE", "both_leave")
        for winner in "BDABE":
            assert one.sides() == both.sides()
            if winner in one.sides():
                play(one, winner)
                play(both, winner)
            else:
                play(one)
                play(both)
            assert waits(one) == waits(both)

    @pytest.mark.parametrize("reason", ["draw", "abandoned", "timeout"])
    def test_where_nobody_wins_both_go(self, reason: str) -> None:
        table = duel("ABCD")
        play(table, "A")
        table.starts()
        table.ends(reason)
        assert waits(table) == "DBAC"
        assert table.sides() == "D-B"

    def test_a_winner_who_leaves_and_comes_back_waits_at_the_tail(self) -> None:
        table = duel("ABCD")
        play(table, "A")
        table.does("leave", "A")
        table.does("join", "A")
        assert waits(table) == "CDBA"
        assert table.sides() == "C-D"

    def test_a_winner_who_leaves_ends_his_row(self) -> None:
        table = duel("AB", cap=2)
        play(table, "A")
        table.does("leave", "A")
        table.does("join", "A")
        play(table, "A")
        assert waits(table) == "B"  # after two in a row A would wait as well

    def test_two_alone_play_on(self) -> None:
        table = duel("AB")
        for winner in "AABBB":
            play(table, winner)
            assert set(table.sides()) == set("A-B")

    def test_who_played_by_hand_goes_by_the_same_rule(self) -> None:
        table = duel("ABCD")
        table.does("start", **sides("C", "D"))
        table.wins("D")
        assert waits(table) == "ABC"
        assert set(table.sides()) == set("A-D")

    def test_the_one_who_enters_breaks(self) -> None:
        table = duel("ABCD")
        play(table, "A")
        assert table.drawn()["breaker"] == "C"
        play(table, "C")
        assert table.drawn()["breaker"] == "D"

    def test_two_against_two(self) -> None:
        table = duel("ABCDEF", format="2x2")
        first = table.drawn()["sides"]
        assert {*first[0], *first[1]} == set("ABCD")
        table.starts()
        table.wins(first[0][0])
        after = table.drawn()["sides"]
        assert {*after[0], *after[1]} == {*first[0], "E", "F"}


class TestBothLeave:
    def test_the_loser_stands_before_the_winner(self) -> None:
        table = duel("ABCD", "both_leave")
        play(table, "A")
        assert waits(table) == "CDBA"
        play(table, "D")
        assert waits(table) == "BACD"

    def test_manual_says_nothing(self) -> None:
        table = duel("ABC", "manual")
        assert table.session.next(table.seed) is None
        assert waits(table) == "ABC"


class TestRoundRobin:
    @pytest.mark.parametrize("players", ["AB", "ABC", "ABCD", "ABCDE", "ABCDEF", "ABCDEFG", "ABCDEFGHI"])
    def test_every_pair_once_then_again(self, players: str) -> None:
        table = duel(players, "round_robin")
        pairs_of_a_round = len(all_pairs(players))
        for _ in range(2):
            assert set(pairs(table.plays(pairs_of_a_round))) == all_pairs(players)

    @pytest.mark.parametrize("players", ["ABCDE", "ABCDEF", "ABCDEFG"])
    def test_nobody_twice_in_a_row_within_a_round(self, players: str) -> None:
        played = pairs(duel(players, "round_robin").plays(len(all_pairs(players))))
        assert all(not one & other for one, other in pairwise(played))

    def test_four_meet_in_halves(self) -> None:
        """With four somebody must play twice in a row, but never within the two games that share no player."""
        played = pairs(duel("ABCD", "round_robin").plays(6))
        assert all(not one & other for one, other in zip(played[::2], played[1::2], strict=True))

    def test_two_against_two_with_five_everybody_rests_once_in_five_games(self) -> None:
        played = duel("ABCDE", "round_robin", format="2x2").plays(15)
        rests = [set("ABCDE") - {*start["sides"][0], *start["sides"][1]} for start in played]
        assert Counter(player for rest in rests for player in rest) == dict.fromkeys("ABCDE", 3)


class TestLeastPlayed:
    def test_all_play_alike(self) -> None:
        played = pairs(duel("ABCDE", "least_played").plays(20))
        assert Counter(player for pair in played for player in pair) == dict.fromkeys("ABCDE", 8)
        assert Counter(played) == dict.fromkeys(all_pairs("ABCDE"), 2)

    def test_ties_by_the_order_of_the_queue(self) -> None:
        table = duel("DBCA", "least_played")
        assert table.sides() == "D-B"
        play(table)
        assert table.sides() == "C-A"

    def test_games_given_by_hand_count(self) -> None:
        table = duel("ABCD", "least_played")
        for _ in range(2):
            table.does("start", **sides("A", "C"))
            table.ends()
        assert table.sides() == "B-D"

    def test_a_joiner_counts_as_the_least_of_the_others(self) -> None:
        table = duel("ABC", "least_played")
        table.plays(6)  # four each
        table.does("join", "D")
        counted = Counter(player for pair in pairs(table.plays(8)) for player in pair)
        assert counted == dict.fromkeys("ABCD", 4)

    def test_coming_back_is_no_way_to_play_more(self) -> None:
        table = duel("ABC", "least_played")
        table.plays(3)
        table.does("leave", "A")
        table.plays(4)
        table.does("join", "A")
        counted = Counter(player for pair in pairs(table.plays(3)) for player in pair)
        assert counted == dict.fromkeys("ABC", 2)


class TestByChance:
    @pytest.mark.parametrize("players", ["ABC", "ABCD", "ABCDE"])
    def test_a_bag_of_pairs(self, players: str) -> None:
        table = duel(players, "random_no_repeat")
        before: frozenset[str] = frozenset()
        for _ in range(4):
            played = pairs(table.plays(len(all_pairs(players))))
            assert set(played) == all_pairs(players)
            assert played[0] != before
            before = played[-1]

    def test_another_seed_another_bag(self) -> None:
        drawn = []
        for seed in (b"a" * 16, b"b" * 16):
            table = duel("ABCDE", "random_no_repeat")
            table.seed = seed
            drawn.append(pairs(table.plays(10)))
        assert drawn[0] != drawn[1]


class TestStepping:
    def test_paused_keep_their_place(self) -> None:
        table = duel("ABCD")
        table.does("pause", "B")
        assert table.sides() == "A-C"
        assert waits(table) == "ABCD"
        play(table, "A")
        table.does("resume", "B")
        assert waits(table) == "BDC"
        assert table.sides() == "A-B"

    def test_a_winner_who_steps_away_gives_up_his_seat(self) -> None:
        table = duel("ABCD")
        play(table, "A")
        table.does("pause", "A")
        assert table.sides() == "C-D"

    def test_a_joiner_goes_to_the_tail(self) -> None:
        table = duel("ABC")
        table.does("join", "D")
        assert waits(table) == "ABCD"
        table.does("leave", "A")
        table.does("join", "A")
        assert waits(table) == "BCDA"

    def test_one_is_not_enough(self) -> None:
        table = duel("ABC")
        table.does("pause", "A")
        table.does("pause", "B")
        assert table.session.next(table.seed) is None

    def test_undo_restores_the_queue(self) -> None:
        table = duel("ABCDE")
        table.does("pause", "D")
        states: list[tuple[str, Json]] = []
        events = []
        for winner in "ACE":
            states.append((waits(table), table.drawn()))
            events.append((table.starts(), table.wins(winner)))
        for start, end in reversed(events):
            table.undoes(end)
            table.undoes(start)
            assert (waits(table), table.drawn()) == states.pop()

    def test_undoing_a_pause_long_ago(self) -> None:
        table = duel("ABCD")
        pause = table.does("pause", "C")
        play(table, "B")  # A and B
        assert table.sides() == "D-B"
        table.undoes(pause)
        assert table.sides() == "C-B"
