"""The inbox of whoever is no more, and his name in those of others."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from artel.contracts.auth import UserDeleted, UserMerged
from artel.contracts.friends import FriendAccepted, FriendRemoved, FriendRequested
from artel.contracts.game import GameFinished, SessionFinished
from artel.kernel.events import Event, new_id
from artel_testing import Installation, Person
from evenings import Evening
from notification.test_inbox import inbox, only, read
from notification.test_laws import inboxes


def again(event: Event, called: dict[str, str]) -> Event:
    """As game tells it anew: the same, with other names, and whoever was renamed is nobody."""
    assert isinstance(event, GameFinished | SessionFinished)
    players = [
        player.model_copy(update={"name": called[player.name], "user_id": None}) if player.name in called else player
        for player in event.players
    ]
    return event.model_copy(update={"players": players, "event_id": new_id()})


async def test_the_keeper_has_it_and_what_is_said_late(made: Installation) -> None:
    anya, keeper, boris = made.person("Аня"), made.person("Анна"), made.person("Борис")
    evening = Evening([boris, anya])
    await made.publish(evening.created(), evening.duel({"Аня": 8, "Борис": 3}))
    await made.call(anya, "PUT", "/notifications/preferences", {"kinds": {"friend_requested": False}})
    event = UserMerged(user_id=anya.id, version=2, into_id=keeper.id)
    await made.publish(event, event, evening.duel({"Аня": 2, "Борис": 8}))
    assert [item["kind"] for item in await inbox(made, keeper)] == ["game_finished", "game_finished", "session_added"]
    assert await inbox(made, anya) == []
    kinds = (await made.call(keeper, "GET", "/notifications/preferences")).json()["kinds"]
    assert kinds["friend_requested"] is False
    late = await made.call(anya, "PUT", "/notifications/preferences", {"kinds": {"game_finished": False}})
    assert late.status_code == 404


async def test_an_old_tie_under_a_new_name_calls_nobody(made: Installation) -> None:
    anya, keeper, boris = made.person("Аня"), made.person("Анна"), made.person("Борис")
    old = {"user_id": anya.id, "other_id": boris.id}
    await made.publish(
        FriendRequested(**old, version=1, request_id="r1", name="Аня"),
        FriendRemoved(**old, version=3, final=True),
        FriendRequested(user_id=keeper.id, other_id=boris.id, version=1, request_id="r2", name="Анна", quiet=True),
        FriendAccepted(user_id=boris.id, other_id=keeper.id, version=2, request_id="r2", name="Борис", quiet=True),
        FriendAccepted(user_id=boris.id, other_id=anya.id, version=2, request_id="r1", name="Борис"),
    )
    for who, name in ((boris, "Анна"), (keeper, "Борис")):
        item = await only(made, who)
        assert (item["data"]["name"], item["read"]) == (name, True)
    assert await inbox(made, anya) == []


async def test_results_are_told_anew_with_other_names_and_call_nobody(made: Installation) -> None:
    anya, boris = made.person("Аня"), made.person("Борис")
    evening = Evening([anya, boris])
    created, game = evening.created(), evening.duel({"Аня": 8, "Борис": 3}, money={"Аня": 100, "Борис": -100})
    end = evening.finish({"Аня": 100, "Борис": -100}, [("Борис", "Аня", 100)])
    await made.publish(created, game, end)
    items = await inbox(made, boris)
    await read(made, boris, *(item["id"] for item in items))
    gone = UserDeleted(user_id=anya.id, version=2)
    told = [again(event, {"Аня": "Игрок 1"}) for event in (game, end)]
    unclaimed = evening.unclaimed("Аня", anya)
    await made.publish(gone, gone, *told, unclaimed)
    assert await inbox(made, anya) == []
    after = await inbox(made, boris)
    assert "Аня" not in str(after)
    assert [(item["id"], item["read"], item["created_at"], item["updated_at"]) for item in after] == [
        (item["id"], True, item["created_at"], item["updated_at"]) for item in items
    ]
    [game_data] = [item["data"] for item in after if item["kind"] == "game_finished"]
    assert game_data["winners"] == ["Игрок 1"]


@settings(deadline=None, max_examples=30)
@given(st.randoms(use_true_random=False))
def test_whatever_the_order_the_name_is_gone(rng: Random) -> None:
    anya, boris = Person("Аня"), Person("Борис")
    evening = Evening([anya, boris])
    game = evening.duel({"Аня": 8, "Борис": 3})
    told: list[Event] = [game, UserDeleted(user_id=anya.id, version=2)]
    rng.shuffle(told)
    told += [game, again(game, {"Аня": "Игрок 1"})]
    found = inboxes([anya, boris], told)
    assert found["Аня"] == []
    assert [item["data"]["winners"] for item in found["Борис"]] == [["Игрок 1"]]
