"""A session to take away: the case that `artel replay` reads, or a table for people."""

import csv
import io
from typing import Any, Final

import orjson

from artel.game.sheet import ADDED, Sheet

COLUMNS: Final = ("version", "at", "by", "type", "game", "player", "to", "amount", "currency", "note", "undone")
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def case(sheet: Sheet) -> dict[str, Any]:
    return {
        "id": sheet.meta.id,
        "rules": sheet.meta.rules,
        "players": [player.id for player in sheet.meta.players if player.initial],
        "events": [bare(orjson.loads(line)) for line in sheet.lines],
    }


def bare(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in ADDED}


def as_csv(sheet: Sheet) -> str:
    """With names in place of ids; opens in a spreadsheet, where no cell of it is a formula. Amounts stay whole and in
    minor units: of 12.05 a spreadsheet makes a text or the twelfth of May, depending on where it was bought."""
    names = {player.id: player.name for player in sheet.meta.players}
    users = {player.user_id: player.name for player in sheet.meta.players}
    games = {game.start_id: game.number for game in sheet.play.games}
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for line in map(orjson.loads, sheet.lines):
        cells = {
            **{key: line.get(key, "") for key in ("version", "at", "type", "amount")},
            "by": users.get(sheet.meta.author(line["by"]), ""),
            "game": games.get(line.get("game", line["id"]), ""),
            "player": _named(line, names, "player", "payer", "from"),
            "to": _named(line, names, "to"),
            "note": _note(line, names),
            "currency": sheet.play.rules.currency if "amount" in line else "",
            "undone": "yes" if sheet.play.is_undone(line["id"]) else "",
        }
        rows.writerow([_harmless(cells[column]) for column in COLUMNS])
    return "\ufeff" + text.getvalue()


def _named(line: dict[str, Any], names: dict[str, str], *keys: str) -> str:
    return next((names.get(line[key], "") for key in keys if key in line), "")


def _note(line: dict[str, Any], names: dict[str, str]) -> str:
    kind = line["type"]
    if kind == "start":
        sides = line.get("sides") or [[player] for player in line["order"]]
        return " – ".join(" + ".join(names.get(player, "") for player in side) for side in sides)
    if kind == "ball":
        return " ".join([*filter(None, [line.get("ball")]), *(key for key in ("own", "lucky") if line.get(key))])
    if kind == "expense":
        among = [names.get(player, "") for player in line.get("among", ())]
        return f"{line.get('split', 'equal')} {', '.join(among)}".strip()
    return str(line.get("reason") or line.get("target") or "")


def _harmless(cell: object) -> object:
    """A spreadsheet takes a text that begins like a formula for one."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell
