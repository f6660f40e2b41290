// Who is signed in.
import { data, signInByName as signInByNameCall, signInByTelegram, signOut as signOutCall } from "../api";
import { open } from "../api/open";
import { Problem, Unreachable } from "../api/problem";
import type { Tokens, User } from "../api/types";
import { inTelegram, launched, readSecret, writeSecret } from "../telegram";
import type { Lost } from "./away";
import { forget, keep, keepUser, kept, whenLost } from "./tokens";

export type Why = "new" | "expired" | "no_init_data" | "refused" | "leaving" | Lost;

/** `waitMs`: how long the server wants to be left alone, where that was `too_often`; `deletesAt`: of who is `leaving`. */
export interface SignedOut {
  why: Why;
  waitMs?: number | null;
  deletesAt?: string;
}

/** `back`: he has just come back from proving once more who he is, and how that ended. */
export type Auth =
  | { state: "starting" }
  | ({ state: "signed_out" } & SignedOut)
  | { state: "signed_in"; user: User; back?: Lost | "proven" };

let current: Auth = { state: "starting" };
const listeners = new Set<() => void>();

export const authNow = (): Auth => current;

export function onAuth(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Auth): void {
  current = next;
  for (const listener of listeners) listener();
}

/** 128 random bits that stay with this phone: Telegram's init data is bound to the first that uses it. */
async function device(): Promise<string> {
  const stored = await readSecret("device");
  if (stored) return stored;
  const made = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  await writeSecret("device", made);
  return made;
}

async function take(tokens: Tokens, telegram: number | null = null): Promise<void> {
  await keep(tokens, telegram);
  become({ state: "signed_in", user: tokens.user });
}

export async function startAuth(): Promise<void> {
  whenLost(() => void renew());
  if (inTelegram()) return byTelegram();
  if (CAME_BACK.test(window.location.hash)) return fromAway();
  const before = await kept();
  become(before ? { state: "signed_in", user: before.user } : { state: "signed_out", why: "new" });
}

const CAME_BACK = /^#(signed_in|sign_in_error|tgAuthResult)=/;

async function fromAway(): Promise<void> {
  const { comeBack } = await import("./away");
  const before = await kept();
  const got = await comeBack(await device());
  if (typeof got === "string") {
    return become(before ? { state: "signed_in", user: before.user, back: got } : { state: "signed_out", why: got });
  }
  await keep(got, null);
  become({ state: "signed_in", user: got.user, ...(before?.user.id === got.user.id && { back: "proven" }) });
}

/** Null initData: there was none, or it has signed him in before this page was loaded again. */
export async function byTelegram(): Promise<void> {
  const { initData = null, account = null } = launched() ?? {};
  const before = await kept();
  const goOn = account !== null && before?.telegram === account ? before.user : null;
  if (!initData) {
    if (goOn) return become({ state: "signed_in", user: goOn });
    return become({ state: "signed_out", why: account === null ? "no_init_data" : "expired" });
  }
  try {
    const body = { init_data: initData, device: await device() };
    await take(await data(signInByTelegram({ client: open, body })), account);
    if ((await kept())?.telegram === account) leave(initData, false);
  } catch (error) {
    const why = reason(error);
    // An old launch goes on with what was kept of it, but never with another account's.
    if (why !== "blocked" && goOn) return become({ state: "signed_in", user: goOn });
    leave(initData, true);
    become({ state: "signed_out", why, waitMs: error instanceof Problem ? error.retryAfterMs : null });
  }
}

/** Where a reload finds it, or nowhere. */
const leave = (initData: string, lying: boolean): unknown =>
  import("../telegram/init-data").then(({ leaveInitData }) => leaveInitData(initData, lying)).catch(() => undefined);

function reason(error: unknown): "unreachable" | "expired" | "refused" | "blocked" | "too_often" {
  if (error instanceof Unreachable) return "unreachable";
  if (!(error instanceof Problem)) throw error;
  if (error.status >= 500) return "unreachable";
  if (error.status === 429) return "too_often";
  if (error.code === "blocked") return "blocked";
  return error.code === "init_data_expired" ? "expired" : "refused";
}

/** The kept sign-in is no longer good. */
export async function renew(): Promise<void> {
  await forget();
  if (inTelegram()) return byTelegram();
  become({ state: "signed_out", why: "expired" });
}

export async function signInByName(name: string): Promise<void> {
  await take(await data(signInByNameCall({ client: open, body: { name } })));
}

export async function signOut(said: SignedOut = { why: "new" }): Promise<void> {
  await signOutCall().catch(() => undefined);
  await forget();
  become({ state: "signed_out", ...said });
}

export function rename(user: User): void {
  if (current.state !== "signed_in") return;
  void keepUser(user);
  become({ ...current, user });
}

/** He has been told how his way back ended. */
export function heardBack(): void {
  if (current.state === "signed_in") become({ state: "signed_in", user: current.user });
}
