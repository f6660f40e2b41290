"""Who somebody is: sign-in, tokens, profiles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from httpx2 import AsyncClient

from artel.auth import people
from artel.auth.api import root, router
from artel.auth.api_admin import router as admin_router
from artel.auth.api_leaving import router as leaving_router
from artel.auth.api_linking import router as linking_router
from artel.auth.api_sign_in import router as sign_in_router
from artel.auth.ended import telling
from artel.auth.keys import KeyRing, refresh_secrets
from artel.auth.leaving import deleting
from artel.auth.providers import parties
from artel.auth.reactions import REACTIONS
from artel.auth.signing_in import Own, admins
from artel.auth.tables import metadata
from artel.auth.tokens import TokenMaker
from artel.kernel.background import running
from artel.kernel.service import Context, Service


@asynccontextmanager
async def _open(context: Context) -> AsyncIterator[Own]:
    keys = context.settings.keys
    await context.database.write(people.name_admins, admins(context.settings))
    async with AsyncClient() as http, running(telling(context), "ended"), running(deleting(context), "deleting"):
        maker = TokenMaker(KeyRing(keys), partial(refresh_secrets, keys))
        yield Own(maker, parties(context.settings, http))


for each in (sign_in_router, linking_router, leaving_router, admin_router):
    router.include_router(each)
service = Service("auth", router, metadata, REACTIONS, root=root, open=_open)
