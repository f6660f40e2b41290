"""A database and a role for each service on one PostgreSQL server; none can read another's."""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

QUIETLY = "SET client_min_messages = warning;\n"  # not of what is there already
SQL = """\
SELECT 'CREATE ROLE {name} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec
ALTER ROLE {name} PASSWORD '{password}';
SELECT $$CREATE DATABASE {name} OWNER {name}
    TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'$$
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
REVOKE ALL ON DATABASE {name} FROM PUBLIC;
"""

WATCH = """\
SELECT 'CREATE ROLE artel_watch LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'artel_watch') \\gexec
ALTER ROLE artel_watch PASSWORD '{password}';
GRANT pg_monitor TO artel_watch;
"""
"""For who counts, and reads no row."""


def provide(directory: Path, server: str, services: Sequence[str]) -> str:
    """What a superuser's psql has to run, again and again if he likes. `directory` gets a file a service with the
    address that it connects to, secret, as ARTEL_DATABASE_URL_FILE takes it; a file that is there is kept.

    `server` is host:port, with {service} in it where each has a server of its own.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return QUIETLY + "\n".join(
        _provide(directory / f"{service}.url", server.replace("{service}", service), f"artel_{service}")
        for service in services
    )


def _provide(file: Path, server: str, name: str) -> str:
    address = f"postgresql+asyncpg://{name}:{{}}@{server}/{name}"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(address.format(secrets.token_urlsafe(32)), encoding="ascii")
    kept = re.fullmatch(re.escape(address).replace(r"\{\}", r"([\w-]+)"), file.read_text(encoding="ascii"))
    if not kept:
        raise FileExistsError(f"{file} is of another server; take it away first")
    return SQL.format(name=name, password=kept[1])
