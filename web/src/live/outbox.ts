// Events on their way to the server: one sender a session, in order, the same ids until answered.
import { Problem, worthRetrying } from "../api/problem";
import type { Answer } from "../api/types";
import { oneByOne } from "../lib/one-by-one";
import type { WireEvent } from "./wire";

export interface Store {
  put(event: WireEvent): Promise<number>;
  remove(seqs: number[]): Promise<void>;
}

export interface OutboxDeps {
  store: Store;
  post(events: WireEvent[]): Promise<Answer>;
  onAnswer(answer: Answer): void;
  onRefused(event: WireEvent, problem: Problem): void;
  onChange(): void;
  /** Returns a way to call it off. */
  later(ms: number, run: () => void): () => void;
}

export interface Item {
  event: WireEvent;
  stored: Promise<number | undefined>;
}

/** The server takes 100 at once, of them 10 undos. */
const BATCH = 100;
const UNDOS = 10;
const SLOWEST_MS = 10_000;

export class Outbox {
  private readonly deps: OutboxDeps;
  private items: Item[] = [];
  private stopped = false;
  private failures = 0;
  private batch = BATCH;
  private cancelRetry: (() => void) | null = null;

  constructor(deps: OutboxDeps, restored: { seq: number; event: WireEvent }[] = []) {
    this.deps = deps;
    this.items = restored.map(({ seq, event }) => ({ event, stored: Promise.resolve(seq) }));
  }

  get events(): readonly WireEvent[] {
    return this.items.map((item) => item.event);
  }

  /** Whether the last attempt found no server. */
  get stuck(): boolean {
    return this.failures > 0 && this.items.length > 0;
  }

  add(event: WireEvent): void {
    // Where nothing can be stored (private mode, a full disk) it still goes out; it only does not survive a reload.
    this.items.push({ event, stored: this.deps.store.put(event).catch(() => undefined) });
    this.deps.onChange();
    void this.pump();
  }

  /** The connection may be back: do not wait for the timer. */
  kick(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    void this.pump();
  }

  /** Tries at once, and once more where an attempt was under way. Whether the server has now answered everything. */
  async sent(): Promise<boolean> {
    for (let tries = 0; tries < 2 && (tries === 0 || this.items.length > 0); tries++) {
      this.kick();
      await this.pump();
    }
    return this.items.length === 0;
  }

  /** Nothing more goes out: whoever signs in next is not who tapped. What is stored waits for its owner. */
  stop(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.stopped = true;
  }

  private pump = oneByOne(async () => {
    while (this.items.length > 0 && !this.cancelRetry && !this.stopped) await this.sendSome();
  });

  private take(): Item[] {
    const taken: Item[] = [];
    let undos = 0;
    for (const item of this.items.slice(0, this.batch)) {
      if (item.event.type === "undo" && ++undos > UNDOS) break;
      taken.push(item);
    }
    return taken;
  }

  private async sendSome(): Promise<void> {
    const taken = this.take();
    try {
      const answer = await this.deps.post(taken.map((item) => item.event));
      this.failures = 0;
      this.batch = BATCH;
      this.drop(taken);
      this.deps.onAnswer(answer);
    } catch (error) {
      // Whose sign-in has ended signs in again, and then it goes: a tap is its owner's.
      const final = error instanceof Problem && error.status !== 401 && !worthRetrying(error);
      if (final) this.refused(taken, error);
      else this.retryLater(error);
    }
  }

  private refused(taken: Item[], problem: Problem): void {
    const at = problem.event ?? (taken.length === 1 ? 0 : null);
    const culprit = at === null ? undefined : taken[at];
    if (!culprit) {
      // The batch is refused and nobody says for which event: go one by one and it will show.
      this.batch = 1;
      return;
    }
    const lost = this.items.filter((item) => item === culprit || hangsOn(item.event, culprit.event));
    this.drop(lost);
    for (const { event } of lost) {
      // An undo of what was refused has what it wanted.
      if (event === culprit.event || event.type !== "undo") this.deps.onRefused(event, problem);
    }
    this.deps.onChange();
  }

  private drop(gone: Item[]): void {
    this.items = this.items.filter((item) => !gone.includes(item));
    void Promise.all(gone.map((item) => item.stored))
      .then((seqs) => this.deps.store.remove(seqs.filter((seq) => seq !== undefined)))
      .catch(() => undefined);
  }

  private retryLater(error: unknown): void {
    this.failures += 1;
    const backoff = Math.min(SLOWEST_MS, 250 * 2 ** Math.min(this.failures, 8)) * (0.75 + Math.random() / 2);
    // As long as it is told at least, and not all who are told the same at the same moment.
    const told = error instanceof Problem ? (error.retryAfterMs ?? 0) : 0;
    const wait = Math.max(told * (1 + Math.random() / 4), backoff);
    this.cancelRetry = this.deps.later(wait, () => {
      this.cancelRetry = null;
      void this.pump();
    });
    this.deps.onChange();
  }
}

/** What makes no sense without the other: its undo, or the balls of a game that never started. */
function hangsOn(event: WireEvent, lost: WireEvent): boolean {
  if (event.type === "undo") return event.target === lost.id;
  return lost.type === "start" && event.game === lost.id;
}
