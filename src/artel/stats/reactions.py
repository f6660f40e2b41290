from collections.abc import Container, Mapping

from sqlalchemy import and_, bindparam, delete, select, update

from artel.contracts.auth import UserExportRequested, UserRegistered, UserUpdated
from artel.contracts.export import telling
from artel.contracts.friends import (
    FriendAccepted,
    FriendEvent,
    FriendRemoved,
    GroupChanged,
    UserBlocked,
    UserUnblocked,
)
from artel.contracts.game import (
    NAMELESS,
    GameFinished,
    GameReopened,
    GuestClaimed,
    GuestEvent,
    GuestUnclaimed,
    SessionCreated,
    SessionEvent,
    SessionFinished,
    SessionPlayerJoined,
    SessionReopened,
)
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.gone import as_now, who_now
from artel.kernel.service import Reaction
from artel.kernel.sql import insert_all, put_new, put_newest
from artel.stats import leaving
from artel.stats.games import Users, put_result, recognise, take_back
from artel.stats.tables import (
    blocks,
    claims,
    endings,
    friendships,
    groups,
    members,
    people,
    privacies,
    session_players,
    sessions,
)
from artel.stats.takeout import CHAPTERS

Players = dict[str, tuple[str | None, str]]  # by id: which user he is, if he is one, and his name

PLAYERS = select(session_players).where(session_players.c.session_id == bindparam("session"))
CLAIMS = select(claims).where(claims.c.session_id == bindparam("session"))


def keep_name(tx: Tx, user: UserRegistered | UserUpdated) -> None:
    if not who_now(tx, [user.user_id]):
        put_newest(tx, people, {"id": user.user_id, "display_name": user.display_name, "version": user.version})


def keep_profile(tx: Tx, user: UserUpdated) -> None:
    """A change that says nothing of privacy, even a later one, leaves what was said of it."""
    keep_name(tx, user)
    if user.privacy and not who_now(tx, [user.user_id]):
        row = {"user_id": user.user_id, "version": user.version, **user.privacy.model_dump()}
        put_newest(tx, privacies, row)


def keep_friendship(tx: Tx, event: FriendEvent) -> None:
    low, high = sorted((event.user_id, event.other_id))
    friends = isinstance(event, FriendAccepted)
    put_newest(tx, friendships, {"low_id": low, "high_id": high, "version": event.version, "friends": friends})


def keep_block(tx: Tx, event: UserBlocked | UserUnblocked) -> None:
    blocked = isinstance(event, UserBlocked)
    row = {"user_id": event.user_id, "other_id": event.other_id, "version": event.version, "blocked": blocked}
    put_newest(tx, blocks, row)
    if blocked:
        keep_friendship(tx, event)


def keep_group(tx: Tx, event: GroupChanged) -> None:
    row = {"id": event.group_id, "owner_id": event.owner_id, "version": event.version, "deleted": event.deleted}
    if put_newest(tx, groups, row):
        tx.execute(delete(members).where(members.c.group_id == event.group_id))
        insert_all(tx, members, [{"group_id": event.group_id, "user_id": user_id} for user_id in event.members])


def keep_session(tx: Tx, event: SessionEvent) -> None:
    keep_players(tx, event)


def keep_players(tx: Tx, event: SessionEvent) -> Users:
    """Who the session's players are by now. One transaction at a time for a session, so that its lines and its
    players go together: its row stays locked."""
    gone = who_now(tx, {player.user_id for player in event.players if player.user_id})
    row = {
        "id": event.session_id,
        "version": event.session_version,
        "at": event.at,
        "name": event.session_name,
        "kind": event.kind,
        "currency": event.currency,
    }
    newest = put_newest(tx, sessions, row, "version", "at")
    known = {row.player_id: (row.user_id, row.name) for row in tx.execute(PLAYERS, {"session": event.session_id})}
    players = {player.id: (player.user_id, player.name) for player in event.players} if newest else known
    # Most events of an evening bring nobody new; claims, and who is gone, are in what is known.
    if players != known:
        players = _as_now(tx, event, _as_claimed(tx, event.session_id, players))
        if players != known:
            _put_players(tx, event, players, gone)
    return {player_id: user_id for player_id, (user_id, _) in players.items()}


