"""What somebody hears in Telegram about his own account: from a bot that is really there, and does what it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy import select, update
from structlog.testing import capture_logs

import bot_api
from artel.contracts.auth import (
    IdentityLinked,
    IdentityUnlinked,
    Privacy,
    UserDeleted,
    UserDeletionAsked,
    UserDeletionTakenBack,
    UserExportReady,
    UserMerged,
    UserRegistered,
    UserUpdated,
)
from artel.kernel.background import running
from artel.kernel.database import Tx
from artel.kernel.events import Event, new_id, now
from artel.kernel.watch import look
from artel.notification import letters, post, telegram
from artel.notification.post import Post
from artel.notification.tables import chats, entries, moments
from artel.notification.tables import letters as rows
from artel_testing import Installation, Person, installation
from bot_api import TOKEN, Bot, Message
from notification.test_inbox import inbox, only

APP = "https://t.me/artel_bot/app"
PUBLIC = "https://artel.example"
MINE, OTHER = 900000001, 900000002
LINKED = "Добавлен вход через Google"


@pytest.fixture(scope="module")
def world() -> Iterator[Bot]:
    with bot_api.serving() as bot:
        yield bot


@pytest.fixture
def bot(world: Bot, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """As it is when nobody has told it anything; and letters go when a test says so."""
    monkeypatch.setattr(post, "POLL_SECONDS", 3600)
    world.token, world.calls = TOKEN, 0
    world.faults.clear()
    world.messages.clear()
    world.come.queue.clear()
    return world


def told(bot: Bot) -> dict[str, Any]:
    return {**bot_api.settings_of(bot), "telegram_app": APP, "public_url": PUBLIC}


@pytest.fixture
async def made(database_url: str, tmp_path: Path, bot: Bot) -> AsyncIterator[Installation]:
    async with installation(tmp_path, ["notification"], database_url=database_url, **told(bot)) as made:
        await deliver(made)  # after the round with which the service begins
        yield made


class Anya:
    """What auth tells of her: each word makes a new version of her."""

    def __init__(self, telegram_id: int | None = MINE, language: str = "ru") -> None:
        self.id = new_id()
        self.telegram_id, self.language, self.version = telegram_id, language, 1

    def registered(self) -> UserRegistered:
        about = {"user_id": self.id, "version": 1, "language": self.language, "telegram_id": self.telegram_id}
        return UserRegistered(**about, display_name="Аня")

    def updated(self, telegram_id: int | str | None = "the same") -> UserUpdated:
        self.version += 1
        self.telegram_id = self.telegram_id if isinstance(telegram_id, str) else telegram_id
        about = {"user_id": self.id, "version": self.version, "language": self.language}
        return UserUpdated(**about, display_name="Аня", telegram_id=self.telegram_id, privacy=Privacy())

    def google_linked(self) -> list[Event]:
        profile = self.updated()
        return [profile, IdentityLinked(user_id=self.id, version=self.version, provider="google")]

    def telegram_linked(self, telegram_id: int) -> list[Event]:
        profile = self.updated(telegram_id)
        about = {"user_id": self.id, "version": self.version, "provider": "telegram"}
        return [profile, IdentityLinked(**about, telegram_id=telegram_id)]

    def telegram_unlinked(self) -> list[Event]:
        before, profile = self.telegram_id, self.updated(None)
        about = {"user_id": self.id, "version": self.version, "provider": "telegram"}
        return [profile, IdentityUnlinked(**about, telegram_id=before)]

    def deletion_asked(self, at: datetime) -> list[Event]:
        profile = self.updated()
        return [profile, UserDeletionAsked(user_id=self.id, version=self.version, deletes_at=at)]

    def deletion_taken_back(self) -> list[Event]:
        profile = self.updated()
        return [profile, UserDeletionTakenBack(user_id=self.id, version=self.version)]

    def export_ready(self, telegram_id: int | None = None) -> UserExportReady:
        until = datetime(2026, 12, 3, 20, tzinfo=UTC)
        return UserExportReady(export_id=new_id(), user_id=self.id, until=until, telegram_id=telegram_id)


def office(made: Installation) -> Post:
    own: Post = made.app.state.contexts["notification"].own
    return own


async def deliver(made: Installation) -> None:
    await office(made).deliver()


async def heard(made: Installation, bot: Bot) -> list[tuple[int, str]]:
    """By chat, the first line of each."""
    await deliver(made)
    return [(message.chat, message.text.partition("\n")[0]) for message in bot.messages]


async def waiting(made: Installation) -> list[Any]:
    def read(tx: Tx) -> list[Any]:
        return list(tx.execute(select(rows).order_by(rows.c.id)).all())

    found: list[Any] = await made.app.state.contexts["notification"].database.read(read)
    return found


async def change(made: Installation, **values: Any) -> None:
    """Of all letters: as time would."""

    def write(tx: Tx) -> None:
        tx.execute(update(rows).values(values))

    await made.app.state.contexts["notification"].database.write(write)


async def all_due(made: Installation) -> None:
    await change(made, due=now())


def rested(made: Installation) -> None:
    """As when the time for which the bot was to be silent has gone by."""
    office(made)._rests_until = 0
    made.app.state.contexts["notification"].store._values.clear()


def counted(outcome: str) -> float:
    labels = {"service": "notification", "outcome": outcome}
    return REGISTRY.get_sample_value("artel_letters_total", labels) or 0


def gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": "notification"})


class TestTold:
    async def test_both_channels_of_a_new_way_in(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        await made.publish(anya.registered(), *anya.google_linked())
        await deliver(made)
        text = f"{LINKED}\n\nЕсли это были не вы, уберите чужой вход в аккаунте и выйдите везде\n{APP}?startapp=account"
        assert bot.messages == [Message(MINE, text)]
        assert (await only(made, Person("Аня", anya.id, made.person("Аня", sub=anya.id).token)))["title"] == LINKED
        assert await waiting(made) == []

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_once_in_whatever_order(self, made: Installation, bot: Bot, order: tuple[int, ...]) -> None:
        anya = Anya()
        events = [anya.registered(), *anya.google_linked()]
        await made.publish(*(events[place] for place in order), *events)
        assert await heard(made, bot) == [(MINE, LINKED)]
        assert await waiting(made) == []

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_a_chat_that_was_linked_hears_of_it(
        self, made: Installation, bot: Bot, order: tuple[int, ...]
    ) -> None:
        anya = Anya(None)
        events = [anya.registered(), *anya.telegram_linked(MINE)]
        await made.publish(*(events[place] for place in order))
        assert await heard(made, bot) == [(MINE, "Добавлен вход через Telegram")]
        assert await waiting(made) == []

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_a_chat_that_was_taken_away_hears_of_it(
        self, made: Installation, bot: Bot, order: tuple[int, ...]
    ) -> None:
        """Whoever got in by Google cannot do it in silence; by Telegram the owner would come in as somebody new."""
        anya = Anya()
        events = [anya.registered(), *anya.telegram_unlinked()]
        await made.publish(*(events[place] for place in order))
        assert await heard(made, bot) == [(MINE, "Вход через Telegram убран")]
        assert "войдите другим способом" in bot.messages[0].text
        assert bot.messages[0].text.endswith(f"{PUBLIC}/account")
        await made.publish(*anya.google_linked(), anya.export_ready())
        await deliver(made)
        assert len(bot.messages) == 1
        assert await waiting(made) == []

    async def test_two_accounts_of_telegram_hear_of_each_other(self, made: Installation, bot: Bot) -> None:
        """They come of a merge, and go together."""
        anya = Anya()
        profile = anya.updated()
        about = {"user_id": anya.id, "provider": "telegram"}
        linked = IdentityLinked(**about, version=anya.version, telegram_id=OTHER)
        await made.publish(linked, profile)
        assert sorted(chat for chat, _ in await heard(made, bot)) == [MINE, OTHER]
        bot.messages.clear()
        gone = anya.updated(None)
        unlinked = [IdentityUnlinked(**about, version=anya.version, telegram_id=number) for number in (MINE, OTHER)]
        await made.publish(unlinked[0], gone, unlinked[1])
        assert sorted(chat for chat, _ in await heard(made, bot)) == [MINE, OTHER]
        assert await waiting(made) == []

    async def test_in_the_language_of_the_profile(self, made: Installation, bot: Bot) -> None:
        anya = Anya(language="en-GB")
        await made.publish(anya.registered(), *anya.google_linked(), *anya.telegram_unlinked())
        assert [line for _, line in await heard(made, bot)] == [
            "You can sign in through Google now",
            "Signing in through Telegram was removed",
        ]
        anya.language = "ru"
        await made.publish(*anya.telegram_linked(OTHER))
        assert (await heard(made, bot))[2:] == [(OTHER, "Добавлен вход через Telegram")]

    async def test_a_deletion_that_was_asked_for(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        person = made.person("Аня", sub=anya.id)
        person.id = anya.id
        await made.call(person, "PUT", "/notifications/preferences", {"kinds": {"deletion_asked": False}})
        await made.publish(anya.registered(), *anya.deletion_asked(datetime(2026, 12, 10, 9, tzinfo=UTC)))
        assert await heard(made, bot) == [(MINE, "Аккаунт будет удалён 10.12.2026")]
        assert "войдите, нажмите «Не удалять»" in bot.messages[0].text
        item = await only(made, person)
        assert (item["kind"], item["data"]) == ("deletion_asked", {"deletes_at": "2026-12-10T09:00:00Z"})
        await made.publish(*anya.deletion_taken_back())
        assert await inbox(made, person) == []
        await made.publish(*anya.deletion_asked(datetime(2026, 12, 11, 9, tzinfo=UTC)))
        assert (await only(made, person))["read"] is False
        assert (await heard(made, bot))[1:] == [(MINE, "Аккаунт будет удалён 11.12.2026")]

    @pytest.mark.parametrize("late", [False, True])
    async def test_a_deletion_that_was_taken_back_is_not_told_any_more(
        self, made: Installation, bot: Bot, late: bool
    ) -> None:
        anya = Anya()
        events = [*anya.deletion_asked(now() + timedelta(days=14)), *anya.deletion_taken_back()]
        await made.publish(anya.registered(), *(reversed(events) if late else events))
        assert await heard(made, bot) == []
        assert await waiting(made) == []
        assert await inbox(made, made.person("Аня", sub=anya.id)) == []

    async def test_an_export_even_of_who_reads_of_none(self, made: Installation, bot: Bot) -> None:
        """Whoever else asked for it could have switched that off."""
        anya = Anya()
        person = made.person("Аня", sub=anya.id)
        await made.call(person, "PUT", "/notifications/preferences", {"kinds": {"export_ready": False}})
        ready = anya.export_ready()
        await made.publish(anya.registered(), ready, ready.model_copy(update={"event_id": new_id()}))
        assert await heard(made, bot) == [(MINE, "Ваши данные собраны")]
        assert "до 03.12.2026\nЕсли архив просили не вы" in bot.messages[0].text
        assert await inbox(made, person) == []

    async def test_an_export_of_who_was_not_told_of_since_chats_are_kept(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        await made.publish(anya.export_ready(MINE))
        assert await heard(made, bot) == [(MINE, "Ваши данные собраны")]

    async def test_who_is_not_in_telegram_hears_nothing_there(self, made: Installation, bot: Bot) -> None:
        anya = Anya(None)
        await made.publish(anya.registered(), *anya.google_linked(), anya.export_ready())
        assert await waiting(made) == []
        assert await heard(made, bot) == []

    async def test_what_is_a_day_old_is_told_nobody(self, made: Installation, bot: Bot) -> None:
        """A backup was put back, and all is told once more; the inbox has it."""
        anya = Anya()
        profile, linked = anya.google_linked()
        old = linked.model_copy(update={"at": now() - letters.TOO_LATE})
        await made.publish(anya.registered(), profile, old)
        assert await heard(made, bot) == []
        assert (await only(made, made.person("Аня", sub=anya.id)))["title"] == LINKED


class TestWho:
    async def test_the_newest_word_holds(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        first, second, third = anya.registered(), anya.updated(OTHER), anya.updated(MINE)
        await made.publish(third, first, second, anya.export_ready())
        assert [chat for chat, _ in await heard(made, bot)] == [MINE]

    @pytest.mark.parametrize("late", [False, True])
    async def test_an_old_process_says_nothing_of_telegram(self, made: Installation, bot: Bot, late: bool) -> None:
        anya = Anya()
        registered = anya.registered()
        old = UserUpdated(user_id=anya.id, version=2, display_name="Аня", language="en")
        await made.publish(*((old, registered) if late else (registered, old)), anya.export_ready())
        assert [chat for chat, _ in await heard(made, bot)] == [MINE]

    async def test_who_is_not_known_yet_is_waited_for_a_minute(self, made: Installation, bot: Bot) -> None:
        anya, boris = Anya(), Anya()
        linked = [person.google_linked()[1] for person in (anya, boris)]
        before = counted("no_chat")
        await made.publish(anya.registered(), *linked)
        assert await heard(made, bot) == []
        assert all(timedelta() < row.due - now() <= letters.PATIENCE for row in await waiting(made))
        await all_due(made)
        assert await heard(made, bot) == [(MINE, LINKED)]
        assert await waiting(made) == []
        assert counted("no_chat") == before + 1

    async def test_the_keeper_and_the_other_one(self, made: Installation, bot: Bot) -> None:
        """What was on its way to the one who is the other now still comes; and the other hears of the merge."""
        zina, vera = Anya(OTHER), Anya()
        await made.publish(zina.registered(), vera.registered(), *zina.google_linked())
        profile = vera.updated()
        gained = {"user_id": vera.id, "version": vera.version}
        await made.publish(
            UserMerged(user_id=zina.id, version=3, into_id=vera.id),
            profile,
            IdentityLinked(**gained, provider="google"),
            IdentityLinked(**gained, provider="telegram", telegram_id=OTHER),
            zina.updated(),
        )
        await deliver(made)
        told = sorted((message.chat, message.text.partition("\n")[0]) for message in bot.messages)
        both = "Добавлен вход через Telegram"
        assert told == [(MINE, LINKED), (MINE, both), (OTHER, LINKED), (OTHER, both)]
        assert await waiting(made) == []
        assert await kept(made, zina.id) == []

    @pytest.mark.parametrize("late", [False, True])
    async def test_nothing_is_kept_of_who_was_deleted(self, made: Installation, bot: Bot, late: bool) -> None:
        anya = Anya()
        bot.faults.append("broken")
        events = [anya.registered(), *anya.google_linked(), *anya.deletion_asked(now()), anya.export_ready()]
        await made.publish(*events, *anya.telegram_unlinked(), *anya.deletion_taken_back())
        assert len(await kept(made, anya.id)) > 5
        await made.publish(UserDeleted(user_id=anya.id, version=99))
        if late:
            again = [event.model_copy(update={"event_id": new_id()}) for event in events]
            await made.publish(*again, anya.updated(), *anya.telegram_linked(MINE), *anya.deletion_asked(now()))
        assert await kept(made, anya.id) == []
        assert await heard(made, bot) == []

    async def test_what_was_taken_back_before_it_was_heard_of_is_not_kept_either(self, made: Installation) -> None:
        anya = Anya()
        await made.publish(*anya.deletion_taken_back(), UserDeleted(user_id=anya.id, version=99))
        assert await kept(made, anya.id) == []


async def kept(made: Installation, user_id: str) -> list[Any]:
    """All that names him, and all that was heard of exports."""

    def read(tx: Tx) -> list[Any]:
        named = [select(table).where(table.c.user_id == user_id) for table in (chats, rows, entries)]
        named.append(select(moments).where(moments.c.subject.contains(user_id)))
        named.append(select(moments).where(moments.c.subject.startswith("export_ready:")))
        return [row for each in named for row in tx.execute(each).all()]

    found: list[Any] = await made.app.state.contexts["notification"].database.read(read)
    return found


class TestUnwell:
    """What the bot says when it does not take a letter."""

    async def test_a_limit_is_the_whole_bot_s(self, made: Installation, bot: Bot) -> None:
        anya, boris = Anya(), Anya(OTHER)
        bot.faults.append("limited")
        await made.publish(anya.registered(), boris.registered(), anya.export_ready(), boris.export_ready())
        asked = now()
        assert await heard(made, bot) == []
        assert bot.calls == 1
        first, second = sorted(await waiting(made), key=lambda row: -row.due.timestamp())
        assert asked + timedelta(seconds=7) <= first.due <= now() + timedelta(seconds=7)
        assert second.due < now()
        await deliver(made)
        assert bot.calls == 1
        rested(made)
        await all_due(made)
        assert {chat for chat, _ in await heard(made, bot)} == {MINE, OTHER}
        assert first.tries == 0

    @pytest.mark.parametrize(
        ("fault", "seconds"),
        [("limited_without_a_word", 30), ("limited_badly", 30), ("limited_for_ever", 3600)],
    )
    async def test_a_limit_that_says_no_time(self, made: Installation, bot: Bot, fault: str, seconds: int) -> None:
        anya = Anya()
        bot.faults.append(fault)
        await made.publish(anya.registered(), anya.export_ready())
        asked = now()
        await deliver(made)
        [letter] = await waiting(made)
        assert asked + timedelta(seconds=seconds) <= letter.due <= now() + timedelta(seconds=seconds)

    @pytest.mark.parametrize("fault", ["blocked", "not_found"])
    async def test_nobody_hears_there_until_he_is_told_of_again(self, made: Installation, bot: Bot, fault: str) -> None:
        anya = Anya()
        before = counted("closed")
        bot.faults.append(fault)
        await made.publish(anya.registered(), anya.export_ready(), anya.export_ready(), anya.export_ready())
        assert await heard(made, bot) == []
        assert (bot.calls, counted("closed")) == (1, before + 3)
        await made.publish(anya.export_ready())
        assert (await heard(made, bot), bot.calls, await waiting(made)) == ([], 1, [])
        await made.publish(anya.updated(), anya.export_ready())
        assert await heard(made, bot) == [(MINE, "Ваши данные собраны")]

    async def test_after_a_day_it_is_seen_whether_anybody_hears_again(
        self, made: Installation, bot: Bot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        anya = Anya()
        bot.faults += ["blocked"]
        await made.publish(anya.registered(), anya.export_ready())
        assert await heard(made, bot) == []
        await made.publish(anya.export_ready())
        assert (await heard(made, bot), bot.calls) == ([], 1)
        monkeypatch.setattr("artel.notification.chats.CLOSED", timedelta(0))
        await made.publish(anya.export_ready())
        assert await heard(made, bot) == [(MINE, "Ваши данные собраны")]

    async def test_what_cannot_be_said_is_passed_over(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        bot.faults.append("too_long")
        await made.publish(anya.registered(), anya.export_ready(), *anya.google_linked())
        assert await heard(made, bot) == [(MINE, LINKED)]
        assert await waiting(made) == []

    @pytest.mark.parametrize("fault", ["broken", "not_what_was_agreed", "not_ok", "elsewhere", "silent"])
    async def test_it_is_tried_again_later_and_later(
        self, made: Installation, bot: Bot, fault: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        anya = Anya()
        bot.always = fault  # how often it hears of one that nobody waits for any more is a matter of luck
        await made.publish(anya.registered(), *anya.google_linked())
        with monkeypatch.context() as hurry:
            if fault == "silent":
                hurry.setattr(telegram, "PATIENCE_SECONDS", 0.2)
            for pause in (5, 10, 20):
                await all_due(made)
                asked = now()
                assert await heard(made, bot) == []
                [letter] = await waiting(made)
                assert asked + timedelta(seconds=pause) <= letter.due <= now() + timedelta(seconds=pause)
        bot.always = ""
        await all_due(made)
        assert await heard(made, bot) == [(MINE, LINKED)]
        assert await waiting(made) == []

    async def test_nobody_is_there(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        office(made)._channel._url = "http://127.0.0.1:9/bot/sendMessage"  # type: ignore[attr-defined]  # Telegram has one
        await made.publish(anya.registered(), *anya.google_linked())
        with capture_logs() as lines:
            assert await heard(made, bot) == []
        assert [
            (line["what"], line["why"], line["tries"]) for line in lines if line["event"].startswith("a letter")
        ] == [("identity_changed", "ConnectError", 1)]

    async def test_after_a_day_it_is_given_up_and_said(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        before = counted("given_up")
        bot.faults += ["broken"]
        await made.publish(anya.registered(), *anya.google_linked())
        await deliver(made)
        await change(made, at=now() - letters.TOO_LATE, due=now())
        with capture_logs() as lines:
            assert await heard(made, bot) == []
        assert await waiting(made) == []
        assert counted("given_up") == before + 1
        [line] = [line for line in lines if line["event"] == "a letter was given up"]
        assert (line["what"], line["user_id"], line["log_level"]) == ("identity_changed", anya.id, "error")

    async def test_what_a_newer_release_has_written_of_is_left_to_it(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        await made.publish(anya.registered(), anya.export_ready())
        await change(made, kind="of_tomorrow", data={"new": 1})
        await made.publish(*anya.google_linked())
        assert await heard(made, bot) == [(MINE, LINKED)]
        assert [row.kind for row in await waiting(made)] == ["of_tomorrow"]

    async def test_a_token_that_is_refused_is_loud_and_rare(self, made: Installation, bot: Bot) -> None:
        anya = Anya()
        bot.token = "7000000001:AAFake-Token_for_TESTS_only_000000000002"
        await made.publish(anya.registered(), anya.export_ready(), *anya.google_linked())
        asked = now()
        with capture_logs() as lines:
            assert await heard(made, bot) == []
            await deliver(made)
        assert bot.calls == 1
        assert gauge("artel_bot_refused") == 1
        assert [line["log_level"] for line in lines if "no such bot" in line["event"]] == ["error"]
        assert TOKEN.partition(":")[2] not in json.dumps(lines, default=str)
        latest = max(row.due for row in await waiting(made))
        assert asked + timedelta(seconds=300) <= latest <= now() + timedelta(seconds=300)
        bot.token = TOKEN
        rested(made)
        await all_due(made)
        assert len(await heard(made, bot)) == 2
        assert gauge("artel_bot_refused") == 0

    @pytest.mark.parametrize("fault", ["broken", "silent", "blocked", "too_long", "elsewhere"])
    async def test_the_token_is_in_no_word(
        self, made: Installation, bot: Bot, fault: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor in what is counted."""
        monkeypatch.setattr(telegram, "PATIENCE_SECONDS", 0.2)
        anya = Anya()
        bot.faults.append(fault)
        await made.publish(anya.registered(), *anya.google_linked())
        with capture_logs() as lines:
            await deliver(made)
        assert lines
        assert TOKEN.partition(":")[2] not in json.dumps(lines, default=repr) + generate_latest().decode()


