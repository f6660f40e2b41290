"""Commands that look at an installation, and those that write documents from the code."""

import argparse
import json
from pathlib import Path

from artel.cli_kit import NAMES, CommandError, service, settings, with_tables


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _add_looking(commands)
    _add_documents(commands)


def _add_looking(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What looks at a running installation."""
    doctor = commands.add_parser(
        "doctor",
        help="is a running installation well?",
        description="Looks at all that the settings name, and prints a line for each thing: ok, or what is wrong and "
        "what to do. Exit status: 0 all is well, 1 something is not.",
    )
    doctor.add_argument("names", nargs="*", type=service, metavar="SERVICE", help="all, when none is named")
    doctor.add_argument("--url", metavar="URL", help="where the gateway answers, if not at ARTEL_PUBLIC_URL")
    doctor.add_argument("--json", action="store_true", help="each thing as one JSON object a line")
    doctor.set_defaults(run=_doctor)

    verify = commands.add_parser(
        "verify",
        help="compare all that services keep with a replay of the logs",
        description="Replays the log of every session and prints a line for each row, in any service, that is not what "
        "follows from the logs. It only reads, and may be run while people play. First it says what waits to be "
        "published or read; rows that may differ by that alone are counted and not told. Exit status: 0 all agree, 1 "
        "something differs, 3 nothing does, but something waits, so that not all could be compared.",
    )
    patience = "seconds to wait for what is still under way before it is called a difference; default: %(default)s"
    verify.add_argument("--patience", type=float, default=10, metavar="SECONDS", help=patience)
    verify.add_argument("--json", action="store_true", help="each difference as one JSON object a line")
    verify.set_defaults(run=_verify)

    dead = commands.add_parser(
        "dead-letters",
        help="events that were set aside after too many tries",
        description="What a service could not take in, and what could not be published. `replay` gives each back to "
        "the service that did not take it, where it has its effect once; `drop` forgets it for ever.",
    )
    dead.add_argument("action", choices=["list", "show", "replay", "drop"])
    dead.add_argument("names", nargs="*", type=service, metavar="SERVICE", help="all, when none is named")
    dead.add_argument("--id", action="append", default=[], metavar="EVENT", help="only this one; may be repeated")
    dead.set_defaults(run=_dead_letters)


def _add_documents(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What is written from the code."""
    openapi = commands.add_parser("openapi", help="print the OpenAPI document of all services")
    openapi.set_defaults(run=_openapi)

    schemas = commands.add_parser("schemas", help="write the JSON schema of every published event")
    schemas.add_argument("directory", type=Path)
    schemas.set_defaults(run=_schemas)

    told = commands.add_parser("settings", help="print the table of settings, or write it into a document")
    told.add_argument("document", nargs="?", type=Path, help="docs/operations.md: what is between its two marks")
    told.set_defaults(run=_told_settings)


def _doctor(arguments: argparse.Namespace) -> int:
    import asyncio

    from artel.doctor import tell

    names = arguments.names or NAMES
    url = arguments.url.rstrip("/") if arguments.url else None
    return asyncio.run(tell(settings(), names, url, as_json=arguments.json))


def _verify(arguments: argparse.Namespace) -> int:
    import asyncio

    from artel.verify.told import tell

    return asyncio.run(tell(with_tables(), arguments.patience, as_json=arguments.json))


def _dead_letters(arguments: argparse.Namespace) -> int:
    import asyncio

    from artel.dead_letters import tell

    if arguments.action == "drop" and not (arguments.names or arguments.id):
        raise CommandError("drop: a service, or --id, says which")
    given = with_tables(arguments.names or NAMES)
    return asyncio.run(tell(given, arguments.action, arguments.names or NAMES, arguments.id))


def _openapi(_: argparse.Namespace) -> int:
    from artel.compose import compose

    document = compose(NAMES, settings()).openapi()
    print(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True))
    return 0


def _told_settings(arguments: argparse.Namespace) -> int:
    from artel.settings_table import table, write

    if arguments.document is None:
        print(table(), end="")
        return 0
    try:
        write(arguments.document)
    except ValueError as error:
        raise CommandError(f"{arguments.document} has {error}") from None
    return 0


def _schemas(arguments: argparse.Namespace) -> int:
    from artel.contracts import published

    arguments.directory.mkdir(parents=True, exist_ok=True)
    for event in published():
        text = json.dumps(event.model_json_schema(mode="serialization"), indent=2, ensure_ascii=False, sort_keys=True)
        (arguments.directory / f"{event.topic}.json").write_text(text + "\n", encoding="utf-8")
    return 0
