"""Settings: environment variables with the prefix ARTEL_. A name with _FILE appended is read from that file."""

from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import DirectoryPath, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from artel.kernel.from_files import FileSource
from artel.kernel.sign_in_settings import SignInSettings

SHORTEST_PASSWORD = 16

SECRET: dict[str, Any] = {"secret": True}
"""Of a setting in which a password may stand."""

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Settings(SignInSettings):
    model_config = SettingsConfigDict(env_prefix="ARTEL_", env_ignore_empty=True, extra="ignore", frozen=True)

    env: Literal["local", "production"] = Field(
        "local",
        description="`production` refuses development sign-in, missing secrets, and passwords under 16 characters",
    )
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8080, ge=1, le=65535, description="the port to listen on")
    admin_port: int = Field(0, ge=0, le=65535, description="where `/metrics` is; 0: the port after `ARTEL_PORT`")
    admin_host: str = Field(
        "127.0.0.1", description="on which address; in a network of containers `0.0.0.0`, and never published"
    )
    data_dir: Path = Field(Path("var"), description="SQLite files and, unless they are elsewhere, the keys")
    database_url: str = Field(
        "",
        pattern=r"^((sqlite\+aiosqlite|postgresql\+asyncpg)://.+)?$",
        description="`postgresql+asyncpg://…/{service}`; `{service}` becomes the name of the service; "
        "empty: a SQLite file a service in the data folder",
        json_schema_extra=SECRET,
    )
    databases_dir: DirectoryPath | None = Field(
        None, description="in its place the folder that `artel databases` fills: an address a service, in a file each"
    )
    bus_url: str = Field("memory://", pattern="^(memory|amqps?)://", description="`amqp://…`", json_schema_extra=SECRET)
    store_url: str = Field(
        "memory://", pattern="^(memory|rediss?|unix)://", description="`redis://…`", json_schema_extra=SECRET
    )
    notify_url: str = Field(
        "console://",
        pattern="^(console|telegram)://$",
        description="where news about one's own account goes beside the inbox: `console://`, a line in the log; "
        "`telegram://`, a message from the bot with that token",
    )
    public_url: str = Field(
        "",
        description="where people open the app; pages of other origins get no live connection; "
        "empty: `http://` with host and port",
    )
    keys_dir: Path | None = Field(
        None,
        description="`jwks.json` for every service, the private keys and the refresh secret for auth; "
        "empty: `keys` in the data folder",
    )
    web_dir: DirectoryPath | None = Field(
        None, description="the built web app, which the one process serves; empty: `web/dist` beside the program"
    )
    dev_login: bool | None = Field(
        None, description="`1`: anybody signs in by a name alone; empty: only locally, on a loopback address"
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", pattern="^https?://.+", description="where the bot's own calls go"
    )
    otlp_url: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="a collector of traces, OTLP over HTTP: Jaeger's port 4318; empty: none",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="`debug`, `info`, `warning`, `error`"
    )
    log_format: Literal["", "json", "text"] = Field(
        "", description="`json`: a line an entry, in ECS fields, on standard error; empty: `text` on a terminal only"
    )
    log_environment: str = Field("", description="`service.environment` in the log; empty: as `ARTEL_ENV`")
    inbox_days: int = Field(
        30,
        ge=1,
        description="how long a service remembers which events it has taken in: longer than any can be on its way",
    )
    event_burst: int = Field(100, ge=1, description="events that a user may post at once")
    event_rate: float = Field(20, gt=0, description="events a second that a user may post for long")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, FileSource(settings_cls)

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.env != "production":
            return self
        if self.dev_login:
            raise ValueError("ARTEL_DEV_LOGIN=1 is refused with ARTEL_ENV=production: anybody could be anybody")
        for name in ("database_url", "public_url", "keys_dir"):
            if not getattr(self, name) and not (name == "database_url" and self.databases_dir):
                raise ValueError(f"ARTEL_{name.upper()} is missing: production has no default for it")
        for name in ("database_url", "bus_url", "store_url"):
            address = urlsplit(getattr(self, name))
            if address.hostname and len(address.password or "") < SHORTEST_PASSWORD:
                raise ValueError(
                    f"ARTEL_{name.upper()}: its password is missing or easily guessed; "
                    f"production wants {SHORTEST_PASSWORD} characters"
                )
        return self

    def database(self, service: str) -> str:
        if self.databases_dir:
            return (self.databases_dir / f"{service}.url").read_text(encoding="utf-8").rstrip("\r\n")
        default = f"sqlite+aiosqlite:///{quote(str(self.data_dir))}/{{service}}.db"
        return (self.database_url or default).replace("{service}", service)

    @property
    def databases_named(self) -> str:
        """Who says where databases are."""
        return "ARTEL_DATABASES_DIR" if self.databases_dir else "ARTEL_DATABASE_URL"

    @property
    def keys(self) -> Path:
        return self.keys_dir or self.data_dir / "keys"

    @property
    def public(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def admin(self) -> int:
        return self.admin_port or self.port + 1

    @property
    def dev_login_allowed(self) -> bool:
        return self.env == "local" and self.host in LOOPBACK if self.dev_login is None else self.dev_login