class TestOutages:
    async def test_what_a_dead_process_was_sending_goes_once_more(
        self, database_url: str, tmp_path: Path, bot: Bot
    ) -> None:
        """It may have come, so it may come twice: nobody knows."""
        anya = Anya()
        bot.faults.append("taken_and_silent")
        async with installation(tmp_path, ["notification"], database_url=database_url, **told(bot)) as made:
            await made.publish(anya.registered(), *anya.google_linked())
            sending = asyncio.create_task(deliver(made))
            await bot.heard()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        async with installation(tmp_path, ["notification"], database_url=database_url, **told(bot)) as made:
            assert await heard(made, bot) == [(MINE, LINKED)], "its lease has not run out"
            await all_due(made)
            assert await heard(made, bot) == [(MINE, LINKED), (MINE, LINKED)]
            assert await waiting(made) == []

    async def test_two_processes_send_each_once(self, postgres_url: str, tmp_path: Path, bot: Bot) -> None:
        people = [Anya(MINE + number) for number in range(30)]
        async with (
            installation(tmp_path / "a", ["notification"], database_url=postgres_url, **told(bot)) as one,
            installation(tmp_path / "b", ["notification"], database_url=postgres_url, **told(bot)) as other,
        ):
            for anya in people:
                await one.publish(anya.registered(), *anya.google_linked())
            await asyncio.gather(deliver(one), deliver(other))
            assert sorted(message.chat for message in bot.messages) == [anya.telegram_id for anya in people]
            assert await waiting(one) == []

    async def test_a_limit_holds_for_all_processes(
        self, postgres_url: str, redis_url: str, tmp_path: Path, bot: Bot
    ) -> None:
        anya, boris = Anya(), Anya(OTHER)
        bot.faults.append("limited")
        common = {"database_url": postgres_url, "store_url": redis_url, **told(bot)}
        async with (
            installation(tmp_path / "a", ["notification"], **common) as one,
            installation(tmp_path / "b", ["notification"], **common) as other,
        ):
            await one.publish(anya.registered(), boris.registered(), anya.export_ready(), boris.export_ready())
            await deliver(one)
            await deliver(other)
            assert bot.calls == 1

    async def test_an_outage_ends_nothing(self, made: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        tried, there = [], asyncio.Event()

        async def deliver() -> None:
            tried.append(1)
            if len(tried) == 1:
                raise ConnectionError("the database is away")
            there.set()

        monkeypatch.setattr(post, "AWAY_SECONDS", 0)
        monkeypatch.setattr(office(made), "deliver", deliver)
        with capture_logs() as lines:
            async with running(office(made).run()), asyncio.timeout(20):
                await there.wait()
        assert [line["event"] for line in lines] == ["letters wait"]

    async def test_no_more_than_so_many_a_second(
        self, made: Installation, bot: Bot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []
        store = made.app.state.contexts["notification"].store

        async def allow(key: str, burst: int, rate: float) -> float:
            asked.append((key, burst, rate))
            return 0.001 if len(asked) % 2 else 0

        monkeypatch.setattr(store, "allow", allow)
        anya = Anya()
        await made.publish(anya.registered(), anya.export_ready(), anya.export_ready())
        await deliver(made)
        assert len(bot.messages) == 2
        assert asked == [("letters", 1, 25)] * 4, "and once more for each that had to wait"


async def test_what_waits_is_measured(made: Installation, bot: Bot) -> None:
    anya = Anya()
    bot.faults.append("broken")
    context = made.app.state.contexts["notification"]
    await made.publish(anya.registered(), *anya.google_linked())
    async with asyncio.timeout(30):
        while gauge("artel_letters_waiting") != 1:  # the service's own first look may say less a moment later
            await look(context)
    assert 0 < (gauge("artel_letters_age_seconds") or 0) < 60
    await all_due(made)
    await deliver(made)
    await all_due(made)
    before = counted("sent")
    await deliver(made)
    await look(context)
    assert (gauge("artel_letters_waiting"), gauge("artel_letters_age_seconds")) == (0, 0)
    assert counted("sent") == before + 1


async def test_without_a_bot_it_is_a_line_for_whoever_looks(tmp_path: Path, bot: Bot) -> None:
    anya = Anya()
    async with installation(tmp_path, ["notification"], public_url=PUBLIC) as made:
        await made.publish(anya.registered(), *anya.google_linked())
        with capture_logs() as lines:
            await deliver(made)
        assert await waiting(made) == []
    [line] = [line for line in lines if "Telegram would say" in line["event"]]
    assert line["what"].startswith(f"{LINKED} · ")
    assert str(MINE) not in str(lines)
    assert bot.calls == 0


@pytest.mark.parametrize("token", [None, "", "not a token", "12:short"])
async def test_without_a_token_it_does_not_start(tmp_path: Path, token: str | None) -> None:
    with pytest.raises(ValueError, match="needs the bot's token: ARTEL_TELEGRAM_BOT_TOKEN is missing") as refused:
        async with installation(tmp_path, ["notification"], notify_url="telegram://", telegram_bot_token=token):
            pass
    assert not token or token not in str(refused.value)
