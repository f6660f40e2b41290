"""Who should have heard of what: the inbox that the service's own reactions make of a session, beside the real one.

What somebody does not want to hear of is kept hidden, and what he wanted then is not known now: of a kind that he has
ever chosen, hidden is as right as shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from artel.game.retold import Retold
from artel.kernel.database import Database, Tx
from artel.notification.reactions import REACTIONS
from artel.notification.tables import entries, metadata, moments, preferences
from artel.verify.difference import Difference, compare
from artel.verify.shadow import Shadow

AT_ONCE = 500  # subjects in one statement
ENTRY = {"user_id": "user", "subject": "subject"}
OWN = ("id", "read")  # of the row, not of what it tells
Row = Mapping[str, Any]
Rows = dict[str, list[Row]]


class Inboxes:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._shadow = Shadow(metadata, REACTIONS)

    async def look(self, retold: Retold) -> list[Difference]:
        subjects = subjects_of(retold)
        expected = self._shadow.after(retold.told, lambda tx: _rows(tx, subjects))
        found = await self._database.read(_rows, [*subjects, *_added_subjects(retold)])
        about = {"session": retold.meta.id}
        heard = [row for row in found["moments"] if row["subject"] in subjects]
        names = {"subject": "subject", "version": "version", "at": "at"}
        told = compare("notification", "moments", names, heard, expected["moments"], about=about)
        shown, expected_entries = found["entries"], [*expected["entries"], *_added(retold, found["entries"])]
        return told + compare_entries(shown, expected_entries, found["preferences"], about)

    def close(self) -> None:
        self._shadow.close()


def subjects_of(retold: Retold) -> list[str]:
    games = [f"game_finished:{retold.meta.id}:{start}" for start in retold.starts]
    return [*games, f"session_finished:{retold.meta.id}"]


def _rows(tx: Tx, subjects: Sequence[str]) -> Rows:
    rows: Rows = {"entries": [], "moments": [], "preferences": []}
    for start in range(0, len(subjects), AT_ONCE):
        some = subjects[start : start + AT_ONCE]
        for table in (entries, moments):
            found = tx.execute(select(table).where(table.c.subject.in_(some))).mappings()
            rows[table.name] += [dict(row) for row in found]
    rows["preferences"] = chosen(tx, {row["user_id"] for row in rows["entries"]})
    return rows


def chosen(tx: Tx, user_ids: set[str]) -> list[Row]:
    found = tx.execute(select(preferences).where(preferences.c.user_id.in_(sorted(user_ids)))).mappings()
    return [dict(row) for row in found]


def compare_entries(
    found: Sequence[Row], expected: Sequence[Row], preferred: Sequence[Row], about: Mapping[str, str] | None = None
) -> list[Difference]:
    """Of what is hidden nobody sees anything; it may not even be there, where the later word came first."""
    choices = {(row["user_id"], row["kind"]) for row in preferred}
    wanted = [row for row in expected if row["shown"]]
    keys = {(row["user_id"], row["subject"]) for row in wanted}
    passed = [row for row in found if not row["shown"] and (row["user_id"], row["kind"]) in choices]
    hidden = {(row["user_id"], row["subject"]) for row in passed}
    there = [row for row in found if row["shown"] or ((row["user_id"], row["subject"]) in keys and row not in passed)]
    should = [row for row in wanted if (row["user_id"], row["subject"]) not in hidden]
    return compare("notification", "entries", ENTRY, there, should, ignored=OWN, about=about)


# That somebody was put into an evening is not in the log, and what people were called then is not known.


def _added_subjects(retold: Retold) -> list[str]:
    return [f"session_added:{retold.meta.id}:{seat.id}" for seat in retold.seats]


def _added(retold: Retold, found: Sequence[Row]) -> list[Row]:
    """Whoever sits there from the start, or was put there by another. Who came by himself may have been put there
    before, and was told of it."""
    there = {(row["user_id"], row["subject"]): row for row in found}
    expected: list[Row] = []
    for seat, subject in zip(retold.seats, _added_subjects(retold), strict=True):
        claimants = {row.user_id for row in retold.claimed}
        maybe = {seat.user_id} if seat.user_id else claimants
        if _was_put(retold, seat):
            expected.append(_entry(retold, subject, seat.user_id, there.get((seat.user_id, subject))))
        else:
            rows = (there.get((user, subject)) for user in maybe)
            expected += [_entry(retold, subject, row["user_id"], row) for row in rows if row]
    return expected


def _was_put(retold: Retold, seat: Any) -> bool:
    if seat.user_id is None or seat.guest_name is not None or seat.user_id == retold.created_by:
        return False
    by_another = seat.wish == "join" and seat.wish_by not in {None, seat.user_id}
    return bool(seat.initial or (by_another and seat.user_id != retold.meta.organizer_id))


def _entry(retold: Retold, subject: str, user_id: str, row: Row | None) -> Row:
    told = {"session_id": retold.meta.id, "game_kind": retold.sheet.play.rules.game}
    known = row or {"id": None, "read": None, "created_at": None, "updated_at": None, "data": {}}
    data = {**known["data"], **told}
    return {**known, "user_id": user_id, "subject": subject, "kind": "session_added", "data": data, "shown": True}
