"""What `artel verify` prints."""

from collections import Counter

from artel.kernel.settings import Settings
from artel.verify import opened, verify, waits


async def tell(settings: Settings, patience: float, *, as_json: bool) -> int:
    """The exit status: 1 where something differs, else 3 where something waits, so that not all could be compared.

    What waits is looked at first of all, and again before something is called a difference: what was young at the
    first look is no longer, and may still wait."""
    late, passed, count = set[str](), Counter[str](), 0

    async def look() -> None:
        async with opened(settings) as databases:
            waiting = await waits.look(databases, settings.bus_url, patience)
        for wait in [wait for wait in waiting if not late.issuperset(wait.late)]:
            _say(wait.as_json() if as_json else wait)
            late.update(wait.late)

    await look()
    async for difference in verify(settings, patience, look):
        if waits.explained(difference, late):
            passed[difference.service] += 1
            continue
        _say(difference.as_json() if as_json else difference)
        count += 1
    if not as_json:
        _say(_summary(count, passed, waits=bool(late)))
    return 1 if count else 3 if late else 0


def _say(words: object) -> None:
    print(words, flush=True)  # noqa: T201 a command's own words


def _summary(count: int, passed: Counter[str], *, waits: bool) -> str:
    said = f"{count} differences" if count else "all else agrees" if waits else "all agree"
    behind = ", ".join(f"{rows} rows of {service}" for service, rows in sorted(passed.items()))
    return f"{said}; {behind} may change when that arrives: look again then" if behind else said
