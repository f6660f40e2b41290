"""Rule sets that people keep. Presets come with the engine; everybody else's are rows. Functions take `tx` first."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from artel.contracts.template import TemplatePublished
from artel.engine.caps import excess
from artel.engine.presets import BY_ID, PRESETS, Preset
from artel.engine.refusal import Refusal
from artel.engine.rules import parse_rules, rules_to_json
from artel.kernel.database import Tx
from artel.kernel.errors import Problem, forbidden, not_found
from artel.kernel.events import new_id, now
from artel.kernel.gone import require_here
from artel.kernel.http import bad_field, clean
from artel.kernel.outbox import emit
from artel.kernel.sql import put_new
from artel.template.tables import favourites, shares, templates, versions

MOST = 200
"""Templates of one person."""


@dataclass(frozen=True)
class Reader:
    """Who looks, in which language, and perhaps with a link he was given."""

    user_id: str
    lang: str
    token: str | None = None


@dataclass(frozen=True)
class Shown:
    id: str
    owner: str  # me, system, other
    name: str
    description: str | None
    version: int
    rules: dict[str, Any]
    favourite: bool
    updated_at: datetime | None

    @property
    def place(self) -> tuple[int, str, str]:
        """Favourites, then one's own, then the presets in their order."""
        rank = 0 if self.favourite else 1 if self.owner == "me" else 2
        order = f"{list(BY_ID).index(self.id):04}" if self.owner == "system" else self.name.casefold()
        return rank, order, self.id


def checked(rules: dict[str, Any]) -> dict[str, Any]:
    """The canonical form of rules that anybody can play by; a Problem where they are none."""
    try:
        parsed = parse_rules(rules)
    except Refusal as refusal:
        raise Problem(422, "invalid_rules", refusal.detail) from refusal
    if parsed.handicap or getattr(parsed, "rates", {}):
        raise bad_field("rules", "a template has no rules for particular players", "invalid_rules")
    if key := excess(parsed):
        raise bad_field(f"rules.{key}", "too large", "invalid_rules")
    for ball in getattr(parsed, "balls", ()):
        _check_text(ball.id)
    return rules_to_json(parsed)


def _check_text(text: str) -> None:
    """The engine takes any text; a database takes no NUL and no half of a surrogate pair."""
    try:
        clean(text)
    except ValueError as error:
        raise bad_field("rules.balls", str(error), "invalid_rules") from error


def create(tx: Tx, user_id: str, name: str, rules: dict[str, Any]) -> str:
    require_here(tx, user_id)
    count = select(func.count()).select_from(templates).where(templates.c.owner_id == user_id)
    if tx.execute(count).scalar_one() >= MOST:
        raise Problem(409, "too_many_templates", f"One keeps at most {MOST} templates; delete one first.")
    template_id = new_id()
    row = {"id": template_id, "owner_id": user_id, "version": 1, "name": name, "rules": rules}
    tx.execute(insert(templates).values(created_at=now(), updated_at=now(), **row))
    _keep_version(tx, template_id, 1, name, rules)
    return template_id


def change(tx: Tx, reader: Reader, template_id: str, name: str | None, rules: dict[str, Any] | None) -> Shown:
    """Makes a version; what changes nothing makes none."""
    row = _own(tx, reader, template_id)
    name, rules = name or row.name, rules or row.rules
    if (name, rules) != (row.name, row.rules):
        version = row.version + 1
        tx.execute(
            update(templates)
            .where(templates.c.id == template_id)
            .values(name=name, rules=rules, version=version, updated_at=now())
        )
        _keep_version(tx, template_id, version, name, rules)
        if tx.execute(select(shares.c.template_id).where(shares.c.template_id == template_id)).one_or_none():
            _publish(tx, template_id, reader.user_id)
    return show(tx, reader, template_id)


def remove(tx: Tx, reader: Reader, template_id: str) -> None:
    _own(tx, reader, template_id)
    for table in (favourites, shares, versions):
        tx.execute(delete(table).where(table.c.template_id == template_id))
    tx.execute(delete(templates).where(templates.c.id == template_id))


def show(tx: Tx, reader: Reader, template_id: str) -> Shown:
    marked = template_id in _marked(tx, reader)
    if preset := BY_ID.get(template_id):
        return _of_preset(preset, reader, marked)
    return _of_row(_readable(tx, reader, template_id), reader, marked)


def every(tx: Tx, reader: Reader) -> list[Shown]:
    """All that somebody can choose from, in the order they are offered."""
    marked = _marked(tx, reader)
    rows = tx.execute(select(templates).where(templates.c.owner_id == reader.user_id)).all()
    own = [_of_row(row, reader, row.id in marked) for row in rows]
    presets = [_of_preset(preset, reader, preset.id in marked) for preset in PRESETS]
    return sorted(own + presets, key=lambda shown: shown.place)


