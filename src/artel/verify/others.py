"""Groups, which stats learns of from friends; and the newest version of a template beside the row that shows it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select

from artel.friends.tables import groups, members
from artel.kernel.database import Database, Tx
from artel.stats.tables import groups as stats_groups
from artel.stats.tables import members as stats_members
from artel.template.tables import templates, versions
from artel.verify.difference import Difference, compare
from artel.verify.pages import pages, rows_of

Row = Mapping[str, Any]


class Groups:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._friends, self._stats = databases["friends"], databases["stats"]

    async def keys(self) -> AsyncIterator[Sequence[str]]:
        for database, table in ((self._friends, groups), (self._stats, stats_groups)):
            async for page in pages(database, table.c.id):
                yield page

    async def look(self, ids: Sequence[str]) -> list[Difference]:
        known = await self._friends.read(rows_of(groups, groups.c.id), ids)
        inside = await self._friends.read(rows_of(members, members.c.group_id), ids)
        heard = await self._stats.read(rows_of(stats_groups, stats_groups.c.id), ids)
        heard_inside = await self._stats.read(rows_of(stats_members, stats_members.c.group_id), ids)
        alive = [row for row in heard if not row["deleted"]]
        expected = [{key: row[key] for key in ("id", "owner_id", "version")} for row in known]
        told = compare("stats", "groups", {"id": "group"}, alive, expected)
        return told + compare("stats", "members", {"group_id": "group", "user_id": "user"}, heard_inside, inside)


class Templates:
    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._database = databases["template"]

    async def keys(self) -> AsyncIterator[Sequence[str]]:
        async for page in pages(self._database, templates.c.id):
            yield page

    async def look(self, ids: Sequence[str]) -> list[Difference]:
        return await self._database.read(_templates, ids)


def _templates(tx: Tx, ids: Sequence[str]) -> list[Difference]:
    shown = select(templates.c.id, templates.c.version, templates.c.name, templates.c.rules)
    found = [dict(row) for row in tx.execute(shown.where(templates.c.id.in_(ids))).mappings()]
    newer = versions.alias()
    later = and_(newer.c.template_id == versions.c.template_id, newer.c.version > versions.c.version)
    columns = (versions.c.template_id.label("id"), versions.c.version, versions.c.name, versions.c.rules)
    newest = select(*columns).outerjoin(newer, later).where(newer.c.version.is_(None), versions.c.template_id.in_(ids))
    expected = [dict(row) for row in tx.execute(newest).mappings()]
    return compare("template", "templates", {"id": "template"}, found, expected)
