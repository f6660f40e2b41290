"""What a provider says of somebody is what is known of him, from each sign-in on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy.util.concurrency import await_only

from artel.auth import people
from artel.auth.people import Profile
from artel.kernel.bus import Message
from artel.kernel.database import Tx, open_database
from artel.kernel.events import now
from artel_testing import Installation, installation
from auth.test_api import DEVICE, TOKEN, init_data, with_token
from auth.test_races import database, link

OLD, NEW = "https://t.me/i/userpic/320/old.svg", "https://t.me/i/userpic/320/new.svg"
GOOGLES = "https://lh3.googleusercontent.com/a/one"


@pytest.fixture
async def auth(tmp_path: Path, database_url: str) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["auth"], database_url=database_url, telegram_bot_token=TOKEN) as made:
        yield made


async def launch(auth: Installation, number: int = 900000001, **user: Any) -> dict[str, Any]:
    body = {"init_data": init_data(number, **user), "device": DEVICE}
    answer = await auth.call(None, "POST", "/auth/telegram", body)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def by_google(auth: Installation, picture: str | None) -> str | None:
    """Which picture he has then."""
    profile = Profile("google", "10001", "Анна", avatar_url=picture)
    user = await database(auth).write(people.sign_in_or_register, profile)
    shown: str | None = user.avatar_url
    return shown


async def told(auth: Installation) -> list[dict[str, Any]]:
    """What is published of changes from here on; `auth.drain()` brings it."""
    heard: list[dict[str, Any]] = []

    async def hear(message: Message) -> None:
        heard.append(orjson.loads(message.body)["data"])

    await auth.app.state.contexts["auth"].bus.subscribe("ear", ["artel.user.updated.v1"], hear)
    return heard


async def version(auth: Installation, user_id: str) -> int:
    user = await database(auth).read(people.get, user_id)
    return int(user.version)


async def test_a_new_username_and_picture_come_with_the_next_launch(auth: Installation) -> None:
    await launch(auth, username="anya", photo_url=OLD)
    heard = await told(auth)
    second = await launch(auth, username="anna", photo_url=NEW, first_name="Другая")
    user = second["user"]
    assert (user["display_name"], user["username"], user["avatar_url"]) == ("Аня", "anna", NEW)
    [identity] = (await with_token(auth, second, "GET", "/auth/identities")).json()
    assert identity["label"] == "@anna"
    await auth.drain()
    assert [(each["version"], each["username"], each["avatar_url"]) for each in heard] == [(2, "anna", NEW)]


async def test_nothing_new_writes_nothing(auth: Installation) -> None:
    first = await launch(auth, username="anya", photo_url=OLD)
    heard = await told(auth)
    await launch(auth, username="anya", photo_url=OLD)
    await launch(auth, username="anya", first_name="Другая")
    await auth.drain()
    assert heard == []
    assert await version(auth, first["user"]["id"]) == 1


async def test_no_username_is_one_given_up_and_no_picture_says_nothing(auth: Installation) -> None:
    await launch(auth, username="anya", photo_url=OLD)
    after = await launch(auth)
    assert (after["user"]["username"], after["user"]["avatar_url"]) == (None, OLD)
    [identity] = (await with_token(auth, after, "GET", "/auth/identities")).json()
    assert identity["label"] == "Аня"


@pytest.mark.parametrize("newcomer", [True, False])
async def test_a_name_that_telegram_gave_to_another_is_his(auth: Installation, newcomer: bool) -> None:
    first = await launch(auth, username="Anya")
    if not newcomer:
        await launch(auth, 900000002, username="boris")
    heard = await told(auth)
    second = await launch(auth, 900000002, username="anya", first_name="Борис")
    assert second["user"]["username"] == "anya"
    found = (await with_token(auth, first, "GET", "/users?query=@anya")).json()["items"]
    assert [each["id"] for each in found] == [second["user"]["id"]]
    assert (await with_token(auth, first, "GET", "/users/me")).json()["username"] is None
    await auth.drain()
    assert (first["user"]["id"], 2, None) in [(each["user_id"], each["version"], each["username"]) for each in heard]


async def test_news_that_ten_bring_at_once_is_one_version(auth: Installation) -> None:
    first = await launch(auth, username="anya")
    heard = await told(auth)
    await asyncio.gather(*(launch(auth, username="anna", auth_nonce=number) for number in range(10)))
    await auth.drain()
    assert [each["version"] for each in heard] == [2]
    assert await version(auth, first["user"]["id"]) == 2


async def test_the_picture_of_telegram_goes_before_that_of_another(auth: Installation) -> None:
    mine = await launch(auth)
    await link(auth, mine, "google", "10001")
    assert await by_google(auth, GOOGLES) == GOOGLES, "better than none"
    assert (await launch(auth, photo_url=OLD))["user"]["avatar_url"] == OLD
    assert await by_google(auth, GOOGLES) == OLD
    assert (await launch(auth, photo_url=NEW))["user"]["avatar_url"] == NEW


async def test_who_has_no_telegram_has_the_picture_of_the_other(auth: Installation) -> None:
    assert await by_google(auth, None) is None
    for picture in (GOOGLES, f"{GOOGLES}-newer"):
        assert await by_google(auth, picture) == picture
    assert await by_google(auth, None) == f"{GOOGLES}-newer"


async def test_another_provider_takes_no_username_away(auth: Installation) -> None:
    mine = await launch(auth, username="anya")
    await link(auth, mine, "google", "10001")
    await by_google(auth, None)
    assert (await with_token(auth, mine, "GET", "/users/me")).json()["username"] == "anya"


async def test_who_is_blocked_brings_no_news(auth: Installation) -> None:
    first = await launch(auth, username="anya")
    await database(auth).write(people.set_blocked, first["user"]["id"], now())
    body = {"init_data": init_data(username="anna"), "device": DEVICE}
    assert (await auth.call(None, "POST", "/auth/telegram", body)).status_code == 403
    user = await database(auth).read(people.get, first["user"]["id"])
    assert (user.username, user.version) == ("anya", 1)


@pytest.mark.parametrize("newcomer", [True, False])
async def test_a_sign_in_waits_for_no_profile(tmp_path: Path, postgres_url: str, newcomer: bool) -> None:
    """Whoever holds it may be waiting for the identity: he gets in, and the news comes with the next one."""
    async with installation(tmp_path, ["auth"], database_url=postgres_url, telegram_bot_token=TOKEN) as auth:
        first, stranger = await launch(auth, username="anya"), open_database(postgres_url)
        comes = {"number": 900000002, "username": "anya"} if newcomer else {"username": "anna"}

        def meanwhile(tx: Tx) -> str | None:
            people.hold(tx, first["user"]["id"])
            said: dict[str, Any] = await_only(launch(auth, **comes))
            name: str | None = said["user"]["username"]
            return name

        assert await stranger.write(meanwhile) == (None if newcomer else "anya")
        await stranger.close()
        assert (await launch(auth, **comes))["user"]["username"] == comes["username"]
