"""A role for each service: it owns its database and cannot look into another's."""

import asyncio
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from artel.compose import SERVICES
from artel.databases import WATCH, provide
from artel.kernel.database import open_database
from artel.kernel.events import new_id
from artel.kernel.migrations import check, migrate
from servers import look_for_postgres

Psql = Callable[[str], None]


@pytest.fixture
def psql(postgres_url: str) -> Psql:
    """A superuser's."""
    server = look_for_postgres()
    program = shutil.which("psql") or (server and server.parent / "psql")
    url = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)

    def run(sql: str) -> None:
        command = [str(program), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url]
        done = subprocess.run(command, check=False, input=sql, text=True, capture_output=True)
        assert (done.returncode, done.stderr) == (0, "")

    return run


@pytest.fixture
def services(psql: Psql) -> Iterator[list[str]]:
    """Names that nobody else has on this server; gone afterwards."""
    run = new_id().replace("-", "")
    names = [f"{run}_{service}" for service in SERVICES]
    yield names
    for name in names:
        psql(f"DROP DATABASE IF EXISTS artel_{name} WITH (FORCE);\nDROP ROLE IF EXISTS artel_{name};")


def address(postgres_url: str) -> str:
    url = make_url(postgres_url)
    return f"{url.host}:{url.port or 5432}"


async def test_each_service_has_its_own_and_sees_no_other(
    postgres_url: str, psql: Psql, services: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "databases"
    watch = WATCH.replace("artel_watch", f"artel_{services[0]}")  # a role that is taken away afterwards
    for _ in range(2):  # to repeat it changes nothing, and says nothing
        psql(provide(folder, address(postgres_url), services) + watch.format(password="secret"))
    psql(provide(folder, address(postgres_url), services))
    urls = {}
    for name, service in zip(services, SERVICES, strict=True):
        file = folder / f"{name}.url"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        urls[service] = file.read_text()
        await asyncio.to_thread(migrate, service, urls[service])
        await asyncio.to_thread(check, service, urls[service])
        database = open_database(urls[service])
        await database.ready()
        await database.close()
    url = make_url(urls["stats"])
    for name in services:
        if name.endswith("_stats"):
            continue
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(
                host=url.host, port=url.port, user=url.username, password=url.password, database=f"artel_{name}"
            )


def test_passwords_are_kept_and_their_own(tmp_path: Path) -> None:
    first = provide(tmp_path, "127.0.0.1:5432", SERVICES)
    assert provide(tmp_path, "127.0.0.1:5432", SERVICES) == first
    provide(tmp_path / "each", "{service}-db:5432", SERVICES)
    passwords = {make_url((tmp_path / f"{name}.url").read_text()).password for name in SERVICES}
    assert len(passwords) == len(SERVICES)
    assert all(password and len(password) >= 32 and password in first for password in passwords)
    hosts = [make_url((tmp_path / "each" / f"{name}.url").read_text()).host for name in SERVICES]
    assert hosts == [f"{name}-db" for name in SERVICES]
    with pytest.raises(FileExistsError, match="another server"):
        provide(tmp_path, "192.0.2.1:5432", SERVICES)
