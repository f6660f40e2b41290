"""The table of settings in the documents, written from the settings themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from artel.kernel.settings import Settings

BEGIN, END = "<!-- settings: written by `artel settings` -->\n", "<!-- end of settings -->\n"


def table() -> str:
    return "\n".join(["| name | default | what | secret |", "|---|---|---|---|", *_rows()]) + "\n"


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        secret = "yes" if _is_secret(field) else ""
        yield f"| `ARTEL_{name.upper()}` | {_default(field.default)} | {field.description} | {secret} |"


def _is_secret(field: FieldInfo) -> bool:
    marked = field.json_schema_extra
    return SecretStr in getattr(field.annotation, "__args__", ()) or (isinstance(marked, dict) and "secret" in marked)


def _default(value: Any) -> str:
    return "" if value in {None, ""} else f"`{value}`"


def write(document: Path) -> None:
    """ValueError: the document has no place for it."""
    document.write_text(replaced(document.read_text(encoding="utf-8")), encoding="utf-8")


def replaced(text: str) -> str:
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"no place for the table: a line {BEGIN.strip()} and a line {END.strip()}")
    return before + begin + table() + end + after
