"""Who may do what at the table."""

from artel.engine.events import Event, Payment, Presence, Undo
from artel.game.posted import Drawn
from artel.game.sheet import Sheet
from artel.kernel.errors import forbidden


def require_right(sheet: Sheet, user_id: str, event: Event | Drawn) -> None:
    """403 unless this member may post the event."""
    meta = sheet.meta
    if isinstance(event, Undo):
        _require_undo(sheet, user_id, event)
    elif isinstance(event, Payment):
        if user_id not in {meta.organizer_id, meta.users.get(event.creditor)}:
            raise forbidden("That a debt was paid is for who was paid to say, or for the organizer.")
    elif isinstance(event, Presence) and meta.users.get(event.player) == user_id:
        return
    elif not meta.may_score(user_id):
        raise forbidden("You do not keep the score of this session.")


def _require_undo(sheet: Sheet, user_id: str, event: Undo) -> None:
    """The organizer, the author, or any scorer while that game is the last one."""
    meta, play = sheet.meta, sheet.play
    if user_id == meta.organizer_id:
        return
    known = play.version_of(event.target) > 0
    if known and meta.author(sheet.line(event.target)["by"]) == user_id:
        return
    if not meta.may_score(user_id):
        raise forbidden("You do not keep the score of this session.")
    game = play.game_at(event.target)
    if known and (game is None or game is not play.games[-1]):
        raise forbidden("That is for its author or the organizer to take back.")
