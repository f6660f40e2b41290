"""Where letters go: the port, and the adapter that only says what would be told."""

from typing import Final, Literal, NamedTuple, Protocol

import structlog

log = structlog.get_logger()
Outcome = Literal["sent", "closed", "refused", "limited", "token_refused", "failed"]
"""closed: nobody hears in this chat; refused: not this letter, ever; limited: not now, nor anything else;
token_refused: the bot is none; failed: nobody knows, and it may be tried again."""


class Answer(NamedTuple):
    """`seconds`: what is limited waits so long. `why` has nothing secret in it."""

    outcome: Outcome
    why: str = ""
    seconds: float = 0


SENT: Final = Answer("sent")


class Channel(Protocol):
    async def send(self, chat: int, text: str) -> Answer:
        """Whatever goes wrong is an answer, too."""


class Console:
    """In a line of the log."""

    async def send(self, chat: int, text: str) -> Answer:  # noqa: ARG002 a line is for whoever reads the log
        log.info("a message in Telegram would say", service="notification", what=" · ".join(text.split("\n")))
        return SENT
