import type { Amounts, EventOf, GameReason, GameResult, Score } from "./types";

export type Play = EventOf<"ball"> | EventOf<"foul"> | EventOf<"miss">;

/** One rack. Values are never changed in place, so that a prediction can branch off for free. */
export interface GameBase {
  id: string;
  number: number;
  reason: GameReason | null;
  winners: string[];
  players: string[];
  breaker: string;
  turn: string;
}

export const zero = (players: string[]): Amounts => Object.fromEntries(players.map((player) => [player, 0]));

export function resultOf(
  game: GameBase,
  rest: {
    scores: Score;
    sides?: string[][];
    order?: string[];
    points: GameResult["points"];
    money: Amounts;
    balls_left: number;
  },
): GameResult {
  return {
    number: game.number,
    state: game.reason === null ? "running" : "ended",
    reason: game.reason,
    winners: game.winners,
    ...rest,
  };
}
