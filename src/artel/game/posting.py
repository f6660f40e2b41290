"""What a route does with posted events: the caller's limit, the session in memory, the log."""

from collections.abc import Sequence
from functools import partial

from artel.game.deps import possible
from artel.game.game import Game
from artel.game.posted import Posted
from artel.kernel.errors import rate_limited
from artel.kernel.tap import Found, Ready, Soon


def post(game: Game, session_id: str, user_id: str, asked: Sequence[Posted]) -> Found:
    """429 beyond the limit, which each event counts for; 404 for what is no id."""
    settings = game.context.settings
    burst = settings.event_burst
    wait = game.limits.allow_now(user_id, burst, settings.event_rate, min(len(asked), burst))
    if wait:
        raise rate_limited(wait)
    answer = game.owners.post_now(session_id, user_id, asked)
    if answer is None:
        return _posted(game, session_id, user_id, asked)
    ready = Ready(answer.status, answer.body)
    if answer.batch is None:
        return ready
    return Soon(ready, answer.batch.then, partial(_posted, game, session_id, user_id, asked))


async def _posted(game: Game, session_id: str, user_id: str, asked: Sequence[Posted]) -> Ready:
    answer = await game.owners.post(possible(session_id), user_id, asked)
    return Ready(answer.status, answer.body)
