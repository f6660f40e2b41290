"""The gateway's configuration, made from the routes that the services have: one list for it and for the one process.

nginx does what it can by itself; `gate.lua` checks the token before a request costs anybody anything.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from artel.compose import PREFIX, SERVICES, compose, load
from artel.kernel.body import BODY_LIMIT
from artel.kernel.caller import signed_in
from artel.kernel.ecs import ECS_VERSION
from artel.kernel.redact import FORMS
from artel.kernel.settings import Settings
from artel.kernel.token import AUDIENCE, ISSUER, SKEW_SECONDS

HERE = Path(__file__).parent
KEPT = "keepalive 128; keepalive_requests 10000;"
"""Connections of a worker to a service: with fewer than taps are under way at once, some are opened for one request."""
EVENTS = PREFIX + "/sessions/{session_id}/events"
IN_PATH = re.compile(r"{\w+}")


class Text(Template):
    """nginx has dollars of its own."""

    delimiter = "%%"


@dataclass(frozen=True)
class Way:
    """A route as the gateway sees it. `method` is WS for a live socket; `is_open`: needs no token."""

    service: str
    method: str
    path: str
    is_open: bool


@dataclass(frozen=True)
class Place:
    """Where a gateway runs, and for how many: addresses as host:port, folders absolute, rates in requests a second.

    With a `resolver` each service is one name, looked up while it runs: what is behind it may come and go.
    """

    listen: str
    upstreams: Mapping[str, Sequence[str]]
    jwks: Path
    web: Path
    run: Path  # what nginx writes
    etc: Path | None = None  # where this configuration will be read; None: in `run`
    access_log: Path | None = None  # None: in `run`
    resolver: str = ""
    metrics: str = ""  # where /metrics is; empty: nowhere
    user_rate: int = 30  # of reading, and of writing; three times as many at once
    address_rate: int = 200  # twice as many at once
    collector: str = ""  # where traces are told, over OTLP: http://host:port
    traced: float = 1  # of a hundred requests
    behind: str = ""  # networks of proxies, with commas, that are believed where somebody asks from
    tries: int = 500  # tokens never seen before, of an address in ten seconds
    live: int = 500  # sockets of an address
    modules: Path = Path("/usr/lib/nginx/modules")
    lua: Path = Path("/usr/share/lua/5.1")


def ways() -> list[Way]:
    return [way for name in SERVICES for way in _ways(name)]


def _ways(name: str) -> Iterator[Way]:
    service = load(name)
    for prefix, router in ((PREFIX, service.taps), (PREFIX, service.router), ("", service.root)):
        for context in iter_route_contexts(router.routes) if router else ():
            route: Any = context.original_route
            if not getattr(route, "include_in_schema", True):
                continue  # the gateway's own to ask
            for method in sorted(getattr(route, "methods", None) or ["WS"]):
                yield Way(name, method, f"{prefix}{context.path}", signed_in not in set(_calls(route.dependant)))


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)


def service_map(known: Sequence[Way]) -> dict[str, str]:
    """Whose a path is, by its first word behind the prefix. ValueError if two services have the same word."""
    owners: dict[str, str] = {}
    for way in known:
        word = "/".join(way.path.split("/")[: 4 if way.path.startswith(PREFIX) else 2])
        if owners.setdefault(word, way.service) != way.service:
            raise ValueError(f"{word} is a way into {owners[word]} and into {way.service}")
    return owners


def _by_path(owners: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Game's first: nginx tries one after the other, and most of all is asked for there."""
    for path, name in sorted(owners.items(), key=lambda owner: (owner[1] != "game", owner)):
        yield f"~^{re.escape(path)}(/|$)", name


def write(directory: Path, place: Place) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in configuration(place).items():
        (directory / name).write_text(text, encoding="utf-8")


