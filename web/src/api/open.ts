// The client for what needs no token: signing in, and the scoreboard of a link.
import { createClient } from "./generated/client";
import { asProblem, Unreachable } from "./problem";

const PATIENCE_MS = 10_000;

const digits = (bytes: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What is asked is the first part of a trace. Whether it is kept is not for us to say. */
export async function bareFetch(request: Request): Promise<Response> {
  request.headers.set("traceparent", `00-${digits(16)}-${digits(8)}-00`);
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    throw new Unreachable(error instanceof Error ? error.message : "no answer");
  }
}

export const open = createClient({
  baseUrl: window.location.origin,
  throwOnError: true,
  fetch: bareFetch as typeof fetch,
});
open.interceptors.error.use(asProblem);

/** The answer itself; a refusal is thrown. */
export const data = async <T>(answer: Promise<{ data: T }>): Promise<T> => (await answer).data;
