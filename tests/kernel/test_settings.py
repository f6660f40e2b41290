"""Settings: the environment, files for secrets, and what production refuses."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from artel.kernel.migrations import migrate
from artel.kernel.settings import Settings

PRODUCTION = {
    "ARTEL_ENV": "production",
    "ARTEL_DATABASE_URL": "postgresql+asyncpg://artel:nobody-guesses-this@db/{service}",
    "ARTEL_PUBLIC_URL": "https://artel.example",
    "ARTEL_KEYS_DIR": "/keys",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ARTEL_")]:
        monkeypatch.delenv(name)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_a_newcomer_needs_none() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.admin, settings.env) == ("127.0.0.1", 8080, 8081, "local")
    assert settings.database("game") == "sqlite+aiosqlite:///var/game.db"
    assert settings.keys == Path("var/keys")
    assert settings.public == "http://127.0.0.1:8080"
    assert settings.dev_login_allowed


def test_each_service_has_a_database_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, ARTEL_DATABASE_URL="postgresql+asyncpg://artel@db/artel_{service}")
    assert settings.database("auth") == "postgresql+asyncpg://artel@db/artel_auth"


def test_a_data_folder_may_have_any_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%20é"
    settings = given(monkeypatch, ARTEL_DATA_DIR=str(folder))
    migrate("template", settings.database("template"))
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert (folder / "template.db").exists()


def test_a_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("123:тайна \n", encoding="utf-8")
    settings = given(monkeypatch, ARTEL_TELEGRAM_BOT_TOKEN_FILE=str(secret))
    assert settings.telegram_bot_token is not None
    assert settings.telegram_bot_token.get_secret_value() == "123:тайна "
    assert "тайна" not in repr(settings)


def test_any_setting_may_come_from_a_file_but_the_variable_itself_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    port.write_text("9000")
    assert given(monkeypatch, ARTEL_PORT_FILE=str(port)).port == 9000
    assert given(monkeypatch, ARTEL_PORT="9001").port == 9001


def test_a_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="bus_url"):
        given(monkeypatch, ARTEL_BUS_URL_FILE=str(tmp_path / "none"))


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, ARTEL_PORT="", ARTEL_DATA_DIR="", ARTEL_DEV_LOGIN="")
    assert (settings.port, settings.data_dir, settings.dev_login) == (8080, Path("var"), None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARTEL_PORT", "x"),
        ("ARTEL_PORT", "70000"),
        ("ARTEL_ENV", "test"),
        ("ARTEL_DATABASE_URL", "mysql://db/{service}"),
        ("ARTEL_DATABASE_URL", "postgresql://db/{service}"),
        ("ARTEL_BUS_URL", "kafka://bus"),
        ("ARTEL_STORE_URL", "nonsense"),
        ("ARTEL_WEB_DIR", "/there/is/none"),
        ("ARTEL_SIGN_IN_RATE", "0"),
    ],
)
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        given(monkeypatch, **{name: value})


@pytest.mark.parametrize(
    ("host", "dev_login", "allowed"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("0.0.0.0", None, False),  # noqa: S104 it is what is tested
        ("192.168.0.7", None, False),
        ("0.0.0.0", "1", True),  # noqa: S104
        ("127.0.0.1", "0", False),
    ],
)
def test_sign_in_by_a_name_alone_is_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, host: str, dev_login: str | None, *, allowed: bool
) -> None:
    variables = {"ARTEL_HOST": host} | ({} if dev_login is None else {"ARTEL_DEV_LOGIN": dev_login})
    assert given(monkeypatch, **variables).dev_login_allowed is allowed


def test_production_with_all_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, **PRODUCTION)
    assert not settings.dev_login_allowed
    assert settings.public == "https://artel.example"


@pytest.mark.parametrize("missing", sorted(PRODUCTION.keys() - {"ARTEL_ENV"}))
def test_production_has_no_default_for_what_matters(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    with pytest.raises(ValidationError, match=f"{missing} is missing"):
        given(monkeypatch, **{name: value for name, value in PRODUCTION.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ARTEL_DATABASE_URL", "postgresql+asyncpg://artel@db/{service}"),
        ("ARTEL_DATABASE_URL", "postgresql+asyncpg://artel:postgres@db/{service}"),
        ("ARTEL_BUS_URL", "amqp://guest:guest@rabbitmq:5672/"),
        ("ARTEL_STORE_URL", "redis://redis:6379/0"),
        ("ARTEL_STORE_URL", "redis://:secret@redis:6379/0"),
    ],
)
def test_production_refuses_passwords_that_everybody_knows(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    given(monkeypatch, **{name: address})  # on one's own machine they are well
    with pytest.raises(ValidationError, match=f"{name}: its password is missing or easily guessed") as refused:
        given(monkeypatch, **{**PRODUCTION, name: address})
    assert "secret" not in str(refused.value.errors()[0]["msg"])


def test_what_has_no_server_needs_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"ARTEL_DATABASE_URL": "sqlite+aiosqlite:////data/{service}.db", "ARTEL_STORE_URL": "unix:///run/redis"}
    assert given(monkeypatch, **PRODUCTION, ARTEL_BUS_URL="memory://").env == "production"
    assert given(monkeypatch, **{**PRODUCTION, **files}).env == "production"


def test_production_knows_no_sign_in_by_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="ARTEL_DEV_LOGIN=1 is refused"):
        given(monkeypatch, **PRODUCTION, ARTEL_DEV_LOGIN="1")


def test_a_folder_with_an_address_for_each_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As `artel databases` writes it; production needs no other."""
    address = "postgresql+asyncpg://artel_{}:aaaaaaaaaaaaaaaa@db/artel_{}"
    for name in ("auth", "game"):
        (tmp_path / f"{name}.url").write_text(address.format(name, name) + "\n")
    given = {name: value for name, value in PRODUCTION.items() if name != "ARTEL_DATABASE_URL"}
    for name, value in {**given, "ARTEL_DATABASES_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.database("game") == address.format("game", "game")
    assert settings.database("auth") == address.format("auth", "auth")
