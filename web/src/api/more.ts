import type { GameKind, Rules } from "../engine/types";
import { pathWith, send } from "./http";
import type { User } from "./types";

export interface Template {
  id: string;
  owner: "me" | "system" | "other";
  name: string;
  description: string | null;
  version: number;
  rules: Rules;
  favourite: boolean;
}

export const listTemplates = (): Promise<{ items: Template[] }> => send("GET", "/templates?limit=100");
export const saveTemplate = (name: string, rules: Rules): Promise<Template> =>
  send("POST", "/templates", { name, rules });

export interface Figures {
  games: number;
  wins: number;
  losses: number;
  draws: number;
  abandoned: number;
  balls: number;
  own: number;
  fouls: number;
  misses: number;
  best_series: number;
  balance: Record<string, number> | null;
}

export interface KindFigures extends Figures {
  game: GameKind;
  rating: number | null;
  provisional: boolean;
}

export interface PlayerFigures extends Figures {
  user_id: string;
  display_name: string;
  kinds: KindFigures[];
}

export interface HistoryItem {
  game_id: string;
  game: GameKind;
  number: number;
  reason: string;
  started_at: string;
  finished_at: string;
  currency: string;
  outcome: "win" | "loss" | "draw" | "abandoned";
  score: number;
  money: number | null;
  rating_change: number | null;
  session: { id: string; name: string; finished: boolean; balance: number | null } | null;
  players: { user_id: string | null; display_name: string | null; side: number; score: number }[];
}

export const playerFigures = (id: string): Promise<PlayerFigures> => send("GET", `/stats/players/${id}`);
export const playerHistory = (
  player: string,
  cursor?: string,
): Promise<{ items: HistoryItem[]; next_cursor: string | null }> =>
  send("GET", pathWith("/stats/history", { player, cursor }));

interface Told {
  id: string;
  title: string;
  body: string;
  read: boolean;
  created_at: string;
}

export type Notification = Told &
  (
    | { kind: "session_added" | "game_finished" | "session_finished"; data: { session_id: string } }
    | { kind: "friend_requested" | "friend_accepted"; data: { request_id: string; user_id: string } }
  );

export const listNotifications = (): Promise<{ items: Notification[]; next_cursor: string | null; unread: number }> =>
  send("GET", "/notifications?limit=50");
export const readNotifications = (ids: string[]): Promise<unknown> => send("POST", "/notifications/read", { ids });
export const changeMe = (body: { display_name?: string; language?: string }): Promise<User> =>
  send("PATCH", "/users/me", body);
