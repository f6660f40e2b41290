"""The published language: one module a producer. Events are fat, so that nobody has to ask back.

Events of one subject come in any order and more than once: a consumer keeps the highest `version`
(for play `session_version`) it has seen of a subject and ignores what is older.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from artel.kernel.events import Event


def published() -> list[type[Event]]:
    """Every event that may be on the bus, by topic; what is abstract only lends its fields."""
    producers = [import_module(f"{__name__}.{module.name}").__name__ for module in iter_modules(__path__)]
    events = [event for event in _descendants(Event) if event.__module__ in producers]
    return sorted((event for event in events if ".abstract." not in event.topic), key=lambda event: event.topic)


def _descendants(parent: type[Event]) -> Iterator[type[Event]]:
    for child in parent.__subclasses__():
        yield child
        yield from _descendants(child)
