import asyncio
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import update
from sqlalchemy.util.concurrency import await_only

from artel.auth import audit, linking, tables
from artel.auth.audit import Where
from artel.auth.linking import Outcome
from artel.auth.people import Profile
from artel.kernel.database import Database, Tx, open_database
from artel.kernel.errors import Problem
from artel.kernel.events import now
from artel_testing import Installation, installation
from auth.test_api import TOKEN, init_data, sign_in


async def test_a_newcomer_on_ten_phones_is_one_user(tmp_path: Path, database_url: str) -> None:
    async with installation(tmp_path, ["auth"], database_url=database_url) as auth:
        tries = [auth.call(None, "POST", "/auth/dev", {"name": "Аня"}) for _ in range(10)]
        answers = await asyncio.gather(*tries)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1


async def test_a_launch_on_ten_phones_is_one_phones(tmp_path: Path, database_url: str) -> None:
    data = init_data()
    async with installation(tmp_path, ["auth"], database_url=database_url, telegram_bot_token=TOKEN) as auth:
        bodies = [{"init_data": data, "device": f"device-{number:020}"} for number in range(10)]
        answers = await asyncio.gather(*(auth.call(None, "POST", "/auth/telegram", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
    assert {answer.json()["code"] for answer in answers if answer.status_code == 401} == {"init_data_replayed"}


async def test_who_signs_out_waits_for_nobody_who_tidies_up(tmp_path: Path, postgres_url: str) -> None:
    async with installation(tmp_path, ["auth"], database_url=postgres_url) as auth:
        mine, stranger = await sign_in(auth), open_database(postgres_url)

        def meanwhile(tx: Tx) -> int:
            tx.execute(update(tables.audit).values(at=now() - audit.KEPT * 2))  # seen by no other that tidies up
            assert audit.sweep(tx, 10) == 1
            status: int = await_only(auth.call(None, "POST", "/auth/logout", headers=bearer(mine))).status_code
            return status

        try:
            assert await stranger.write(meanwhile) == 204
        finally:
            await stranger.close()


HERE = Where("127.0.0.1", "")


def database(auth: Installation) -> Database:
    made: Database = auth.app.state.contexts["auth"].database
    return made


async def link(auth: Installation, tokens: dict[str, Any], provider: str, subject: str) -> Outcome:
    profile = Profile(provider, subject, "Аня")
    sid = orjson.loads(urlsafe_b64decode(tokens["access_token"].split(".")[1] + "=="))["sid"]
    return await database(auth).write(linking.link, HERE, tokens["user"]["id"], sid, profile)


async def test_an_account_that_many_claim_at_once_is_ones(tmp_path: Path, database_url: str) -> None:
    async with installation(tmp_path, ["auth"], database_url=database_url) as auth:
        people = [await sign_in(auth, f"Игрок {number}") for number in range(8)]
        outcomes = await asyncio.gather(*(link(auth, each, "google", "10001") for each in people))
    assert sorted(outcomes) == ["linked"] + ["taken"] * 7


async def test_of_two_accounts_of_a_provider_one_is_linked(tmp_path: Path, database_url: str) -> None:
    async with installation(tmp_path, ["auth"], database_url=database_url) as auth:
        mine = await sign_in(auth)
        outcomes = await asyncio.gather(*(link(auth, mine, "google", f"1000{number}") for number in range(8)))
    assert sorted(outcomes) == ["another_linked"] * 7 + ["linked"]


async def test_taken_away_at_once_one_way_in_stays(tmp_path: Path, database_url: str) -> None:
    async with installation(tmp_path, ["auth"], database_url=database_url) as auth:
        mine = await sign_in(auth)
        for provider in ("google", "telegram"):
            await link(auth, mine, provider, "10001")
        [sid] = [each["id"] for each in (await auth.call(None, "GET", "/auth/sessions", headers=bearer(mine))).json()]

        async def unlink(provider: str) -> str:
            try:
                await database(auth).write(linking.unlink, HERE, mine["user"]["id"], sid, provider)
            except Problem as problem:
                return problem.code
            return "unlinked"

        said = await asyncio.gather(*(unlink(provider) for provider in ("google", "telegram", "dev")))
        left = await auth.call(None, "GET", "/auth/identities", headers=bearer(mine))
    assert sorted(said) == ["last_identity", "unlinked", "unlinked"]
    assert len(left.json()) == 1


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}
