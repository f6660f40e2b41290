"""What `make stack` was told once holds until it is told something else: an update need not say it again."""

import json
import os
import re
import shlex
from contextlib import suppress
from pathlib import Path

FOR_ALL = tuple(
    f"ARTEL_{name}"
    for name in (
        "OTLP_URL", "LOG_LEVEL", "SIGN_IN_BURST", "SIGN_IN_RATE", "EVENT_BURST", "EVENT_RATE", "INBOX_DAYS",
    )
)  # fmt: skip
"""What each service is told as it was said."""
KEPT = FOR_ALL + tuple(
    f"ARTEL_{name}"
    for name in (
        "HOST", "BEHIND", "ADDRESS_RATE", "USER_RATE", "PUBLIC_URL", "ADMINS", "NOTIFY_URL", "LOG_ENVIRONMENT",
        "TELEGRAM_APP", "TELEGRAM_WIDGET", "TELEGRAM_ISSUER", "TELEGRAM_API_URL", "GOOGLE_CLIENT_ID", "GOOGLE_ISSUER",
    )
)  # fmt: skip
"""Not ARTEL_DEV_LOGIN: a door that was opened for a trial at home must not stay open to the network."""


def keep(home: Path) -> None:
    """The environment gets what was told before; what is told now is written down, and an empty word takes one away."""
    file = home / "settings.json"
    told = of_the_shell(home / "env")
    if file.exists():
        kept = json.loads(file.read_text())
    else:
        kept, told = {}, {name: value for name, value in told.items() if is_usual(value, home)}
    given = {name: os.environ[name] for name in KEPT if os.environ.get(name, told.get(name)) != told.get(name)}
    kept = {name: value for name, value in (kept | given).items() if value}
    file.touch(mode=0o600)
    file.write_text(json.dumps(kept, indent=1))
    for name in KEPT:
        os.environ.pop(name, None)
    os.environ.update(kept)


def as_said(*names: str) -> dict[str, object]:
    """An empty word for what nobody says: else a process has what supervisor was told when it began itself."""
    return {name: os.environ.get(name, "") for name in names}


def is_usual(value: str, home: Path) -> bool:
    """Nobody has told it: of a stack of a release before, which kept nothing, all else in its `env` was told."""
    usual = "telegram://" if (home / "telegram.secret").exists() else "console://"
    return value == usual or value.startswith("http://127.0.0.1:")


def of_the_shell(file: Path) -> dict[str, str]:
    """What a shell that has read `env` says without anybody's having told it: some are defaults."""
    with suppress(OSError):
        lines = re.findall(r"^export (ARTEL_\w+)=(.*)$", file.read_text(), re.MULTILINE)
        return {name: shlex.split(value)[0] for name, value in lines if value}
    return {}
