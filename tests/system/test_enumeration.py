"""Whoever asks for somebody by an id learns nothing: nobody of that id, somebody who has blocked him and somebody who
is no more give the same answer after the same number of questions to the database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from artel.contracts.auth import UserDeleted, UserRegistered
from artel.friends import blocks, requests
from artel.game import sessions
from artel.game.schemas import NewSession
from artel.kernel.database import Database, Tx
from artel.kernel.errors import Problem
from artel.kernel.events import new_id
from artel.kernel.token import Caller
from artel_testing import Installation, Person, installation
from playing import RULES

Work = Callable[[Tx, Caller, str], Any]
NOBODY, BLOCKER, GONE = "nobody", "has blocked him", "is no more"


def begin(tx: Tx, caller: Caller, other_id: str) -> None:
    body = NewSession.model_validate({"rules": RULES[0], "players": [{"user_id": other_id}]})
    sessions.create(tx, caller, sessions.draft(caller, body))


ASKED: dict[str, tuple[str, Work]] = {
    "a friend": ("friends", requests.ask),
    "no friend": ("friends", requests.remove),
    "a block": ("friends", blocks.block),
    "no block": ("friends", blocks.unblock),
    "an evening": ("game", begin),
}


async def person(house: Installation, name: str) -> Person:
    made = house.person(name)
    await house.publish(UserRegistered(user_id=made.id, version=1, display_name=name))
    return made


async def counted(database: Database, work: Work, caller: Caller, other_id: str) -> tuple[int, tuple[Any, ...]]:
    """Statements, and what is said in the end."""
    asked: list[str] = []

    def listening(tx: Tx) -> Any:
        event.listen(tx, "before_cursor_execute", lambda _c, _cursor, statement, *_: asked.append(statement))
        return work(tx, caller, other_id)

    with pytest.raises(Problem) as refused:
        await database.write(listening)
    return len(asked), (refused.value.status, refused.value.code, refused.value.detail)


@pytest.mark.parametrize("what", ASKED)
async def test_who_is_not_there_cannot_be_told_from_who_does_not_want_to_be(tmp_path: Path, what: str) -> None:
    async with installation(tmp_path) as house:
        me, blocker, gone = [await person(house, name) for name in ("Аня", "Борис", "Вера")]
        assert (await house.call(blocker, "POST", "/blocks", {"user_id": me.id})).status_code == 201
        await house.publish(UserDeleted(user_id=gone.id, version=2))
        await house.drain()
        service, work = ASKED[what]
        caller = Caller(me.id, new_id(), me.name, "ru", "user", 0, 2**31)
        database = house.app.state.contexts[service].database
        others = {NOBODY: new_id(), BLOCKER: blocker.id, GONE: gone.id}
        found = {who: await counted(database, work, caller, other_id) for who, other_id in others.items()}
        assert found == dict.fromkeys(others, found[NOBODY])
        assert found[NOBODY][1][0] == 404
