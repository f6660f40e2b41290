"""Settings: environment variables with the prefix ARTEL_. A name with _FILE appended is read from that file."""

import os
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import DirectoryPath, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

SHORTEST_PASSWORD = 16


class FileSource(EnvSettingsSource):
    """ARTEL_X_FILE=/run/secrets/x gives ARTEL_X the content of that file, without the last line break."""

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002 the signature is the library's
        field_name: str,
    ) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{self.env_prefix}{field_name}_FILE".upper())
        if path is None:
            return None, field_name, False
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ARTEL_", env_ignore_empty=True, extra="ignore", frozen=True)

    env: Literal["local", "production"] = "local"
    host: str = Field("127.0.0.1", description="the address the gateway, or the newcomer's browser, comes to")
    port: int = Field(8080, ge=1, le=65535)
    admin_port: int = Field(0, ge=0, le=65535, description="where /metrics is served; 0: the next port after `port`")
    admin_host: str = Field("127.0.0.1", description="the address /metrics is served on; never one the world can reach")
    data_dir: Path = Field(Path("var"), description="SQLite files and, unless given elsewhere, the signing keys")
    database_url: str = Field(
        "",
        pattern=r"^((sqlite\+aiosqlite|postgresql\+asyncpg)://.+)?$",
        description="with {service} in it; empty: a SQLite file a service in data_dir",
    )
    bus_url: str = Field("memory://", pattern="^(memory|amqps?)://")
    store_url: str = Field("memory://", pattern="^(memory|rediss?|unix)://")
    notify_url: str = "console://"
    public_url: str = Field("", description="where people open the app; empty: http://host:port")
    keys_dir: Path | None = Field(None, description="jwks.json for all, private keys for auth; empty: data_dir/keys")
    web_dir: DirectoryPath | None = Field(None, description="the built web app, served by the one-process mode")
    dev_login: bool | None = Field(None, description="sign-in by a name alone; empty: only locally, on loopback")
    telegram_bot_token: SecretStr | None = None
    telegram_bot_id: int | None = None
    otlp_url: str = Field(
        "", pattern=r"^(https?://.+)?$", description="a collector of traces, OTLP over HTTP: Jaeger's port 4318"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["", "json", "text"] = Field("", description="empty: text on a terminal, else JSON lines")
    event_burst: int = Field(100, ge=1, description="events a user may post at once")
    event_rate: float = Field(20, gt=0, description="events a second a user may post for long")
    sign_in_burst: int = Field(100, ge=1, description="sign-ins, and refreshes, that an address may try at once")
    sign_in_rate: float = Field(1, gt=0, description="the same a second, for long")

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
            if not getattr(self, name):
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
        default = f"sqlite+aiosqlite:///{quote(str(self.data_dir))}/{{service}}.db"
        return (self.database_url or default).replace("{service}", service)

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
        if self.dev_login is not None:
            return self.dev_login
        return self.env == "local" and self.host in {"127.0.0.1", "::1", "localhost"}
