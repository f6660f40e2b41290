"""Who somebody is: sign-in, tokens, profiles."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from httpx2 import AsyncClient

from artel.auth import asking, exports, people, reactions
from artel.auth.api import root, router
from artel.auth.api_admin import router as admin_router
from artel.auth.api_leaving import router as leaving_router
from artel.auth.api_linking import router as linking_router
from artel.auth.api_rights import router as rights_router
from artel.auth.api_sign_in import pages
from artel.auth.api_sign_in import router as sign_in_router
from artel.auth.ended import telling
from artel.auth.exports import tidying
from artel.auth.keys import KeyRing, refresh_secrets
from artel.auth.leaving import deleting
from artel.auth.providers import parties
from artel.auth.signing_in import Own, admins
from artel.auth.tables import metadata
from artel.auth.tokens import TokenMaker
from artel.contracts.game import GameFinished
from artel.kernel.background import running
from artel.kernel.service import Context, Service


@asynccontextmanager
async def _open(context: Context) -> AsyncIterator[Own]:
    keys = context.settings.keys
    await context.database.write(people.name_admins, admins(context.settings))
    work = {"ended": telling, "deleting": deleting, "exports": tidying}
    async with AsyncExitStack() as stack:
        for name, task in work.items():
            await stack.enter_async_context(running(task(context), name))
        http = await stack.enter_async_context(AsyncClient())
        maker = TokenMaker(KeyRing(keys), partial(refresh_secrets, keys))
        yield Own(maker, parties(context.settings, http))


for each in (sign_in_router, pages, linking_router, rights_router, leaving_router, admin_router):
    router.include_router(each)
reacting = {**reactions.REACTIONS, **exports.REACTIONS, **asking.REACTIONS}
service = Service("auth", router, metadata, reacting, dropped=[GameFinished], root=root, open=_open)
