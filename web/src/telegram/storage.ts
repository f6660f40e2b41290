// Where the refresh token lives: the phone's keychain where Telegram lends it to us, else the browser's storage.
import { type EventName, off, on, postEvent } from "@tma.js/bridge";
import { can } from "./bridge";

const PREFIX = "artel.";
const PATIENCE_MS = 1500;
let requests = 0;

function ask(
  method: "web_app_secure_storage_get_key" | "web_app_secure_storage_save_key",
  answer: EventName,
  params: Record<string, unknown>,
): Promise<string | null> {
  requests += 1;
  const id = `artel-${Date.now()}-${requests}`;
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => {
      clearTimeout(timer);
      off(answer, taken as never);
      off("secure_storage_failed", failed as never);
      settle();
    };
    const taken = (payload: { req_id: string; value?: string | null }): void => {
      if (payload.req_id === id) done(() => resolve(payload.value ?? null));
    };
    const failed = (payload: { req_id: string; error?: string }): void => {
      if (payload.req_id === id) done(() => reject(new Error(payload.error ?? "secure storage failed")));
    };
    const timer = setTimeout(() => done(() => reject(new Error("secure storage is silent"))), PATIENCE_MS);
    on(answer, taken as never);
    on("secure_storage_failed", failed as never);
    postEvent(method as never, { ...params, req_id: id } as never);
  });
}

/** What stands in the browser's storage is newer: there it went when the keychain did not take it. */
export async function readSecret(key: string): Promise<string | null> {
  const local = readLocal(key);
  if (local === null && can("web_app_secure_storage_get_key")) {
    try {
      return await ask("web_app_secure_storage_get_key", "secure_storage_key_received", { key: PREFIX + key });
    } catch {
      // Some clients announce the storage and lack it.
    }
  }
  return local;
}

export async function writeSecret(key: string, value: string | null): Promise<void> {
  if (can("web_app_secure_storage_save_key")) {
    try {
      await ask("web_app_secure_storage_save_key", "secure_storage_key_saved", { key: PREFIX + key, value });
      writeLocal(key, null);
      return;
    } catch {
      // As above.
    }
  }
  writeLocal(key, value);
}

export function readLocal(key: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function writeLocal(key: string, value: string | null): void {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + key);
    else window.localStorage.setItem(PREFIX + key, value);
  } catch {
    // Storage may be forbidden or full; then this lasts until the page is closed.
  }
}
