"""Traces as W3C Trace Context has them. Which of them are kept is decided at the gate.

Of the others nothing is made: their number goes on in events and in the log. Spans are made by hand, where one part of
the system waits for another, because to instrument everything takes two thirds of the throughput.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
Attributes = Mapping[str, str | int]
Told = Callable[[Exception | None], None]
"""Called once something is done, with the error where that has failed."""

TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str] = ContextVar("traceparent", default="")
_tell: "list[Callable[[Span], None]]" = []


@dataclass(slots=True)
class Span:
    """A part of a trace that is kept, from when it is made until `end`; times in nanoseconds since 1970."""

    parent: str
    began: int = field(default_factory=time.time_ns)
    ended: int = 0
    service: str = ""
    name: str = ""
    kind: Kind = "SERVER"
    attributes: Attributes = field(default_factory=dict)
    error: str = ""
    traceparent: str = ""

    def __post_init__(self) -> None:
        self.traceparent = f"{self.parent[:36]}{secrets.token_hex(8)}-01"

    def end(self, service: str, name: str, kind: Kind, attributes: Attributes, error: str = "") -> None:
        self.ended = time.time_ns()
        self.service, self.name, self.kind, self.attributes, self.error = service, name, kind, attributes, error
        for tell in _tell:
            tell(self)


def current() -> str:
    """The traceparent of what is being done; empty outside of a trace."""
    return _current.get()


def trace_id() -> str:
    """Its number; empty outside of a trace."""
    return _current.get()[3:35]


def is_sampled(traceparent: str) -> bool:
    """Whether the gate has chosen it."""
    return traceparent[-1:] in {"1", "3", "5", "7", "9", "b", "d", "f"}


def is_kept(traceparent: str) -> bool:
    return bool(_tell) and is_sampled(traceparent)


def begun(given: str) -> tuple[str, Span | None]:
    """The traceparent of what is done for whoever named this one, if it can be read, and its part of what is kept."""
    traceparent = given if TRACEPARENT.fullmatch(given) else ""
    made = Span(traceparent) if is_kept(traceparent) else None
    return (made.traceparent if made else traceparent), made


def enter(given: str) -> Span | None:
    """What this task does from now on belongs to the trace that somebody named."""
    traceparent, made = begun(given)
    _current.set(traceparent)
    return made


class Inside:
    """What is done there belongs to that trace. No generator: a tap goes in and out twice, which took it 3 µs."""

    __slots__ = ("_before", "_traceparent")

    def __init__(self, traceparent: str) -> None:
        self._traceparent = traceparent

    def __enter__(self) -> None:
        self._before = _current.set(self._traceparent)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)


@contextmanager
def span(service: str, name: str, kind: Kind, parent: str, attributes: Attributes) -> Iterator[str]:
    """A part of the trace `parent`; yields the traceparent of what goes on from here."""
    if not is_kept(parent):
        with Inside(parent):
            yield parent
        return
    made, error = Span(parent), ""
    try:
        with Inside(made.traceparent):
            yield made.traceparent
    except BaseException as raised:
        error = repr(raised)[:200]
        raise
    finally:
        made.end(service, name, kind, attributes, error)


def until(service: str, name: str, told: Told, attributes: Attributes) -> Told:
    """The same that was given, unless the trace is kept: then a part of it ends when that is called."""
    if not is_kept(_current.get()):
        return told
    made = Span(_current.get())

    def end(error: Exception | None) -> None:
        made.end(service, name, "CLIENT", attributes, repr(error)[:200] if error else "")
        told(error)

    return end


@contextmanager
def told_to(url: str) -> Iterator[None]:
    """Spans go to the collector at `url`, if there is one, in batches and by a thread of their own."""
    if not url:
        yield
        return
    from artel.kernel.otlp import Collector  # noqa: PLC0415 the SDK takes 15 MB

    collector = Collector(url)
    _tell.append(collector.take)
    try:
        yield
    finally:
        _tell.remove(collector.take)
        collector.close()
