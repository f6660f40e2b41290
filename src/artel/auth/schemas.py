import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from artel.contracts.auth import Onlookers
from artel.kernel.http import Body, Id, Name

Language = Annotated[str, Field(max_length=35, pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}$")]
Device = Annotated[str, Field(min_length=16, max_length=128, pattern="^[!-~]+$")]  # 128 bits, written in any way

Verifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{43,128}$")]
Challenge = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
OURS = re.compile(r"/([A-Za-z0-9_.~%=&?+-][A-Za-z0-9/_.~%=&?+-]*)?")
OneTime = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
WidgetField = Annotated[str, Field(max_length=1000)]
Provider = Literal["telegram", "google"]


def ours_or_first(path: str) -> str:
    """Where somebody comes back to is a path of ours, or else the first page: he is not to be lost on his way."""
    return path if len(path) <= 200 and OURS.fullmatch(path) else "/"


ReturnTo = Annotated[str, AfterValidator(ours_or_first)]


class TelegramSignIn(Body):
    init_data: Annotated[str, Field(max_length=8192)]  # none at all is a launch that nobody has signed
    device: Device | None = None


class DevSignIn(Body):
    name: Name


class WidgetSignIn(Body):
    """`fields`: what the widget gave, `id`, `auth_date`, `hash` and whatever else."""

    fields: Annotated[dict[WidgetField, WidgetField | int], Field(min_length=1, max_length=20)]
    device: Device | None = None


class Exchange(Body):
    """`verifier`: of the challenge that `start` was asked with (RFC 7636)."""

    code: OneTime
    verifier: Verifier
    device: Device | None = None


class WayBack(BaseModel):
    """As the provider sends somebody back (RFC 6749 4.1.2, RFC 9207); what else it says is its own."""

    state: Annotated[str, Field(max_length=256)] = ""
    code: Annotated[str, Field(max_length=4096)] = ""
    error: Annotated[str, Field(max_length=256)] = ""
    iss: Annotated[str, Field(max_length=256)] = ""


class LinkStart(Body):
    provider: Provider


class LinkBegun(BaseModel):
    """`expires_in`: seconds."""

    link_id: str
    url: str
    match_code: str
    expires_in: int


class Merge(Body):
    link_id: Id


class Ticket(Body):
    ticket: OneTime


class LinkOpened(BaseModel):
    """`name`: of whose account it is; `url`: where the other one is proven."""

    provider: Provider
    name: str
    match_code: str
    url: str


class ConsentIn(Body):
    """`agreed`: false only asks."""

    consent: OneTime
    agreed: bool = False


class Refusal(Body):
    """`word`: the ticket of the page that is open, or what it asks for a consent with."""

    word: OneTime


class ConsentOut(BaseModel):
    """The account `other` becomes part of `name`'s."""

    name: str
    other: str
    agreed: bool


class LinkOut(BaseModel):
    """`code`: why it failed. `other`: `taken` by whom, by name."""

    provider: Provider
    state: Literal["waiting", "opened", "linked", "taken", "agreed", "failed"]
    code: str
    other: str | None


class IdentityOut(BaseModel):
    """`label`: how its owner knows it: @username, a verified e-mail, a name."""

    provider: str
    label: str
    linked_at: AwareDatetime


class WaysOut(BaseModel):
    """Which ways in there are. `telegram_widget`: an address to which `return_to` is added; `app`: of the app in
    Telegram."""

    telegram: bool
    telegram_widget: str | None
    google: bool
    dev: bool
    app: str | None


class Refresh(Body):
    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


class UserOut(BaseModel):
    id: str
    display_name: str
    username: str | None
    avatar_url: str | None
    language: str
    deletes_at: AwareDatetime | None = None  # he has asked to be deleted; until then he may take it back


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


FoundBy = Literal["everybody", "nobody"]


class PrivacyOut(BaseModel):
    """`found_by`: who finds him by name. `figures`: who sees what he has played; `known` are friends and whoever was
    in one evening with him. `hide_money`: even they see no money of his but at the tables they were at."""

    found_by: FoundBy
    figures: Onlookers
    hide_money: bool


class PrivacyChange(Body):
    """What is left out stays as it is."""

    found_by: FoundBy | None = None
    figures: Onlookers | None = None
    hide_money: bool | None = None


class MeOut(UserOut):
    privacy: PrivacyOut


class MeChange(Body):
    display_name: Name | None = None
    language: Language | None = None
    privacy: PrivacyChange | None = None


class KnownUser(PersonOut):
    """What an admin sees of somebody."""

    role: str
    providers: list[str]
    telegram_ids: list[int]
    created_at: AwareDatetime
    blocked_at: AwareDatetime | None


class AuditOut(BaseModel):
    """`code`: by which provider, or why it was refused. `by_id`: the admin who did it, or whom he became."""

    id: str
    at: AwareDatetime
    kind: str
    code: str
    user_id: str | None
    by_id: str | None
    address: str
    user_agent: str


class LeavingOut(BaseModel):
    deletes_at: AwareDatetime


class DeviceOut(BaseModel):
    id: str
    provider: str
    user_agent: str
    created_at: AwareDatetime
    last_seen_at: AwareDatetime
    current: bool
