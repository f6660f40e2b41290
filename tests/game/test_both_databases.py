"""One evening with everything in it, on SQLite and on PostgreSQL alike."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from artel.contracts.auth import UserRegistered, UserUpdated
from artel.contracts.friends import FriendAccepted, UserBlocked
from artel.contracts.game import SessionCreated
from artel.game.game import Game
from artel.kernel.bus import Message
from artel.kernel.events import new_id
from artel_testing import Installation, installation
from game_testing import AMERICANA, KOLKHOZ, problem, table


@pytest.fixture
async def either(tmp_path: Path, database_url: str) -> AsyncIterator[Installation]:
    settings: dict[str, Any] = {"database_url": database_url, "event_burst": 10**6, "event_rate": 10**6}
    async with installation(tmp_path, ["game"], **settings) as made:
        yield made


async def test_an_evening(either: Installation) -> None:
    anna, boris, vera = (either.person(name) for name in ("Анна", "Борис", "Вера"))
    for person in (anna, boris):
        await either.publish(UserRegistered(user_id=person.id, version=1, display_name=person.name))
    accepted = FriendAccepted(user_id=anna.id, other_id=boris.id, version=1, request_id=new_id(), name="Анна")
    await either.publish(accepted)
    players = [{"user_id": boris.id}, {"guest_name": "Гость"}]
    played = await table(either, anna, rules=KOLKHOZ, name="Пятница", players=players)
    game = await played.start()
    await played.join(vera)
    for name in ("Борис", "Гость", "Анна"):
        assert (await played.event("ball", game=game, player=name)).status_code == 201
    assert problem(await played.event("ball", game="other", player="Анна")) == (409, "stale_game")
    claimed = await either.call(vera, "POST", f"{played.path}/players/{played.ids['Гость']}/claim")
    accept = f"{played.path}/claims/{claimed.json()['id']}/accept"
    assert (await either.call(anna, "POST", accept)).status_code == 200
    assert (await played.event("end", game=game, reason="timeout")).status_code == 201
    assert (await played.event("expense", who=vera, payer="Борис", amount=900)).status_code == 201
    shared = await either.call(anna, "POST", f"{played.path}/share", json={"money": True})
    headers = {"X-Share-Token": shared.json()["url"].partition("#")[2]}
    assert (await either.call(None, "GET", "/shared", headers=headers)).json()["version"] == 6
    assert (await either.call(anna, "PATCH", played.path, json={"scorers": [boris.id]})).status_code == 200
    assert (await either.call(anna, "POST", f"{played.path}/code")).status_code == 200
    await either.publish(UserUpdated(user_id=boris.id, version=2, display_name="Борис Второй"))
    finish = (await played.event("finish")).json()["events"][0]["id"]
    for state, count in (("finished", 1), ("open", 0)):
        items = (await either.call(vera, "GET", f"/sessions?state={state}")).json()["items"]
        assert len(items) == count
    assert (await played.event("undo", target=finish)).status_code == 201
    before = await played.now()
    assert [player["name"] for player in before["players"]] == ["Анна", "Борис Второй", "Вера"]
    running: Game = either.app.state.contexts["game"].own
    await running.put_away(idle=0)
    assert (await either.call(vera, "GET", "/sessions")).json()["items"][0]["version"] == before["version"]
    assert await played.now() == before
    await either.drain()
    assert (await either.call(anna, "DELETE", f"{played.path}/members/{vera.id}")).status_code == 204
    await either.publish(UserBlocked(user_id=boris.id, other_id=anna.id, version=2))
    refused = await either.call(
        anna, "POST", "/sessions", json={"rules": AMERICANA, "players": [{"user_id": boris.id}]}
    )
    assert problem(refused) == (404, "not_found")


async def test_a_key_and_an_id_make_one_session(either: Installation) -> None:
    anna = either.person("Анна")
    body = {"rules": AMERICANA, "id": new_id(), "players": [{"guest_name": "Борис"}]}
    first = await either.call(anna, "POST", "/sessions", json=body, headers={"Idempotency-Key": "k"})
    again = await either.call(anna, "POST", "/sessions", json=body, headers={"Idempotency-Key": "k"})
    other = await either.call(anna, "POST", "/sessions", json=body)
    assert first.json() == again.json() == other.json()


async def test_names_as_long_as_texts_may_be(either: Installation) -> None:
    """Others keep less of them, and are told no more than they keep."""
    told: list[SessionCreated] = []

    async def hear(message: Message) -> None:
        told.append(SessionCreated.read(message.body))

    await either.app.state.contexts["game"].bus.subscribe("ear", [SessionCreated.topic], hear)
    played = await table(either, either.person("Анна"), "Г" * 200, name="Вечер" * 40)
    assert (await either.call(played.organizer, "PATCH", played.path, json={"name": "Ночь" * 50})).status_code == 200
    now = await played.now()
    assert (now["name"], now["players"][1]["name"]) == ("Ночь" * 50, "Г" * 200)
    await either.drain()
    assert [player.name for player in told[0].players] == ["Анна", "Г" * 64]
    assert told[0].session_name == "Вечер" * 40


async def test_what_no_database_takes(either: Installation) -> None:
    anna = either.person("Анна")
    played = await table(either, anna, "Борис")
    for body in (
        {"id": "1", "type": "expense", "payer": "\u0000", "amount": 1},
        {"id": "2", "type": "undo", "target": "\u0000"},
        {"id": "3", "type": "ball", "player": "\u0000", "game": "\u0000"},
    ):
        assert problem(await played.post(body))[0] in {409, 422}
    game = await played.start()
    odd = {"id": "4", "type": "foul", "player": played.ids["Анна"], "game": game, "reason": "a\u0000b\u2028 😀"}
    assert problem(await played.post(odd)) == (422, "invalid_body")
    assert (await played.now())["games"][0]["id"] == game
    for code in ("\u0000", "A\u0000BCDE"):
        answer = await either.call(anna, "POST", "/sessions/join", json={"code": code})
        assert answer.status_code in {404, 422}
    for name in ("a\u0000", "\u202eabc"):
        answer = await either.call(anna, "POST", f"{played.path}/players", json={"guest_name": name})
        assert problem(answer) == (422, "invalid_body")
