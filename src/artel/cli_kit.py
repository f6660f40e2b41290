"""What all commands share: names of services, settings, and sentences for whoever typed the command."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artel.kernel.settings import Settings

NAMES = ("auth", "game", "stats", "friends", "template", "notification")
BUILT_WEB = Path(__file__).parents[2] / "web" / "dist"


class CommandError(Exception):
    """A sentence for whoever typed the command."""


def service(name: str) -> str:
    """`choices` of argparse would refuse an empty list, which means all."""
    if name not in NAMES:
        raise argparse.ArgumentTypeError(f"no service is called {name!r}: there are {', '.join(NAMES)}")
    return name


def settings(**given: object) -> "Settings":
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from artel.kernel.settings import Settings

    try:
        return Settings(**given)  # type: ignore[arg-type]  # values as the environment would give them
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        sentence = first["msg"].removeprefix("Value error, ")
        raise CommandError(f"ARTEL_{name.upper()}: {sentence}" if name else sentence) from None
    except SettingsError as error:
        raise CommandError(f"a secret's file cannot be read: {error.__cause__}") from None


def with_tables(names: Sequence[str] = NAMES) -> "Settings":
    """Settings by which every database can be had, with the tables of this program."""
    from sqlalchemy.exc import DBAPIError

    from artel.kernel.migrations import require_tables

    given = settings()
    for name in names:
        try:
            require_tables(name, given.database(name))
        except (OSError, DBAPIError) as error:
            why = getattr(error, "orig", error)
            raise CommandError(f"the database of {name} cannot be read ({why}); see {given.databases_named}") from None
    return given


def require_a_voice(given: "Settings") -> None:
    """The bot that is to speak can."""
    from artel.notification.telegram import address

    try:
        if given.notify_url == "telegram://":
            address(given)
    except ValueError as error:
        raise CommandError(str(error)) from None


def require_a_way_in(given: "Settings") -> None:
    """A bot's token, or its number alone, which is enough to know whom Telegram has let in."""
    token = given.telegram_bot_token
    if given.env != "production" or (given.telegram_bot_id and token is None):
        return
    if not (token and re.fullmatch(r"\d+:[\w-]{30,}", token.get_secret_value())):
        raise CommandError("ARTEL_TELEGRAM_BOT_TOKEN is missing, or is no token of a bot: nobody could sign in")
