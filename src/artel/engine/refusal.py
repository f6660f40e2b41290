from typing import Final, NoReturn

CODES: Final = frozenset({
    "malformed", "invalid_rules", "invalid_event", "unknown_player", "not_in_game", "no_game", "game_in_progress",
    "ball_not_on_table", "unknown_ball", "unknown_event", "already_undone", "undo_conflict", "match_over",
    "session_finished", "self_payment",
})  # fmt: skip


class Refusal(Exception):  # noqa: N818 - not an error of ours: the rules of play say no
    """The only thing the engine raises. `code` is one of CODES, `detail` a sentence for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def refuse(code: str, detail: str) -> NoReturn:
    raise Refusal(code, detail)
