"""After all has healed: what was promised and not kept, a sentence each. Every part was seen to find a seeded bug."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import select

from artel.compose import SERVICES, load
from artel.dead_letters import dead_letters
from artel.game.tables import events
from artel.kernel.database import Database, Tx, open_database
from artel.kernel.outbox import inbox
from artel.kernel.settings import Settings
from artel.verify import verify
from faults.evening import LOST, Evening
from onlookers import Board
from playing import Table, agrees, figures, replayed, told
from system.test_crash import Play, everything

SECONDS = 90
"""So long after the last fault may something still be on its way."""

ONLY_ASKED_FOR = {"games", "updated_at"}
"""What the frames of a board do not tell."""

Log = Sequence[Mapping[str, Any]]


async def broken(evening: Evening, settings: Settings, patience: float = SECONDS) -> list[str]:
    found: list[str] = []
    end = time.monotonic() + patience
    expected: dict[str, Counter[str]] = {somebody.id: Counter() for somebody in evening.people}
    for play, phone in zip(evening.plays, evening.phones, strict=True):
        if (
            await play.table.company.call(play.table.people[0], "GET", f"/sessions/{play.table.id}")
        ).status_code == LOST:
            found.append(f"acknowledged: the session {play.table.id} is lost")
            continue
        log = await whole_log(play.table)
        await until(lambda: len(phone.seen) >= len(log), end)  # noqa: B023 it is asked before the next one
        found += [*acknowledged(play, log), *seen(phone.seen, log)]
        session, case = await play.table.whole(), await play.table.exported()
        found += sums(session, case)
        for user, counted in figures(case, session).items():
            expected[user].update(counted)
    found += [wrong for board in evening.boards for wrong in await by_link(board, end)]
    found += [wrong async for wrong in shown(evening, expected, end)]
    found += [f"verify: {difference}" async for difference in verify(settings, patience)]
    found += [wrong for name in ("stats", "notification") for wrong in await taken(settings, name, end)]
    found += [f"set aside: {letter}" async for letter in dead_letters(settings, "list", SERVICES, [])]
    return found + [wrong async for wrong in chores(evening)]


async def until(true: Callable[[], bool | Awaitable[bool]], end: float) -> bool:
    """False: it was not so in time."""
    while True:
        so = true()
        if so if isinstance(so, bool) else await so:
            return True
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)


async def whole_log(table: Table) -> Log:
    log: list[Mapping[str, Any]] = []
    while page := (
        await table.company.ok(table.people[0], "GET", f"/sessions/{table.id}/events", after=len(log), limit=1000)
    )["items"]:
        log += page
    return log


def acknowledged(play: Play, log: Log) -> list[str]:
    """What was said to be written stands where it was said to, once; nothing that nobody sent."""
    ids = Counter(event["id"] for event in log)
    versions = [event["version"] for event in log]
    at = {event["version"]: event for event in log}
    return [
        *(["acknowledged: the log has gaps"] if versions != list(range(1, len(log) + 1)) else []),
        *(f"acknowledged: {each} is there {count} times" for each, count in ids.items() if count > 1),
        *(
            f"acknowledged: nobody sent {each['id']}"
            for each in log
            if each["type"] != "join" and each["id"] not in play.sent
        ),
        *(f"acknowledged: {each['id']} is lost" for each in play.table.acknowledged if at.get(each["version"]) != each),
    ]


def seen(frames: Sequence[Mapping[str, Any]], log: Log) -> list[str]:
    """Somebody who looked on all the time was shown the log: each event once, in order, as it was written."""
    shown_events = [frame["event"] for frame in frames]
    return [
        f"seen: {one and one['id']} where {other and other['id']} is written"
        for one, other in zip(shown_events, log, strict=False)
        if one != other
    ] + ([f"seen: {len(frames)} of {len(log)} events"] if len(frames) != len(log) else [])


async def by_link(board: Board, end: float) -> list[str]:
    """Somebody who came by a link was shown every table after the first, and in the end the one that is."""
    answer = await board.table.company.http.get("/shared", headers={"x-share-token": board.token})
    if answer.status_code == LOST:
        return [f"board: the link to {board.table.id} is lost"]
    last = answer.raise_for_status().json()
    await until(lambda: board.shown.get("version", 0) >= last["version"], end)
    other = [key for key in last.keys() - ONLY_ASKED_FOR if board.shown.get(key) != last[key]]
    told = [f"board: {board.table.id} {wrong}" for wrong in board.wrong]
    return told + ([f"board: {board.table.id} shows another {', '.join(sorted(other))}"] if other else [])


def sums(session: Mapping[str, Any], case: Mapping[str, Any]) -> list[str]:
    """What is shown adds up to zero, whatever an engine says; and it is what an engine says."""
    amounts = {f"game {game['number']}": game["money"] for game in session["games"]} | {"all": session["balances"]}
    found = [
        f"sums: {session['id']}: {what} makes {sum(money.values())}"
        for what, money in amounts.items()
        if sum(money.values())
    ]
    try:
        agrees(session, replayed(case))
    except AssertionError as wrong:
        found.append(f"sums: {session['id']} {wrong}")
    return found


async def shown(evening: Evening, expected: Mapping[str, Counter[str]], end: float) -> AsyncIterator[str]:
    """What statistics show to whoever asks."""
    for somebody in evening.people:
        last: list[Counter[str]] = []

        async def counted(who: Any = somebody, last: list[Counter[str]] = last) -> bool:
            answer = await evening.company.call(who, "GET", f"/stats/players/{who.id}")
            last[:] = [told(answer.json()) if answer.is_success else Counter()]
            return last[0] == expected[who.id]

        if not await until(counted, end):
            yield f"shown: {somebody.id} has {last[0]} and should have {expected[somebody.id]}"


async def taken(settings: Settings, service: str, end: float) -> list[str]:
    """All that the log announced has come to a follower, whose inbox remembers it."""
    topics = {event.topic for event in load(service).reactions}
    announced = await _asked(settings.database("game"), _announced, topics)
    known: set[str] = set()

    async def all_came() -> bool:
        known.update(await _asked(settings.database(service), _known))
        return announced <= known

    await until(all_came, end)
    return [f"taken: {service} does not remember {each}" for each in sorted(announced - known)]


async def _asked(url: str, work: Callable[..., set[str]], *given: Any) -> set[str]:
    database: Database = open_database(url)
    try:
        return await database.read(work, *given)
    finally:
        await database.close()


def _announced(tx: Tx, topics: set[str]) -> set[str]:
    rows = tx.execute(select(events.c.announce).where(events.c.announce.is_not(None))).scalars()
    return {each for row in rows for each, topic, _ in orjson.loads(row) if topic in topics}


def _known(tx: Tx) -> set[str]:
    return set(tx.execute(select(inbox.c.event_id)).scalars())


async def chores(evening: Evening) -> AsyncIterator[str]:
    """Templates are there once, friends are friends, and who signs in is who he was."""
    company, work = evening.company, evening.chores
    own = Counter(item["name"] for item in await everything(company, work.owner, "/templates") if item["owner"] == "me")
    for name in {*work.templates, *own}:
        if own[name] != 1 or name not in work.templates:
            yield f"chores: the template {name} is there {own[name]} times"
    friends = {item["user_id"] for item in await everything(company, work.owner, "/friends")}
    for each in set(work.friends) - friends:
        yield f"chores: no friend any more: {each}"
    for name, user in work.people.items():
        if (await company.sign_in(name)).id != user:
            yield f"chores: somebody else now: {name}"
