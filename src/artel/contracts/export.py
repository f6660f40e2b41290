"""What each service tells auth when somebody wants all that is kept about him, and how it comes to tell it."""

from collections.abc import Sequence
from typing import ClassVar

from artel.contracts.auth import UserExportRequested
from artel.kernel.database import Tx
from artel.kernel.events import Event
from artel.kernel.outbox import emit
from artel.kernel.service import Reaction
from artel.kernel.takeout import Chapter, Piece, page

ASKED = ("auth", "game", "stats", "friends", "template", "notification")
"""An export is whole when the last page of each is there."""


class UserExportPart(Event):
    """A page of what `service` keeps. It is asked for the next one with `after`; None: this was the last."""

    topic: ClassVar[str] = "artel.user.export_part.v1"

    export_id: str
    user_id: str
    service: str
    page: int  # 1, 2, 3 …
    pieces: list[Piece]  # those of one file belong together, over the pages too
    after: str | None = None

    @property
    def subject(self) -> str:
        return self.export_id


def telling(service: str, chapters: Sequence[Chapter]) -> Reaction:
    """Asked again for the same page, it tells it again: the first that comes is kept."""

    def tell(tx: Tx, asked: UserExportRequested) -> None:
        if asked.service == service:
            pieces, after = page(tx, chapters, asked.user_id, asked.after)
            about = {"export_id": asked.export_id, "user_id": asked.user_id, "page": asked.page}
            emit(tx, UserExportPart(**about, service=service, pieces=pieces, after=after))

    return tell
