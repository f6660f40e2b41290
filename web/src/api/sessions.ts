import type { Rules } from "../engine/types";
import type { Answer } from "../live/outbox";
import type { Page } from "../live/table";
import type { WireEvent } from "../live/wire";
import { pathWith, send } from "./http";
import type { SessionDoc } from "./types";

export const PAGE = 1000;

export interface NewSession {
  id: string;
  name?: string;
  rules: Rules;
  template?: { id: string; version: number };
  players: { id: string; user_id?: string; guest_name?: string }[];
  organizer_player_id?: string;
}

/** The id in it is ours, so asking again cannot make a second evening. */
export const createSession = (body: NewSession): Promise<SessionDoc> =>
  send("POST", "/sessions", body, { "Idempotency-Key": body.id });
export const joinSession = (code: string): Promise<SessionDoc> => send("POST", "/sessions/join", { code });
export const getSession = (id: string): Promise<SessionDoc> => send("GET", `/sessions/${id}`);
export const getEvents = (id: string, after: number): Promise<Page> =>
  send("GET", pathWith(`/sessions/${id}/events`, { after, limit: PAGE }));
export const postEvents = (id: string, events: WireEvent[]): Promise<Answer> =>
  send("POST", `/sessions/${id}/events`, events.length === 1 ? events[0] : { events });
export const liveTicket = (id: string): Promise<{ ticket: string }> => send("POST", `/sessions/${id}/live-ticket`);

export interface SessionPage {
  items: SessionListed[];
  next_cursor: string | null;
}

export type SessionListed = Omit<SessionDoc, "games" | "rules" | "next">;

export const listSessions = (state: "open" | "finished", cursor?: string): Promise<SessionPage> =>
  send("GET", pathWith("/sessions", { state, cursor, limit: 20 }));
export const changeSession = (
  id: string,
  body: { name?: string; scorers?: "everyone" | "organizer" | string[] },
): Promise<SessionDoc> => send("PATCH", `/sessions/${id}`, body);
export const addPlayer = (
  id: string,
  body: { id: string } & ({ user_id: string } | { guest_name: string }),
): Promise<unknown> => send("POST", `/sessions/${id}/players`, body);
export const newCode = (id: string): Promise<{ code: string }> => send("POST", `/sessions/${id}/code`);
export const shareBoard = (id: string, money: boolean): Promise<{ url: string }> =>
  send("POST", `/sessions/${id}/share`, { money });
export const unshareBoard = (id: string): Promise<void> => send("DELETE", `/sessions/${id}/share`);
