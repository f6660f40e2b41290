"""Rule sets worth keeping: presets, one's own, and what friends gave."""

from artel.kernel.service import Service
from artel.template.api import router
from artel.template.reactions import REACTIONS
from artel.template.tables import metadata

service = Service("template", router, metadata, REACTIONS)
