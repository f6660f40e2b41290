from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from artel.kernel.http import Body, Name

Language = Annotated[str, Field(max_length=35, pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}$")]
Device = Annotated[str, Field(min_length=16, max_length=128, pattern="^[!-~]+$")]  # 128 bits, written in any way


class TelegramSignIn(Body):
    init_data: Annotated[str, Field(min_length=1, max_length=8192)]
    device: Device | None = None


class DevSignIn(Body):
    name: Name


class Refresh(Body):
    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


class UserOut(BaseModel):
    id: str
    display_name: str
    username: str | None
    avatar_url: str | None
    language: str


class PersonOut(BaseModel):
    """What anybody signed in may see of somebody."""

    id: str
    display_name: str
    username: str | None
    avatar_url: str | None


class TokensOut(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 the kind, not a secret
    expires_in: int
    refresh_token: str
    user: UserOut


class MeChange(Body):
    display_name: Name | None = None
    language: Language | None = None


class KnownUser(PersonOut):
    """What an admin sees of somebody."""

    role: str
    providers: list[str]
    created_at: AwareDatetime
    blocked_at: AwareDatetime | None


class AuditOut(BaseModel):
    """`code`: by which provider, or why it was refused. `by_id`: the admin who did it."""

    id: str
    at: AwareDatetime
    kind: str
    code: str
    user_id: str | None
    by_id: str | None
    address: str
    user_agent: str


class DeviceOut(BaseModel):
    id: str
    provider: str
    user_agent: str
    created_at: AwareDatetime
    last_seen_at: AwareDatetime
    current: bool