def _as_claimed(tx: Tx, session_id: str, players: Players) -> Players:
    claimed = {row.player_id: row.user_id for row in tx.execute(CLAIMS, {"session": session_id})}
    return {player_id: (claimed.get(player_id, user_id), name) for player_id, (user_id, name) in players.items()}


def _as_now(tx: Tx, event: SessionEvent, players: Players) -> Players:
    """Without those who are no more. What the seat of somebody deleted is called comes once it is nobody's."""
    gone = who_now(tx, {user_id for user_id, _ in players.values() if user_id})
    users = as_now({player_id: user_id for player_id, (user_id, _) in players.items()}, gone)
    nameless = {player.id for player in event.players if player.user_id and gone.get(player.user_id, "") is None}
    return {
        player_id: (users[player_id], NAMELESS if player_id in nameless else name)
        for player_id, (_, name) in players.items()
    }


def _put_players(tx: Tx, event: SessionEvent, players: Players, gone: Container[str]) -> None:
    tx.execute(delete(session_players).where(session_players.c.session_id == event.session_id))
    rows = [
        {"session_id": event.session_id, "player_id": player_id, "user_id": user_id, "name": name}
        for player_id, (user_id, name) in players.items()
    ]
    insert_all(tx, session_players, rows)
    # In one order for all, so that no two transactions wait for each other's new rows.
    for user_id, name in sorted((player.user_id, player.name) for player in event.players if player.user_id):
        if user_id not in gone:
            put_new(tx, people, {"id": user_id, "display_name": name, "version": 0})
    recognise(tx, event.session_id, event.kind)


def keep_claim(tx: Tx, event: GuestEvent) -> None:
    """From now on the claims say who this player is, whatever a list of players says that was made before."""
    user_id = event.user_id if isinstance(event, GuestClaimed) else None
    row = {"session_id": event.session_id, "player_id": event.player_id, "user_id": user_id}
    newest = put_newest(tx, claims, {**row, "version": event.claim_version})
    keep_session(tx, event)
    if newest:
        there = tx.execute(PLAYERS, {"session": event.session_id}).all()
        users = {row.player_id: row.user_id for row in there} | {event.player_id: user_id}
        user_id = as_now(users, who_now(tx, [user_id] if user_id else []))[event.player_id]
        here = and_(session_players.c.session_id == event.session_id, session_players.c.player_id == event.player_id)
        tx.execute(update(session_players).where(here).values(user_id=user_id))
        recognise(tx, event.session_id, event.kind)


def game_finished(tx: Tx, event: GameFinished) -> None:
    put_result(tx, event, keep_players(tx, event))


def game_reopened(tx: Tx, event: GameReopened) -> None:
    keep_session(tx, event)
    take_back(tx, event)


def session_finished(tx: Tx, event: SessionFinished | SessionReopened) -> None:
    keep_session(tx, event)
    finished = isinstance(event, SessionFinished)
    balances = event.balances if isinstance(event, SessionFinished) else {}
    row = {"session_id": event.session_id, "version": event.session_version, "finished": finished}
    put_newest(tx, endings, {**row, "balances": balances})


REACTIONS: Mapping[type[Event], Reaction] = {
    UserRegistered: keep_name,
    UserUpdated: keep_profile,
    UserExportRequested: telling("stats", CHAPTERS),
    FriendAccepted: keep_friendship,
    FriendRemoved: keep_friendship,
    UserBlocked: keep_block,
    UserUnblocked: keep_block,
    GroupChanged: keep_group,
    SessionCreated: keep_session,
    SessionPlayerJoined: keep_session,
    GuestClaimed: keep_claim,
    GuestUnclaimed: keep_claim,
    GameFinished: game_finished,
    GameReopened: game_reopened,
    SessionFinished: session_finished,
    SessionReopened: session_finished,
    **leaving.REACTIONS,
}
