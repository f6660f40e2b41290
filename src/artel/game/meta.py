"""Everything about a session but its play: who may see it, who may score, what people are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select

from artel.game.tables import epochs, events, members, players, sessions
from artel.kernel.database import Tx
from artel.kernel.gone import formerly


@dataclass(frozen=True, slots=True)
class Player:
    """`wish` (join or leave) waits until no game runs; it is done when the log has one after `wish_version`."""

    id: str
    user_id: str | None
    name: str
    guest_name: str | None
    initial: bool
    wish: str | None
    wish_version: int
    wish_by: str | None


@dataclass(frozen=True)
class Meta:
    id: str
    name: str | None
    rules: dict[str, Any]
    template: dict[str, Any] | None
    organizer_id: str
    scorers: str | Sequence[str]
    code: str | None
    code_until: datetime
    seed: bytes
    share_hash: str | None
    share_money: bool
    stamp: int
    created_at: datetime
    updated_at: datetime
    epoch: str
    players: Sequence[Player]
    members: frozenset[str]
    formerly: Mapping[str, str]
    """The members whom others became, by who those were: the log has their ids."""

    def may_score(self, user_id: str) -> bool:
        if self.scorers == "everyone" or user_id == self.organizer_id:
            return True
        return self.scorers != "organizer" and user_id in self.scorers

    @cached_property
    def users(self) -> dict[str, str | None]:
        """By player; None is a guest."""
        return {player.id: player.user_id for player in self.players}

    def author(self, by: str) -> str:
        """Who has written what the log says is `by` this user."""
        return self.formerly.get(by, by)

    def player_of(self, user_id: str) -> Player | None:
        return next((player for player in self.players if player.user_id == user_id), None)


class Head(NamedTuple):
    """How far a session has come: what a process compares with its memory."""

    version: int
    stamp: int
    epoch: str


def epoch_of(tx: Tx) -> str:
    """On PostgreSQL with the timeline, which changes when a server takes over, perhaps without the last commits."""
    epoch: Any = epochs.c.epoch
    if tx.dialect.name == "postgresql":
        epoch = epoch + "." + func.left(func.pg_walfile_name(func.pg_current_wal_lsn()), 8)
    return str(tx.execute(select(epoch).where(epochs.c.id == 1)).scalar_one())


def heads(tx: Tx, session_ids: Sequence[str]) -> dict[str, Head]:
    """Of those that there are."""
    if not session_ids:
        return {}
    last = (
        select(func.coalesce(func.max(events.c.version), 0))
        .where(events.c.session_id == sessions.c.id)
        .correlate(sessions)
        .scalar_subquery()
    )
    found = tx.execute(select(sessions.c.id, last, sessions.c.stamp).where(sessions.c.id.in_(session_ids)))
    epoch = epoch_of(tx)
    return {row[0]: Head(row[1], row[2], epoch) for row in found}


def load_meta(tx: Tx, session_id: str) -> Meta | None:
    row = tx.execute(select(sessions).where(sessions.c.id == session_id)).one_or_none()
    if row is None:
        return None
    seats = tx.execute(select(players).where(players.c.session_id == session_id).order_by(players.c.position))
    inside = select(members.c.user_id).where(members.c.session_id == session_id, members.c.removed_at.is_(None))
    people, inside_now = [player_of(seat) for seat in seats], frozenset(tx.execute(inside).scalars())
    return meta_of(row, epoch_of(tx), people, inside_now, formerly(tx, inside_now))


def meta_of(
    row: Row[Any], epoch: str, seats: Sequence[Player], inside: frozenset[str], were: Mapping[str, str]
) -> Meta:
    template = {"id": row.template_id, "version": row.template_version} if row.template_id else None
    return Meta(
        id=row.id,
        name=row.name,
        rules=row.rules,
        template=template,
        organizer_id=row.organizer_id,
        scorers=row.scorers,
        code=row.code,
        code_until=row.code_until,
        seed=row.seed,
        share_hash=row.share_hash,
        share_money=row.share_money,
        stamp=row.stamp,
        created_at=row.created_at,
        updated_at=row.updated_at,
        epoch=epoch,
        players=seats,
        members=inside,
        formerly=were,
    )


def player_of(row: Row[Any]) -> Player:
    return Player(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        guest_name=row.guest_name,
        initial=row.initial,
        wish=row.wish,
        wish_version=row.wish_version,
        wish_by=row.wish_by,
    )


def load_lines(tx: Tx, session_id: str, after: int = 0) -> list[bytes]:
    """The log after that version, as it is shown."""
    found = select(events.c.body).where(events.c.session_id == session_id, events.c.version > after)
    return [body.encode() for body in tx.execute(found.order_by(events.c.version)).scalars()]
