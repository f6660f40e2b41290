import { useEffect } from "react";
import { call, inTelegram, launched, listen } from "./bridge";
import { followTheme } from "./theme";
import { followViewport } from "./viewport";

/** Called once, before anything is drawn. */
export function startTelegram(): void {
  followTheme();
  followViewport();
  call("web_app_expand");
  call("iframe_ready", { reload_supported: true });
}

export const ready = (): void => call("web_app_ready");

export const close = (): void => call("web_app_close");

/** Asks before closing while something is not sent yet. */
export const guardClosing = (needed: boolean): void =>
  call("web_app_setup_closing_behavior", { need_confirmation: needed });

/** At the table a quick finger must not pull the whole app down. */
export function useSteadyScreen(): void {
  useEffect(() => {
    call("web_app_setup_swipe_behavior", { allow_vertical_swipe: false });
    return () => call("web_app_setup_swipe_behavior", { allow_vertical_swipe: true });
  }, []);
}

/** The app came back to the front; Telegram's webviews do not always tell the page. */
export function onReturn(listener: () => void): () => void {
  const visible = (): void => {
    if (document.visibilityState === "visible") listener();
  };
  const stop = listen("visibility_changed", ({ is_visible }) => is_visible && listener());
  document.addEventListener("visibilitychange", visible);
  window.addEventListener("pageshow", listener);
  window.addEventListener("online", listener);
  return () => {
    stop();
    document.removeEventListener("visibilitychange", visible);
    window.removeEventListener("pageshow", listener);
    window.removeEventListener("online", listener);
  };
}

/** Android tells how strong the phone is; on a weak one nothing flies. */
export const isSlowPhone = (): boolean => /Telegram-Android\/.*; LOW\)/.test(navigator.userAgent);

/** A page that is not ours: in a browser of its own, where Telegram can open one. */
export function openOutside(url: string): void {
  if (inTelegram()) call("web_app_open_link", { url, try_browser: "chrome" });
  else window.open(url, "_blank", "noopener");
}

export const startParam = (): string | null => launched()?.startParam ?? null;
