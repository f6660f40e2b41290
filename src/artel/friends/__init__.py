"""Who plays with whom: friendships, blocks and the groups one sorts one's friends into."""

from artel.friends.api import router
from artel.friends.reactions import REACTIONS
from artel.friends.tables import metadata
from artel.kernel.service import Service

service = Service("friends", router, metadata, REACTIONS)
