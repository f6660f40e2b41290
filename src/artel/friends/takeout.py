"""What friends keeps about somebody, for himself. Who has blocked him is not his to know, nor who has declined him."""

from typing import Any, Final

from sqlalchemy import Select, and_, case, or_, select

from artel.friends.tables import blocks, friendships, groups, members, people, requests
from artel.kernel.takeout import Rows

NAME = people.c.display_name.label("name")


def _friends(user_id: str) -> Select[Any]:
    found = select(friendships.c.other_id, NAME, friendships.c.since)
    return found.outerjoin(people, people.c.id == friendships.c.other_id).where(friendships.c.user_id == user_id)


def _requests(user_id: str) -> Select[Any]:
    sent = requests.c.asker_id == user_id
    other_id = case((sent, requests.c.other_id), else_=requests.c.asker_id)
    columns = (requests.c.id, requests.c.state, requests.c.created_at, other_id.label("other_id"), NAME)
    direction = case((sent, "sent"), else_="received").label("direction")
    told = or_(requests.c.other_id == user_id, and_(sent, requests.c.state != "declined"))
    return select(*columns, direction).outerjoin(people, people.c.id == other_id).where(told)


def _blocks(user_id: str) -> Select[Any]:
    found = select(blocks.c.other_id, NAME, blocks.c.since)
    return found.outerjoin(people, people.c.id == blocks.c.other_id).where(blocks.c.user_id == user_id)


def _groups(user_id: str) -> Select[Any]:
    return select(groups.c.id, groups.c.name, groups.c.created_at).where(groups.c.owner_id == user_id)


def _members(user_id: str) -> Select[Any]:
    found = select(members.c.group_id, groups.c.name.label("group"), members.c.user_id.label("user_id"), NAME)
    found = found.join(groups, groups.c.id == members.c.group_id)
    return found.outerjoin(people, people.c.id == members.c.user_id).where(groups.c.owner_id == user_id)


CHAPTERS: Final = (
    Rows("friends.json", _friends, [friendships.c.other_id]),
    Rows("requests.json", _requests, [requests.c.id]),
    Rows("blocks.json", _blocks, [blocks.c.other_id]),
    Rows("groups.json", _groups, [groups.c.id]),
    Rows("group_members.json", _members, [members.c.group_id, members.c.user_id]),
)
