"""Who is calling, for routes that FastAPI calls."""

from typing import Annotated

from fastapi import Depends, Request

from artel.kernel.token import Caller, Verifier


async def signed_in(request: Request) -> Caller:  # not in a thread: the verifier is the loop's own
    verifier: Verifier = request.app.state.verifier
    caller = verifier.caller(request.headers.get("authorization", ""))
    request.state.user_id = caller.user_id
    return caller


CallerDep = Annotated[Caller, Depends(signed_in)]
