// The same words and JSON as the server's engine: rules, events and results of an evening.

export type Score = Record<string, number>;
export type Amounts = Record<string, number>;

export type DuelGame = "americana" | "moscow" | "dynamic";
export type GameKind = DuelGame | "kolkhoz";

export type DuelFoul = "opponent_gains" | "offender_returns" | "offender_loses" | "none";
export type QueueType = "manual" | "winner_stays" | "both_leave" | "round_robin" | "least_played" | "random_no_repeat";
export type Match = { type: "endless" } | { type: "race"; wins: number } | { type: "fixed"; games: number };

export interface DuelRules {
  game: DuelGame;
  target: number;
  foul: DuelFoul;
  debt: boolean;
  fluke: "counts" | "spotted";
  handicap: Record<string, { start?: number; target?: number }>;
  stake: { per: "none" | "game" | "ball"; amount: number };
  format: "1x1" | "2x2";
  queue: { type: QueueType; cap?: number };
  breaks: "alternate" | "winner" | "loser" | "random" | "manual";
  match: Match;
  currency: string;
}

export type KolkhozSystem = "direct" | "reverse" | "everyone" | "norm";
export type KolkhozFoulMode = "minus" | "next" | "pay_all" | "pending" | "none";
export interface BallKind {
  id: string;
  value: number;
  count: number;
}

export interface KolkhozRules {
  game: "kolkhoz";
  system: KolkhozSystem;
  price: number;
  balls: BallKind[];
  last_ball: "none" | "double" | { add: number };
  foul: { mode: KolkhozFoulMode; value: number };
  handicap: Record<string, { start: number }>;
  rates: Record<string, number>;
  legs: 1 | 2;
  order: "fixed" | "rotate" | "random" | "random_no_repeat" | "fair" | "manual";
  starter: "first" | "last_potter";
  currency: string;
}

export type Rules = DuelRules | KolkhozRules;

export type EndReason = "concede" | "timeout" | "draw" | "abandoned";
export type Split = "equal" | "minus_players" | "minus_proportional";

export type GameEvent =
  | { id: string; type: "join"; player: string; name?: string }
  | { id: string; type: "leave"; player: string }
  | { id: string; type: "pause"; player: string }
  | { id: string; type: "resume"; player: string }
  | { id: string; type: "miss"; player: string }
  | { id: string; type: "start"; sides?: string[][]; order?: string[]; breaker?: string }
  | { id: string; type: "ball"; player: string; ball?: string; own?: boolean; lucky?: boolean }
  | { id: string; type: "foul"; player: string; reason?: string }
  | { id: string; type: "end"; reason: EndReason; player?: string }
  | { id: string; type: "undo"; target: string }
  | { id: string; type: "expense"; payer: string; amount: number; split?: Split; among?: string[] }
  | { id: string; type: "payment"; from: string; to: string; amount: number }
  | { id: string; type: "finish" };

export type EventOf<T extends GameEvent["type"]> = Extract<GameEvent, { type: T }>;

export type GameReason = "target" | "rack_empty" | EndReason;

export interface GameResult {
  number: number;
  state: "running" | "ended";
  reason: GameReason | null;
  scores: Score;
  sides?: string[][];
  order?: string[];
  winners: string[];
  points: Record<string, number | string>;
  money: Amounts;
  balls_left: number;
}

export interface Transfer {
  from: string;
  to: string;
  amount: number;
}

export type ErrorCode =
  | "malformed"
  | "invalid_rules"
  | "invalid_event"
  | "unknown_player"
  | "not_in_game"
  | "no_game"
  | "game_in_progress"
  | "ball_not_on_table"
  | "unknown_ball"
  | "unknown_event"
  | "already_undone"
  | "undo_conflict"
  | "match_over"
  | "session_finished"
  | "self_payment";

export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
