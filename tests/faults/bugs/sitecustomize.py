"""Bugs that are put into a service from outside, to see that the checker finds them: SEEDED_BUGS says which.

Python runs this as it starts, where this folder stands on PYTHONPATH.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from typing import Any

from artel.auth import people as auth_people
from artel.contracts.auth import UserRegistered
from artel.contracts.friends import FriendAccepted
from artel.contracts.game import GameFinished
from artel.engine.game import Game
from artel.friends import reactions as friends_reactions
from artel.friends import requests as friends_requests
from artel.game import service as game_service
from artel.game.live import Live
from artel.game.log import PostgresLog
from artel.game.owner import Owner
from artel.game.writer import Batch, Writer
from artel.kernel import service
from artel.kernel.database import Database, PostgresDatabase, Tx
from artel.kernel.events import new_id
from artel.kernel.idempotency import Once
from artel.kernel.rabbit import RabbitBus
from artel.notification import reactions as notification_reactions
from artel.notification.news import News
from artel.stats import games as stats_games
from artel.stats import reactions as stats_reactions
from artel.stats.record import Line


def _put(owner: type, name: str, value: Any) -> None:
    setattr(owner, name, value)


def inbox() -> None:
    """What comes twice takes effect twice."""
    vars(service)["once"] = lambda _tx, _event_id: True


def synchronous_commit() -> None:
    """All is said to be written before it is. All: whoever waits for the disk takes with him what others have not."""
    PostgresDatabase.LIMITS = {**PostgresDatabase.LIMITS, "synchronous_commit": "off"}
    PostgresLog.SETTINGS = {**PostgresLog.SETTINGS, "synchronous_commit": "off"}


def fan_out() -> None:
    """Who looks on is told before it is on disk, and not again afterwards."""
    commit = Writer._commit

    async def told_first(self: Writer, group: Sequence[Batch]) -> None:
        for batch in group:
            source: Any = batch.source
            source.live.tell(batch.frames)
        await commit(self, group)

    def tell(self: Owner) -> None:
        self._untold.clear()

    Writer._commit = told_first  # type: ignore[method-assign]
    _put(Owner, "_tell", tell)


def boards() -> None:
    """Who looks on by a link is told how it stands when he comes, and nothing more."""
    _put(Live, "is_shared", property(lambda _self: False))


def money() -> None:
    """Somebody gets a kopeck that nobody has paid."""
    fair: Any = Game.money

    def richer(self: Game) -> dict[str, int]:
        paid = dict(fair.fget(self))
        if self.stop >= 0:
            paid[next(iter(paid))] += 1
        return paid

    _put(Game, "money", property(richer))


def lines() -> None:
    """Each foul of a finished game counts twice."""
    lines_of = vars(stats_games)["lines_of"]

    def twice(event: GameFinished) -> list[Line]:
        return [replace(line, fouls=2 * line.fouls) for line in lines_of(event)]

    vars(stats_games)["lines_of"] = twice


def news() -> None:
    """Of those whom something concerns one is not told."""
    tell = vars(notification_reactions)["tell"]

    def but_one(tx: Tx, subject: str, version: int, at: datetime, told: Mapping[str, News]) -> None:
        tell(tx, subject, version, at, dict(sorted(told.items())[1:]))

    vars(notification_reactions)["tell"] = but_one


def ties() -> None:
    """Friends are not who may be invited."""
    reactions: Any = game_service.reactions
    reactions[FriendAccepted] = lambda _tx, _event: None


def friendships() -> None:
    """Friends are not who may see each other's figures."""
    reactions: Any = stats_reactions.REACTIONS
    reactions[FriendAccepted] = lambda _tx, _event: None


def poison() -> None:
    """Whoever comes to be a friend cannot be taken, and is put aside without the usual pauses."""
    reactions: Any = friends_reactions.REACTIONS
    keep_name = reactions[UserRegistered]

    def refuse(tx: Tx, user: UserRegistered) -> None:
        if user.display_name.startswith("Друг"):
            raise ValueError(user.user_id)
        keep_name(tx, user)

    reactions[UserRegistered] = refuse
    RabbitBus.PAUSE_SECONDS = 0.0


def idempotency() -> None:
    """A repeated request is a new one."""

    async def run(_self: Once, database: Database, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await database.write(work, *args, **kwargs)

    _put(Once, "run", run)


def befriend() -> None:
    """Of those who become friends in one process every second pair is not kept."""
    keep = vars(friends_requests)["befriend"]
    kept = cycle([True, False])

    def sometimes(tx: Tx, one_id: str, other_id: str) -> None:
        if next(kept):
            keep(tx, one_id, other_id)

    vars(friends_requests)["befriend"] = sometimes


def sign_in() -> None:
    """Whoever comes again is somebody new."""
    register = auth_people.sign_in_or_register

    def anew(tx: Tx, profile: auth_people.Profile, *about: Any) -> auth_people.User:
        return register(tx, replace(profile, subject=new_id()), *about)

    vars(auth_people)["sign_in_or_register"] = anew


BUGS = (
    inbox, synchronous_commit, fan_out, boards, money, lines, news, ties, friendships, poison, idempotency, befriend,
    sign_in,
)  # fmt: skip

if __name__ == "sitecustomize":
    seeded = os.environ.get("SEEDED_BUGS", "").split()
    for bug in BUGS:
        if bug.__name__ in seeded:
            bug()