@dataclass(frozen=True)
class Version:
    version: int
    name: str
    rules: dict[str, Any]
    created_at: datetime | None


def history(tx: Tx, reader: Reader, template_id: str, below: int | None, limit: int) -> list[Version]:
    """Newest first, from under `below` on. A preset has the one version that is shown."""
    shown = show(tx, reader, template_id)
    if shown.owner == "system":
        return [Version(1, shown.name, shown.rules, None)] if below is None else []
    rows = select(versions).where(versions.c.template_id == template_id).order_by(versions.c.version.desc())
    if below is not None:
        rows = rows.where(versions.c.version < below)
    return [Version(row.version, row.name, row.rules, row.created_at) for row in tx.execute(rows.limit(limit))]


def version(tx: Tx, reader: Reader, template_id: str, number: int) -> Version:
    found = history(tx, reader, template_id, None if template_id in BY_ID else number + 1, 1)
    if not found or found[0].version != number:
        raise not_found()
    return found[0]


def copy(tx: Tx, reader: Reader, template_id: str, name: str | None, number: int | None) -> str:
    source = show(tx, reader, template_id)
    rules, called = source.rules, source.name
    if number is not None and number != source.version:
        old = version(tx, reader, template_id, number)
        rules, called = old.rules, old.name
    return create(tx, reader.user_id, name or called, rules)


def mark(tx: Tx, reader: Reader, template_id: str, favourite: bool) -> None:
    require_here(tx, reader.user_id)
    show(tx, reader, template_id)
    both = {"user_id": reader.user_id, "template_id": template_id}
    if favourite:
        put_new(tx, favourites, both)
    else:
        tx.execute(delete(favourites).filter_by(**both))


def share(tx: Tx, reader: Reader, template_id: str) -> str:
    """A new link; the one before opens nothing any more."""
    _own(tx, reader, template_id)
    token = secrets.token_urlsafe(16)
    tx.execute(delete(shares).where(shares.c.template_id == template_id))
    tx.execute(insert(shares).values(template_id=template_id, digest=_digest(token), created_at=now()))
    _publish(tx, template_id, reader.user_id)
    return token


def unshare(tx: Tx, reader: Reader, template_id: str) -> None:
    _own(tx, reader, template_id)
    tx.execute(delete(shares).where(shares.c.template_id == template_id))


def _publish(tx: Tx, template_id: str, owner_id: str) -> None:
    row = tx.execute(select(templates).where(templates.c.id == template_id)).one()
    told = {"version": row.version, "name": row.name, "rules": row.rules}
    emit(tx, TemplatePublished(template_id=template_id, owner_id=owner_id, **told))


def _keep_version(tx: Tx, template_id: str, number: int, name: str, rules: dict[str, Any]) -> None:
    row = {"template_id": template_id, "version": number, "name": name, "rules": rules, "created_at": now()}
    tx.execute(insert(versions).values(row))


def _own(tx: Tx, reader: Reader, template_id: str) -> Row[Any]:
    if template_id in BY_ID:
        raise forbidden("A preset can only be copied.")
    mine = select(templates).where(templates.c.id == template_id, templates.c.owner_id == reader.user_id)
    row = tx.execute(mine.with_for_update()).one_or_none()
    if row is None:
        raise not_found()
    return row


def _readable(tx: Tx, reader: Reader, template_id: str) -> Row[Any]:
    row = tx.execute(select(templates).where(templates.c.id == template_id)).one_or_none()
    if row is None or not (row.owner_id == reader.user_id or _opened(tx, reader, template_id)):
        raise not_found()
    return row


def _opened(tx: Tx, reader: Reader, template_id: str) -> bool:
    if reader.token is None:
        return False
    link = select(shares).where(shares.c.template_id == template_id, shares.c.digest == _digest(reader.token))
    return tx.execute(link).one_or_none() is not None


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _marked(tx: Tx, reader: Reader) -> set[str]:
    return set(tx.execute(select(favourites.c.template_id).where(favourites.c.user_id == reader.user_id)).scalars())


def _of_row(row: Row[Any], reader: Reader, favourite: bool) -> Shown:
    owner = "me" if row.owner_id == reader.user_id else "other"
    return Shown(row.id, owner, row.name, None, row.version, row.rules, favourite, row.updated_at)


def _of_preset(preset: Preset, reader: Reader, favourite: bool) -> Shown:
    english = reader.lang.startswith("en")
    name, about = (preset.name_en, preset.about_en) if english else (preset.name_ru, preset.about_ru)
    return Shown(preset.id, "system", name, about, 1, rules_to_json(preset.rules), favourite, None)
