import type { GameEvent, GameResult, Rules, Transfer } from "../engine/types";

export interface User {
  id: string;
  display_name: string;
  username: string | null;
  avatar_url: string | null;
  language: string | null;
}

export interface Tokens {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  refresh_token: string;
  user: User;
}

export interface Player {
  id: string;
  user_id: string | null;
  name: string;
  active: boolean;
  paused: boolean;
}

export interface Game extends GameResult {
  id: string;
  breaker: string;
  turn?: string | null;
}

export interface Next {
  order?: string[] | null;
  sides?: string[][] | null;
  breaker: string;
}

export interface Table {
  version: number;
  state: "open" | "finished";
  players: Player[];
  game: Game | null;
  next: Next | null;
  queue: string[];
  balances: Record<string, number>;
  transfers: Transfer[];
  games_version: number;
}

export interface SessionDoc {
  id: string;
  code: string | null;
  name: string;
  state: "open" | "finished";
  version: number;
  epoch: string;
  organizer_id: string;
  scorers: "everyone" | "organizer" | string[];
  rules: Rules;
  template: { id: string; version: number } | null;
  players: Player[];
  games: Game[];
  next: Next | null;
  balances: Record<string, number>;
  transfers: Transfer[];
  created_at: string;
  updated_at: string;
}

export type LoggedEvent = GameEvent & {
  version: number;
  game?: string | null;
  by: string | null;
  at: string;
  client_at?: string | null;
};
