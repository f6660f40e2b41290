"""A start that leaves it to the queue who plays."""

from typing import Any

from artel.engine.events import Event, parse_event
from artel.engine.refusal import Refusal, refuse
from artel.game.posted import Drawn
from artel.game.sheet import Sheet


def drawn_start(sheet: Sheet, drawn: Drawn) -> tuple[Event, dict[str, Any]]:
    """What `next` shows, as a start; the order is written into it, so that a replay never draws again."""
    play = sheet.play
    if play.state == "finished":
        refuse("session_finished", "the session is over")
    if play.running:
        refuse("game_in_progress", "a game starts between games only")
    draw = sheet.next()
    if draw is None:
        _refuse_any_start(sheet, drawn.id)
        refuse("invalid_event", "nothing is drawn: say who plays")
    value = {"id": drawn.id, "type": "start", **draw, "breaker": drawn.breaker or draw["breaker"]}
    return parse_event(value), value


def _refuse_any_start(sheet: Sheet, event_id: str) -> None:
    """With match_over, if that is why nothing is drawn: tried out, because only the engine knows."""
    play = sheet.play
    people = [player for player in play.players if play.is_in(player)][:2]
    lineup = {"order": people} if play.rules.game == "kolkhoz" else {"sides": [[player] for player in people]}
    if len(people) < 2:
        return
    mark = play.mark()
    try:
        play.apply(parse_event({"id": event_id, "type": "start", **lineup}))
    except Refusal as refusal:
        if refusal.code == "match_over":
            raise
    finally:
        play.restore(mark)
