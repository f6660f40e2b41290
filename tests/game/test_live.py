import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from random import Random
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from artel.game import live as live_module
from artel.game import sockets
from artel.game.frames import Frame
from artel.game.game import Game
from artel.game.live import TOGETHER, Live, Socket
from artel.game.owner import Owner
from artel.game.tickets import Grant
from artel.kernel import revoked
from artel.kernel.background import running
from artel_testing import Installation, Person
from game_testing import KOLKHOZ, Gate, Screen, Table, listening, narrow, table, ticket, watching


@pytest.fixture
async def port(house: Installation) -> AsyncIterator[str]:
    async with listening(house) as address:
        yield address


@pytest.fixture
def anna(house: Installation) -> Person:
    return house.person("Анна")


def game_of(house: Installation) -> Game:
    game: Game = house.app.state.contexts["game"].own
    return game


class Way:
    """A wire that can be made to wait."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()
        self.writable.set()
        self.written: list[bytes] = []

    def write(self, frame: bytes) -> bool:
        if self.writable.is_set():
            self.written.append(frame)
        return self.writable.is_set()


async def test_nothing_overtakes_what_waits() -> None:
    way = Way()
    reader = Socket("anna", 0, way)

    async def until_written(number: int) -> None:
        async with asyncio.timeout(10):
            for _ in iter(lambda: len(way.written) < number, False):
                await asyncio.sleep(0)

    reader.put(b"3")
    reader.begin([b"1", b"2"])
    reader.put(b"4")
    assert way.written == [], "what comes first was not sent yet"
    async with running(reader.send(), "sender"):
        await until_written(4)
        reader.put(b"5")
        assert way.written[4:] == [b"5"], "at once"
        way.writable.clear()
        reader.put(b"6")
        way.writable.set()
        reader.put(b"7")
        await until_written(7)
    assert way.written == [b"%d" % number for number in range(1, 8)]


async def test_what_one_commit_has_written_goes_out_together() -> None:
    """In order; to each only what he may see and does not have."""
    live = Live()
    ways = {user: Way() for user in ("anna", "boris", None)}
    for user, way in ways.items():
        reader = Socket(user, 5 if user == "boris" else 0, way)
        reader.begin([])
        live.sockets.add(reader)
    frames = [Frame(number, b"%d" % number, b"{}", b"t%d " % number) for number in range(1, TOGETHER + 3)]
    live.tell(frames, [time.perf_counter()])
    everything = [frame.full for frame in frames]
    wanted = {"anna": everything, "boris": everything[5:], None: [b"t%d " % frame.version for frame in frames]}
    for user, way in ways.items():
        assert len(way.written) == 2
        assert b"".join(way.written) == b"".join(wanted[user])
    ways["anna"].writable.clear()
    live.tell([Frame(len(frames) + 1, b"1", b"{}", None)])
    assert [len(way.written) for way in ways.values()] == [2, 3, 2], "nobody from outside was there when it was made"


@pytest.mark.parametrize(("more", "code"), [(0, 0), (1, 4008)])
async def test_what_waits_is_counted_by_the_frame(more: int, code: int) -> None:
    way, live = Way(), Live()
    reader = Socket("anna", 0, way)
    reader.begin([])
    live.sockets.add(reader)
    way.writable.clear()
    live.tell_all(b"presence")
    live.tell([Frame(version, b"1", b"{}", None) for version in range(1, live_module.QUEUE + more)])
    assert (reader.code, reader.over.is_set(), way.written) == (code, bool(code), [])


class TestFirstFrame:
    async def test_a_snapshot_when_nothing_is_known(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        await played.start()
        async with watching(port, played) as screen:
            assert await screen.next() == {"type": "snapshot", "session": await played.now()}
            assert await screen.next() == {"type": "presence", "online": [anna.id]}

    @pytest.mark.parametrize("query", ["?after=5", "?after=2&epoch=other", "?after=x", "?after=-1", "?after="])
    async def test_a_snapshot_when_what_is_known_is_no_use(
        self, house: Installation, port: str, anna: Person, query: str
    ) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        await played.win(game, "Анна", 2)
        if query == "?after=5":
            query += f"&epoch={played.session['epoch']}"
        async with watching(port, played, query=query) as screen:
            assert (await screen.next())["type"] == "snapshot"

    @pytest.mark.parametrize("forgotten", [False, True])
    async def test_else_every_missed_event(self, house: Installation, port: str, anna: Person, forgotten: bool) -> None:
        played = await table(house, anna, "Борис")
        start = (await played.event("start")).json()
        game = start["events"][0]["id"]
        strokes = [await played.event(kind, game=game, player="Анна") for kind in ("ball", "miss", "ball", "foul")]
        said = [start, *(stroke.json() for stroke in strokes)]
        if forgotten:  # a restart: the frames are made again from the log
            await game_of(house).put_away(idle=0)
        epoch = played.session["epoch"]
        async with watching(port, played, query=f"?after=2&epoch={epoch}") as screen:
            for known in said[2:]:
                assert await screen.next() == {
                    "type": "event", "version": known["version"], "event": known["events"][0], "table": known["table"],
                }  # fmt: skip
            assert (await screen.next())["type"] == "presence"
        async with watching(port, played, query="?after=5") as screen:
            assert (await screen.next())["type"] == "presence", "nothing was missed"

    @pytest.mark.parametrize(("behind", "kind"), [(500, "event"), (501, "snapshot")])
    async def test_five_hundred_behind(
        self, house: Installation, port: str, anna: Person, behind: int, kind: str
    ) -> None:
        played = await table(house, anna, "Борис")
        for _ in range(6):
            events = [played.made("expense", payer="Анна", amount=1) for _ in range(100)]
            await played.post({"events": events})
        query = f"?after={600 - behind}&epoch={played.session['epoch']}"
        async with watching(port, played, query=query) as screen:
            assert (await screen.next())["type"] == kind
            if kind == "event":
                versions = [(await screen.next())["version"] for _ in range(499)]
                assert versions == list(range(102, 601))


class TestFrames:
    async def test_in_order_none_twice_none_missing(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        game = await played.start()
        async with watching(port, played) as one, watching(port, played) as other:
            first = {screen: await screen.next("snapshot", "event") for screen in (one, other)}

            async def write(count: int) -> None:
                for _ in range(count):
                    await played.event("miss", game=game, player="Анна")

            await asyncio.gather(*(write(10) for _ in range(5)))
            for screen in (one, other):
                assert first[screen]["type"] == "snapshot"
                frames = [await screen.next("event") for _ in range(50)]
                assert [frame["version"] for frame in frames] == list(range(2, 52))
                assert all(frame["table"]["version"] == frame["version"] for frame in frames)

    async def test_who_comes_while_it_is_written(
        self, house: Installation, port: str, anna: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the snapshot shows already is no frame any more; and it is shown when it is on disk."""
        made, snapshot = asyncio.Event(), sockets._snapshot

        def notice(*about: Any) -> bytes:
            made.set()
            return snapshot(*about)

        monkeypatch.setattr(sockets, "_snapshot", notice)
        played = await table(house, anna, "Борис")
        game, kept = await played.start(), await ticket(played)
        writer = game_of(house).owners.writer
        gate = writer._log = Gate(writer._log)
        posting = asyncio.create_task(played.event("miss", game=game, player="Анна"))
        await gate.asked.wait()
        async with watching(port, played, ticket=kept) as screen:
            await made.wait()
            gate.opened.set()
            assert (await screen.next())["session"]["version"] == 2
            await posting
            await played.event("miss", game=game, player="Анна")
            assert (await screen.next("event"))["version"] == 3

    async def test_a_batch_is_as_many_frames(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        start = played.made("start")
        async with watching(port, played) as screen:
            await screen.next("snapshot")
            balls = [played.made("ball", game=start["id"], player="Анна") for _ in range(3)]
            await played.post({"events": [start, *balls]})
            scores = [(await screen.next("event"))["table"]["game"]["scores"] for _ in range(4)]
            assert [score[played.ids["Анна"]] for score in scores] == [0, 1, 2, 3]

    async def test_a_join_is_a_frame_too(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        async with watching(port, played) as screen:
            await screen.next("snapshot")
            await played.join(house.person("Виктор"))
            assert (await screen.next("session"))["type"] == "session"
            frame = await screen.next("event")
            assert frame["event"]["type"] == "join"
            assert [player["name"] for player in frame["table"]["players"]] == ["Анна", "Борис", "Виктор"]

    @pytest.mark.parametrize("seed", range(5))
    async def test_stale_and_frames_are_fresh(self, house: Installation, port: str, anna: Person, seed: int) -> None:
        """What a client has, brought up to date by frames alone, is what it would be told anew."""
        played = await table(house, anna, "Б", "В", "Г", rules=KOLKHOZ)
        async with watching(port, played) as screen:
            seen = (await screen.next("snapshot"))["session"]
            await _random_evening(played, Random(seed))
            fresh = await played.now()
            while seen["version"] < fresh["version"]:
                frame = await screen.next("event")
                seen |= {key: value for key, value in frame["table"].items() if key != "game"}
                game = frame["table"]["game"]
                if game:
                    others = [known for known in seen["games"] if known["id"] != game["id"]]
                    seen["games"] = [*[known for known in others if known["number"] < game["number"]], game]
                seen["updated_at"] = frame["event"]["at"]
            assert (await screen.next("session"))["type"] == "session", "the code died at the finish"
            assert {**seen, "code": None} == fresh


async def _random_evening(played: Table, chance: Random) -> None:
    names = {player: name for name, player in played.ids.items()}
    for _ in range(4):
        game = (await played.event("start")).json()["events"][0]
        strokes = []
        for _ in range(chance.randrange(3, 12)):
            kind = chance.choice(["ball", "ball", "ball", "foul", "miss"])
            answer = await played.event(kind, game=game["id"], player=names[chance.choice(game["order"])])
            strokes.append(answer.json()["events"][0]["id"])
            if chance.random() < 0.2:
                await played.event("undo", target=strokes.pop())
            if chance.random() < 0.2:
                await played.event(chance.choice(["pause", "resume"]), player=chance.choice("БВГ"))
            if chance.random() < 0.1:
                await played.event("expense", payer="Б", amount=chance.randrange(1, 999))
        await played.event("end", game=game["id"], reason=chance.choice(["timeout", "draw", "abandoned"]))
    await played.pay("Б", "В", 5)
    await played.event("finish")


class TestOthers:
    async def test_presence(self, house: Installation, port: str, anna: Person) -> None:
        boris = house.person("Борис")
        played = await table(house, anna, joined=[boris])
        async with watching(port, played) as screen:
            assert (await screen.next("presence"))["online"] == [anna.id]
            async with watching(port, played, boris) as other:
                both = sorted([anna.id, boris.id])
                assert (await screen.next("presence"))["online"] == both
                assert (await other.next("presence"))["online"] == both
            assert (await screen.next("presence"))["online"] == [anna.id]

    async def test_presence_in_another_process(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        async with watching(port, played) as screen:
            await screen.next("presence")
            news = {"from": "another", "changed": [], "online": {played.id: ["01"]}, "asked": []}
            await house.app.state.contexts["game"].bus.nudge("game.sessions", orjson.dumps(news))
            assert (await screen.next("presence"))["online"] == sorted(["01", anna.id])

    async def test_a_sign_of_life(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        assert game_of(house).ping_seconds == 20
        async with watching(port, played) as screen:
            await screen.next("presence")
            game_of(house).greet(game_of(house).owners)
            assert await screen.next("ping") == {"type": "ping"}

    async def test_a_sign_of_life_in_each_round_of_its_own_moment(
        self, house: Installation, anna: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All tables in a round, each once, and not all at the same moment."""
        ids = {(await table(house, anna, "Борис")).id for _ in range(30)}
        for session_id in ids:
            await game_of(house).owners.fresh(session_id)
        moments = list[list[str]]()

        def greet(owners: Iterable[Owner]) -> None:
            moments.append([owner.sheet.meta.id for owner in owners])

        rounds = Game(game_of(house).context, game_of(house).owners, game_of(house).nudges, ping_seconds=0)
        monkeypatch.setattr(rounds, "greet", greet)
        async with running(rounds.keep()):
            while len(moments) < 40:
                await house.call(anna, "GET", "/sessions")
        first = [session_id for moment in moments[:20] for session_id in moment]
        assert sorted(first) == sorted(ids)
        assert moments[20:40] == moments[:20]
        assert max(map(len, moments)) < 15

    async def test_a_change_of_the_session(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        async with watching(port, played) as screen:
            await screen.next("presence")
            await house.call(anna, "PATCH", played.path, json={"name": "Другое"})
            assert await screen.next() == {"type": "session"}

    async def test_the_end_of_the_code(self, house: Installation, port: str, anna: Person) -> None:
        """Told without anybody asking."""
        played = await table(house, anna, "Борис")
        async with watching(port, played) as screen:
            await screen.next("presence")
            await played.event("finish")
            assert [(await screen.next())["type"] for _ in range(2)] == ["event", "session"]


class TestRefused:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"origin": "http://evil.example"}, 403),
            ({"origin": "null"}, 403),
            ({"origin": "http://127.0.0.1:1"}, 403),
            ({"origin": "http://{port}.evil.example"}, 403),
            ({"origin": "http://{port}/evil"}, 403),
            ({"origin": "ftp://{port}"}, 403),
            ({"user_agent_header": "Mozilla/5.0 (X11)"}, 403),
        ],
    )
    async def test_by_its_page(
        self, house: Installation, port: str, anna: Person, headers: dict[str, str], status: int
    ) -> None:
        played = await table(house, anna, "Борис")
        kept = await ticket(played)
        given: dict[str, Any] = {key: value.replace("{port}", port) for key, value in headers.items()}
        with pytest.raises(InvalidStatus) as refused:
            async with watching(port, played, ticket=kept, **given):
                pass
        assert refused.value.response.status_code == status
        assert refused.value.response.headers["content-type"] == "application/problem+json"
        async with watching(port, played, ticket=kept) as screen:
            assert (await screen.next())["type"] == "snapshot", "a refused page has not used up the ticket"

    @pytest.mark.parametrize("origin", ["http://{port}", "http://127.0.0.1:8080"])
    async def test_our_own_page(self, house: Installation, port: str, anna: Person, origin: str) -> None:
        played = await table(house, anna, "Борис")
        given: Any = origin.replace("{port}", port)
        async with watching(port, played, origin=given, user_agent_header="Mozilla/5.0 (X11)") as screen:
            assert (await screen.next())["type"] == "snapshot"

    async def test_a_ticket_is_good_once(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        kept = await ticket(played)
        async with watching(port, played, ticket=kept) as screen:
            await screen.next()
            async with watching(port, played, ticket=kept) as again:
                assert await again.closed() == 4401

    async def test_a_ticket_of_another_session(self, house: Installation, port: str, anna: Person) -> None:
        played, other = await table(house, anna, "Борис"), await table(house, anna, "Борис")
        async with watching(port, played, ticket=await ticket(other)) as screen:
            assert await screen.closed() == 4401
        async with watching(port, played, ticket="nonsense") as screen:
            assert await screen.closed() == 4401

    async def test_no_ticket(
        self, house: Installation, port: str, anna: Person, caplog: pytest.LogCaptureFixture
    ) -> None:
        played = await table(house, anna, "Борис")
        address: Any = f"ws://{port}/api/v1{played.path}/live"
        async with connect(address, subprotocols=[Subprotocol("artel.v1")]) as opened:
            assert await Screen(opened).closed() == 4401
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address):
                pass
        assert refused.value.response.status_code == 400
        assert not [record for record in caplog.records if record.name == "uvicorn.error"], "a stranger's no error"

    async def test_a_right_lost_before_it_opens(self, house: Installation, port: str, anna: Person) -> None:
        boris = house.person("Борис")
        played = await table(house, anna, joined=[boris])
        kept = await ticket(played, boris)
        await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
        async with watching(port, played, ticket=kept) as screen:
            assert await screen.closed() == 4403


class TestEnds:
    async def test_when_the_right_is_lost(self, house: Installation, port: str, anna: Person) -> None:
        boris = house.person("Борис")
        played = await table(house, anna, joined=[boris])
        async with watching(port, played, boris) as screen, watching(port, played) as stays:
            await screen.next("presence")
            await house.call(anna, "DELETE", f"{played.path}/members/{boris.id}")
            assert await screen.closed() == 4403
            assert (await stays.next("event"))["event"]["type"] == "leave"

    async def test_when_the_token_expires(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        kept = await self._good_until(played, int(time.time()) + 1)
        async with watching(port, played, ticket=kept) as screen:
            assert await screen.closed() == 4401

    async def test_when_the_sign_in_ends(self, house: Installation, port: str, anna: Person) -> None:
        boris = house.person("Борис", sid="of-boris")
        played = await table(house, anna, joined=[boris])
        kept = await ticket(played, boris)
        async with watching(port, played, boris) as screen, watching(port, played) as stays:
            await screen.next("presence")
            await self._end(house, "of-boris")
            assert await screen.closed() == 4401
            while await stays.next("presence") != {"type": "presence", "online": [anna.id]}:
                pass
        async with watching(port, played, ticket=kept) as again:
            assert await again.closed() == 4401, "a ticket from before is good no more"

    async def test_when_the_sign_in_ends_while_he_comes_in(
        self, house: Installation, port: str, anna: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After his ticket was looked at, and before anybody knows his socket."""
        boris = house.person("Борис", sid="of-boris")
        played = await table(house, anna, joined=[boris])
        kept, snapshot = await ticket(played, boris), sockets._snapshot
        known = house.app.state.contexts["game"].verifier.revoked

        def end_meanwhile(*about: Any) -> bytes:
            known._sids = frozenset(["of-boris"])
            return snapshot(*about)

        monkeypatch.setattr(sockets, "_snapshot", end_meanwhile)
        async with watching(port, played, ticket=kept) as screen:
            assert await screen.closed() == 4401

    async def _end(self, house: Installation, sid: str) -> None:
        context = house.app.state.contexts["game"]
        await context.store.put(revoked.KEY, orjson.dumps([sid]).decode(), 60)
        await context.verifier.revoked.look(context.store)

    async def test_when_the_token_has_expired_before(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        kept = await self._good_until(played, int(time.time()) - 1)
        async with watching(port, played, ticket=kept) as screen:
            with pytest.raises(ConnectionClosed):
                await screen.next()
            assert screen.socket.close_code == 4401

    async def _good_until(self, played: Table, when: int) -> str:
        """A ticket of somebody whose token expires then."""
        kept = await ticket(played)
        store = played.house.app.state.contexts["game"].store
        grant = Grant(*orjson.loads(await store.get(f"live:{kept}")))._replace(exp=when)
        await store.put(f"live:{kept}", orjson.dumps(tuple(grant)).decode(), 30)
        return kept

    async def test_when_the_server_goes(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        async with listening(house) as port:
            opened = watching(port, played)
            screen = await opened.__aenter__()
            await screen.next("presence")
        assert await screen.closed() == 1012
        await opened.__aexit__(None, None, None)

    async def test_when_the_reader_is_too_slow(
        self, house: Installation, anna: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live_module, "QUEUE", 8)
        played = await table(house, anna, *(f"Гость с длинным именем {number}" for number in range(40)))
        async with (
            listening(house, send_buffer=4096) as port,
            watching(port, played, max_queue=1, sock=narrow(port)) as slow,
            watching(port, played) as quick,
        ):
            await slow.next("presence")
            await quick.next("snapshot")
            owner = game_of(house).owners.peek(played.id)
            assert owner is not None
            live = owner.live
            for number in range(200):
                await played.event("expense", payer="Анна", amount=1)
                assert (await quick.next("event"))["version"] == number + 1
                if len(live.sockets) == 1:
                    break
            assert len(live.sockets) == 1, "let go of, long before he reads on"
            assert await slow.closed() == 4008

    async def test_not_when_he_reads_on_in_time(self, house: Installation, anna: Person) -> None:
        played = await table(house, anna, *(f"Гость с длинным именем {number}" for number in range(40)))
        async with (
            listening(house, send_buffer=4096) as port,
            watching(port, played, max_queue=1, sock=narrow(port)) as slow,
        ):
            await slow.next("presence")
            for _ in range(100):
                await played.event("expense", payer="Анна", amount=1)
            versions = [(await slow.next("event"))["version"] for _ in range(100)]
            assert versions == list(range(1, 101))

    async def test_when_the_client_says_too_much(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        async with watching(port, played) as screen:
            await screen.socket.send("x" * (sockets.LONGEST + 1))
            assert await screen.closed() == 1009
        async with watching(port, played) as screen:
            for _ in range(sockets.WORDS_AT_ONCE + 1):
                await screen.socket.send("?")
            assert await screen.closed() == 1008

    async def test_nothing_is_left_behind(self, house: Installation, port: str, anna: Person) -> None:
        played = await table(house, anna, "Борис")
        for _ in range(30):
            async with watching(port, played) as screen:
                await screen.next()
        owner = game_of(house).owners.peek(played.id)
        assert owner
        async with watching(port, played) as screen:
            while len((await screen.next("presence"))["online"]) != 1 or len(owner.live.sockets) > 1:
                pass
