// Telegram's client, as a page meets it: an object to talk to, and a launch behind the # of the address.
import { createHmac } from "node:crypto";
import type { Phone } from "./browser.ts";
import { BOT_TOKEN } from "./server.ts";

export interface Launch {
  id: number;
  name: string;
  photo?: string;
  ageSeconds?: number;
  token?: string;
  startParam?: string;
  /** The bot may write to him. */
  mayWrite?: boolean;
  /** Of the client. */
  version?: string;
}

export type Scheme = "light" | "dark";

export interface Inside extends Phone {
  /** The address at which the client opens the app. */
  launch: string;
}

interface Call {
  name: string;
  params: unknown;
}

declare global {
  interface Window {
    telegramCalls?: Call[];
    /** What he answers when Telegram asks whether the bot may write. */
    telegramAnswers?: "allowed" | "cancelled";
    /** The client says something to the page. */
    telegramSays?: (name: string, data?: unknown) => void;
    Telegram?: { WebView?: { receiveEvent?: (name: string, data?: unknown) => void } };
  }
}

const THEMES: Record<Scheme, Record<string, string>> = {
  dark: {
    bg_color: "#17212b",
    text_color: "#f5f5f5",
    hint_color: "#708499",
    link_color: "#6ab3f3",
    button_color: "#5288c1",
    button_text_color: "#ffffff",
    secondary_bg_color: "#0e1621",
    header_bg_color: "#17212b",
    bottom_bar_bg_color: "#17212b",
    accent_text_color: "#6ab2f2",
    section_bg_color: "#17212b",
    section_header_text_color: "#6ab3f3",
    section_separator_color: "#111921",
    subtitle_text_color: "#708499",
    destructive_text_color: "#ec3942",
  },
  light: {
    bg_color: "#ffffff",
    text_color: "#000000",
    hint_color: "#999999",
    link_color: "#168acd",
    button_color: "#40a7e3",
    button_text_color: "#ffffff",
    secondary_bg_color: "#f1f1f1",
    header_bg_color: "#ffffff",
    bottom_bar_bg_color: "#ffffff",
    accent_text_color: "#168acd",
    section_bg_color: "#ffffff",
    section_header_text_color: "#168acd",
    section_separator_color: "#e7e7e7",
    subtitle_text_color: "#999999",
    destructive_text_color: "#d14e4e",
  },
};

/** Signed as Telegram signs it. */
export function initData({ id, name, photo, ageSeconds = 0, token = BOT_TOKEN, startParam, mayWrite }: Launch): string {
  const pairs: Record<string, string> = {
    auth_date: String(Math.floor(Date.now() / 1000) - ageSeconds),
    query_id: `q${id}`,
    signature: "c2lnbmF0dXJl",
    user: JSON.stringify({ id, first_name: name, language_code: "ru", photo_url: photo, allows_write_to_pm: mayWrite }),
    ...(startParam && { start_param: startParam }),
  };
  const text = Object.keys(pairs)
    .sort()
    .map((key) => `${key}=${pairs[key]}`)
    .join("\n");
  const key = createHmac("sha256", "WebAppData").update(token).digest();
  const hash = createHmac("sha256", key).update(text).digest("hex");
  return new URLSearchParams({ ...pairs, hash }).toString();
}

/** What the client puts behind the #. */
export const behind = (launched: Launch, scheme: Scheme = "dark"): string =>
  new URLSearchParams({
    tgWebAppData: initData(launched),
    tgWebAppVersion: launched.version ?? "9.1",
    tgWebAppPlatform: "ios",
    tgWebAppThemeParams: JSON.stringify(THEMES[scheme]),
    ...(launched.startParam && { tgWebAppStartParam: launched.startParam }),
  }).toString();

/** From now on the client is around every page of this phone. */
export async function inClient(
  made: Phone,
  launched: Launch,
  scheme: Scheme = "dark",
  insets = { top: 47, bottom: 34 },
): Promise<Inside> {
  await made.context.addInitScript(client, { theme: THEMES[scheme], ...insets });
  return { ...made, launch: `/#${behind(launched, scheme)}` };
}

interface Given {
  theme: Record<string, string>;
  top: number;
  bottom: number;
}

/** Runs in the page, before anything of ours does. */
function client({ theme, top, bottom }: Given): void {
  const calls: Call[] = [];
  const says = (name: string, data?: unknown): void => window.Telegram?.WebView?.receiveEvent?.(name, data);
  const answer = (name: string, data: unknown): unknown => setTimeout(() => says(name, data));
  const kept = (key: string): string => `client.${key}`;
  const answers: Record<string, (asked: { req_id: string; key: string; value?: string | null }) => unknown> = {
    web_app_request_theme: () => answer("theme_changed", { theme_params: theme }),
    web_app_request_safe_area: () => answer("safe_area_changed", { top, bottom, left: 0, right: 0 }),
    web_app_request_content_safe_area: () =>
      answer("content_safe_area_changed", { top: top ? 44 : 0, bottom: 0, left: 0, right: 0 }),
    web_app_request_viewport: () => {
      const { innerHeight: height, innerWidth: width } = window;
      return answer("viewport_changed", { height, width, is_expanded: true, is_state_stable: true });
    },
    web_app_request_write_access: () =>
      answer("write_access_requested", { status: window.telegramAnswers ?? "allowed" }),
    web_app_secure_storage_save_key: ({ req_id, key, value }) => {
      if (value == null) localStorage.removeItem(kept(key));
      else localStorage.setItem(kept(key), value);
      return answer("secure_storage_key_saved", { req_id });
    },
    web_app_secure_storage_get_key: ({ req_id, key }) =>
      answer("secure_storage_key_received", { req_id, value: localStorage.getItem(kept(key)) }),
  };
  function postEvent(name: string, data?: string): void {
    const params = data ? JSON.parse(data) : undefined;
    calls.push({ name, params });
    answers[name]?.(params);
  }
  Object.assign(window, { telegramCalls: calls, telegramSays: says, TelegramWebviewProxy: { postEvent } });
}

export const calls = ({ page }: Phone, name: string): Promise<unknown[]> =>
  page.evaluate(
    (wanted) => (window.telegramCalls ?? []).filter((call) => call.name === wanted).map((call) => call.params),
    name,
  );
