"""What goes over the wire for a tap, which passes by uvicorn's own cycle; everything else is uvicorn's."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, cast
from unittest.mock import Mock

import orjson
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from artel.kernel.edge import Edge
from artel.kernel.errors import rate_limited, unavailable
from artel.kernel.server import Protocol
from artel.kernel.tap import Found, Ready, Soon
from artel.kernel.under_way import A_TURN
from kernel.tapping import Work, tap

BODY_LIMIT = 64 * 1024
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Wire(asyncio.Transport):
    """Remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Nobody reads here."""

    def resume_reading(self) -> None:
        """Nobody reads here."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.heir = protocol


class App:
    def __init__(self, work: Work) -> None:
        self.edge = Edge(PlainTextResponse("from the application"), lambda _: "none", [tap(work)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.edge(scope, receive, send)


class Line:
    """A connection to an application whose tap does `work`."""

    def __init__(self, work: Work, app: "App | None" = None) -> None:
        self.wire = Wire()
        self.state = ServerState()
        self.protocol = Protocol(Config(app or App(work), lifespan="off", log_config=None), self.state, {})
        self.protocol.connection_made(self.wire)

    async def say(self, *asked: bytes) -> list[bytes]:
        """What is on the wire when nothing is under way any more."""
        for data in asked:
            self.protocol.data_received(data)
            await asyncio.sleep(0)
        await self.rest()
        return self.wire.writes

    async def rest(self) -> None:
        while self.state.tasks:
            await asyncio.gather(*self.state.tasks)

    def hang_up(self) -> None:
        self.protocol.connection_lost(None)


async def echo(body: bytes) -> Ready:
    await asyncio.sleep(0)
    return Ready(201, body)


def post(body: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    lines = [b"POST /tap HTTP/" + version, b"Host: x", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


def read(answer: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines)
    assert int(headers[b"content-length"]) == len(body)
    return status, headers, body


async def test_an_answer_is_one_write() -> None:
    line = Line(echo)
    await line.say(post(b"one", b"X-Request-Id: mine"))
    first, second = (read(each) for each in await line.say(post(b"two")))
    assert (first[0], first[2]) == (b"HTTP/1.1 201 Created", b"one")
    assert first[1][b"x-request-id"] == b"mine"
    assert first[1][b"content-type"] == b"application/json"
    assert second[2] == b"two"


async def test_it_has_the_headers_that_every_answer_has() -> None:
    line = Line(echo)
    line.state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
    for answer in await line.say(post(b"x")):
        assert read(answer)[1][b"date"] == b"Thu, 01 Jan 1970 00:00:00 GMT"


async def test_what_is_no_tap_is_the_applications() -> None:
    writes = await Line(echo).say(GET, post(b"a tap"), GET)
    answers = [part for part in b"".join(writes).split(b"HTTP/1.1 ") if part]
    assert [answer[:3] for answer in answers] == [b"200", b"201", b"200"]
    assert answers[0].endswith(b"from the application")


@pytest.mark.parametrize("path", [b"/tap?x=1", b"/t%61p", b"/tap?", b"http://x/tap"])
async def test_it_is_one_however_its_path_is_written(path: bytes) -> None:
    line = Line(echo)
    await line.say(post(b"one").replace(b"/tap", path))
    assert read(b"".join(line.wire.writes))[2] == b"one"


async def test_one_line_asks_for_this_and_that() -> None:
    line, other = Line(echo), post(b"x").replace(b"/tap", b"/other")
    for asked, said in ((post(b"1"), b"1"), (other, b"from the application"), (post(b"2"), b"2"), (GET, b"cation")):
        line.wire.writes.clear()
        assert b"".join(await line.say(asked)).endswith(said)


async def test_another_method_is_the_applications_too() -> None:
    writes = await Line(echo).say(post(b"").replace(b"POST", b"PUT"))
    assert b"".join(writes).endswith(b"from the application")


async def test_several_at_once_are_answered_in_order() -> None:
    slow = asyncio.Event()

    async def work(body: bytes) -> Ready:
        if body == b"first":
            await slow.wait()
        return Ready(201, body)

    line = Line(work)
    line.protocol.data_received(post(b"first") + post(b"second") + GET)
    for _ in range(10):
        await asyncio.sleep(0)
    assert line.wire.writes == []
    slow.set()
    await line.rest()
    said = b"".join(line.wire.writes)
    assert 0 < said.index(b"first") < said.index(b"second") < said.index(b"from the application")


@pytest.mark.parametrize("pieces", [2, 7, 1000])
async def test_a_body_may_come_in_pieces(pieces: int) -> None:
    body = bytes(b % 26 + 97 for b in range(1000))
    whole = post(body)
    size = -(-len(whole) // pieces)
    writes = await Line(echo).say(*(whole[at : at + size] for at in range(0, len(whole), size)))
    assert read(writes[0])[2] == body


async def test_a_body_may_hide_its_length() -> None:
    asked = b"POST /tap HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert read(b"".join(await Line(echo).say(asked)))[2] == b"onetwo"


async def test_who_waits_to_be_told_to_go_on_is_told() -> None:
    head, _, body = post(b"hi", b"Expect: 100-continue").partition(b"\r\n\r\n")
    writes = await Line(echo).say(head + b"\r\n\r\n", body)
    assert writes[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert read(b"".join(writes[1:]))[2] == b"hi"


@pytest.mark.parametrize("asked", [post(b"x", version=b"1.0"), post(b"x", b"Connection: close")])
async def test_who_asks_once_is_hung_up_on(asked: bytes) -> None:
    line = Line(echo)
    (answer,) = await line.say(asked)
    assert read(answer)[1][b"connection"] == b"close"
    assert line.wire.closed


async def test_a_refusal_keeps_its_form() -> None:
    async def refuse(_: bytes) -> Ready:
        raise rate_limited(3)

    (answer,) = await Line(refuse).say(post(b"x"))
    status, headers, body = read(answer)
    assert status == b"HTTP/1.1 429 Too Many Requests"
    assert headers[b"retry-after"] == b"4"
    assert headers[b"content-type"] == b"application/problem+json"
    assert orjson.loads(body)["request_id"] == headers[b"x-request-id"].decode()


async def test_a_bug_is_a_problem_and_the_connection_lives() -> None:
    async def work(body: bytes) -> Ready:
        return Ready(200, b"%d" % (1 // len(body)))

    writes = await Line(work).say(post(b""), post(b"x"))
    assert [read(each)[0] for each in writes] == [b"HTTP/1.1 500 Internal Server Error", b"HTTP/1.1 200 OK"]
    assert b"division" not in writes[0]


@pytest.mark.parametrize("announced", [True, False])
async def test_too_much_is_refused(announced: bool) -> None:
    body = b"x" * (BODY_LIMIT + 1)
    hidden = b"POST /tap HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    writes = await Line(echo).say(post(body) if announced else hidden % (len(body), body))
    assert read(b"".join(writes))[0].startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("once", [post(b"one", b"Connection: close"), post(b"one", version=b"1.0")])
async def test_what_stands_behind_somebody_who_asks_once_is_not_done(once: bytes) -> None:
    """However quickly the first is answered."""
    heard: list[bytes] = []

    def work(body: bytes) -> Ready:
        heard.append(body)
        return Ready(201, body)

    line = Line(work)
    await line.say(once + post(b"two"))
    assert heard == [b"one"]
    assert read(b"".join(line.wire.writes))[2] == b"one"


async def test_a_line_is_not_idle_while_somebody_waits_behind_one_answered_at_once() -> None:
    slow = asyncio.Event()

    async def wait(body: bytes) -> Ready:
        await slow.wait()
        return Ready(201, body)

    line = Line(lambda body: Ready(201, body) if body == b"quick" else wait(body))
    line.protocol.timeout_keep_alive = 0
    line.protocol.data_received(post(b"quick") + post(b"slow"))
    await until_it_rings()
    assert not line.wire.closed
    slow.set()
    await line.rest()
    await until_it_rings()
    assert line.wire.closed


async def until_it_rings() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Clock:
    """A loop's, which shows what a test says."""

    def __init__(self) -> None:
        self.now = 1.0
        self.wound_up: list[float] = []
        self.stopped = 0

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, _ring: Callable[[], None]) -> "Clock":
        self.wound_up.append(seconds)
        return self

    def cancel(self) -> None:
        self.stopped += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def timed(clock: Clock) -> Line:
    """Idle for 75 seconds at most, by that clock."""
    line = Line(lambda body: Ready(201, body))
    line.protocol.loop = cast("Any", clock)
    line.protocol.timeout_keep_alive = 75
    return line


async def test_an_idle_line_is_closed_so_long_after_the_last_answer(timed: Line, clock: Clock) -> None:
    """And not after the first, with which its clock was wound up."""
    await timed.say(post(b"one"))
    clock.now = 50
    await timed.say(post(b"two"))
    assert clock.wound_up == [75]
    clock.now = 76
    timed.protocol.ring()
    assert (clock.wound_up, timed.wire.closed) == ([75, 49], False)
    clock.now = 125
    timed.protocol.ring()
    assert (clock.wound_up, timed.wire.closed) == ([75, 49], True)


async def test_a_line_on_which_somebody_asks_is_not_idle(timed: Line, clock: Clock) -> None:
    await timed.say(post(b"one"), post(b"two")[:20])
    clock.now = 1000
    timed.protocol.ring()
    assert not timed.wire.closed
    await timed.say(post(b"two")[20:])
    assert clock.wound_up == [75, 75]


async def test_who_looks_on_over_the_line_may_be_silent_for_longer(timed: Line, clock: Clock) -> None:
    await timed.say(post(b"one"))
    timed.protocol.ws_protocol_class = cast("Any", heir := Mock())
    timed.protocol.data_received(GET.replace(b"Host", b"Connection: Upgrade\r\nUpgrade: websocket\r\nHost"))
    assert timed.wire.heir is heir.return_value
    assert clock.stopped == 1


async def test_the_clock_stops_when_the_line_is_gone(timed: Line, clock: Clock) -> None:
    await timed.say(post(b"one"))
    timed.hang_up()
    assert clock.stopped == 1


async def test_who_goes_while_one_waits_behind_another_is_told_nothing() -> None:
    disk = Disk()
    line = Line(disk.work)
    line.protocol.data_received(post(b"first") + post(b"second"))
    line.wire.closed = True
    line.hang_up()
    disk.sync()
    await line.rest()
    assert line.wire.writes == []


async def asked() -> tuple[Line, asyncio.Event]:
    """A tap is under way until the event is set."""
    go_on = asyncio.Event()

    async def work(body: bytes) -> Ready:
        await go_on.wait()
        return Ready(201, body)

    line = Line(work)
    line.protocol.data_received(post(b"x"))
    await asyncio.sleep(0)
    return line, go_on


async def test_who_has_gone_is_told_nothing() -> None:
    line, go_on = await asked()
    line.hang_up()
    go_on.set()
    await line.rest()
    assert line.wire.writes == []


async def test_who_goes_in_the_middle_of_a_body_has_said_nothing() -> None:
    heard: list[bytes] = []

    async def work(body: bytes) -> Ready:
        heard.append(body)
        return Ready(201, body)

    line = Line(work)
    line.protocol.data_received(post(b"never whole")[:-5])
    await asyncio.sleep(0)
    line.hang_up()
    await line.rest()
    assert heard == []


async def test_the_end_of_the_server_waits_for_the_answer() -> None:
    line, go_on = await asked()
    line.protocol.shutdown()
    assert not line.wire.closed
    go_on.set()
    await line.rest()
    assert read(line.wire.writes[0])[1][b"connection"] == b"close"
    assert line.wire.closed


class Disk:
    """Taps that are answered once what they wrote is there."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self._told: list[Callable[[Exception | None], None]] = []

    def work(self, body: bytes) -> Found:
        self.written.append(body)
        return Soon(Ready(201, body), self._told.append, partial(self._again, body))

    async def _again(self, body: bytes) -> Ready:
        await asyncio.sleep(0)
        if body == b"lost for good":
            raise unavailable("The log cannot be written.")
        return Ready(201, b"again " + body)

    def sync(self, error: Exception | None = None) -> None:
        told, self._told = self._told, []
        for each in told:
            each(error)


async def test_some_are_taken_in_and_written_before_the_others() -> None:
    """In the order in which they came, and each once."""
    disk = Disk()
    app = App(disk.work)
    lines = [Line(disk.work, app) for _ in range(2 * A_TURN + 1)]
    bodies = [b"%d" % number for number in range(len(lines))]
    for line, body in zip(lines, bodies, strict=True):
        line.protocol.data_received(post(body))
    lines[-1].hang_up()  # what it has said is heard all the same
    for turn in (1, 2):
        assert disk.written == bodies[: turn * A_TURN]
        await asyncio.sleep(0)
    assert disk.written == bodies
    disk.sync()
    assert [read(line.wire.writes[0])[2] for line in lines[:-1]] == bodies[:-1]
    assert lines[-1].wire.writes == []


class TestWhatIsAnsweredOnceItIsOnDisk:
    async def test_it_takes_no_task(self) -> None:
        disk = Disk()
        line = Line(disk.work)
        line.protocol.data_received(post(b"x", b"X-Request-Id: mine"))
        assert (disk.written, line.state.tasks, line.wire.writes) == ([b"x"], set(), [])
        disk.sync()
        status, headers, body = read(*line.wire.writes)
        assert (status, headers[b"x-request-id"], body) == (b"HTTP/1.1 201 Created", b"mine", b"x")

    async def test_where_it_could_not_be_written_another_answer_is_found(self) -> None:
        disk = Disk()
        line = Line(disk.work)
        for body in (b"x", b"lost for good"):
            line.protocol.data_received(post(body))
            disk.sync(OSError("the disk is full"))
            await line.rest()
        first, second = (read(each) for each in line.wire.writes)
        assert (first[0], first[2]) == (b"HTTP/1.1 201 Created", b"again x")
        assert (second[0], orjson.loads(second[2])["code"]) == (b"HTTP/1.1 503 Service Unavailable", "unavailable")

    async def test_the_next_ones_wait_for_it(self) -> None:
        disk = Disk()
        line = Line(disk.work)
        line.protocol.data_received(post(b"first") + post(b"second") + GET)
        disk.sync()
        while line.state.tasks:
            disk.sync()
            await asyncio.sleep(0)
        said = b"".join(line.wire.writes)
        assert 0 < said.index(b"first") < said.index(b"second") < said.index(b"from the application")

    async def test_who_has_gone_is_told_nothing(self) -> None:
        disk = Disk()
        line = Line(disk.work)
        line.protocol.data_received(post(b"x"))
        line.hang_up()
        disk.sync()
        assert line.wire.writes == []

    async def test_the_end_of_the_server_waits_for_it(self) -> None:
        disk = Disk()
        line = Line(disk.work)
        line.protocol.data_received(post(b"x"))
        line.protocol.shutdown()
        assert not line.wire.closed
        disk.sync()
        assert read(*line.wire.writes)[1][b"connection"] == b"close"
        assert line.wire.closed

    async def test_nothing_of_it_waits_for_the_collector(self) -> None:
        disk = Disk()
        line = Line(disk.work)
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                line.protocol.data_received(post(b"x"))
                disk.sync()
            assert gc.collect() == 0
        finally:
            gc.enable()

    async def test_who_does_not_read_what_he_is_told_is_not_told_more(self) -> None:
        """His answers would pile up here."""
        disk = Disk()
        line = Line(disk.work)
        line.protocol.pause_writing()
        line.protocol.data_received(post(b"x"))
        for _ in range(5):
            disk.sync()
            await asyncio.sleep(0)
        assert line.wire.writes[1:] == []
        line.protocol.resume_writing()
        await line.rest()
        assert read(b"".join(line.wire.writes))[2] == b"x"


@pytest.mark.parametrize("asked", [post(b"x"), post(b"never whole")[:-5]])
async def test_nothing_keeps_a_connection_that_has_ended(asked: bytes) -> None:
    line = Line(echo)
    await line.say(asked)
    line.hang_up()
    kept = weakref.ref(line.protocol)
    gc.disable()
    try:
        del line
        assert kept() is None
    finally:
        gc.enable()
