"""What happened that concerns one: an inbox fed by the events of the others, each kind of which can be switched off."""

from artel.kernel.service import Service
from artel.notification.api import router
from artel.notification.reactions import REACTIONS
from artel.notification.tables import metadata

service = Service("notification", router, metadata, REACTIONS)
