// A whole case at once, as `artel replay` reads and answers it.
import { Reader } from "./check";
import { settle } from "./money";
import { parseRules } from "./rules";
import { Session } from "./session";
import { type Amounts, type ErrorCode, type GameResult, Refusal, type Transfer } from "./types";

export type ReplayResult =
  | { id: string; games: GameResult[]; balances: Amounts; transfers: Transfer[] }
  | { id: string | null; error: { code: ErrorCode; event: number | null; detail: string } };

const read: Reader = new Reader("malformed");

export function replay(value: unknown): ReplayResult {
  let id: string | null = null;
  let at: number | null = null;
  try {
    const raw = read.object(value, "case");
    id = typeof raw.id === "string" ? raw.id : null;
    read.keys(raw, ["id", "rules", "players", "events"], ["id", "rules", "players", "events"]);
    id = read.text(raw.id, "id");
    const players = read.ids(raw.players, "players", 0, Infinity);
    if (!Array.isArray(raw.events)) read.fail("events is not a list");
    const session = new Session(parseRules(raw.rules), players);
    for (const [i, event] of raw.events.entries()) {
      at = i;
      session.apply(event);
    }
    return { id, games: session.results(), balances: session.balances, transfers: settle(session.balances) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { id, error: { code: error.code, event: at, detail: error.message } };
  }
}
