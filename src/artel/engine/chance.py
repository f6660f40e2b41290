"""Chance that everybody can repeat: drawn from a secret seed and from what the draw is about, by nothing else."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """The same seed and words always give the same numbers, in the same order."""

    def __init__(self, seed: bytes, *about: str) -> None:
        self._state = blake2b(repr(about).encode(), key=seed)
        self._drawn = 0

    def below(self, limit: int) -> int:
        """0 to limit - 1, each as likely as any other (but for one part in 10**30)."""
        block = self._state.copy()
        block.update(self._drawn.to_bytes(8, "big"))
        self._drawn += 1
        return int.from_bytes(block.digest()[:16], "big") % limit

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        mixed = list(options)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
