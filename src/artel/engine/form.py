"""Reading untrusted JSON by the letter: unknown keys are refused, true is not 1, 1.0 is not 1."""

from collections.abc import Collection, Mapping
from typing import Any, TypeGuard

from artel.engine.refusal import Refusal

LONGEST_ID = 64


def is_id(value: object) -> TypeGuard[str]:
    return type(value) is str and 0 < len(value) <= LONGEST_ID


def are_ids(value: object) -> TypeGuard[list[str]]:
    """A list of different ids."""
    if not isinstance(value, list):
        return False
    for each in value:
        if type(each) is not str or not 0 < len(each) <= LONGEST_ID:
            return False
    return len(set(value)) == len(value)


def is_whole(value: object) -> TypeGuard[int]:
    return type(value) is int


class Form:
    """One JSON object, whose every key is known; each reader names the place when it refuses."""

    __slots__ = ("_code", "_value", "_where")

    def __init__(self, value: object, keys: frozenset[str], code: str, where: str) -> None:
        self._code = code
        self._where = where
        if not isinstance(value, dict):
            raise self.wrong("", "must be an object")
        if not value.keys() <= keys:
            raise self.wrong("", f"knows no other keys than {', '.join(sorted(keys))}")
        self._value: Mapping[str, Any] = value

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
        value = self._value.get(key, default)
        if type(value) is str and value in options:
            return value
        self.get(key)
        raise self.wrong(key, f"must be one of {', '.join(options)}")

    def whole(self, key: str, least: int | None, most: int | None = None, default: int | None = None) -> int:
        value = self._value.get(key, default)
        if type(value) is int and (least is None or value >= least) and (most is None or value <= most):
            return value
        self.get(key)
        raise self.wrong(key, f"must be a whole number{_range(least, most)}")

    def flag(self, key: str, default: bool) -> bool:
        value = self._value.get(key, default)
        if isinstance(value, bool):
            return value
        raise self.wrong(key, "must be true or false")

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
