"""An export from auth's side: who may ask how often, what parts make it whole, how long it is kept."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select, update

from artel.auth import archive, exports, leaving, limits, linking, merging, tables
from artel.auth.audit import NOWHERE
from artel.compose import SERVICES, load
from artel.contracts.auth import UserExportRequested
from artel.contracts.export import ASKED, UserExportPart
from artel.kernel.errors import Problem
from artel.kernel.events import new_id, now
from artel.kernel.limits import Limit
from artel.kernel.takeout import Piece
from artel_testing import Installation, installation
from auth.test_admin import ANNA, launched, looked
from auth.test_api import TOKEN, code, sign_in, with_token

pytestmark = pytest.mark.usefixtures("nobody_looks_by_himself")

OTHERS = [service for service in ASKED if service != "auth"]


@pytest.fixture
async def auth(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    settings = {"telegram_bot_token": TOKEN, "admins": f"{ANNA}", "database_url": database_url}
    async with installation(tmp_path, ["auth"], **settings) as made:
        yield made


async def asked(auth: Installation, tokens: Any) -> Any:
    answer = await with_token(auth, tokens, "POST", "/users/me/export")
    assert answer.status_code == 202, answer.text
    await auth.drain()
    return answer.json()


def part(
    export: Any, tokens: Any, service: str, page: int = 1, after: str | None = None, **said: str
) -> UserExportPart:
    pieces = [Piece(file=f"{name}.json", text=text) for name, text in (said or {"all": "[]\n"}).items()]
    about = {"export_id": export["id"], "user_id": tokens["user"]["id"], "service": service}
    return UserExportPart(**about, page=page, after=after, pieces=pieces)


async def state(auth: Installation, tokens: Any, export: Any) -> str:
    shown = (await with_token(auth, tokens, "GET", f"/users/me/exports/{export['id']}")).json()
    assert (shown["until"] is not None) == (shown["state"] == "ready")
    return str(shown["state"])


async def made(auth: Installation, tokens: Any) -> Any:
    export = await asked(auth, tokens)
    await auth.publish(*(part(export, tokens, service) for service in OTHERS))
    assert await state(auth, tokens, export) == "ready"
    return export


async def fetched(auth: Installation, tokens: Any, export: Any) -> Response:
    return await with_token(auth, tokens, "GET", f"/users/me/exports/{export['id']}/archive")


def opened(answer: Response) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


async def age(auth: Installation, export: Any, by: timedelta) -> None:
    """As if it had been asked for so long ago."""
    older = update(tables.exports).where(tables.exports.c.id == export["id"])

    def work(tx: Any) -> None:
        at = tx.execute(select(tables.exports.c.created_at).where(tables.exports.c.id == export["id"])).scalar_one()
        tx.execute(older.values(created_at=at - by))

    await auth.app.state.contexts["auth"].database.write(work)


async def deleted(auth: Installation, tokens: Any) -> None:
    await with_token(auth, tokens, "DELETE", "/users/me")
    database = auth.app.state.contexts["auth"].database
    due = update(tables.users).where(tables.users.c.id == tokens["user"]["id"]).values(deletes_at=now())
    await database.write(lambda tx: tx.execute(due))
    await leaving.delete_due(database)


async def pages_left(auth: Installation) -> int:
    count = select(func.count()).select_from(tables.export_pages)
    found: int = await auth.app.state.contexts["auth"].database.read(lambda tx: tx.execute(count).scalar_one())
    return found


def test_every_service_is_asked_and_answers() -> None:
    assert {name for name in SERVICES if UserExportRequested in load(name).reactions} == set(ASKED) == set(SERVICES)


class TestAsking:
    async def test_one_at_a_time(self, auth: Installation) -> None:
        anya, boris = await sign_in(auth), await sign_in(auth, "Борис")
        answers = await asyncio.gather(*(with_token(auth, anya, "POST", "/users/me/export") for _ in range(5)))
        assert len({answer.json()["id"] for answer in answers}) == 1
        first = answers[0].json()
        assert (first["state"], first["until"]) == ("preparing", None)
        assert (await asked(auth, boris))["id"] != first["id"]
        listed = (await with_token(auth, anya, "GET", "/users/me/exports")).json()
        assert listed == [first]

    async def test_three_a_day(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        done = [await made(auth, anya) for _ in range(3)]
        refused = await with_token(auth, anya, "POST", "/users/me/export")
        assert code(refused) == (429, "rate_limited")
        assert 86_000 < int(refused.headers["retry-after"]) <= 86_400
        await age(auth, done[0], timedelta(days=1))
        assert (await asked(auth, anya))["state"] == "preparing"

    async def test_asked_again_with_one_key_is_asked_once(self, auth: Installation) -> None:
        """Even when the first one is ready by then."""
        anya = await sign_in(auth)
        headers = {"Authorization": f"Bearer {anya['access_token']}", "Idempotency-Key": "once"}
        first = await auth.call(None, "POST", "/users/me/export", headers=headers)
        await auth.drain()
        await auth.publish(*(part(first.json(), anya, service) for service in OTHERS))
        again = await auth.call(None, "POST", "/users/me/export", headers=headers)
        assert again.headers["idempotency-replayed"] == "true"
        assert (again.status_code, again.json()) == (202, first.json())

    async def test_not_from_a_sign_in_of_long_ago(self, auth: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is everything about somebody: a token that was stolen is not enough, neither to ask nor to fetch."""
        anya = await sign_in(auth)
        export = await made(auth, anya)
        monkeypatch.setattr(linking, "FRESH", timedelta(0))
        assert code(await with_token(auth, anya, "POST", "/users/me/export")) == (403, "sign_in_again")
        assert code(await fetched(auth, anya, export)) == (403, "sign_in_again")
        assert await state(auth, anya, export) == "ready"

    async def test_who_is_no_more_leaves_none(self, auth: Installation) -> None:
        """His token may still be taken for good."""
        anya, boris = await sign_in(auth), await sign_in(auth, "Борис")
        database = auth.app.state.contexts["auth"].database
        await deleted(auth, anya)
        await database.write(merging.merge, boris["user"]["id"], (await sign_in(auth, "Борян"))["user"]["id"])
        for gone in (anya, boris):
            assert code(await with_token(auth, gone, "POST", "/users/me/export")) == (403, "sign_in_again")
            with pytest.raises(Problem) as refused:
                await database.write(exports.request, gone["user"]["id"], NOWHERE)
            assert refused.value.status == 404
        assert await database.read(lambda tx: tx.execute(select(tables.exports)).all()) == []

    async def test_nobody_else_sees_it(self, auth: Installation) -> None:
        anya, boris = await sign_in(auth), await sign_in(auth, "Борис")
        export = await made(auth, anya)
        for path in (f"/users/me/exports/{export['id']}", f"/users/me/exports/{export['id']}/archive"):
            assert code(await with_token(auth, boris, "GET", path)) == (404, "not_found")
            assert code(await auth.call(None, "GET", path)) == (401, "unauthenticated")
        assert (await with_token(auth, boris, "GET", "/users/me/exports")).json() == []
        assert code(await with_token(auth, anya, "GET", f"/users/me/exports/{new_id()}")) == (404, "not_found")

    async def test_it_is_written_down_who_asked_and_who_fetched(self, auth: Installation) -> None:
        anna = await launched(auth, ANNA)
        await fetched(auth, anna, await made(auth, anna))
        kinds = [(row["kind"], row["user_id"]) for row in await looked(auth, anna)]
        assert kinds[:2] == [("export_fetched", anna["user"]["id"]), ("export_requested", anna["user"]["id"])]


