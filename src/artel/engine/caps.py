"""How large numbers may be in an evening that is kept for people; the engine itself takes any integer."""

from artel.engine.rules import DuelRules, KolkhozRules, Rules

MONEY = 10**9
"""Minor units: ten million roubles."""
POINTS = 1000


def excess(rules: Rules) -> str | None:
    """The key of the first value that is beyond what is kept, None where all is well."""
    return _kolkhoz(rules) if isinstance(rules, KolkhozRules) else _duel(rules)


def _duel(rules: DuelRules) -> str | None:
    return _first(
        {
            "stake": rules.stake.amount <= MONEY,
            "queue": rules.queue.cap <= POINTS,
            "match": rules.match.limit <= POINTS,
            "handicap": _starts(rules),
        }
    )


def _kolkhoz(rules: KolkhozRules) -> str | None:
    return _first(
        {
            "price": rules.price <= MONEY,
            "rates": all(rate <= MONEY for rate in rules.rates.values()),
            "foul": rules.foul.value <= POINTS,
            "last_ball": isinstance(rules.last_ball, str) or abs(rules.last_ball) <= POINTS,
            "balls": len(rules.balls) <= 20,
            "handicap": _starts(rules),
        }
    )


def _starts(rules: Rules) -> bool:
    return all(abs(handicap.start or 0) <= POINTS for handicap in rules.handicap.values())


def _first(checks: dict[str, bool]) -> str | None:
    return next((key for key, well in checks.items() if not well), None)
