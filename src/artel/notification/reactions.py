from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from artel.contracts.auth import (
    IdentityLinked,
    IdentityUnlinked,
    UserDeletionAsked,
    UserDeletionTakenBack,
    UserExportReady,
    UserExportRequested,
    UserRegistered,
    UserUpdated,
)
from artel.contracts.export import telling
from artel.contracts.friends import FriendAccepted, FriendEvent, FriendRemoved, FriendRequested, UserBlocked
from artel.contracts.game import (
    GameEvent,
    GameFinished,
    GameReopened,
    Player,
    SessionCreated,
    SessionEvent,
    SessionFinished,
    SessionPlayerJoined,
    SessionReopened,
)
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.gone import who_now
from artel.kernel.service import Reaction
from artel.notification import chats, leaving, letters
from artel.notification.entries import forget, take_away, tell
from artel.notification.news import (
    Counterparty,
    DeletionAskedData,
    ExportReadyData,
    FriendAcceptedData,
    FriendRequestedData,
    GameFinishedData,
    IdentityChangedData,
    Outcome,
    SessionAddedData,
    SessionFinishedData,
    deletion_of,
)
from artel.notification.takeout import CHAPTERS

E = TypeVar("E", bound=SessionEvent)


def _as_now(tx: Tx, event: E) -> E:
    said = {event.organizer_id, *(player.user_id for player in event.players if player.user_id)}
    return event.as_now(who_now(tx, said))


def session_created(tx: Tx, event: SessionCreated) -> None:
    event = _as_now(tx, event)
    for player in event.players:
        _added(tx, event, player)


def player_joined(tx: Tx, event: SessionPlayerJoined) -> None:
    event = _as_now(tx, event)
    for player in event.players:
        if player.id == event.player_id and player.user_id != event.by:
            _added(tx, event, player)


def _added(tx: Tx, event: SessionEvent, player: Player) -> None:
    if player.user_id is None or player.user_id == event.organizer_id:
        return
    organizer = next((other.name for other in event.players if other.user_id == event.organizer_id), None)
    news = SessionAddedData(**_session(event), organizer=organizer)
    subject = f"session_added:{event.session_id}:{player.id}"
    tell(tx, subject, event.session_version, event.at, {player.user_id: news})


def _session(event: SessionEvent) -> dict[str, Any]:
    return {"session_id": event.session_id, "session_name": event.session_name, "game_kind": event.kind}


def game_finished(tx: Tx, event: GameFinished) -> None:
    event = _as_now(tx, event)
    news = {
        player.user_id: _result(event, player.id)
        for player in event.players
        if player.user_id and player.id in event.result["scores"]
    }
    tell(tx, _game(event), event.session_version, event.at, news)


def game_reopened(tx: Tx, event: GameReopened) -> None:
    take_away(tx, _game(event), event.session_version, event.at)


def _game(event: GameEvent) -> str:
    """With the session: ids of games are the clients' making, and may be somebody else's again."""
    return f"game_finished:{event.session_id}:{event.game_id}"


def _result(event: GameFinished, player_id: str) -> GameFinishedData:
    result = event.result
    names = {player.id: player.name for player in event.players}
    moved = any(result["money"].values())
    return GameFinishedData(
        **_session(event),
        game_id=event.game_id,
        number=event.number,
        outcome=_outcome(result, player_id),
        score=result["scores"][player_id],
        against=_against(result, player_id),
        points=result["points"].get(player_id),
        money=result["money"].get(player_id, 0) if moved else None,
        currency=event.currency if moved else None,
        winners=[names[winner] for winner in result["winners"]],
    )


def _outcome(result: Mapping[str, Any], player_id: str) -> Outcome:
    winners = set(result["winners"])
    if not winners:
        return "draw" if result["reason"] == "draw" else "none"
    if winners == set(result["scores"]):
        return "draw"
    return "won" if player_id in winners else "lost"


def _against(result: Mapping[str, Any], player_id: str) -> int | None:
    """The score of the other side; a kolkhoz has no sides."""
    others: list[str] = next((side for side in result.get("sides", ()) if player_id not in side), [])
    return result["scores"][others[0]] if others else None


def session_finished(tx: Tx, event: SessionFinished) -> None:
    event = _as_now(tx, event)
    news = {player.user_id: _balance(event, player.id) for player in event.players if player.user_id}
    tell(tx, f"session_finished:{event.session_id}", event.session_version, event.at, news)


def session_reopened(tx: Tx, event: SessionReopened) -> None:
    take_away(tx, f"session_finished:{event.session_id}", event.session_version, event.at)


