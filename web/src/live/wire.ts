// Events as they travel: the engine's, with what the server wants beside them.
import type { GameEvent } from "../engine/types";

type WithoutJoin = Exclude<GameEvent, { type: "join" }>;

/** An event as it is posted. A `start` may leave the order to the server. */
export type WireEvent = WithoutJoin & { game?: string; client_at?: string };

const ON_THE_WAY = ["version", "game", "by", "at", "client_at"];

/** Only what the engine knows. */
export function bare(event: object): GameEvent {
  const known = Object.entries(event).filter(([key, value]) => !ON_THE_WAY.includes(key) && value !== null);
  return Object.fromEntries(known) as unknown as GameEvent;
}
