// The access token lives in memory, the refresh token where `writeSecret` puts it. One refresh at a time, in all tabs.
import { data, refresh as refreshTokens } from "../api";
import { bareFetch, open } from "../api/open";
import { Problem, Unreachable } from "../api/problem";
import type { Tokens, User } from "../api/types";
import { readSecret, writeSecret } from "../telegram";

/** Refresh a little early, so that a token does not expire under way. */
const EARLY_MS = 30_000;

interface Kept {
  refresh: string;
  user: User;
  /** The Telegram account it was made with: another account on the same phone must not inherit it. */
  telegram: number | null;
}

let access: { token: string; until: number } | null = null;
let refreshing: Promise<string> | null = null;
/** Of whom this page is: another tab may sign in somebody else, and a keychain that is silent for once has lost nothing. */
let mine: Kept | null = null;
let onLost: () => void = () => {};

export const whenLost = (listener: () => void): void => {
  onLost = listener;
};

export async function keep(tokens: Tokens, telegram: number | null): Promise<void> {
  access = { token: tokens.access_token, until: Date.now() + tokens.expires_in * 1000 };
  mine = { refresh: tokens.refresh_token, user: tokens.user, telegram };
  await writeSecret("session", JSON.stringify(mine));
}

/** The name or the language has changed, the sign-in has not. */
export async function keepUser(user: User): Promise<void> {
  const session = await kept();
  if (session?.user.id === user.id) await writeSecret("session", JSON.stringify({ ...session, user } satisfies Kept));
}

export async function forget(): Promise<void> {
  access = null;
  mine = null;
  await writeSecret("session", null);
}

/** What is no token at all is none: the server would not even read it, and nobody could sign in anew. */
export async function kept(): Promise<Kept | null> {
  try {
    const session = JSON.parse((await readSecret("session")) ?? "null") as Kept | null;
    if (!session?.user.id || typeof session.refresh !== "string" || !TOKEN.test(session.refresh)) return null;
    if (!mine || mine.user.id === session.user.id) mine = session;
    return session;
  } catch {
    return null;
  }
}

const TOKEN = /^[\w.-]{1,200}$/;

/** The next request asks for a new token: what is said in it has changed. */
export const renewAccess = (): void => {
  access = null;
};

/** A token that is good now. Throws Unreachable where none can be had for lack of a connection. */
export async function accessToken(): Promise<string> {
  if (access && access.until - EARLY_MS > Date.now()) return access.token;
  refreshing ??= alone(refresh).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request("artel.refresh", work) : work();
}

async function refresh(): Promise<string> {
  const before = (await kept()) ?? mine;
  if (!before) throw lost(new Problem(401, { code: "unauthenticated" }));
  if (before.user.id !== mine?.user.id) {
    window.location.reload();
    throw new Unreachable("this page is of somebody who has signed out");
  }
  try {
    const tokens = await data(refreshTokens({ client: open, body: { refresh_token: before.refresh } }));
    await keep(tokens, before.telegram);
    return tokens.access_token;
  } catch (error) {
    // Not by 422: what is kept is a token, so it is our question that does not fit, and another release may ask it better.
    if (error instanceof Problem && error.status === 401) throw lost(error);
    throw error;
  }
}

function lost(error: Problem): Problem {
  access = null;
  onLost();
  return error;
}

/** `fetch` with our token; a token that just expired is renewed once. */
export async function authFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const first = await withToken(request);
  return first.status === 401 ? withToken(again) : first;
}

async function withToken(request: Request): Promise<Response> {
  const token = await accessToken();
  request.headers.set("Authorization", `Bearer ${token}`);
  const response = await bareFetch(request);
  if (response.status === 401 && access?.token === token) access = null;
  return response;
}
