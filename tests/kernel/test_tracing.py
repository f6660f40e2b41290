"""A trace that is kept is told span by span; of any other only the number goes on."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from artel.contracts.friends import UserBlocked
from artel.kernel import tracing
from artel.kernel.events import Event, said_in
from artel.kernel.otlp import spans
from artel.kernel.tracing import Inside, Span, current, enter, is_kept, span, told_to, trace_id, until
from collector import Collector, collecting

TRACE = "0af7651916cd43dd8448eb211c80319c"
HERE = "b7ad6b7169203331"
KEPT = f"00-{TRACE}-{HERE}-01"
UNKEPT = f"00-{TRACE}-{HERE}-00"


@pytest.fixture(autouse=True)
def nowhere() -> Iterator[None]:
    with Inside(""):
        yield


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Span]:
    found: list[Span] = []
    monkeypatch.setattr(tracing, "_tell", [found.append])
    return found


@pytest.mark.parametrize(
    "given",
    [
        "", "00", f"00-{'0' * 32}-{HERE}-01", f"00-{TRACE}-{'0' * 16}-01", f"01-{TRACE}-{HERE}-01", KEPT.upper(),
        KEPT + "-x", f"00-{TRACE}-{HERE}", f"{KEPT}\n", "00-" + "z" * 32 + f"-{HERE}-01", "ф" * 55,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_no_trace(given: str, told: list[Span]) -> None:
    assert enter(given) is None
    assert (current(), trace_id()) == ("", "")
    with span("game", "something", "CLIENT", current(), {}) as on:
        assert on == ""
    assert told == []


def test_of_a_trace_that_is_not_kept_only_the_number_goes_on(told: list[Span]) -> None:
    assert enter(UNKEPT) is None
    assert trace_id() == TRACE
    with span("game", "publish", "PRODUCER", current(), {}) as on:
        assert on == current() == UNKEPT
    assert told == []


def test_with_nobody_to_tell_nothing_is_kept() -> None:
    assert not is_kept(KEPT)
    assert enter(KEPT) is None
    assert trace_id() == TRACE


@pytest.mark.parametrize(("flags", "kept"), [("00", False), ("01", True), ("02", False), ("03", True), ("ff", True)])
def test_the_lowest_bit_of_the_flags_says_it(flags: str, kept: bool, told: list[Span]) -> None:
    assert (enter(f"00-{TRACE}-{HERE}-{flags}") is not None) is kept
    assert told == []


def test_each_part_is_in_the_one_that_made_it(told: list[Span]) -> None:
    request = enter(KEPT)
    assert request
    with span("game", "publish", "PRODUCER", current(), {"topic": "x"}) as published:
        assert current() == published
        with span("stats", "process", "CONSUMER", published, {}):
            pass
        assert current() == published
    assert current() == request.traceparent
    request.end("game", "POST /sessions", "SERVER", {})
    process, publish, whole = told
    assert [each.name for each in told] == ["process", "publish", "POST /sessions"]
    assert (process.parent, publish.parent, whole.parent) == (publish.traceparent, whole.traceparent, KEPT)
    assert len({each.traceparent for each in told} | {KEPT}) == 4
    assert whole.began <= publish.began <= process.began <= process.ended <= publish.ended <= whole.ended


def test_what_fails_is_told_with_its_error_and_fails(told: list[Span]) -> None:
    with pytest.raises(LookupError), span("stats", "process", "CONSUMER", KEPT, {}):
        raise LookupError("a player")
    assert "a player" in told[0].error
    assert current() == ""


def test_a_wait_is_timed_where_the_trace_is_kept(told: list[Span]) -> None:
    ended: list[Exception | None] = []
    assert until("game", "append", ended.append, {}) == ended.append
    with Inside(KEPT):
        well, ill = (until("game", "append", ended.append, {}) for _ in range(2))
    assert not told
    assert not ended
    lost = LookupError("the disk")
    well(None)
    ill(lost)
    assert ended == [None, lost]
    assert [(each.name, each.parent, each.error) for each in told] == [
        ("append", KEPT, ""), ("append", KEPT, "LookupError('the disk')"),
    ]  # fmt: skip


async def test_tasks_do_not_share_a_trace(told: list[Span]) -> None:
    async def request(given: str) -> str:
        enter(given)
        await asyncio.sleep(0)
        return current()

    other = KEPT.replace(TRACE, TRACE[::-1])
    first, second, third = await asyncio.gather(request(KEPT), request(UNKEPT), request(other))
    assert (first[3:35], second, third[3:35]) == (TRACE, UNKEPT, TRACE[::-1])
    assert current() == ""
    assert told == []  # they have not ended


def test_an_event_says_where_it_was_made() -> None:
    def made() -> Event:
        return UserBlocked(user_id="a", other_id="b", version=1)

    assert said_in(made().envelope()) == ""
    with Inside(UNKEPT):
        event = made()
    assert event.traceparent == said_in(event.envelope()) == UNKEPT
    with Inside(KEPT):
        assert UserBlocked.read(event.envelope()).traceparent == UNKEPT


# To a collector


def fates() -> dict[str, float]:
    return {fate: spans.labels(fate)._value.get() for fate in ("taken", "sent", "lost")}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def test_a_collector_gets_all_that_was_made_before_the_end(collector: Collector) -> None:
    before = fates()
    with told_to(collector.url + "/"):
        for _ in range(700):  # more than one batch
            with span("stats", "process x", "CONSUMER", KEPT, {"artel.event.id": "e", "n": 3}):
                pass
        with pytest.raises(LookupError), span("game", "publish x", "PRODUCER", KEPT, {}):
            raise LookupError
    assert len(collector.spans) == 701
    one, failed = collector.spans[0], collector.spans[-1]
    assert (one.service, one.name, one.trace, one.parent) == ("stats", "process x", TRACE, HERE)
    assert one.about == {"artel.event.id": "e", "n": 3}
    assert 0 < one.began <= one.ended
    assert (failed.service, failed.failed, one.failed) == ("game", True, False)
    assert (one.kind, failed.kind) == (5, 4)  # as OTLP numbers consumers and producers
    assert fates() == {"taken": before["taken"] + 701, "sent": before["sent"] + 701, "lost": before["lost"]}
    assert not is_kept(KEPT)


def test_a_collector_that_is_not_there_holds_nobody_up() -> None:
    """What is made while it is away is lost and counted."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    before = fates()
    with told_to(f"http://127.0.0.1:{port}"):
        for _ in range(10):
            with span("stats", "process x", "CONSUMER", KEPT, {}):
                pass
    assert fates() == {"taken": before["taken"] + 10, "sent": before["sent"], "lost": before["lost"] + 10}


def test_without_an_address_nothing_is_made() -> None:
    with told_to(""):
        assert not is_kept(KEPT)
