// A table opened on the screen: store, outbox, socket and what this phone remembers, wired together.
import { data, getEvents, getSession, liveTicket } from "../api";
import { Problem, Unreachable } from "../api/problem";
import { uuid7 } from "../lib/uuid7";
import { onReturn } from "../telegram";
import { readSeen, writeSeen } from "./db";
import type { Outbox } from "./outbox";
import { later, outboxOf } from "./outboxes";
import { LiveSocket } from "./socket";
import { type Page, TableStore } from "./table";
import type { WireEvent } from "./wire";

export type Tap = WireEvent extends infer E
  ? E extends WireEvent
    ? Omit<E, "id" | "client_at"> & { id?: string }
    : never
  : never;

export interface OpenTable {
  store: TableStore;
  post(tap: Tap): string;
  /** For a request that must not overtake the taps before it. Fails where they do not reach the server. */
  sent(): Promise<void>;
  close(): void;
}

export interface Listener {
  onRefused(event: WireEvent, problem: Problem): void;
}

const SAVE_MS = 1500;
const PAGE = 1000;

export function openTable(me: string, id: string, listener: Listener): OpenTable {
  const path = { session_id: id };
  let outbox: Outbox | null = null;
  let leave = (): void => {};
  let closed = false;
  let cancelSave = (): void => {};
  const early: WireEvent[] = [];

  const store = new TableStore(me, {
    fetchDoc: () => data(getSession({ path })),
    fetchEvents: (after) => data(getEvents({ path, query: { after, limit: PAGE } })) as Promise<Page>,
    outgoing: () => [...(outbox?.events ?? []), ...early],
    save: (doc, log) => {
      cancelSave();
      cancelSave = later(SAVE_MS, () => void writeSeen(me, doc, [...log]).catch(() => undefined));
    },
    warn: (text) => console.error(text),
  });

  const socket = new LiveSocket({
    ticket: async () => (await data(liveTicket({ path }))).ticket,
    open: (ticket) => new WebSocket(liveUrl(id, store.position), ["artel.v1", `ticket.${ticket}`]),
    onFrame: store.onFrame,
    onState: (state) => {
      store.onLive(state);
      if (state !== "live") return;
      outbox?.kick();
      // Beside the log he may have missed as much: who may keep the score, who has come, what it is called.
      void store.refetch();
    },
    onMissed: () => void store.sync(),
    isFinal: (error) => error instanceof Problem && (error.status === 404 || error.status === 403),
    later,
    now: Date.now,
  });

  const watcher = {
    onAnswer: store.onAnswer.bind(store),
    onRefused: (event: WireEvent, problem: Problem) => {
      listener.onRefused(event, problem);
      void store.sync();
    },
    onChange: store.changed,
  };

  async function start(): Promise<void> {
    const [held, seen] = await Promise.all([outboxOf(id, watcher), readSeen(me, id).catch(() => undefined)]);
    if (!held) return;
    leave = held.leave;
    if (closed) return leave();
    outbox = held.outbox;
    for (const event of early.splice(0)) held.outbox.add(event);
    if (seen) store.restore(seen.doc, seen.log);
    await store.sync();
    if (!closed && !store.snapshot().gone) socket.start();
  }

  const stopListening = onReturn(() => socket.wake());
  void start();

  return {
    store,
    post(tap) {
      const event = { id: uuid7(), ...tap, client_at: new Date().toISOString() } as WireEvent;
      if (outbox) outbox.add(event);
      else early.push(event);
      store.changed();
      return event.id;
    },
    async sent() {
      if (!(await outbox?.sent())) throw new Unreachable();
    },
    close() {
      closed = true;
      leave();
      stopListening();
      socket.stop();
    },
  };
}

function liveUrl(id: string, position: { after: number; epoch: string } | null): string {
  const url = new URL(`/api/v1/sessions/${id}/live`, window.location.href);
  url.protocol = url.protocol.replace("http", "ws");
  if (position) {
    url.searchParams.set("after", String(position.after));
    url.searchParams.set("epoch", position.epoch);
  }
  return url.href;
}
