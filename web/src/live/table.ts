// One evening as this phone sees it: the server's log, what is on its way to it, and the connection.
import { Problem, worthRetrying } from "../api/problem";
import type { Answer, LoggedEvent, SessionDoc, Table } from "../api/types";
import { parseRules } from "../engine/rules";
import type { Session } from "../engine/session";
import { oneByOne } from "../lib/one-by-one";
import { History } from "./history";
import { ahead, foldLog } from "./predict";
import type { Frame, LiveState } from "./socket";
import { drift, makeView, type View } from "./view";
import { bare, type WireEvent } from "./wire";

export interface Page {
  items: LoggedEvent[];
  version: number;
  epoch: string;
}

export interface TableDeps {
  fetchDoc(): Promise<SessionDoc>;
  fetchEvents(after: number): Promise<Page>;
  /** What is on its way. */
  outgoing(): readonly WireEvent[];
  save(doc: SessionDoc, log: readonly LoggedEvent[]): void;
  warn(text: string): void;
}

export interface Snapshot {
  view: View | null;
  live: LiveState;
  online: string[];
  /** The evening is not there, or not for us. */
  gone: boolean;
  /** The server knows something that this page does not: only a newer page helps. */
  outdated: boolean;
}

export class TableStore {
  private readonly deps: TableDeps;
  private readonly me: string;
  private doc: SessionDoc | null = null;
  private table: Table | null = null;
  /** The server's latest word; shown once the log reaches as far. */
  private latest: Table | null = null;
  private history = new History();
  private fold: Session | null = null;
  private live: LiveState = "connecting";
  private online: string[] = [];
  private gone = false;
  private outdated = false;
  private listeners = new Set<() => void>();
  private made: Snapshot | null = null;

  constructor(me: string, deps: TableDeps) {
    this.me = me;
    this.deps = deps;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): Snapshot => {
    if (!this.made) {
      const view = this.view();
      this.made = { view, live: this.live, online: this.online, gone: this.gone, outdated: this.outdated };
    }
    return this.made;
  };

  get position(): { after: number; epoch: string } | null {
    return this.doc ? { after: this.history.version, epoch: this.doc.epoch } : null;
  }

  changed = (): void => {
    this.made = null;
    for (const listener of this.listeners) listener();
  };

  /** What was seen last time, until the server says more. */
  restore(doc: SessionDoc, log: LoggedEvent[]): void {
    if (this.doc) return;
    this.take(doc);
    this.learn(log);
  }

  /** Asks over HTTP for everything that is missing. */
  sync = oneByOne(() => this.catchUp());

  /** An answer that was overtaken would take back who came, and what it is called. */
  refetch = oneByOne(() => this.guarded(async () => this.take(await this.deps.fetchDoc())));

  private async catchUp(): Promise<void> {
    await this.guarded(async () => {
      if (!this.doc) this.take(await this.deps.fetchDoc());
      for (;;) {
        const page = await this.deps.fetchEvents(this.history.version);
        if (page.epoch !== this.doc?.epoch) this.startOver(await this.deps.fetchDoc());
        else this.learn(page.items);
        if (this.history.version >= page.version) break;
      }
      if ((this.table?.version ?? -1) < this.history.version) await this.refetch();
    });
    this.changed();
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof Problem && (error.status === 404 || error.status === 403)) this.gone = true;
      else if (!worthRetrying(error) && !(error instanceof Problem && error.status === 401)) throw error;
    }
    this.changed();
  }

  private startOver(doc: SessionDoc): void {
    this.history = new History();
    this.fold = null;
    this.table = null;
    this.latest = null;
    this.doc = null;
    this.take(doc);
  }

  private take(doc: SessionDoc): void {
    if (this.doc && this.doc.epoch !== doc.epoch) {
      this.startOver(doc);
      return;
    }
    this.doc = doc;
    this.adopt(tableOf(doc));
  }

  /** A table newer than the log would show what the log cannot explain yet. */
  private adopt(table: Table | null = this.latest): void {
    if (table && table.version >= (this.latest?.version ?? -1)) this.latest = table;
    const { latest } = this;
    if (latest && latest.version <= this.history.version && latest.version >= (this.table?.version ?? -1)) {
      this.table = latest;
    }
  }

  private learn(events: LoggedEvent[]): void {
    const fresh = this.history.add(events);
    if (this.fold) this.extend(fresh);
    this.adopt();
    if (fresh.length > 0 && this.doc) this.deps.save(this.doc, this.history.events);
  }

  private extend(fresh: LoggedEvent[]): void {
    try {
      for (const event of fresh) this.fold?.apply(bare(event));
    } catch (error) {
      this.unfoldable(error);
    }
  }

  private unfoldable(error: unknown): null {
    this.deps.warn(`our fold does not take the server's log: ${error}`);
    this.fold = null;
    this.outdated = true;
    return null;
  }

  onFrame = (frame: Frame): void => {
    if (frame.type === "snapshot") {
      this.take(frame.session);
      if (this.history.version < frame.session.version) void this.sync();
    }
    if (frame.type === "event") this.land([frame.event], frame.table);
    if (frame.type === "session") void this.refetch();
    if (frame.type === "presence") this.online = frame.online;
    this.changed();
  };

  onAnswer(answer: Answer): void {
    this.land(answer.events, answer.table);
    this.changed();
  }

  private land(events: LoggedEvent[], table: Table): void {
    this.learn(events);
    this.adopt(table);
    if (this.history.hasHole) void this.sync();
  }

  onLive = (state: LiveState): void => {
    this.live = state;
    if (state === "stopped") this.gone = true;
    this.changed();
  };

  private view(): View | null {
    const { doc, table } = this;
    if (!doc || !table || this.outdated) return null;
    this.fold ??= this.rebuild(doc, table);
    if (!this.fold) return null;
    const pending = this.deps.outgoing().filter((event) => !this.history.has(event.id));
    const early = this.history.early;
    const onTheWay = pending.filter((event) => !early.some(({ id }) => id === event.id));
    const coming = [...early, ...onTheWay];
    const fold = coming.length > 0 ? ahead(this.fold, coming, table) : this.fold;
    const entries = [
      ...[...this.history.events, ...early].map((event) => ({ event, by: event.by, at: event.at, pending: false })),
      ...onTheWay.map((event) => ({ event, by: this.me, at: event.client_at ?? null, pending: true })),
    ];
    if (coming.length === 0) this.compare(table, doc);
    const settled = coming.length === 0 && table.version === this.history.version;
    return makeView({ doc, table, fold, entries, settled });
  }

  private rebuild(doc: SessionDoc, table: Table): Session | null {
    try {
      return foldLog(parseRules(doc.rules), table.players, this.history.events);
    } catch (error) {
      return this.unfoldable(error);
    }
  }

  private compare(table: Table, doc: SessionDoc): void {
    if (!this.fold || table.version !== this.history.version) return;
    const where = drift(table, this.fold, parseRules(doc.rules));
    if (where) this.deps.warn(`our fold and the server differ in ${where} at version ${table.version}`);
  }
}

/** A Session says all that a Table says. */
function tableOf(doc: SessionDoc): Table {
  const { version, state, players, games, next, queue, balances, transfers, games_version } = doc;
  return { version, state, players, game: games.at(-1) ?? null, next, queue, balances, transfers, games_version };
}
