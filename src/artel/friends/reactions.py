from collections.abc import Mapping

from artel.contracts.auth import UserExportRequested, UserRegistered, UserUpdated
from artel.contracts.export import telling
from artel.friends import leaving
from artel.friends.tables import people
from artel.friends.takeout import CHAPTERS
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.gone import who_now
from artel.kernel.service import Reaction
from artel.kernel.sql import put_newest


def keep_name(tx: Tx, user: UserRegistered | UserUpdated) -> None:
    if who_now(tx, [user.user_id]):
        return
    row = {
        "id": user.user_id,
        "display_name": user.display_name,
        "username": user.username,
        "avatar_url": user.avatar_url,
        "version": user.version,
    }
    put_newest(tx, people, row)


REACTIONS: Mapping[type[Event], Reaction] = {
    UserRegistered: keep_name,
    UserUpdated: keep_name,
    **leaving.REACTIONS,
    UserExportRequested: telling("friends", CHAPTERS),
}
