from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

ISSUER: dict[str, Any] = {"pattern": r"^https?://[^\s/?#]+(/[^\s?#]*)?$"}


class SignInSettings(BaseSettings):
    """By whom people may prove who they are, and how often they may try."""

    telegram_bot_token: SecretStr | None = Field(None, description="sign-in from Telegram, and messages there")
    telegram_bot_id: int | None = Field(None, gt=0, description="the bot's number: enough for that without its token")
    telegram_client_secret: SecretStr | None = Field(
        None, description="sign-in through Telegram in a browser: BotFather, Bot Settings, Web Login"
    )
    telegram_widget: bool = Field(
        False, description="`1`: in a browser by Telegram's older Login Widget, where there is no client secret"
    )
    telegram_app: str = Field(
        "",
        pattern=r"^(https://t\.me/[A-Za-z0-9_]+(/[A-Za-z0-9_]+)?)?$",
        description="where the app opens in Telegram: `https://t.me/BOT/APP`",
    )
    telegram_issuer: str = Field(
        "https://oauth.telegram.org", **ISSUER, description="who says in a browser who somebody is in Telegram"
    )
    google_client_id: str = Field("", description="sign-in through Google, with its secret")
    google_client_secret: SecretStr | None = Field(None, description="of that client")
    google_issuer: str = Field(
        "https://accounts.google.com", **ISSUER, description="who says who somebody is in Google"
    )
    admins: str = Field("", pattern=r"^(\d+(,\d+)*)?$", description="who may block people: Telegram ids, by commas")
    sign_in_burst: int = Field(
        100,
        ge=1,
        description="how often an address may try at once each way in and each guess; a hall of phones has one",
    )
    sign_in_rate: float = Field(1, gt=0, description="the same a second, for long")

    @property
    def telegram_client_id(self) -> str:
        """The bot's number; empty: there is no bot."""
        token = self.telegram_bot_token
        return str(self.telegram_bot_id or (token.get_secret_value().partition(":")[0] if token else ""))
