import math

from hypothesis import given
from hypothesis import strategies as st

from artel.stats.elo import Entrant, K, changes, duels, expected

RATINGS = st.integers(50_000, 300_000)


def entrants(*players: tuple[int, int], sides: list[int] | None = None) -> list[Entrant]:
    """Each as (rating in points, standing)."""
    return [
        Entrant(str(seat), sides[seat] if sides else seat, standing, rating * 100)
        for seat, (rating, standing) in enumerate(players)
    ]


def test_plain_elo() -> None:
    assert changes(entrants((1500, 1), (1500, 0))) == {"0": 1200, "1": -1200}
    assert changes(entrants((1500, 0), (1500, 0))) == {"0": 0, "1": 0}
    # 400 ahead is 10 to 1: the favourite gains a eleventh of K, the outsider ten of them.
    assert changes(entrants((1900, 1), (1500, 0))) == {"0": 218, "1": -218}
    assert changes(entrants((1900, 0), (1500, 1))) == {"0": -2182, "1": 2182}


def test_a_worked_kolkhoz() -> None:
    """Balls 6, 4, 2, 4 of players rated 1500, 1600, 1400, 1500 with K = 24."""
    assert changes(entrants((1500, 6), (1600, 4), (1400, 2), (1500, 4))) == {"0": 1200, "1": -432, "2": -768, "3": 0}


def test_partners_are_not_compared() -> None:
    game = entrants((1500, 1), (1500, 1), (1500, 0), (1500, 0), sides=[0, 0, 1, 1])
    assert len(duels(game)) == 4
    assert changes(game) == {"0": 800, "1": 800, "2": -800, "3": -800}


@given(st.lists(st.tuples(RATINGS, st.integers(-5, 16)), min_size=2, max_size=12), st.data())
def test_zero_sum_whoever_plays(players: list[tuple[int, int]], data: st.DataObject) -> None:
    game = [Entrant(str(seat), seat, standing, rating) for seat, (rating, standing) in enumerate(players)]
    gained = changes(game)
    assert sum(gained.values()) == 0
    assert all(abs(change) <= K + len(game) for change in gained.values())
    shuffled = data.draw(st.permutations(game))
    assert changes(shuffled) == gained


@given(st.integers(-300_000, 300_000))
def test_expectations_are_shares(lead: int) -> None:
    assert 0 < expected(lead) < 1
    assert abs(expected(lead) + expected(-lead) - 1) < 1e-20
    assert math.isclose(float(expected(lead)), 1 / (1 + 10 ** (-lead / 40_000)), rel_tol=1e-9)


@given(RATINGS, RATINGS, st.sampled_from([0, 1]))
def test_who_wins_never_loses(one: int, two: int, winner: int) -> None:
    gained = changes([Entrant("a", 0, winner, one), Entrant("b", 1, 1 - winner, two)])
    assert (gained["a"] >= 0) == (winner == 1) or gained["a"] == 0
