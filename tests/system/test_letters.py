"""Somebody's account changes hands, and his chat in Telegram hears of it: from the route to the bot."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

import bot_api
from artel_testing import Installation, installation
from auth.test_api import DEVICE, TOKEN, init_data, with_token
from auth.test_browser_sign_in import Browser, providers, world
from auth.test_linking import launched, link
from bot_api import Bot
from openid_provider import Provider, settings_of
from system.test_crash import Process

__all__ = ["providers", "world"]
ANYA = 900000001


@pytest.fixture
def bot() -> Iterator[Bot]:
    with bot_api.serving() as bot:
        yield bot


@pytest.fixture
async def house(tmp_path: Path, providers: dict[str, Provider], bot: Bot) -> AsyncIterator[Installation]:
    told: dict[str, Any] = {**settings_of(providers["google"].address), **bot_api.settings_of(bot)}
    async with installation(tmp_path, **told) as made:
        yield made


async def first_line(bot: Bot) -> tuple[int, str]:
    message = await bot.heard()
    return message.chat, message.text.partition("\n")[0]


async def test_whoever_gets_in_cannot_take_the_account_in_silence(house: Installation, bot: Bot) -> None:
    """He links what is his, signs in by it, takes away what is hers, and wants her to be deleted."""
    mine = await launched(house)
    thief = Browser(house)
    async with thief.http:
        await link(thief, mine)
        assert await first_line(bot) == (ANYA, "Добавлен вход через Google")
        his = await thief.sign_in()
        assert his["user"]["id"] == mine["user"]["id"]
        assert (await with_token(house, his, "DELETE", "/users/me")).status_code == 202
        assert (await first_line(bot))[1].startswith("Аккаунт будет удалён ")
        his = await thief.sign_in()
        assert (await with_token(house, his, "POST", "/users/me/export")).status_code == 202
        assert await first_line(bot) == (ANYA, "Ваши данные собраны")
        assert (await with_token(house, his, "DELETE", "/auth/identities/telegram")).status_code == 204
        assert await first_line(bot) == (ANYA, "Вход через Telegram убран")
        answer = await with_token(house, his, "GET", "/notifications")
    assert [item["kind"] for item in answer.json()["items"]] == [
        "identity_changed", "export_ready", "deletion_asked", "identity_changed",
    ]  # fmt: skip


async def test_what_was_being_sent_at_a_kill_goes_after_it(
    tmp_path: Path, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bot_api.settings_of(bot).items():
        monkeypatch.setenv(f"ARTEL_{name.upper()}", value)
    artel = Process(tmp_path, log_level="debug")
    bot.faults += ["broken", "silent"]
    async with artel.running() as process:
        async with AsyncClient(base_url=artel.address, timeout=30) as http:
            launch = {"init_data": init_data(ANYA), "device": DEVICE}
            tokens = (await http.post("/auth/telegram", json=launch)).json()
            headers = {"authorization": f"Bearer {tokens['access_token']}"}
            assert (await http.delete("/users/me", headers=headers)).status_code == 202
        sent = await bot.heard()
        process.kill()
    assert (bot.messages, bot.calls) == ([], 2)
    file = sqlite3.connect(tmp_path / "notification.db")
    with file:  # its lease has run out
        moment = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
        assert file.execute("UPDATE letters SET due = ?", [moment]).rowcount == 1
    file.close()
    async with artel.running():
        assert await bot.heard() == sent
    assert bot.messages == [sent]
    words = (tmp_path / "words.log").read_text()
    assert "a letter did not go" in words
    assert TOKEN.partition(":")[2] not in words
