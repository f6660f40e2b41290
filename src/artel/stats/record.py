"""What a finished game means: one line for each player, and who paid whom. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from artel.contracts.game import GameFinished, Tally


@dataclass(frozen=True)
class Line:
    player_id: str
    seat: int
    side: int
    score: int
    points: str | None
    place: int | None
    standing: int
    outcome: str
    money: int
    balls: int
    own: int
    fouls: int
    misses: int
    best_series: int


def lines_of(event: GameFinished) -> list[Line]:
    """In the order of sides or circle."""
    sides = _sides(event.result)
    lineup = [(player_id, number) for number, side in enumerate(sides) for player_id in side]
    places = _places(event.result, sides)
    return [_line(event, who, seat, side, places[side]) for seat, (who, side) in enumerate(lineup)]


def _sides(result: Mapping[str, Any]) -> list[list[str]]:
    if "sides" in result:
        return [list(side) for side in result["sides"]]
    return [[player_id] for player_id in result["order"]]


def _line(event: GameFinished, player_id: str, seat: int, side: int, place: int | None) -> Line:
    result, tally = event.result, event.tallies.get(player_id, Tally())
    points = result["points"].get(player_id)
    won = player_id in result["winners"]
    score = int(result["scores"][player_id])
    return Line(
        player_id=player_id,
        seat=seat,
        side=side,
        score=score,
        points=None if points is None else str(points),
        place=place,
        standing=score if "order" in result else int(won),
        outcome=_outcome(result, won=won),
        money=int(result["money"].get(player_id, 0)),
        balls=tally.balls,
        own=tally.own,
        fouls=tally.fouls,
        misses=tally.misses,
        best_series=tally.best_series,
    )


def _outcome(result: Mapping[str, Any], *, won: bool) -> str:
    if result["reason"] == "abandoned":
        return "abandoned"
    if not result["winners"]:
        return "draw"
    return "win" if won else "loss"


def _places(result: Mapping[str, Any], sides: Sequence[Sequence[str]]) -> list[int | None]:
    """Of each side: kolkhoz by points, a duel by who won; equals share a place."""
    if result["reason"] == "abandoned":
        return [None] * len(sides)
    if "order" in result:
        worth = [Fraction(result["points"][player_id]) for (player_id,) in sides]
    else:
        worth = [Fraction(side[0] in result["winners"]) for side in sides]
    return [1 + sum(other > mine for other in worth) for mine in worth]


def is_even(event: GameFinished) -> bool:
    return not event.handicapped and event.result["reason"] != "abandoned"


def payments(money: Sequence[tuple[str, int]]) -> dict[tuple[str, str], int]:
    """(from, to) → amount, from what each won or lost, which sums to zero.

    Every loser pays the winners in proportion to what they have still to get, in whole minor units by largest
    remainder, ties in the order given. So each pays exactly what he lost and each gets exactly what he won.
    """
    due = {player_id: amount for player_id, amount in money if amount > 0}
    paid: dict[tuple[str, str], int] = {}
    for loser, lost in money:
        if lost < 0:
            for winner, share in _shares(-lost, due).items():
                due[winner] -= share
                paid[loser, winner] = share
    return {pair: amount for pair, amount in paid.items() if amount}


def _shares(amount: int, due: Mapping[str, int]) -> dict[str, int]:
    """`amount` in proportion to `due`, which is at least as much altogether; nobody gets more than is due to him."""
    total = sum(due.values())
    whole = {winner: amount * part // total for winner, part in due.items()}
    by_remainder = sorted(due, key=lambda winner: -(amount * due[winner] % total))  # stable: ties as given
    for winner in by_remainder[: amount - sum(whole.values())]:
        whole[winner] += 1
    return whole
