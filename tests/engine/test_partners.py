"""Who plays with whom in 2x2, and who breaks."""

from collections import Counter

import pytest

from engine.table import all_pairs, duel, play


class TestPartners:
    @pytest.mark.parametrize("queue", ["winner_stays", "both_leave", "round_robin", "least_played", "random_no_repeat"])
    def test_four_have_everybody_before_anybody_twice(self, queue: str) -> None:
        table = duel("ABCD", queue, format="2x2")
        for _ in range(3):
            drawn = table.plays(3)
            assert {frozenset(side) for start in drawn for side in start["sides"]} == all_pairs("ABCD")

    @pytest.mark.parametrize("players", ["ABCDE", "ABCDEF", "ABCDEFG", "ABCDEFGH"])
    @pytest.mark.parametrize("queue", ["round_robin", "least_played", "random_no_repeat"])
    def test_nobody_the_same_partner_before_he_has_had_everybody(self, queue: str, players: str) -> None:
        had: dict[str, set[str]] = {player: set() for player in players}
        for start in duel(players, queue, format="2x2").plays(20):
            for one, other in start["sides"]:
                for player, partner in ((one, other), (other, one)):
                    assert partner not in had[player]
                    had[player].add(partner)
                    if len(had[player]) == len(players) - 1:
                        had[player] = set()


class TestBreaks:
    @pytest.mark.parametrize(("breaks", "breakers"), [("winner", "ABB"), ("loser", "BAA"), ("manual", "AAA")])
    def test_by_what_happened(self, breaks: str, breakers: str) -> None:
        table = duel("AB", breaks=breaks)
        for winner, breaker in zip("ABB", breakers, strict=True):
            play(table, winner)
            expected = table.drawn()["sides"][0][0] if breaks == "manual" else breaker
            assert table.drawn()["breaker"] == expected

    def test_two_alone_break_in_turns(self) -> None:
        table = duel("AB")
        breakers = [start["breaker"] for start in table.plays(6)]
        assert breakers in (["A", "B"] * 3, ["B", "A"] * 3)

    def test_by_chance(self) -> None:
        breakers = Counter(start["breaker"] for start in duel("AB", breaks="random").plays(100))
        assert all(30 < times < 70 for times in breakers.values())
