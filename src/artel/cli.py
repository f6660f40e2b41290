"""The command `artel`. Heavy imports wait until a command needs them, so that `replay` starts at once."""

import argparse
import fcntl
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from artel import cli_looking
from artel.cli_kit import NAMES, require_a_voice, require_a_way_in
from artel.cli_kit import CommandError as _Refused
from artel.cli_kit import service as _service
from artel.cli_kit import settings as _settings

if TYPE_CHECKING:
    from artel.kernel.settings import Settings

BUILT_WEB = Path(__file__).parents[2] / "web" / "dist"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (_Refused, OSError) as refusal:  # the system's words name the file, or the server that does not answer
        print(f"artel: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before there was anything to close
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="artel",
        description="Keeps the score, the order and the money of an evening of Russian billiards.",
        epilog="Settings are environment variables that begin with ARTEL_; docs/operations.md lists them.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="everything in one process, on SQLite files: the newcomer's command")
    run.set_defaults(run=_run)

    serve = commands.add_parser("serve", help="one service, or several, as production does")
    serve.add_argument("names", nargs="+", type=_service, metavar="NAME", help=", ".join(NAMES))
    serve.set_defaults(run=_serve)

    migrate = commands.add_parser("migrate", help="bring the databases of services to the newest tables")
    migrate.add_argument("names", nargs="*", type=_service, metavar="NAME", help="all, when none is named")
    migrate.set_defaults(run=_migrate)

    databases = commands.add_parser(
        "databases",
        help="a role and a database for each service on one PostgreSQL",
        description="Prints what a superuser's psql has to run, and writes a file NAME.url for each service into "
        "DIRECTORY: ARTEL_DATABASE_URL_FILE names it to that service. To repeat it changes nothing.",
    )
    databases.add_argument("directory", type=Path, help="for the addresses with their passwords")
    databases.add_argument("--server", default="127.0.0.1:5432", metavar="HOST:PORT", help="default: %(default)s")
    databases.set_defaults(run=_databases)

    secrets = commands.add_parser(
        "secrets",
        help="every secret of an installation of containers, as files",
        description="Writes what is not there yet into DIRECTORY, which its owner alone may enter: passwords, the "
        "addresses that hold them, and the signing keys. After `artel keys rotate` it publishes the new key.",
    )
    secrets.add_argument("directory", type=Path)
    secrets.set_defaults(run=_secrets)

    keys = commands.add_parser("keys", help="the keys that sign access tokens, and what seals refresh tokens")
    keys.add_argument(
        "action",
        choices=["rotate", "reseal"],
        help="a new one signs in a minute, or seals at once; the last one stays good",
    )
    keys.set_defaults(run=_keys)

    restored = commands.add_parser("restored", help="say that a backup was put back: phones fetch everything anew")
    restored.set_defaults(run=_restored)

    cli_looking.add(commands)

    gateway = commands.add_parser("gateway", help="write nginx's configuration into a folder")
    gateway.add_argument("directory", type=Path, help="it gets nginx.conf, and later nginx's own files")
    gateway.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT", help="default: %(default)s")
    gateway.add_argument("--web", type=Path, default=BUILT_WEB, help="the built web app")
    form, about = "NAME=HOST:PORT[,HOST:PORT]", "where a service answers, each of its processes; once for every service"
    gateway.add_argument("--upstream", action="append", type=_upstream, default=[], metavar=form, help=about)
    rate = "requests a second of a user, of reading and of writing each; default: %(default)s"
    gateway.add_argument("--user-rate", type=int, default=30, metavar="N", help=rate)
    gateway.add_argument("--address-rate", type=int, default=200, metavar="N", help="of an address: %(default)s")
    gateway.add_argument("--run-dir", type=Path, metavar="DIRECTORY", help="for nginx's own files, instead of the same")
    gateway.add_argument("--access-log", type=Path, metavar="FILE", help="instead of access.log beside them")
    resolver = "of names: one --upstream NAME=HOST:PORT a service, and HOST is looked up again every second"
    gateway.add_argument("--resolver", default="", metavar="ADDRESS", help=resolver)
    gateway.add_argument("--metrics", default="", metavar="HOST:PORT", help="where /metrics is, for Prometheus alone")
    traced = "of a hundred requests so many traces are told to ARTEL_OTLP_URL; default: %(default)s"
    gateway.add_argument("--traced", type=_percent, default=1, metavar="N", help=traced)
    gateway.set_defaults(run=_gateway)

    replay = commands.add_parser(
        "replay",
        help="settle a dispute: read sessions as JSON lines, print what they give",
        description="Reads JSON Lines, one case a line, and prints one result a case in the same order. "
        "Exit status: 0 all well, 1 some case breaks a rule (its line says which), 2 a file cannot be read.",
    )
    replay.add_argument("files", nargs="+", metavar="FILE", help="a file of cases, or - for standard input")
    replay.set_defaults(run=_replay)
    return parser


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
    return _service(name), found


def _replay(arguments: argparse.Namespace) -> int:
    from artel.cli_replay import replay

    return replay(arguments.files)


def _run(_: argparse.Namespace) -> int:
    from artel.auth.keys import ensure_key
    from artel.serving import ports, serve

    web = {} if "ARTEL_WEB_DIR" in os.environ or not BUILT_WEB.is_dir() else {"web_dir": BUILT_WEB}
    settings = _settings(**web)
    require_a_way_in(settings)
    require_a_voice(settings)
    with ports(settings) as listening, _alone(settings):
        ensure_key(settings.keys)
        _migrate_all(settings, NAMES)
        print(f"Artel is open at http://{settings.host}:{settings.port} (Ctrl-C closes it)", flush=True)
        return serve(listening, settings, NAMES, grace=1, quiet=sys.stderr.isatty(), gateway="")  # closed within 3 s


def _serve(arguments: argparse.Namespace) -> int:
    import asyncio

    from artel.auth.keys import KeyRing, refresh_secrets
    from artel.kernel.logs import configure_logs
    from artel.serving import end_at_once, ports, serve, wait

    settings = _settings()
    if "auth" in arguments.names:  # told now and in a sentence, not by a service that fails to start
        KeyRing(settings.keys)
        refresh_secrets(settings.keys)
        require_a_way_in(settings)
    if "notification" in arguments.names:
        require_a_voice(settings)
    with ports(settings) as listening:
        configure_logs(settings, arguments.names)
        asyncio.run(wait(settings, arguments.names))
        # Nothing is open yet. The first process of a container is deaf to a signal that nobody handles.
        signal.signal(signal.SIGTERM, end_at_once)
        return serve(listening, settings, arguments.names, grace=10)


@contextmanager
def _alone(settings: "Settings") -> Iterator[None]:
    """Two processes on the same SQLite files would each tell only its own phones what happens."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        lock = (settings.data_dir / "lock").open("a")
    except OSError as error:
        raise _Refused(
            f"{settings.data_dir} cannot be written to ({error.strerror}); ARTEL_DATA_DIR chooses another folder"
        ) from None
    with lock:
        if settings.database("game").startswith("sqlite"):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _Refused(
                    f"another Artel has the files in {settings.data_dir}; ARTEL_DATA_DIR chooses another folder"
                ) from None
        yield


def _migrate(arguments: argparse.Namespace) -> int:
    _migrate_all(_settings(), arguments.names or NAMES)
    return 0


def _migrate_all(settings: "Settings", names: Sequence[str]) -> None:
    from sqlalchemy.exc import DBAPIError

    from artel.kernel.migrations import migrate
    from artel.kernel.outage import is_outage, sqlstate

    if len({settings.database(name) for name in names}) < len(names):
        raise _Refused("ARTEL_DATABASE_URL: each service has a database of its own; {service} stands for its name")
    for name in names:
        try:
            migrate(name, settings.database(name))
        except (OSError, DBAPIError) as error:
            if isinstance(error, DBAPIError) and not is_outage(error) and sqlstate(error)[:2] not in {"28", "3D"}:
                raise  # neither away, nor closed to us, nor not there: a bug
            why = getattr(error, "orig", error)
            raise _Refused(f"the database of {name} cannot be had ({why}); see {settings.databases_named}") from None


def _databases(arguments: argparse.Namespace) -> int:
    from artel.databases import provide

    print(provide(arguments.directory, arguments.server, NAMES))
    return 0


def _secrets(arguments: argparse.Namespace) -> int:
    from artel.secret_files import BOT, write_secrets

    directory = arguments.directory.resolve()
    write_secrets(directory, NAMES)
    print(f"all secrets are in {directory}; nobody but its owner may enter")
    if not (directory / BOT).exists():
        print(f"{BOT} is missing there: the bot's token, as BotFather gave it; without it nothing starts")
    return 0


def _keys(arguments: argparse.Namespace) -> int:
    from artel.auth.keys import ensure_key, reseal, rotate

    directory = _settings().keys
    if arguments.action == "reseal":
        reseal(directory)
        print("refresh tokens are sealed with a new secret from now on; those of the one before stay good")
        return 0
    kid = rotate(directory)
    ensure_key(directory)
    print(f"{kid} is published in {directory / 'jwks.json'}, and signs in a minute; nothing has to be restarted")
    return 0


def _gateway(arguments: argparse.Namespace) -> int:
    from artel.gateway import Place, write

    upstreams = dict(arguments.upstream)
    if missing := [name for name in NAMES if name not in upstreams]:
        raise _Refused(f"--upstream is missing for {', '.join(missing)}")
    directory = arguments.directory.resolve()
    settings = _settings()
    if arguments.resolver and any(len(addresses) > 1 for addresses in upstreams.values()):
        raise _Refused("--resolver: all processes of a service have one name there")
    place = Place(
        listen=arguments.listen,
        upstreams=upstreams,
        jwks=settings.keys.resolve() / "jwks.json",
        web=arguments.web.resolve(),
        run=(arguments.run_dir or directory).absolute(),
        etc=directory,
        access_log=arguments.access_log,
        resolver=arguments.resolver,
        collector=settings.otlp_url,
        traced=arguments.traced,
        metrics=arguments.metrics,
        user_rate=arguments.user_rate,
        address_rate=arguments.address_rate,
    )
    try:
        write(directory, place)
    except ValueError as error:
        raise _Refused(str(error)) from error
    print(f"nginx -c {directory / 'nginx.conf'}")
    return 0


def _restored(_: argparse.Namespace) -> int:
    import asyncio

    from artel.game.restored import restored

    settings = _settings()
    _migrate_all(settings, ["game"])
    print(f"epoch {asyncio.run(restored(settings.database('game')))} begins: phones fetch everything anew")
    return 0


if __name__ == "__main__":
    sys.exit(main())
