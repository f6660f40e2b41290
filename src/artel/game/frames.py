"""What goes over the live sockets, as it stands on the wire; each event is encoded once, however many look on."""

import asyncio
from functools import cached_property

import orjson

from artel.game.sheet import AT_ONCE, Sheet
from artel.game.views import shared_table
from artel.kernel.wire import encoded


class Frame:
    """One version: for members, and, if somebody looks on from outside, for him."""

    def __init__(self, version: int, line: bytes, table: bytes, shared: bytes | None) -> None:
        self.version = version
        self.shared = shared
        self._line = line
        self._table = table

    @cached_property
    def full(self) -> bytes:
        """Made for the first who looks on, and if nobody does, not at all."""
        made = b'{"type":"event","version":%d,"event":%b,"table":%b}' % (self.version, self._line, self._table)
        return encoded(made)


def frame(sheet: Sheet, *, shared: bool) -> Frame:
    """Of the newest version."""
    return Frame(sheet.version, sheet.lines[-1], sheet.table(), shared_frame(sheet) if shared else None)


def shared_frame(sheet: Sheet) -> bytes:
    return encoded(orjson.dumps({"type": "table", "version": sheet.version, "table": shared_table(sheet)}))


async def frames_again(sheet: Sheet, after: int, upto: int) -> list[Frame]:
    """Those of `after` + 1 to `upto` for a member, played once more from the log."""
    again = Sheet(sheet.meta, sheet.play.rules)
    made = []
    for line in sheet.lines[:upto]:
        again.follow(line)
        if again.version > after:
            made.append(frame(again, shared=False))
        if again.version % AT_ONCE == 0:
            await asyncio.sleep(0)
    return made
