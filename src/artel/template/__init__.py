"""Rule sets worth keeping: presets, one's own, and what friends gave."""

from artel.contracts.auth import UserExportRequested
from artel.contracts.export import telling
from artel.kernel.service import Service
from artel.template.api import router
from artel.template.reactions import REACTIONS
from artel.template.tables import metadata
from artel.template.takeout import CHAPTERS

service = Service("template", router, metadata, {**REACTIONS, UserExportRequested: telling("template", CHAPTERS)})
