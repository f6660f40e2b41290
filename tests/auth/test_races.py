import asyncio
from pathlib import Path

from artel_testing import installation
from auth.test_api import TOKEN, init_data


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
