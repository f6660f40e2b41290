import type { SharedBoard, SharedTable } from "../../api/types";
import { plus, settle } from "../../engine/money";
import type { Transfer } from "../../engine/types";

/** Whether an answer was overtaken by what is shown meanwhile. */
export function isOlder(answer: SharedBoard, shown: SharedBoard | null): boolean {
  return shown !== null && answer.epoch === shown.epoch && answer.version < shown.version;
}

/** The board with a newer table. Until its `games_version` is the table's, it does not know all of the older games. */
export function landed(board: SharedBoard, table: SharedTable): SharedBoard {
  if (table.version <= board.version) return board;
  const { game } = table;
  const games = game ? [...board.games.filter(({ id }) => id !== game.id), game] : board.games;
  return { ...board, ...table, games, games_version: board.games_version };
}

type Shown = Pick<SharedBoard, "game" | "balances" | "transfers">;

/** Who would pay whom if the evening ended now, as its members see it; nobody where money is not shown. */
export function transfersNow({ game, balances, transfers }: Shown): Transfer[] {
  const stands = game?.state === "running" ? game.stands : null;
  return balances && stands ? settle(plus(balances, stands)) : (transfers ?? []);
}
