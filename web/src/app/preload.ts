import { readLocal, writeLocal } from "../telegram";

const ONCE_EVERY_MS = 60_000;

/** A piece of an older release is gone from the server: the newest page has the newest pieces. Once, not in a circle. */
export function reloadOnOldRelease(): void {
  window.addEventListener("vite:preloadError", () => void reloadIfServed());
}

/** Where it is the net that is gone, a page that was loaded again would be gone as well. */
async function reloadIfServed(): Promise<void> {
  const before = Number(readLocal("reloaded"));
  if (Date.now() - before < ONCE_EVERY_MS) return;
  const page = await fetch("/", { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (!page?.ok) return;
  writeLocal("reloaded", String(Date.now()));
  window.location.reload();
}
