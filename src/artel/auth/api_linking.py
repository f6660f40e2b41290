"""By what somebody signs in: see it, add to it, take away from it."""

from fastapi import APIRouter, Depends, Request, Response

from artel.auth import asking, linking, people, trips
from artel.auth.api_sign_in import give_cookie, party
from artel.auth.limits import AuthDep, guarded, limited, where
from artel.auth.oidc import NotProven
from artel.auth.schemas import (
    ConsentIn,
    ConsentOut,
    IdentityOut,
    LinkBegun,
    LinkOpened,
    LinkOut,
    LinkStart,
    Merge,
    Provider,
    Refusal,
    Ticket,
    UserOut,
)
from artel.auth.signing_in import user_out
from artel.kernel.caller import CallerDep
from artel.kernel.errors import unavailable
from artel.kernel.idempotency import OnceDep

router = APIRouter(prefix="/auth", tags=["auth"])


@router.get("/identities")
async def identities(auth: AuthDep, caller: CallerDep) -> list[IdentityOut]:
    rows = await auth.database.read(linking.identities_of, caller.user_id)
    return [IdentityOut(provider=row.provider, label=row.label, linked_at=row.created_at) for row in rows]


@router.delete("/identities/{provider}", status_code=204, dependencies=[Depends(guarded)])
async def unlink(auth: AuthDep, request: Request, caller: CallerDep, provider: Provider) -> Response:
    """403 `sign_in_again` where one signed in more than 15 minutes ago; 409 `last_identity`."""
    await auth.database.write(linking.unlink, where(request), caller.user_id, caller.sid, provider)
    return Response(status_code=204)


@router.post("/link/start", status_code=201, dependencies=[Depends(guarded)])
async def start_link(auth: AuthDep, caller: CallerDep, once: OnceDep, body: LinkStart) -> LinkBegun:
    """`url` is a page for any browser, once, within ten minutes; it shows `match_code` too. 403 `sign_in_again`
    where one signed in more than 15 minutes ago."""
    party(auth, body.provider)
    name = await auth.database.read(linking.may_link, caller.user_id, caller.sid)
    link = await linking.begin(auth.store, caller, name, body.provider)
    # Whoever asks again is told of the first link, which stands by then; of this one nobody ever hears. Its ticket is
    # in the store alone, for it opens the page.
    kept = await once.run(auth.database, lambda _: {"link_id": link.id, "match_code": link.match_code})
    ticket = await linking.ticket_of(auth.store, kept["link_id"])
    url = f"{auth.settings.public}{linking.PAGE}#{ticket}"
    begun = {name: kept[name] for name in ("link_id", "match_code")}
    return LinkBegun(**begun, url=url, expires_in=linking.LINK_SECONDS)


@router.post("/link/open", dependencies=[Depends(limited)])
async def open_link(auth: AuthDep, request: Request, response: Response, body: Ticket) -> LinkOpened:
    """For the page: whose account it is, and where to prove the other one. Once."""
    link = await linking.open_page(auth.store, body.ticket)
    try:
        departure = await trips.depart(auth.store, party(auth, link.provider), link_id=link.id)
    except NotProven as refusal:
        await linking.fail(auth.store, link.id, refusal.code)
        raise unavailable(f"{link.provider} does not answer; make a new link later.") from refusal
    give_cookie(request, auth.settings, response, departure)
    return LinkOpened(provider=link.provider, name=link.name, match_code=link.match_code, url=departure.address)


@router.get("/link/{link_id}", dependencies=[Depends(guarded)])
async def look_at_link(auth: AuthDep, caller: CallerDep, link_id: str) -> LinkOut:
    """What has become of it; for ten minutes after it last changed."""
    link = await linking.of(auth.store, caller.user_id, link_id)
    other = await auth.database.read(linking.other, link) if link.state in {"taken", "agreed"} else None
    return LinkOut(provider=link.provider, state=link.state, code=link.code, other=other)


@router.post("/link/consent", dependencies=[Depends(limited)])
async def consent(auth: AuthDep, body: ConsentIn) -> ConsentOut:
    """For the page of whoever has proven an account that is `taken`: which one becomes which, and whether he agrees."""
    link = await linking.asked(auth.store, body.consent)
    other = await auth.database.read(linking.other, link)
    if body.agreed:
        await linking.agree(auth.store, link)
    return ConsentOut(name=link.name, other=other or "", agreed=body.agreed or link.state == "agreed")


@router.post("/link/refuse", status_code=204, dependencies=[Depends(limited)])
async def refuse_link(auth: AuthDep, body: Refusal) -> Response:
    """For the page: whoever is asked there says no, and the app hears of it as `failed`, `refused`."""
    link = await linking.refuse(auth.store, body.word)
    await auth.database.write(asking.refuse, link.id)
    return Response(status_code=204)


@router.post("/merge", dependencies=[Depends(guarded)])
async def merge(auth: AuthDep, request: Request, caller: CallerDep, body: Merge) -> UserOut:
    """By a link that is `agreed`: what the other account has becomes the caller's, who has proven that it is his too.
    403 `sign_in_again`, `blocked`; 409 `users_met`, `admin_stays`, `deletion_asked`, `merging`; 503 where game does not
    answer whether they met: nothing has been changed then."""
    link = await linking.of(auth.store, caller.user_id, body.link_id)
    merge_id = await auth.database.write(linking.merge, where(request), caller.sid, link)
    if merge_id:
        still = await linking.pending(auth.store, link.id)
        if still is None or still.state == "failed":  # somebody has said no since it was looked at
            await auth.database.write(asking.refuse, link.id)
        await asking.outcome(auth.database, merge_id)
    await linking.become_linked(auth.store, link)
    return user_out(await auth.database.read(people.get, caller.user_id))
