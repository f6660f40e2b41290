"""What is kept of an evening, and how large it is."""

import tracemalloc

from artel.game.sheet import packed


def test_what_is_kept_takes_no_more_room_than_it_needs() -> None:
    """A line of the log is some 200 bytes long; for years of evenings in memory it matters whether it takes 4,096."""
    values = [{"id": f"{number:032}", "type": "ball", "player": "Анна" * 10} for number in range(1000)]
    tracemalloc.start()
    try:
        kept = [packed(value) for value in values]
        room, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert room < 2 * sum(map(len, kept))
