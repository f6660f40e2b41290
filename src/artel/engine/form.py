"""Reading untrusted JSON by the letter: unknown keys are refused, true is not 1, 1.0 is not 1."""

from collections.abc import Collection, Mapping
from typing import Any, TypeGuard

from artel.engine.refusal import Refusal

LONGEST_ID = 64


def is_id(value: object) -> TypeGuard[str]:
    return type(value) is str and 0 < len(value) <= LONGEST_ID


def are_ids(value: object) -> TypeGuard[list[str]]:
    """A list of different ids."""
    return isinstance(value, list) and all(map(is_id, value)) and len(set(value)) == len(value)


def is_whole(value: object) -> TypeGuard[int]:
    return type(value) is int


class Form:
    """One JSON object, whose every key is known; each reader names the place when it refuses."""

    __slots__ = ("_code", "_value", "_where")

    def __init__(self, value: object, keys: Collection[str], code: str, where: str) -> None:
        self._code = code
        self._where = where
        if not isinstance(value, dict):
            raise self.wrong("", "must be an object")
        self._value: Mapping[str, Any] = value
        for key in value:
            if key not in keys:
                raise self.wrong("", f"unknown key {key}")

    def wrong(self, key: str, why: str) -> Refusal:
        place = f"{self._where}.{key}" if key else self._where
        return Refusal(self._code, f"{place}: {why}")

    def has(self, key: str) -> bool:
        return key in self._value

    def get(self, key: str) -> object:
        if key not in self._value:
            raise self.wrong(key, "is required")
        return self._value[key]

    def choice(self, key: str, options: Collection[str], default: str | None = None) -> str:
        if default is not None and key not in self._value:
            return default
        value = self.get(key)
        if type(value) is not str or value not in options:
            raise self.wrong(key, f"must be one of {', '.join(options)}")
        return value

    def whole(self, key: str, least: int | None, most: int | None = None, default: int | None = None) -> int:
        if default is not None and key not in self._value:
            return default
        value = self.get(key)
        if not is_whole(value) or (least is not None and value < least) or (most is not None and value > most):
            raise self.wrong(key, f"must be a whole number{_range(least, most)}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._value.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def identifier(self, key: str) -> str:
        value = self.get(key)
        if not is_id(value):
            raise self.wrong(key, f"must be a string of 1 to {LONGEST_ID} characters")
        return value

    def by_player(self, key: str) -> dict[str, object]:
        """An object whose keys are players' ids; missing is empty."""
        value = self._value.get(key, {})
        if not isinstance(value, dict) or not all(map(is_id, value)):
            raise self.wrong(key, "must be an object of players")
        return value


def _range(least: int | None, most: int | None) -> str:
    if least is None:
        return ""
    return f" from {least}" if most is None else f" from {least} to {most}"