def _balance(event: SessionFinished, player_id: str) -> SessionFinishedData:
    return SessionFinishedData(
        **_session(event),
        games=event.games,
        balance=event.balances.get(player_id, 0) if event.money else None,
        currency=event.currency if event.money else None,
        pay=_transfers(event, player_id, "from", "to"),
        receive=_transfers(event, player_id, "to", "from"),
    )


def _transfers(event: SessionFinished, player_id: str, mine: str, theirs: str) -> Sequence[Counterparty]:
    names = {player.id: player.name for player in event.players}
    return [
        Counterparty(player_id=transfer[theirs], name=names[transfer[theirs]], amount=transfer["amount"])
        for transfer in event.transfers
        if event.money and transfer[mine] == player_id
    ]


def friend_requested(tx: Tx, event: FriendRequested) -> None:
    news = FriendRequestedData(request_id=event.request_id, user_id=event.user_id, name=event.name)
    about = f"friend_requested:{event.subject}"
    tell(tx, about, event.version, event.at, {event.other_id: news}, quiet=event.quiet)


def friend_accepted(tx: Tx, event: FriendAccepted) -> None:
    news = FriendAcceptedData(request_id=event.request_id, user_id=event.user_id, name=event.name)
    about = f"friend_accepted:{event.subject}"
    tell(tx, about, event.version, event.at, {event.other_id: news}, quiet=event.quiet)


def nothing_between(tx: Tx, event: FriendEvent) -> None:
    """Taken back, declined, ended or blocked: there is nothing to answer and nobody to greet."""
    final = isinstance(event, FriendRemoved) and event.final
    for kind in ("friend_accepted", "friend_requested"):
        (forget if final else take_away)(tx, f"{kind}:{event.subject}", event.version, event.at)


def identity_changed(tx: Tx, event: IdentityLinked | IdentityUnlinked) -> None:
    if who_now(tx, [event.user_id]):
        return
    news = IdentityChangedData(provider=event.provider, linked=isinstance(event, IdentityLinked))
    about = f"identity:{event.user_id}:{event.provider}"
    # In whatever order they come, nothing is passed over; several accounts of Telegram may go at once.
    if tell(tx, about, event.version, event.at, {event.user_id: news}):
        letters.write(tx, event.user_id, news, event.at, version=event.version, also=event.telegram_id)


def export_ready(tx: Tx, event: UserExportReady) -> None:
    if who_now(tx, [event.user_id]):
        return
    news = ExportReadyData(export_id=event.export_id, until=event.until)
    if tell(tx, f"export_ready:{event.export_id}", 1, event.at, {event.user_id: news}):
        letters.write(tx, event.user_id, news, event.at, also=event.telegram_id)


def deletion_asked(tx: Tx, event: UserDeletionAsked) -> None:
    if who_now(tx, [event.user_id]):
        return
    news = DeletionAskedData(deletes_at=event.deletes_at)
    heard = tell(tx, deletion_of(event.user_id), event.version, event.at, {event.user_id: news})
    if heard and heard.newest:
        letters.write(tx, event.user_id, news, event.at, version=event.version)


def deletion_taken_back(tx: Tx, event: UserDeletionTakenBack) -> None:
    if who_now(tx, [event.user_id]):
        return
    take_away(tx, deletion_of(event.user_id), event.version, event.at)
    letters.take_back(tx, event.user_id, "deletion_asked", event.version)


def user_told(tx: Tx, event: UserRegistered | UserUpdated) -> None:
    if who_now(tx, [event.user_id]):
        return
    chats.hold(tx, event.user_id)
    chats.keep(tx, event)
    letters.address(tx, event.user_id)


REACTIONS: dict[type[Event], Reaction] = {
    SessionCreated: session_created,
    SessionPlayerJoined: player_joined,
    GameFinished: game_finished,
    GameReopened: game_reopened,
    SessionFinished: session_finished,
    SessionReopened: session_reopened,
    FriendRequested: friend_requested,
    FriendAccepted: friend_accepted,
    FriendRemoved: nothing_between,
    UserBlocked: nothing_between,
    IdentityLinked: identity_changed,
    IdentityUnlinked: identity_changed,
    UserDeletionAsked: deletion_asked,
    UserDeletionTakenBack: deletion_taken_back,
    UserRegistered: user_told,
    UserUpdated: user_told,
    **leaving.REACTIONS,
    UserExportReady: export_ready,
    UserExportRequested: telling("notification", CHAPTERS),
}
