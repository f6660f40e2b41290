"""The command `artel`. Heavy imports wait until a command needs them, so that `replay` starts at once."""

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from artel import cli_gateway, cli_looking
from artel.cli_kit import BUILT_WEB, NAMES, require_a_voice, require_a_way_in
from artel.cli_kit import CommandError as _Refused
from artel.cli_kit import service as _service
from artel.cli_kit import settings as _settings

if TYPE_CHECKING:
    from artel.kernel.settings import Settings


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
    cli_gateway.add(commands)

    replay = commands.add_parser(
        "replay",
        help="settle a dispute: read sessions as JSON lines, print what they give",
        description="Reads JSON Lines, one case a line, and prints one result a case in the same order. "
        "Exit status: 0 all well, 1 some case breaks a rule (its line says which), 2 a file cannot be read.",
    )
    replay.add_argument("files", nargs="+", metavar="FILE", help="a file of cases, or - for standard input")
    replay.set_defaults(run=_replay)
    return parser


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


def _restored(_: argparse.Namespace) -> int:
    import asyncio

    from artel.game.restored import InUseError, restored

    settings = _settings()
    with _alone(settings) if settings.database("game").startswith("sqlite") else nullcontext():
        _migrate_all(settings, ["game"])
        try:
            epoch = asyncio.run(restored(settings.database("game")))
        except InUseError as error:
            raise _Refused(f"somebody has the database of game open ({error}): stop what runs first") from None
    print(f"epoch {epoch} begins: phones fetch everything anew")
    return 0


if __name__ == "__main__":
    sys.exit(main())
