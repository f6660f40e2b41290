"""Figures, ratings and history: what the events of play add up to."""

from artel.contracts.game import GameStarted
from artel.kernel.service import Service
from artel.stats.api import router
from artel.stats.reactions import REACTIONS
from artel.stats.tables import metadata

service = Service("stats", router, metadata, REACTIONS, dropped=[GameStarted])
