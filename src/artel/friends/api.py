from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from artel.friends import blocks, friendships, groups, requests
from artel.friends.schemas import (
    BlockAsk,
    BlockOut,
    Direction,
    FriendAsk,
    FriendRequestOut,
    FriendsPage,
    GroupChange,
    GroupNew,
    GroupOut,
)
from artel.kernel.caller import CallerDep
from artel.kernel.database import Tx
from artel.kernel.errors import rate_limited
from artel.kernel.http import Id, Page, Paging, PagingDep
from artel.kernel.idempotency import OnceDep
from artel.kernel.service import Context, context_of
from artel.kernel.token import Caller

FriendsDep = Annotated[Context, Depends(context_of("friends"))]
ASKED_AT_ONCE = 100
ASKED_A_SECOND = 0.1
WAITING_SHOWN = 100

router = APIRouter()


async def limited(friends: FriendsDep, caller: CallerDep) -> None:
    wait = await friends.store.allow(f"friends-ask:{caller.user_id}", ASKED_AT_ONCE, ASKED_A_SECOND)
    if wait:
        raise rate_limited(wait)


@router.get("/friends", tags=["friends"])
async def list_friends(friends: FriendsDep, caller: CallerDep, paging: PagingDep) -> FriendsPage:
    """My friends, the newest first, and on every page the requests that wait for an answer."""
    return await friends.database.read(_friends_page, caller, paging)


def _friends_page(tx: Tx, caller: Caller, paging: Paging) -> FriendsPage:
    rows = friendships.friends_of(tx, caller.user_id, paging.limit + 1, paging.moment_and_id())
    page = paging.page(rows, lambda friend: [friend.since.isoformat(), friend.user_id])
    incoming = requests.waiting(tx, caller, "incoming", WAITING_SHOWN)
    outgoing = requests.waiting(tx, caller, "outgoing", WAITING_SHOWN)
    return FriendsPage(items=page.items, next_cursor=page.next_cursor, incoming=incoming, outgoing=outgoing)


@router.get("/friends/requests", tags=["friends"])
async def list_friend_requests(
    friends: FriendsDep, caller: CallerDep, paging: PagingDep, direction: Direction = "incoming"
) -> Page[FriendRequestOut]:
    """Requests that wait for an answer, the newest first."""
    seen = paging.moment_and_id()
    rows = await friends.database.read(requests.waiting, caller, direction, paging.limit + 1, seen)
    return paging.page(rows, lambda request: [request.created_at.isoformat(), request.id])


@router.post(
    "/friends/requests",
    tags=["friends"],
    status_code=201,
    responses={200: {"model": FriendRequestOut, "description": "It was there already, or answers the other's."}},
    dependencies=[Depends(limited)],
)
async def ask_friend(
    friends: FriendsDep, caller: CallerDep, once: OnceDep, body: FriendAsk, response: Response
) -> FriendRequestOut:
    """Asking again gives the same request; asking somebody who has asked me accepts."""
    answer = await once.run(friends.database, requests.ask, caller, body.user_id)
    response.status_code = 201 if answer["new"] else 200
    return FriendRequestOut.model_validate(answer["request"])


@router.post("/friends/requests/{request_id}/accept", tags=["friends"])
async def accept_friend(friends: FriendsDep, caller: CallerDep, request_id: Id) -> FriendRequestOut:
    return await friends.database.write(_answered, requests.accept, caller, request_id)


@router.post("/friends/requests/{request_id}/decline", tags=["friends"])
async def decline_friend(friends: FriendsDep, caller: CallerDep, request_id: Id) -> FriendRequestOut:
    """The asker is not told."""
    return await friends.database.write(_answered, requests.decline, caller, request_id)


def _answered(tx: Tx, answer: Any, caller: Caller, request_id: str) -> FriendRequestOut:
    answer(tx, caller, request_id)
    return requests.shown(tx, caller, request_id)


@router.delete("/friends/{user_id}", tags=["friends"], status_code=204)
async def remove_friend(friends: FriendsDep, caller: CallerDep, user_id: Id) -> Response:
    """Ends a friendship, or takes back my request that waits."""
    await friends.database.write(requests.remove, caller, user_id)
    return Response(status_code=204)


@router.get("/blocks", tags=["friends"])
async def list_blocks(friends: FriendsDep, caller: CallerDep, paging: PagingDep) -> Page[BlockOut]:
    seen = paging.moment_and_id()
    rows = await friends.database.read(blocks.blocked_by, caller.user_id, paging.limit + 1, seen)
    return paging.page(rows, lambda block: [block.since.isoformat(), block.user_id])


@router.post(
    "/blocks",
    tags=["friends"],
    status_code=201,
    responses={200: {"model": BlockOut, "description": "Blocked already."}},
    dependencies=[Depends(limited)],
)
async def block_user(
    friends: FriendsDep, caller: CallerDep, once: OnceDep, body: BlockAsk, response: Response
) -> BlockOut:
    """Ends a friendship and every request between the two."""
    answer = await once.run(friends.database, blocks.block, caller, body.user_id)
    response.status_code = 201 if answer["new"] else 200
    return BlockOut.model_validate(answer["block"])


@router.delete("/blocks/{user_id}", tags=["friends"], status_code=204)
async def unblock_user(friends: FriendsDep, caller: CallerDep, user_id: Id) -> Response:
    await friends.database.write(blocks.unblock, caller, user_id)
    return Response(status_code=204)


@router.get("/groups", tags=["friends"])
async def list_groups(friends: FriendsDep, caller: CallerDep, paging: PagingDep) -> Page[GroupOut]:
    after = paging.key(str)
    rows = await friends.database.read(groups.of_owner, caller.user_id, paging.limit + 1, after[0] if after else None)
    return paging.page(rows, lambda group: [group.id])


@router.post("/groups", tags=["friends"], status_code=201)
async def create_group(friends: FriendsDep, caller: CallerDep, once: OnceDep, body: GroupNew) -> GroupOut:
    """Members are friends of mine; nobody else sees the group."""
    answer = await once.run(friends.database, groups.create, caller.user_id, body.name, body.members)
    return GroupOut.model_validate(answer)


@router.get("/groups/{group_id}", tags=["friends"])
async def get_group(friends: FriendsDep, caller: CallerDep, group_id: Id) -> GroupOut:
    return await friends.database.read(groups.get, caller.user_id, group_id)


@router.patch("/groups/{group_id}", tags=["friends"])
async def rename_group(friends: FriendsDep, caller: CallerDep, group_id: Id, body: GroupChange) -> GroupOut:
    return await friends.database.write(groups.rename, caller.user_id, group_id, body.name)


@router.delete("/groups/{group_id}", tags=["friends"], status_code=204)
async def delete_group(friends: FriendsDep, caller: CallerDep, group_id: Id) -> Response:
    await friends.database.write(groups.delete_group, caller.user_id, group_id)
    return Response(status_code=204)


@router.put("/groups/{group_id}/members/{user_id}", tags=["friends"], status_code=204)
async def put_group_member(friends: FriendsDep, caller: CallerDep, group_id: Id, user_id: Id) -> Response:
    await friends.database.write(groups.put_member, caller.user_id, group_id, user_id)
    return Response(status_code=204)


@router.delete("/groups/{group_id}/members/{user_id}", tags=["friends"], status_code=204)
async def remove_group_member(friends: FriendsDep, caller: CallerDep, group_id: Id, user_id: Id) -> Response:
    await friends.database.write(groups.remove_member, caller.user_id, group_id, user_id)
    return Response(status_code=204)
