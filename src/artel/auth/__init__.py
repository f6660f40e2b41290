"""Who somebody is: sign-in, tokens, profiles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from artel.auth.api import root, router
from artel.auth.ended import telling
from artel.auth.keys import KeyRing, refresh_secrets
from artel.auth.tables import metadata
from artel.auth.tokens import TokenMaker
from artel.kernel.background import running
from artel.kernel.service import Context, Service


@asynccontextmanager
async def _open(context: Context) -> AsyncIterator[TokenMaker]:
    keys = context.settings.keys
    async with running(telling(context), "ended"):
        yield TokenMaker(KeyRing(keys), partial(refresh_secrets, keys))


service = Service("auth", router, metadata, root=root, open=_open)
