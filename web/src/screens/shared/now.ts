import type { SharedBoard } from "../../api/types";
import { plus, settle } from "../../engine/money";
import type { Transfer } from "../../engine/types";

type Shown = Pick<SharedBoard, "game" | "balances" | "transfers">;

/** Who would pay whom if the evening ended now, as its members see it; nobody where money is not shown. */
export function transfersNow({ game, balances, transfers }: Shown): Transfer[] {
  const stands = game?.state === "running" ? game.stands : null;
  return balances && stands ? settle(plus(balances, stands)) : (transfers ?? []);
}
