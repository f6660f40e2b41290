"""ARTEL_X_FILE=/run/secrets/x: a setting that is read from a file."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource


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
