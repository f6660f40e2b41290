from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from artel.kernel.http import Body, Text

RulesIn = Annotated[
    dict[str, Any], Field(description="as in a session (`NewSession`); no rules for particular players")
]


class TemplateIn(Body):
    name: Text
    rules: RulesIn


class TemplateChange(Body):
    name: Text | None = None
    rules: RulesIn | None = None

    @model_validator(mode="after")
    def _something(self) -> "TemplateChange":
        if self.name is None and self.rules is None:
            raise ValueError("name, rules or both")
        return self


class TemplateCopy(Body):
    name: Text | None = None
    version: Annotated[int, Field(ge=1)] | None = None


class TemplateVersionOut(BaseModel):
    version: int
    name: str
    rules: dict[str, Any]
    created_at: AwareDatetime | None


class TemplateOut(BaseModel):
    id: str
    owner: Literal["me", "system", "other"]
    name: str
    description: str | None
    version: int
    rules: dict[str, Any]
    favourite: bool
    updated_at: AwareDatetime | None


class TemplateShareOut(BaseModel):
    url: str
    token: str
