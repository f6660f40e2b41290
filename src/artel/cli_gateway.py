"""The command `artel gateway`."""

import argparse
import re
from pathlib import Path

from artel.cli_kit import BUILT_WEB, NAMES, CommandError, service, settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    gateway = commands.add_parser("gateway", help="write nginx's configuration into a folder")
    gateway.add_argument("directory", type=Path, help="it gets nginx.conf, and later nginx's own files")
    gateway.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="default: %(default)s")
    gateway.add_argument("--web", type=Path, default=BUILT_WEB, help="the built web app")
    form, about = "NAME=HOST:PORT[,HOST:PORT]", "where a service answers, each of its processes; once for every service"
    gateway.add_argument("--upstream", action="append", type=_upstream, default=[], metavar=form, help=about)
    rate = "requests a second of a user, of reading and of writing each; default: %(default)s"
    gateway.add_argument("--user-rate", type=_rate, default=30, metavar="N", help=rate)
    gateway.add_argument("--address-rate", type=_rate, default=200, metavar="N", help="of an address: %(default)s")
    gateway.add_argument("--run-dir", type=Path, metavar="DIRECTORY", help="for nginx's own files, instead of the same")
    gateway.add_argument("--access-log", type=Path, metavar="FILE", help="instead of access.log beside them")
    resolver = "of names: one --upstream NAME=HOST:PORT a service, and HOST is looked up again every second"
    gateway.add_argument("--resolver", default="", metavar="ADDRESS", help=resolver)
    gateway.add_argument("--metrics", default="", metavar="HOST:PORT", help="where /metrics is, for Prometheus alone")
    traced = "of a hundred requests so many traces are told to ARTEL_OTLP_URL; default: %(default)s"
    gateway.add_argument("--traced", type=_percent, default=1, metavar="N", help=traced)
    behind = "proxies in front that are believed where somebody asks from (X-Forwarded-For); default: nobody is"
    gateway.add_argument("--behind", default="", metavar="NETWORK[,NETWORK]", help=behind)
    gateway.set_defaults(run=_gateway)


def _rate(text: str) -> int:
    """Of 0 nginx has none."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _percent(text: str) -> float:
    """In hundredths, the finest parts that nginx knows."""
    try:
        number = round(float(text), 2)
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 100")
    return number


def _upstream(text: str) -> tuple[str, list[str]]:
    name, _, addresses = text.partition("=")
    found = addresses.split(",")
    if not all(re.fullmatch(r"(\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}", address) for address in found):
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=HOST:PORT")
    return service(name), found


def _gateway(arguments: argparse.Namespace) -> int:
    from artel.gateway import Place, write

    upstreams = dict(arguments.upstream)
    if missing := [name for name in NAMES if name not in upstreams]:
        raise CommandError(f"--upstream is missing for {', '.join(missing)}")
    directory = arguments.directory.resolve()
    given = settings()
    if arguments.resolver and any(len(addresses) > 1 for addresses in upstreams.values()):
        raise CommandError("--resolver: all processes of a service have one name there")
    place = Place(
        listen=arguments.listen,
        upstreams=upstreams,
        jwks=given.keys.resolve() / "jwks.json",
        web=arguments.web.resolve(),
        run=(arguments.run_dir or directory).absolute(),
        etc=directory,
        access_log=arguments.access_log,
        resolver=arguments.resolver,
        collector=given.otlp_url,
        traced=arguments.traced,
        metrics=arguments.metrics,
        user_rate=arguments.user_rate,
        address_rate=arguments.address_rate,
        behind=arguments.behind,
    )
    try:
        write(directory, place)
    except ValueError as error:
        raise CommandError(str(error)) from error
    print(f"nginx -c {directory / 'nginx.conf'}")
    return 0
