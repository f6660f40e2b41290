"""Who somebody is: sign-in, tokens, profiles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from artel.auth import people
from artel.auth.api import admins, root, router
from artel.auth.api_admin import router as admin_router
from artel.auth.ended import telling
from artel.auth.keys import KeyRing, refresh_secrets
from artel.auth.tables import metadata
from artel.auth.tokens import TokenMaker
from artel.kernel.background import running
from artel.kernel.service import Context, Service


@asynccontextmanager
async def _open(context: Context) -> AsyncIterator[TokenMaker]:
    keys = context.settings.keys
    await context.database.write(people.name_admins, admins(context.settings))
    async with running(telling(context), "ended"):
        yield TokenMaker(KeyRing(keys), partial(refresh_secrets, keys))


router.include_router(admin_router)
service = Service("auth", router, metadata, root=root, open=_open)
