// All outboxes of whoever is signed in. They work on when nobody looks at the table, and go on after a reload.

import { data, postEvents } from "../api";
import type { PostEventsData } from "../api/generated";
import type { Problem } from "../api/problem";
import type { Answer } from "../api/types";
import { guardClosing, onReturn } from "../telegram";
import { put, remove, waiting } from "./db";
import { Outbox } from "./outbox";
import type { WireEvent } from "./wire";

export interface Watcher {
  onAnswer(answer: Answer): void;
  onRefused(event: WireEvent, problem: Problem): void;
  onChange(): void;
}

interface Owner {
  user: string;
  outboxes: Map<string, Outbox>;
  ready: Promise<void>;
  stop: () => void;
}

let owner: Owner | null = null;
const watchers = new Map<string, Set<Watcher>>();
let refusedUnseen: (problem: Problem) => void = () => {};

export const whenRefusedUnseen = (listener: (problem: Problem) => void): void => {
  refusedUnseen = listener;
};

export const later = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

export function startOutboxes(user: string): void {
  if (owner?.user === user) return;
  stopOutboxes();
  const stop = onReturn(() => kickAll());
  const mine: Owner = { user, outboxes: new Map(), ready: Promise.resolve(), stop };
  owner = mine;
  mine.ready = restore(mine);
}

export function stopOutboxes(): void {
  owner?.stop();
  for (const outbox of owner?.outboxes.values() ?? []) outbox.stop();
  owner = null;
}

async function restore(mine: Owner): Promise<void> {
  const items = await waiting(mine.user).catch(() => []);
  if (owner !== mine) return;
  const sessions = group(items.map((item) => [item.session, item]));
  for (const [session, queued] of sessions) {
    const restored = queued.map(({ seq = 0, event }) => ({ seq, event }));
    const outbox = make(mine, session, restored);
    mine.outboxes.set(session, outbox);
    outbox.kick();
  }
}

function group<T>(pairs: [string, T][]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return groups;
}

function make(mine: Owner, session: string, restored: { seq: number; event: WireEvent }[] = []): Outbox {
  const tell = (what: (watcher: Watcher) => void): void => watchers.get(session)?.forEach(what);
  const { user } = mine;
  return new Outbox(
    {
      store: { put: (event) => put({ session, user, event }), remove },
      post: (events) => post(session, events),
      onAnswer: (answer) => {
        tell((watcher) => watcher.onAnswer(answer));
        guard();
      },
      onRefused: (event, problem) => {
        if (!watchers.get(session)?.size) refusedUnseen(problem);
        tell((watcher) => watcher.onRefused(event, problem));
        guard();
      },
      onChange: () => {
        tell((watcher) => watcher.onChange());
        guard();
      },
      later,
    },
    restored,
  );
}

function post(session: string, events: WireEvent[]): Promise<Answer> {
  const [only] = events;
  // The document's forms are the engine's events word for word; two descriptions of one thing need one cast.
  const body = (events.length === 1 ? only : { events }) as PostEventsData["body"];
  return data(postEvents({ path: { session_id: session }, body })) as Promise<Answer>;
}

const guard = (): void => guardClosing([...(owner?.outboxes.values() ?? [])].some((outbox) => outbox.stuck));

function kickAll(): void {
  for (const outbox of owner?.outboxes.values() ?? []) outbox.kick();
}

export interface Held {
  outbox: Outbox;
  leave: () => void;
}

/** The outbox of one evening, with what an earlier page left behind; null for whoever was signed out a moment ago. */
export async function outboxOf(session: string, watcher: Watcher): Promise<Held | null> {
  const mine = owner;
  if (!mine) return null;
  await mine.ready;
  if (owner !== mine) return null;
  const outbox = mine.outboxes.get(session) ?? make(mine, session);
  mine.outboxes.set(session, outbox);
  const set = watchers.get(session) ?? new Set();
  watchers.set(session, set.add(watcher));
  return { outbox, leave: () => set.delete(watcher) };
}
