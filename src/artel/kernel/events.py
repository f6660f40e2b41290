"""The base of every public event. On the wire: CloudEvents 1.0, structured JSON."""

import re
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn, Self

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from uuid_utils import uuid7

from artel.kernel.bus import UnreadableError
from artel.kernel.tracing import current

PREFIX = "artel."


def new_id() -> str:
    return str(uuid7())


def born(event_id: str) -> float:
    """When it was made, in seconds since 1970: an id of ours begins with that."""
    return int(event_id.replace("-", "")[:12], 16) / 1000


def now() -> datetime:
    return datetime.now(UTC)


class Event(BaseModel):
    """A subclass names its `topic` (routing key and type, `artel.game.finished.v1`) and declares its data.

    The committed JSON schema of a published class never changes but by an optional field: else make a v2.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    topic: ClassVar[str]

    event_id: str = Field(default_factory=new_id, exclude=True)
    at: AwareDatetime = Field(default_factory=now, exclude=True)
    traceparent: str | None = Field(default_factory=lambda: current() or None, exclude=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not re.fullmatch(r"artel(\.[a-z_]+){2}\.v\d+", cls.topic):
            raise TypeError(f"{cls.__name__}: a topic looks like artel.game.finished.v1")

    @property
    def subject(self) -> str:
        """What the event is about; events of one subject carry a version and may still arrive in any order."""
        return self.event_id

    def envelope(self) -> bytes:
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": self.event_id,
                "type": self.topic,
                "source": "/" + type(self).__module__.rpartition(".")[2],  # contracts are one module a producer
                "subject": self.subject,
                "time": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "datacontenttype": "application/json",
                **({"traceparent": self.traceparent} if self.traceparent else {}),
                "data": self.model_dump(mode="json"),
            }
        )

    @classmethod
    def read(cls, body: bytes) -> Self:
        try:
            envelope = orjson.loads(body)
            known = {"event_id": envelope["id"], "at": envelope["time"], "traceparent": envelope.get("traceparent")}
            return cls.model_validate({**envelope["data"], **known})
        except (ValueError, TypeError, KeyError) as error:
            raise UnreadableError(f"no {cls.topic}: {_why(error)}") from None


def _why(error: Exception) -> str:
    """What does not fit, and nothing of what stands there: it may be somebody's name."""
    match error:
        case ValidationError():
            fields = error.errors(include_url=False, include_context=False, include_input=False)
            return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in fields)
        case KeyError():
            return f"it has no {error}"
        case TypeError():
            return "it is no object with an object of data"
        case _:
            return f"it is no JSON: {error}"


def not_followed(topic: str) -> NoReturn:
    """A process of another release may be on the same queue, and know it."""
    if not topic:
        raise UnreadableError("it names no topic: whoever sent it is no service of ours")
    raise LookupError(f"nobody here follows {topic}: it is of another release, or of somebody else")


def said_in(body: bytes) -> str:
    """The traceparent of an event on its way; empty if it has none."""
    try:
        return str(orjson.loads(body).get("traceparent") or "")
    except (ValueError, AttributeError):
        return ""
