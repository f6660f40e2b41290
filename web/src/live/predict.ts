// What the table looks like once the taps that are still on their way have landed.
import type { Next, Player, Table } from "../api/types";
import type { Duel } from "../engine/duel";
import type { Kolkhoz } from "../engine/kolkhoz";
import { Session } from "../engine/session";
import { type GameEvent, Refusal, type Rules } from "../engine/types";
import { bare } from "./wire";

type Placed = Pick<GameEvent, "id" | "type"> & object;

/** The players of the case: those given at creation. Later ones come by a `join` of the log. */
export function firstPlayers(players: Player[], log: readonly GameEvent[]): string[] {
  const firstMove = new Map<string, string>();
  for (const event of log) {
    if ((event.type === "join" || event.type === "leave") && !firstMove.has(event.player)) {
      firstMove.set(event.player, event.type);
    }
  }
  const given = (player: Player): boolean => {
    const move = firstMove.get(player.id);
    return move === "leave" || (move === undefined && player.active !== Boolean(player.waits));
  };
  return players.filter(given).map((player) => player.id);
}

export function foldLog(rules: Rules, players: Player[], log: readonly GameEvent[]): Session {
  const session = new Session(rules, firstPlayers(players, log));
  for (const event of log) session.apply(bare(event));
  return session;
}

/** A branch of `base` with everything on its way; what cannot be is left out, the server will say so. Whoever waits
 * comes, or goes, with the first word that is no undo, as on the server. */
export function ahead(
  base: Session,
  coming: readonly Placed[],
  { next, players }: Pick<Table, "next" | "players">,
): Session {
  const branch = base.fork();
  for (const event of coming) {
    if (event.type !== "undo" && !branch.running)
      for (const player of players) if (player.waits) take(branch, presence(player));
    take(branch, bare(withOrder(event, next)));
  }
  return branch;
}

const presence = ({ id, active }: Player): GameEvent => ({
  id: `waits-${id}`,
  type: active ? "join" : "leave",
  player: id,
});

function take(branch: Session, event: unknown): void {
  try {
    branch.apply(event);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

/** A start that leaves the order to the server takes the one that is drawn. */
function withOrder(event: Placed, next: Next | null): object {
  if (event.type !== "start" || "order" in event || "sides" in event || !next) return event;
  const { order, sides, breaker } = next;
  return { ...event, ...(order ? { order } : { sides }), ...(breaker && { breaker }) };
}

export const isKolkhozGame = (game: Duel | Kolkhoz): game is Kolkhoz => game.kind === "kolkhoz";
