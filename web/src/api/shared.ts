import { API, bareFetch, postPublic } from "../auth/tokens";
import type { GameKind, GameReason } from "../engine/types";
import { problemOf } from "./problem";
import type { Next } from "./types";

export interface SharedGame {
  id: string;
  number: number;
  state: "running" | "ended";
  reason: GameReason | null;
  scores: Record<string, number>;
  sides?: string[][] | null;
  order?: string[] | null;
  winners: string[];
  balls_left: number;
  turn: string | null;
  money?: Record<string, number>;
}

export interface SharedTable {
  version: number;
  state: "open" | "finished";
  players: { id: string; name: string; active: boolean; paused: boolean }[];
  game: SharedGame | null;
  next: Next | null;
  queue: string[];
  games_version: number;
  balances?: Record<string, number> | null;
  transfers?: { from: string; to: string; amount: number }[] | null;
}

export interface SharedBoard extends SharedTable {
  name: string | null;
  kind: GameKind;
  currency: string;
  epoch: string;
  games: SharedGame[];
}

export async function getShared(token: string): Promise<SharedBoard> {
  const response = await bareFetch("/shared", { headers: { "X-Share-Token": token } });
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as SharedBoard;
}

export const sharedTicket = (token: string): Promise<{ ticket: string; url?: string }> =>
  postPublic("/shared/live-ticket", undefined, { "X-Share-Token": token });

export function sharedLiveUrl(version: number, epoch: string): string {
  const url = new URL(`${API}/shared/live`, window.location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("after", String(version));
  url.searchParams.set("epoch", epoch);
  return url.href;
}
