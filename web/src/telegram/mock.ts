// A stand-in for Telegram's client, for `vite --mode mock` and the tests. A release has none of it.
import { emitEvent, mockTelegramEnv } from "@tma.js/bridge";

export interface MockOptions {
  initData: string;
  scheme: "light" | "dark";
  startParam?: string;
  insets?: { top: number; bottom: number };
}

export interface MockCall {
  name: string;
  params: unknown;
}

declare global {
  interface Window {
    __telegramCalls?: MockCall[];
    __telegramMock?: MockOptions;
    __telegramEmit?: typeof emitEvent;
  }
}

const THEMES = {
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
} as const;

export function mockTelegram(options: MockOptions): void {
  const calls: MockCall[] = [];
  const theme = THEMES[options.scheme];
  const { top = 0, bottom = 0 } = options.insets ?? {};
  const kept = (key: string): string => `mock.${key}`;
  window.__telegramCalls = calls;
  window.__telegramEmit = emitEvent;
  mockTelegramEnv({
    launchParams: {
      tgWebAppVersion: "9.1",
      tgWebAppPlatform: "ios",
      tgWebAppThemeParams: theme,
      tgWebAppData: new URLSearchParams(options.initData),
      ...(options.startParam && { tgWebAppStartParam: options.startParam }),
    },
    onEvent({ name, params }) {
      calls.push({ name, params });
      const asked = params as { req_id?: string; key?: string; value?: string | null } | undefined;
      const req_id = asked?.req_id ?? "";
      if (name === "web_app_request_theme") emitEvent("theme_changed", { theme_params: theme });
      if (name === "web_app_request_safe_area") emitEvent("safe_area_changed", { top, bottom, left: 0, right: 0 });
      if (name === "web_app_request_content_safe_area") {
        emitEvent("content_safe_area_changed", { top: top ? 44 : 0, bottom: 0, left: 0, right: 0 });
      }
      if (name === "web_app_request_viewport") {
        const { innerHeight: height, innerWidth: width } = window;
        emitEvent("viewport_changed", { height, width, is_expanded: true, is_state_stable: true });
      }
      if (name === "web_app_secure_storage_save_key") {
        if (asked?.value == null) localStorage.removeItem(kept(asked?.key ?? ""));
        else localStorage.setItem(kept(asked.key ?? ""), asked.value);
        emitEvent("secure_storage_key_saved", { req_id });
      }
      if (name === "web_app_secure_storage_get_key") {
        emitEvent("secure_storage_key_received", { req_id, value: localStorage.getItem(kept(asked?.key ?? "")) });
      }
    },
  });
}
