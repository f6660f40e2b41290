"""Two players against each other, and who pays whom."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, func, select

from artel.kernel.database import Tx
from artel.kernel.errors import forbidden
from artel.kernel.http import bad_field
from artel.kernel.token import Caller
from artel.stats.asked import Asked
from artel.stats.schemas import FlowOut, Flows, HeadToHead, KindMeetings, Meetings
from artel.stats.sight import look_at, names, sight
from artel.stats.tables import flows, lines

COUNTED = ("games", "partners", "a_wins", "b_wins", "draws")


def head_to_head(tx: Tx, caller: Caller, a: str, b: str, asked: Asked) -> HeadToHead:
    if a == b:
        raise bad_field("b", "two different players meet", "invalid_query")
    seen = look_at(tx, caller.user_id, a, b)
    money = _between(tx, a, b, asked) if seen.moneyed.issuperset((a, b)) else None
    kinds = [_kind(row, money) for row in _meetings(tx, a, b, asked)]
    return HeadToHead(a=a, b=b, kinds=kinds, **_total(kinds, money))


def _meetings(tx: Tx, a: str, b: str, asked: Asked) -> Sequence[Row[Any]]:
    one, two = lines.alias("a"), lines.alias("b")
    against = one.c.side != two.c.side
    return tx.execute(
        select(
            one.c.kind,
            func.count().label("games"),
            func.count().filter(one.c.side == two.c.side).label("partners"),
            func.count().filter(against, one.c.place < two.c.place).label("a_wins"),
            func.count().filter(against, one.c.place > two.c.place).label("b_wins"),
            func.count().filter(against, one.c.place == two.c.place).label("draws"),
        )
        .join(two, two.c.game_key == one.c.game_key)
        .where(one.c.user_id == a, two.c.user_id == b, asked.of(one))
        .group_by(one.c.kind)
        .order_by(one.c.kind)
    ).all()


def _between(tx: Tx, a: str, b: str, asked: Asked) -> dict[str, dict[str, int]]:
    """Kind → currency → what a got from b."""
    found = select(flows.c.kind, flows.c.currency, func.sum(flows.c.amount).label("amount")).where(
        flows.c.user_id == a, flows.c.other_id == b, asked.of(flows)
    )
    by_kind: dict[str, dict[str, int]] = defaultdict(dict)
    for row in tx.execute(found.group_by(flows.c.kind, flows.c.currency)):
        by_kind[row.kind][row.currency] = int(row.amount)
    return by_kind


def _kind(row: Row[Any], money: dict[str, dict[str, int]] | None) -> KindMeetings:
    balance = None if money is None else money.get(row.kind, {})
    return KindMeetings(game=row.kind, balance=balance, **{name: getattr(row, name) for name in COUNTED})


def _total(kinds: Sequence[Meetings], money: dict[str, dict[str, int]] | None) -> dict[str, Any]:
    balance = None if money is None else added(money.values())
    return {**{name: sum(getattr(kind, name) for kind in kinds) for name in COUNTED}, "balance": balance}


def added(amounts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for by_currency in amounts:
        for currency, amount in by_currency.items():
            total[currency] += amount
    return dict(sorted(total.items()))


def who_pays_whom(tx: Tx, caller: Caller, user_id: str, asked: Asked) -> Flows:
    if user_id not in look_at(tx, caller.user_id, user_id).moneyed:
        raise forbidden("This money is not for you to see.")
    nets = _nets(tx, user_id, asked)
    users = {other_id for other_id in nets if other_id}
    open_ = users & (sight(tx, caller.user_id, users).moneyed)
    called = names(tx, open_)
    items = [FlowOut(user_id=other, display_name=called[other], net=nets[other]) for other in open_]
    return Flows(
        player=user_id,
        items=sorted(items, key=lambda item: (-sum(map(abs, item.net.values())), item.user_id)),
        guests=nets.get(None, {}),
        others=added(nets[other] for other in users - open_),
    )


def _nets(tx: Tx, user_id: str, asked: Asked) -> dict[str | None, dict[str, int]]:
    """Other user, or None for guests → currency → what the player got."""
    found = select(flows.c.other_id, flows.c.currency, func.sum(flows.c.amount).label("amount")).where(
        flows.c.user_id == user_id, asked.of(flows)
    )
    nets: dict[str | None, dict[str, int]] = defaultdict(dict)
    for row in tx.execute(found.group_by(flows.c.other_id, flows.c.currency).order_by(flows.c.currency)):
        nets[row.other_id][row.currency] = int(row.amount)
    return nets
