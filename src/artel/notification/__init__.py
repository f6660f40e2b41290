"""What happened that concerns one: an inbox fed by the events of the others, each kind of which can be switched off;
and letters about one's own account, which whoever got into it must not be able to keep from its owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from httpx2 import AsyncClient

from artel.kernel.background import running
from artel.kernel.service import Context, Service
from artel.kernel.settings import Settings
from artel.notification import meters
from artel.notification.api import router
from artel.notification.channel import Channel, Console
from artel.notification.post import Post
from artel.notification.reactions import REACTIONS
from artel.notification.tables import metadata
from artel.notification.telegram import Telegram, address
from artel.notification.texts import Door


@asynccontextmanager
async def _open(context: Context) -> AsyncIterator[Post]:
    context.looks.append(meters.look)
    door = Door(context.settings.public, context.settings.telegram_app)
    async with _channel(context.settings) as channel:
        post = Post(context.database, context.store, channel, door)
        async with running(post.run(), "letters"):
            yield post


@asynccontextmanager
async def _channel(settings: Settings) -> AsyncIterator[Channel]:
    if settings.notify_url == "console://":
        yield Console()
        return
    async with AsyncClient() as http:
        yield Telegram(http, address(settings))


service = Service("notification", router, metadata, REACTIONS, open=_open)
