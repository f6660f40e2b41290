import { readLocal, writeLocal } from "../telegram";

const ONCE_EVERY_MS = 60_000;

/** A piece of an older release is gone from the server: the newest page has the newest pieces. Once, not in a circle. */
export function reloadOnOldRelease(): void {
  window.addEventListener("vite:preloadError", (event) => {
    const before = Number(readLocal("reloaded"));
    if (Date.now() - before < ONCE_EVERY_MS) return;
    event.preventDefault();
    writeLocal("reloaded", String(Date.now()));
    window.location.reload();
  });
}
