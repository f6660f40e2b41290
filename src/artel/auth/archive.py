"""An export as one ZIP, made while it is fetched: in memory is a page at a time, on disk nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from io import RawIOBase
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from artel.auth.exports import Export, told
from artel.contracts.export import ASKED
from artel.kernel.database import Database
from artel.kernel.takeout import Piece

README = """\
Артель Бильярд: всё, что хранится о вас. Собрано {made} (UTC).

У каждой службы своя папка. Файлы .json и .jsonl открываются любым текстовым редактором. Суммы указаны в минимальных
единицах (копейках), валюта стоит рядом.
game/evenings.jsonl: ваши вечера, по одному в строке, в том виде, в каком их читает artel replay; game/players.json:
кто в них кто; game/log.json: когда что было записано. stats: ваши вечера, партии, платежи и рейтинги.
О других людях здесь только имена, которые вы видели за столом.

Artel Billiards: all that is kept about you. Collected {made} (UTC).

A folder for each service. JSON files open in any editor. Money is in minor units (kopecks) beside its currency.
game/evenings.jsonl: your evenings, one a line, as artel replay reads them; game/players.json says who is who in them,
game/log.json when each thing was written down. stats: your evenings, games, payments and ratings.
Of others there are only the names you saw at the table.
"""


class _Pipe(RawIOBase):
    """Takes what is written until somebody takes it out."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, part: bytes) -> int:  # type: ignore[override]  # zipfile gives nothing but bytes
        self._parts.append(bytes(part))
        self._at += len(part)
        return len(part)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Archive:
    def __init__(self, export: Export) -> None:
        self._made = export.ready_at
        self._pipe = _Pipe()
        self._zip = ZipFile(self._pipe, "w", ZIP_DEFLATED)
        self._name = ""
        self._file: IO[bytes] | None = None

    def add(self, folder: str, pieces: Sequence[Piece]) -> bytes:
        """Pieces of one file follow each other. What has become of the archive by that."""
        for piece in pieces:
            self._open(f"{folder}/{piece.file}".lstrip("/")).write(piece.text.encode())
        return self._pipe.taken()

    def start(self) -> bytes:
        made = f"{self._made:%Y-%m-%d %H:%M}"
        return self.add("", [Piece(file="README.txt", text=README.format(made=made))])

    def end(self) -> bytes:
        self._close()
        self._zip.close()
        return self._pipe.taken()

    def _open(self, name: str) -> IO[bytes]:
        if self._file is None or name != self._name:
            self._close()
            info = ZipInfo(name, self._made.timetuple()[:6])
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            self._name, self._file = name, self._zip.open(info, "w")
        return self._file

    def _close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


async def archived(database: Database, export: Export) -> AsyncIterator[bytes]:
    archive = Archive(export)
    try:
        yield archive.start()
        for service in ASKED:
            page, last = 0, False
            while not last:  # a page that is gone meanwhile cuts the answer off: it is never whole without a word
                page += 1
                pieces, last = await database.read(told, export.id, service, page)
                yield await asyncio.to_thread(archive.add, service, pieces)
        yield archive.end()
    finally:  # whoever fetched it may have gone
        archive.end()
