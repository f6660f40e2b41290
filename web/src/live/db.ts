// What this phone keeps: events not sent yet, and evenings as last seen. The server is the truth; this only bridges gaps.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { LoggedEvent, SessionDoc } from "../api/types";
import type { WireEvent } from "./wire";

export interface Queued {
  seq?: number;
  session: string;
  user: string;
  event: WireEvent;
}

export interface Seen {
  key: string;
  doc: SessionDoc;
  log: LoggedEvent[];
  at: number;
}

interface Schema extends DBSchema {
  outbox: { key: number; value: Queued; indexes: { session: string } };
  seen: { key: string; value: Seen; indexes: { at: number } };
}

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("artel", 1, {
    upgrade(db) {
      db.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true }).createIndex("session", "session");
      db.createObjectStore("seen", { keyPath: "key" }).createIndex("at", "at");
    },
    terminated() {
      opened = null;
    },
  }).catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

export async function put(item: Queued): Promise<number> {
  return (await database()).add("outbox", item);
}

export async function remove(seqs: number[]): Promise<void> {
  const tx = (await database()).transaction("outbox", "readwrite");
  await Promise.all([...seqs.map((seq) => tx.store.delete(seq)), tx.done]);
}

/** In the order in which they were tapped. */
export async function waiting(user: string): Promise<Queued[]> {
  return (await (await database()).getAll("outbox")).filter((item) => item.user === user);
}

const key = (user: string, session: string): string => `${user}/${session}`;
const KEEP_SEEN = 20;

export async function readSeen(user: string, session: string): Promise<Seen | undefined> {
  return (await database()).get("seen", key(user, session));
}

export async function writeSeen(user: string, doc: SessionDoc, log: LoggedEvent[]): Promise<void> {
  const db = await database();
  await db.put("seen", { key: key(user, doc.id), doc, log, at: Date.now() });
  const keys = await db.getAllKeysFromIndex("seen", "at");
  for (const old of keys.slice(0, Math.max(0, keys.length - KEEP_SEEN))) await db.delete("seen", old);
}

/** A signed-out phone keeps nothing of anybody's evenings; what was not sent waits for its owner. */
export async function forgetSeen(): Promise<void> {
  await (await database()).clear("seen");
}
