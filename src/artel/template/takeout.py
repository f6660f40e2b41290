"""What template keeps about somebody, for himself: of links that they were made, not what opens them."""

from typing import Any, Final

from sqlalchemy import Select, select

from artel.kernel.takeout import Rows
from artel.template.tables import favourites, shares, templates, versions


def _templates(user_id: str) -> Select[Any]:
    columns = [column for column in templates.c if column.name != "owner_id"]
    found = select(*columns, shares.c.created_at.label("shared_at"))
    return found.outerjoin(shares, shares.c.template_id == templates.c.id).where(templates.c.owner_id == user_id)


def _versions(user_id: str) -> Select[Any]:
    found = select(versions).join(templates, templates.c.id == versions.c.template_id)
    return found.where(templates.c.owner_id == user_id)


def _favourites(user_id: str) -> Select[Any]:
    return select(favourites.c.template_id).where(favourites.c.user_id == user_id)


CHAPTERS: Final = (
    Rows("templates.json", _templates, [templates.c.id]),
    Rows("versions.json", _versions, [versions.c.template_id, versions.c.version]),
    Rows("favourites.json", _favourites, [favourites.c.template_id]),
)
