"""What template tells."""

from typing import Any, ClassVar

from artel.kernel.events import Event


class TemplatePublished(Event):
    topic: ClassVar[str] = "artel.template.published.v1"

    template_id: str
    version: int
    owner_id: str
    name: str
    rules: dict[str, Any]

    @property
    def subject(self) -> str:
        return self.template_id
