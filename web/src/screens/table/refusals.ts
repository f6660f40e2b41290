import type { MessageDescriptor } from "@lingui/core";
import { i18n } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Problem } from "../../api/problem";

const TEXTS: Record<string, MessageDescriptor> = {
  stale_game: msg`That game is over already: the tap was taken back`,
  no_game: msg`No game is running: the tap was taken back`,
  game_in_progress: msg`A game is running already`,
  ball_not_on_table: msg`There is no such ball left on the table`,
  unknown_player: msg`This player is not in the evening any more`,
  not_in_game: msg`This player does not play this game`,
  match_over: msg`The match is over`,
  session_finished: msg`The evening is finished already`,
  already_undone: msg`Somebody has undone this already`,
  undo_conflict: msg`This cannot be undone: what came after depends on it`,
  unknown_event: msg`There is nothing to undo any more`,
  session_full: msg`This evening has no room for more events`,
  forbidden: msg`You do not keep the score of this evening`,
  not_found: msg`This evening is not there for you any more`,
  merging: msg`Two accounts are becoming one just now. Try again in a moment.`,
  rate_limited: msg`Too many taps at once: wait a moment`,
};

/** Why the server did not take a tap, in one sentence. */
export function refusalText(problem: Problem): string {
  const text = TEXTS[problem.code];
  if (text) return i18n._(text);
  const { message: reason } = problem;
  return i18n._(msg`Not taken: ${reason}`);
}
