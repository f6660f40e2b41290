"""A service's own reactions on empty tables in memory: what its rows would be had it heard this, once and in order."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from sqlalchemy import MetaData, StaticPool, create_engine

from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.service import Reaction

T = TypeVar("T")


class Shadow:
    def __init__(self, metadata: MetaData, reactions: Mapping[type[Event], Reaction]) -> None:
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        self._reactions = reactions
        metadata.create_all(self._engine)

    def after(self, events: Iterable[Event], look: Callable[[Tx], T]) -> T:
        """What `look` sees after these events; nothing of it stays."""
        with self._engine.connect() as tx:
            for event in events:
                if reaction := self._reactions.get(type(event)):
                    reaction(tx, event)
            seen = look(tx)
            tx.rollback()
        return seen

    def close(self) -> None:
        self._engine.dispose()
