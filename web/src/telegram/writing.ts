// A bot may write only to whoever has let it.
import { call, can, launched, listen } from "./bridge";
import { readLocal, writeLocal } from "./storage";

const OFFERED = "writing_offered";
const ALLOWED = "artel.writing"; // while this launch lasts: the next one tells anew

export const canAskToWrite = (): boolean => can("web_app_request_write_access");

export const mayWrite = (): boolean => {
  if (launched()?.mayWrite) return true;
  try {
    return sessionStorage.getItem(ALLOWED) !== null;
  } catch {
    return false;
  }
};

/** Telegram's own question. */
export function askToWrite(): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = listen("write_access_requested", ({ status }) => {
      stop();
      if (status === "allowed") remember();
      resolve(status === "allowed");
    });
    call("web_app_request_write_access");
  });
}

function remember(): void {
  try {
    sessionStorage.setItem(ALLOWED, "1");
  } catch {
    // Then it is known until the page is closed, to whoever asked.
  }
}

/** For a moment when there will soon be something to write about. Once on this phone: a no is a no. */
export async function offerToWrite(): Promise<void> {
  if (!canAskToWrite() || mayWrite() || readLocal(OFFERED)) return;
  writeLocal(OFFERED, "1");
  await askToWrite();
}
