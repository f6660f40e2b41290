"""Is a running installation well? Each thing that was looked at is a line: ok, or what is wrong and what to do."""

import json
from collections.abc import AsyncIterator, Sequence

from artel.compose import load
from artel.doctor import broker, databases, surroundings
from artel.doctor.finding import Finding
from artel.kernel.settings import Settings


async def examine(settings: Settings, services: Sequence[str], url: str | None = None) -> AsyncIterator[Finding]:
    """`url` is where the gateway is looked for, if not at the public address."""
    addresses = {service: settings.database(service) for service in services}
    if len(set(addresses.values())) < len(addresses):
        words = "it names one for several services: `{service}` in it stands for the name of each"
        yield Finding(settings.databases_named, words)
        addresses = {}
    for service, address in addresses.items():
        others = [other for name, other in addresses.items() if name != service]
        for finding in await databases.examine(service, address, others, settings.databases_named):
            yield finding
    for finding in await _broker(settings, services):
        yield finding
    surrounding = [
        *await surroundings.store(settings),
        *surroundings.keys(settings),
        *surroundings.disk(settings),
        *await surroundings.public(settings, url),
        *await surroundings.telegram(settings),
        *await surroundings.bot(settings),
    ]
    for finding in surrounding:
        yield finding


async def _broker(settings: Settings, services: Sequence[str]) -> list[Finding]:
    if settings.bus_url.startswith("memory://"):
        return []
    followed = {service: [event.topic for event in load(service).reactions] for service in services}
    return await broker.examine(settings.bus_url, {service: topics for service, topics in followed.items() if topics})


async def tell(settings: Settings, services: Sequence[str], url: str | None, *, as_json: bool) -> int:
    """What `artel doctor` prints; its exit status."""
    wrong = 0
    async for finding in examine(settings, services, url):
        told = {"what": finding.what, "ok": not finding.wrong, "wrong": finding.wrong}
        print(json.dumps(told, ensure_ascii=False) if as_json else finding, flush=True)  # noqa: T201 a command's words
        wrong += bool(finding.wrong)
    return int(wrong > 0)