class TestParts:
    async def test_ready_when_the_last_page_of_the_last_service_is_there(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        export = await asked(auth, anya)
        await auth.publish(*(part(export, anya, service) for service in OTHERS[1:]))
        await auth.publish(part(export, anya, OTHERS[0], 1, after="here", log="[1"))
        assert await state(auth, anya, export) == "preparing"
        assert code(await fetched(auth, anya, export)) == (409, "export_not_ready")
        await auth.publish(part(export, anya, OTHERS[0], 2, log=",2]", more="{}"))
        assert await state(auth, anya, export) == "ready"
        files = opened(await fetched(auth, anya, export))
        assert json.loads(files.read(f"{OTHERS[0]}/log.json")) == [1, 2]
        assert files.testzip() is None
        assert len(files.namelist()) == len(set(files.namelist()))

    async def test_a_page_asks_for_the_next_one_once(self, auth: Installation) -> None:
        said: list[tuple[str, int, str]] = []

        async def hear(message: Any) -> None:
            event = UserExportRequested.read(message.body)
            if event.after:
                said.append((event.service, event.page, event.after))

        anya = await sign_in(auth)
        await auth.app.state.contexts["auth"].bus.subscribe("test", [UserExportRequested.topic], hear)
        export = await asked(auth, anya)
        page = part(export, anya, "game", 1, after="here")
        for event in (page, page, page.model_copy(update={"event_id": new_id()})):
            await auth.publish(event)
        await auth.drain()
        assert said == [("game", 2, "here")]

    async def test_all_at_once(self, auth: Installation) -> None:
        """The last of them is told that it is: neither none nor two."""
        anya = await sign_in(auth)
        export = await asked(auth, anya)
        await asyncio.gather(*(auth.publish(part(export, anya, service)) for service in OTHERS for _ in range(2)))
        assert await state(auth, anya, export) == "ready"

    async def test_parts_of_nobody_and_of_somebody_else_are_no_parts(self, auth: Installation) -> None:
        anya, boris = await sign_in(auth), await sign_in(auth, "Борис")
        export = await asked(auth, anya)
        await auth.publish(*(part(export, boris, service) for service in OTHERS))
        await auth.publish(*(part({"id": new_id()}, anya, service) for service in OTHERS))
        assert await state(auth, anya, export) == "preparing"

    async def test_what_is_late_has_failed_and_may_be_asked_for_again(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        late = await asked(auth, anya)
        await age(auth, late, timedelta(hours=1))
        assert await state(auth, anya, late) == "failed"
        await auth.publish(*(part(late, anya, service) for service in OTHERS))
        assert await state(auth, anya, late) == "failed"
        assert code(await fetched(auth, anya, late)) == (409, "export_not_ready")
        again = await made(auth, anya)
        assert again["id"] != late["id"]
        await age(auth, late, exports.CLOCKS)
        await exports.tidy(auth.app.state.contexts["auth"].database)
        assert await pages_left(auth) == len(ASKED), "what came of the late one is gone"
        opened(await fetched(auth, anya, again))

    async def test_whose_clock_is_ahead_takes_nothing_from_whose_is_not(
        self, auth: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or what becomes whole a moment later would have holes in it."""
        anya = await sign_in(auth)
        export = await asked(auth, anya)
        await auth.publish(*(part(export, anya, service) for service in OTHERS[1:]))
        with monkeypatch.context() as ahead:
            ahead.setattr(exports, "now", lambda: now() + exports.PATIENCE + timedelta(minutes=1))
            await exports.tidy(auth.app.state.contexts["auth"].database)
            assert await state(auth, anya, export) == "failed"
        await auth.publish(part(export, anya, OTHERS[0]))
        assert opened(await fetched(auth, anya, export)).testzip() is None


class TestArchive:
    async def test_what_auth_keeps_and_what_to_read_first(self, auth: Installation) -> None:
        boris = await sign_in(auth, "Борис")
        await with_token(auth, boris, "PATCH", "/users/me", {"privacy": {"figures": "friends"}})
        export = await made(auth, boris)
        answer = await fetched(auth, boris, export)
        assert answer.headers["content-type"] == "application/zip"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"].startswith('attachment; filename="artel-20')
        files = opened(answer)
        assert files.namelist()[0] == "README.txt"
        readme = files.read("README.txt").decode()
        assert "всё, что хранится о вас" in readme
        assert "all that is kept about you" in readme
        (profile,) = json.loads(files.read("auth/profile.json"))
        assert (profile["display_name"], profile["figures"], profile["found_by"]) == ("Борис", "friends", "everybody")
        (identity,) = json.loads(files.read("auth/identities.json"))
        assert (identity["provider"], identity["subject"]) == ("dev", "Борис")
        (device,) = json.loads(files.read("auth/devices.json"))
        assert device["provider"] == "dev"
        assert [row["kind"] for row in json.loads(files.read("auth/audit.json"))] == ["signed_in", "export_requested"]
        whole = b"".join(files.read(name) for name in files.namelist()).decode()
        assert boris["refresh_token"] not in whole
        assert "generation" not in whole

    async def test_not_again_and_again(self, auth: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        route = "/users/me/exports/{export_id}/archive"
        monkeypatch.setitem(vars(limits)["OTHERS"], route, limits.Limits(Limit(2, 1 / 300)))
        anya, boris = await sign_in(auth), await sign_in(auth, "Борис")
        export = await made(auth, anya)
        for _ in range(2):
            opened(await fetched(auth, anya, export))
        refused = await fetched(auth, anya, export)
        assert code(refused) == (429, "rate_limited")
        assert 290 < int(refused.headers["retry-after"]) <= 301
        opened(await fetched(auth, boris, await made(auth, boris)))

    async def test_kept_for_seven_days(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        export = await made(auth, anya)
        await age(auth, export, timedelta(days=6, hours=23))
        await exports.tidy(auth.app.state.contexts["auth"].database)
        opened(await fetched(auth, anya, export))
        await age(auth, export, timedelta(hours=1))
        assert code(await fetched(auth, anya, export)) == (404, "not_found")
        await exports.tidy(auth.app.state.contexts["auth"].database)
        assert await pages_left(auth) == 0
        assert (await with_token(auth, anya, "GET", "/users/me/exports")).json() == []

    async def test_gone_while_it_is_read_it_ends_in_an_error_and_is_no_whole_file(self, auth: Installation) -> None:
        anya = await sign_in(auth)
        made_now = await made(auth, anya)
        database = auth.app.state.contexts["auth"].database
        export = await database.read(exports.get, anya["user"]["id"], made_now["id"])
        reading = archive.archived(database, export)
        await anext(reading)
        await age(auth, made_now, timedelta(days=7))
        await exports.tidy(database)
        with pytest.raises(LookupError):
            _ = [part async for part in reading]

    @pytest.mark.parametrize("how", ["deleted", "merged"])
    async def test_goes_with_its_owner_and_a_late_part_finds_nothing(self, auth: Installation, how: str) -> None:
        anya, boris = await sign_in(auth), await sign_in(auth, "Борис")
        await made(auth, anya)
        late = await asked(auth, anya)
        database = auth.app.state.contexts["auth"].database
        if how == "deleted":
            await deleted(auth, anya)
        else:
            await database.write(merging.merge, anya["user"]["id"], boris["user"]["id"])
        await auth.publish(*(part(late, anya, service) for service in OTHERS))
        assert await pages_left(auth) == 0
        left = await database.read(lambda tx: tx.execute(select(tables.exports)).all())
        assert left == []
