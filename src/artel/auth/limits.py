"""Who asks from where, how often he may, and what is noted where he is refused."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from artel.auth import audit, people
from artel.auth.audit import Where
from artel.auth.people import Profile, tidy_name
from artel.kernel.caller import CallerDep
from artel.kernel.errors import Problem
from artel.kernel.limits import Limit, address_of, allow, place_of
from artel.kernel.service import Context, context_of

AGENT_LENGTH = 200
"""Which browser it is stands at the end."""
A_MINUTE, SOME = Limit(1, 1 / 60), Limit(10, 1 / 60)

AuthDep = Annotated[Context, Depends(context_of("auth"))]


class Limits(NamedTuple):
    """Of one account, and of one address; None: as often as it may sign in."""

    account: Limit
    address: Limit | None = None


PROVING = Limits(Limit(20, 1 / 30))
"""What asks for a fresh sign-in: each of it is done now and then."""
OTHERS: Mapping[str, Limits] = {
    # The app looks every two seconds; so do all of a company that sits behind one address.
    "/auth/link/{link_id}": Limits(Limit(60, 2), Limit(300, 10)),
    "/users/me/exports/{export_id}/archive": Limits(Limit(10, 1 / 300)),  # all that there is about somebody
    **dict.fromkeys(
        ("/admin/users", "/admin/users/{user_id}/block", "/admin/users/{user_id}/unblock", "/admin/audit"),
        Limits(Limit(60, 1)),
    ),
}
SIGN_INS = Limit(60, 0.1)
"""Of one account: each opening of the app is one. As often each device refreshes."""


def where(request: Request) -> Where:
    agent = tidy_name(request.headers.get("user-agent", ""), "", AGENT_LENGTH)
    return Where(address_of(request.scope)[:45], agent)


def _route(request: Request) -> str:
    """As it is declared: whatever stands in a path, it is one way in."""
    return str(request.scope["route"].path)


async def limited(auth: AuthDep, request: Request) -> None:
    """Each address may try each way in so often: who cannot sign in any more still stays signed in."""
    async with refusals_noted(auth, request):
        await _address_allowed(auth, request)


async def guarded(auth: AuthDep, request: Request, caller: CallerDep) -> AsyncIterator[None]:
    """The same for what somebody does who is signed in, and so often each account; what is refused is noted. The
    account is asked last, and by a token that was checked: nobody uses up what is somebody else's."""
    route = _route(request)
    limits = OTHERS.get(route, PROVING)
    async with refusals_noted(auth, request, caller.user_id):
        await _address_allowed(auth, request, limits.address)
        await allow(auth.store, f"{route}:{caller.user_id}", limits.account)
        yield


async def _address_allowed(auth: Context, request: Request, limit: Limit | None = None) -> None:
    usual = Limit(auth.settings.sign_in_burst, auth.settings.sign_in_rate)
    await allow(auth.store, f"{_route(request)}:{place_of(request.scope)}", limit or usual)


async def account_allowed(auth: Context, profile: Profile) -> None:
    if profile.provider != "dev":
        await allow(auth.store, f"account:{profile.provider}:{profile.subject}", SIGN_INS)


@asynccontextmanager
async def proven_by(auth: Context, profile: Profile) -> AsyncIterator[None]:
    """What is refused to whoever has proven to be this is about his account, if he has one."""
    try:
        yield
    except Problem as problem:
        problem.about = await auth.database.read(people.owner, profile.provider, profile.subject)
        raise


@asynccontextmanager
async def refusals_noted(auth: Context, request: Request, user_id: str | None = None) -> AsyncIterator[None]:
    """Who was not let in, and why; after what he wanted was undone. `user_id`: who asks, where that is known."""
    try:
        yield
    except Problem as problem:
        if problem.status in {401, 403, 429}:
            await note_refusal(auth, request, problem.code, problem.about or user_id)
        raise


async def note_refusal(auth: Context, request: Request, code: str, user_id: str | None = None) -> None:
    """Each is counted. A flood must not become one of rows: who has asked too often is written down once a minute for
    each way in and address, and of what is about nobody ten for each code, and then one a minute."""
    key = f"noted:{code}:{_route(request)}:{place_of(request.scope)}"
    limit = A_MINUTE if code == "rate_limited" else SOME if user_id is None else None
    if limit and await auth.store.allow(key, *limit):
        audit.count("refused", code)
    else:
        await auth.database.write(audit.note, where(request), "refused", code, user_id=user_id)