def configuration(place: Place) -> dict[str, str]:
    """File name → text."""
    known = ways()
    document = compose(SERVICES, Settings()).openapi()
    told = {
        "listen": place.listen,
        "metrics": place.metrics,
        "run": place.run,
        "etc": place.etc or place.run,
        "access_log": place.access_log or place.run / "access.log",
        "modules": place.modules,
        "lua": place.lua,
        "web": place.web,
        "body_limit": BODY_LIMIT,
        "user_rate": place.user_rate,
        "user_burst": 3 * place.user_rate,
        "address_rate": place.address_rate,
        "address_burst": 2 * place.address_rate,
        "live": place.live,
        "behind": _behind(place),
        "upstreams": "\n".join(_upstreams(place)),
        "places": '; places = require "places"' if place.resolver else "",
        "looking": "; places.start()" if place.resolver else "",
        "services": _map(_by_path(service_map(known))),
        "open": _map(
            (f"~^{way.method} {_pattern(way.path)}$", "1") for way in known if way.is_open and way.method != "WS"
        ),
        "sockets": "|".join(_pattern(way.path) for way in known if way.method == "WS"),
        "tap": _pattern(EVENTS),
        "prefix": PREFIX,
        "kept": {0.0: "* 00;", 100.0: "* 01;"}.get(place.traced, f"{place.traced:g}% 01; * 00;"),
        "tracing": '; trace = require "trace"' if place.collector else "",
        "trace": "; trace.log()" if place.collector else "",
        "ready": "\n".join(f"        {name} = true," for name in SERVICES),
        "ecs": ECS_VERSION,
        "version": version("artel"),
        "forms": "\n".join(f"    {_in_perl(form)}," for form in FORMS),
    }
    gate = {"jwks": place.jwks, "issuer": ISSUER, "audience": AUDIENCE, "skew": SKEW_SECONDS, "tries": place.tries}
    return {
        "openapi.json": json.dumps(document, ensure_ascii=False),
        "security.conf": (HERE / "security.conf").read_text(),
        "api.conf": Text((HERE / "api.conf").read_text()).substitute(told),
        "metrics.conf": Text((HERE / "metrics.conf").read_text() if place.metrics else "").substitute(told),
        "figures.lua": (HERE / "figures.lua").read_text(),
        "words.pl": Text((HERE / "words.pl").read_text()).substitute(told),
        "nginx.conf": Text((HERE / "nginx.conf").read_text()).substitute(told),
        "gate.lua": Text((HERE / "gate.lua").read_text()).substitute(gate),
        "revoked.lua": Text((HERE / "revoked.lua").read_text()).substitute(places=", ".join(_asked(place))),
        **({"places.lua": Text((HERE / "places.lua").read_text()).substitute(_names(place))} if place.resolver else {}),
        **(
            {"trace.lua": Text((HERE / "trace.lua").read_text()).substitute(_collector(place))}
            if place.collector
            else {}
        ),
    }


def _behind(place: Place) -> str:
    """Of what such a proxy was told it believes the last address that is no such proxy's: what it saw itself.

    ValueError for what is no network.
    """
    if not place.behind:
        return ""
    believed = "".join(f"    set_real_ip_from {_network(text)};\n" for text in place.behind.split(","))
    return f"{believed}    real_ip_header X-Forwarded-For;\n    real_ip_recursive on;"


def _network(text: str) -> str:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        why = "" if "does not appear" in str(error) else f" ({error})"
        raise ValueError(f"{text.strip()!r} is no network, as 172.18.0.0/16, and no address{why}") from None
    if not network.prefixlen:
        raise ValueError(f"{network} is everybody: then everybody would say for himself where he is")
    if "%" in str(network):
        raise ValueError(f"{text.strip()!r} has a zone, and nginx knows none")
    return str(network)


def _asked(place: Place) -> Iterator[str]:
    """Where auth says which sign-ins have ended."""
    for address in place.upstreams["auth"]:
        host, _, port = address.rpartition(":")
        yield f'{{"{host}", {port}}}'


def _collector(place: Place) -> dict[str, Any]:
    """ValueError where the gate would not find it."""
    url = urlsplit(place.collector)
    host = url.hostname or ""
    is_address = re.fullmatch(r"[\d.]+|[0-9a-f:]*:[0-9a-f:]*", host)
    if url.scheme != "http" or not (is_address or place.resolver):
        raise ValueError(f"{place.collector}: the gate speaks http, to an address or, with a resolver, to a name")
    path = url.path.rstrip("/") + "/v1/traces"
    return {"host": f"[{host}]" if ":" in host else host, "port": url.port or 4318, "path": path}


def _upstreams(place: Place) -> Iterator[str]:
    if place.resolver:
        yield f"    resolver {place.resolver} valid=1s ipv6=off;"
        yield from map(_named, SERVICES)
    else:
        yield from (_upstream(name, place.upstreams[name]) for name in SERVICES)


def _named(name: str) -> str:
    """Some server has to be written here; it is never asked."""
    choice = f'balancer_by_lua_block {{ places.choose("{name}") }}'
    return f"    upstream {name} {{\n        server 0.0.0.1;\n        {choice}\n        {KEPT}\n    }}"


def _names(place: Place) -> dict[str, Any]:
    host, _, port = place.resolver.partition(":")
    where = {name: place.upstreams[name][0].rpartition(":") for name in SERVICES}
    names = (f'    {service} = {{"{name}", {port}}},' for service, (name, _, port) in where.items())
    return {"host": host, "port": port or 53, "names": "\n".join(names)}


def _upstream(name: str, addresses: Sequence[str]) -> str:
    servers = "".join(f"        server {address} max_fails=2 fail_timeout=2s;\n" for address in addresses)
    # One table is at one process as long as it lives: two that write by turns would fence each other at every tap.
    way = "        hash $artel_table consistent;\n" if name == "game" else ""
    return f"    upstream {name} {{\n{way}{servers}        {KEPT}\n    }}"


def _map(lines: Any) -> str:
    return "\n".join(f'        "{pattern}" {value};' for pattern, value in lines)


def _in_perl(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _pattern(path: str) -> str:
    return "[^/]+".join(map(re.escape, IN_PATH.split(path)))
