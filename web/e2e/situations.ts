// Where somebody may stand before he is signed in, and on the page of a link. What the server would say is said for it.
import type { Browser, BrowserContext } from "playwright-core";
import { type Options, type Phone, phone } from "./browser.ts";
import { behind, inClient, type Launch } from "./client.ts";
import { shown } from "./screens.ts";

export interface Situation {
  name: string;
  path?: string;
  options?: Options;
  /** In Telegram, by this launch; `nothing`: Telegram says nothing of who it is. */
  launched?: Launch | "nothing";
  /** What answers otherwise than the server would. */
  answers?: (context: BrowserContext) => Promise<unknown>;
}

const INSTAGRAM =
  "Mozilla/5.0 (Linux; Android 16; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36 Instagram 400.0";
const APP = "https://t.me/artel_bot/play";
const TICKET = "x".repeat(43);
const OPEN = { telegram: true, telegram_widget: null, google: true, dev: false, app: APP };
const SHUT = { telegram: false, telegram_widget: null, google: false, dev: false, app: null };

const answering =
  (path: string, json: object, status = 200, headers = {}) =>
  (context: BrowserContext): Promise<unknown> =>
    context.route(`**/api/v1${path}`, (route) => route.fulfill({ status, headers, json }));

const silent = (path: string) => (context: BrowserContext) =>
  context.route(`**/api/v1${path}`, (route) => route.abort());

/** As in a browser that keeps nothing of a page. */
export const withoutStorage = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException("Access is denied for this document.", "SecurityError");
        },
      });
    }
  });

const ME = { id: 900_000_051, name: "Аня" };
const refused = (code: string, status: number, headers = {}) => answering("/auth/telegram", { code }, status, headers);
const consent = (agreed: boolean) =>
  answering("/auth/link/consent", { name: "Глеб", other: "Old Friend", agreed, match_code: "47" });

export const SITUATIONS: Situation[] = [
  { name: "browser" },
  { name: "english", options: { language: "en-GB" } },
  { name: "invited", path: "/join/ABC234" },
  { name: "webview", options: { userAgent: INSTAGRAM } },
  { name: "no-google", answers: answering("/auth/ways", { ...OPEN, google: false }) },
  { name: "no-telegram", answers: answering("/auth/ways", { ...SHUT, google: true }) },
  { name: "only-app", answers: answering("/auth/ways", { ...SHUT, app: APP }) },
  { name: "shut", answers: answering("/auth/ways", SHUT) },
  { name: "silent", answers: silent("/auth/ways") },
  { name: "no-storage", answers: withoutStorage },
  { name: "too-often", path: "/#sign_in_error=rate_limited" },
  { name: "denied", path: "/#sign_in_error=denied" },
  { name: "lost", path: "/#sign_in_error=state_lost" },
  { name: "provider-away", path: "/#sign_in_error=provider_unavailable" },
  { name: "telegram-nothing", launched: "nothing" },
  { name: "telegram-expired", launched: { ...ME, ageSeconds: 7200 } },
  { name: "telegram-refused", launched: { ...ME, token: "7000000001:another" } },
  { name: "telegram-too-often", launched: ME, answers: refused("rate_limited", 429, { "Retry-After": "21" }) },
  { name: "telegram-blocked", launched: ME, answers: refused("blocked", 403) },
  { name: "telegram-silent", launched: ME, answers: silent("/auth/telegram") },
  { name: "telegram-account", launched: { ...ME, startParam: "account" } },
  {
    name: "link-asked",
    path: `/link#${TICKET}`,
    answers: answering("/auth/link/open", {
      name: "Глеб",
      provider: "google",
      match_code: "47",
      url: "/x",
    }),
  },
  { name: "link-webview", path: `/link#${TICKET}`, options: { userAgent: INSTAGRAM } },
  { name: "link-gone", path: `/link#${TICKET}`, answers: answering("/auth/link/open", { code: "not_found" }, 404) },
  { name: "link-done", path: "/link#linked=linked" },
  { name: "link-denied", path: "/link#linked=denied" },
  { name: "link-another", path: "/link#linked=another_linked" },
  { name: "link-failed", path: "/link#linked=provider" },
  { name: "link-consent", path: "/link#consent=word", answers: consent(false) },
  { name: "link-agreed", path: "/link#consent=word", answers: consent(true) },
];

/** A new visitor in that situation. */
export async function stand(
  browser: Browser,
  url: string,
  { name, path = "/", options = {}, launched, answers }: Situation,
  looks: Options = {},
): Promise<Phone> {
  const made = await phone(browser, url, name, { ...options, ...looks });
  await answering("/auth/ways", OPEN)(made.context);
  await answers?.(made.context);
  await made.page.goto(launched ? await inTelegram(made, launched, looks.scheme) : path);
  await shown(made.page);
  return made;
}

async function inTelegram(made: Phone, launched: Launch | "nothing", scheme: Options["scheme"]): Promise<string> {
  await inClient(made, ME, scheme);
  if (launched !== "nothing") return `/#${behind(launched, scheme)}`;
  const params = new URLSearchParams(behind(ME, scheme));
  params.delete("tgWebAppData");
  return `/#${params}`;
}
