import { Problem, Unreachable } from "../src/api/problem";
import type { Answer, LoggedEvent, Player, SessionDoc, Table } from "../src/api/types";
import { settle } from "../src/engine/money";
import { parseRules } from "../src/engine/rules";
import { gameResult, Session } from "../src/engine/session";
import { Refusal } from "../src/engine/types";
import { bare, type WireEvent } from "../src/live/wire";

/** Time that stands still until the test moves it. */
export class Clock {
  now = 0;
  private timers: { at: number; run: () => void }[] = [];

  later = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.now + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  async pass(ms: number): Promise<void> {
    await settled();
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.now = due.at;
      due.run();
      await settled();
    }
    this.now = end;
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

export const RULES = parseRules({ game: "kolkhoz", price: 5000 });
export const PLAYERS = ["A", "B", "C"].map((id) => ({
  id,
  user_id: null,
  name: id,
  active: true,
  paused: false,
  waits: false,
}));

/** A server with the API's promises: idempotent ids, batches all or nothing, versions without gaps. */
export class FakeServer {
  log: LoggedEvent[] = [];
  epoch = "e1";
  session = new Session(RULES, ["A", "B", "C"]);
  players: Player[] = PLAYERS;
  /** What happens to the next requests: lost before or after they took effect. */
  faults: ("lost_request" | "lost_answer" | Problem)[] = [];
  posts = 0;
  onEvent: (event: LoggedEvent, table: Table) => void = () => {};

  post = async (events: WireEvent[]): Promise<Answer> => {
    this.posts += 1;
    const fault = this.faults.shift();
    await Promise.resolve();
    if (fault === "lost_request") throw new Unreachable("lost");
    if (fault instanceof Problem) throw fault;
    this.accept(events);
    if (fault === "lost_answer") throw new Unreachable("lost");
    const found = events.map((event) => this.log.find(({ id }) => id === event.id) as LoggedEvent);
    return { version: this.log.length, events: found, table: this.table() };
  };

  accept(given: WireEvent[], by = "someone"): void {
    const events = given.map((event) =>
      event.type === "start" && !event.order ? { ...event, order: ["A", "B", "C"], breaker: "A" } : event,
    );
    const trial = this.session.fork();
    const fresh: WireEvent[] = [];
    events.forEach((event, index) => {
      try {
        if (!trial.has(event.id)) fresh.push(event);
        trial.apply(bare(event));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        throw new Problem(409, { code: error.code, detail: error.message, event: index });
      }
    });
    for (const event of fresh) {
      this.session.apply(bare(event));
      const logged = { ...event, version: this.log.length + 1, by, at: "2026-01-01T00:00:00Z" } as LoggedEvent;
      this.log.push(logged);
      this.onEvent(logged, this.table());
    }
  }

  table(): Table {
    const last = this.session.games.at(-1);
    return {
      version: this.log.length,
      state: this.session.finished ? "finished" : "open",
      players: this.players,
      game: last ? { ...gameResult(last, RULES), id: last.id, breaker: last.breaker, turn: last.turn } : null,
      next: { order: ["A", "B", "C"], breaker: "A" },
      queue: [],
      balances: this.session.balances,
      transfers: settle(this.session.balances),
      games_version: 0,
    };
  }

  doc(): SessionDoc {
    const { game, ...rest } = this.table();
    return {
      ...rest,
      id: "S",
      code: "ABC234",
      name: "Пятница",
      epoch: this.epoch,
      organizer_id: "someone",
      scorers: "everyone",
      rules: { ...RULES },
      template: null,
      games: game ? [game] : [],
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
    };
  }

  ask = async (): Promise<SessionDoc> => this.doc();

  page = async (after: number): Promise<{ items: LoggedEvent[]; version: number; epoch: string }> => {
    await Promise.resolve();
    return { items: this.log.slice(after), version: this.log.length, epoch: this.epoch };
  };
}

let made = 0;
export const id = (): string => {
  made += 1;
  return `id-${made}`;
};
