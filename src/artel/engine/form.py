"""Reading untrusted JSON by the letter: unknown keys are refused, true is not 1, 1.0 is not 1.

A reader takes a value and gives what it means, or raises FormError with what it should have been."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeGuard

LONGEST_ID: Final = 64

Reader = Callable[[Any], Any]


class FormError(ValueError):
    """Never leaves the module that reads: it becomes a Refusal there."""


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


def one_of(options: Collection[str]) -> Reader:
    def read(value: object) -> str:
        if type(value) is str and value in options:
            return value
        raise FormError(f"must be one of {', '.join(options)}")

    return read


def whole(least: int | None = None, most: int | None = None) -> Reader:
    asked = " from ".join(["must be a whole number", *([] if least is None else [str(least)])])
    asked += "" if most is None else f" to {most}"

    def read(value: object) -> int:
        if type(value) is int and (least is None or value >= least) and (most is None or value <= most):
            return value
        raise FormError(asked)

    return read


def flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise FormError("must be true or false")


def identifier(value: object) -> str:
    if is_id(value):
        return value
    raise FormError(f"must be a string of 1 to {LONGEST_ID} characters")


def made(kind: Callable[..., Any], readers: Mapping[str, Reader], *required: str) -> Reader:
    """An object with some of these keys and no others. What is not given is left to the defaults of the kind."""

    def read(value: object) -> Any:
        if not isinstance(value, dict):
            raise FormError("must be an object")
        found: dict[str, Any] = {}
        try:
            for key, given in value.items():
                found[key] = readers[key](given)
        except (KeyError, FormError):
            raise _explained(value, readers) from None
        for key in required:
            if key not in found:
                raise FormError(f"{key} is required")
        return kind(**found)

    return read


def _explained(value: Mapping[str, object], readers: Mapping[str, Reader]) -> FormError:
    """The error with the name of the key."""
    for key, given in value.items():
        if key not in readers:
            return FormError(f"there is no key {key}")
        try:
            readers[key](given)
        except FormError as error:
            return FormError(f"{key}: {error}")
    raise AssertionError("there was an error, and there is none")


def by_player(reader: Reader) -> Reader:
    """An object whose keys are players."""

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict) or not all(map(is_id, value)):
            raise FormError("must be an object of players")
        return {player: reader(given) for player, given in value.items()}

    return read
