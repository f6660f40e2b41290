"""Sessions and games: the log of every evening, who may write it, and who looks on."""

from fastapi import APIRouter

from artel.game import api, api_claims, api_joining, api_sharing, leaving, merging, people, sockets
from artel.game.game import open_game
from artel.game.tables import metadata
from artel.kernel.service import Service

router = APIRouter()
for part in (api_joining, api, api_claims, api_sharing, sockets):
    router.include_router(part.router)

reactions = people.REACTIONS | leaving.REACTIONS | merging.REACTIONS
service = Service("game", router, metadata, reactions, taps=api.taps, open=open_game)
