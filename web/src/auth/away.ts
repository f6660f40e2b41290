// Signing in through a provider: the page leaves, and comes back with a code that only it can exchange.
import { data, exchange, signInByWidget, signOut } from "../api";
import { open } from "../api/open";
import { Problem } from "../api/problem";
import type { Tokens, User } from "../api/types";

export type ProviderName = "telegram" | "google";
/** Why somebody came back with nothing. */
export type Lost = "denied" | "lost" | "provider" | "blocked" | "unreachable" | "another" | "too_often";

const ERRORS: Record<string, Lost> = { denied: "denied", state_lost: "lost", rate_limited: "too_often" };
const VERIFIER = "artel.verifier";
const WIDGET = "artel.widget";
const AGAIN = "artel.again";

/** This tab leaves for the widget; another's answer is no answer to it. */
export const leaveForWidget = (): void => sessionStorage.setItem(WIDGET, "1");

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

/** RFC 7636: what is told is the challenge, what is kept in this tab is its verifier. `again`: who has to come back. */
export async function leaveFor(provider: ProviderName, returnTo: string, again?: User): Promise<void> {
  if (again) sessionStorage.setItem(AGAIN, again.id);
  else sessionStorage.removeItem(AGAIN);
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  sessionStorage.setItem(VERIFIER, verifier);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const asked = new URLSearchParams({ challenge: base64url(new Uint8Array(digest)), return_to: returnTo });
  window.location.assign(`/api/v1/auth/${provider}/start?${asked}`);
}

/** What the way back says behind the #, once: a reload must not say it again. */
export async function comeBack(device: string): Promise<Tokens | Lost> {
  const wanted = sessionStorage.getItem(AGAIN);
  sessionStorage.removeItem(AGAIN);
  const said = new URLSearchParams(window.location.hash.slice(1));
  window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  const error = said.get("sign_in_error");
  if (error) return ERRORS[error] ?? "provider";
  try {
    const widget = said.get("tgAuthResult");
    const left = sessionStorage.getItem(WIDGET);
    sessionStorage.removeItem(WIDGET);
    if (widget && !left) return "lost";
    if (widget) return await data(signInByWidget({ client: open, body: { fields: widgetFields(widget), device } }));
    const verifier = sessionStorage.getItem(VERIFIER);
    sessionStorage.removeItem(VERIFIER);
    if (!verifier) return "lost";
    const body = { code: said.get("signed_in") ?? "", verifier, device };
    const tokens = await data(exchange({ client: open, body }));
    if (!wanted || tokens.user.id === wanted) return tokens;
    await signOut({ client: open, headers: { Authorization: `Bearer ${tokens.access_token}` } }).catch(() => undefined);
    return "another"; // he stays who he was
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status >= 500) return "unreachable";
    if (problem.status === 429) return "too_often";
    return problem.code === "blocked" ? "blocked" : "lost";
  }
}

function widgetFields(text: string): Record<string, string | number> {
  try {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, string | number>;
  } catch {
    return {};
  }
}
