import { call, inTelegram } from "./bridge";

export type Shared = "shared" | "copied" | "failed";

/** Telegram's own "send to", the browser's share sheet, or the clipboard: whatever there is. */
export async function shareLink(url: string, text: string): Promise<Shared> {
  if (inTelegram()) {
    const query = new URLSearchParams({ url, text });
    call("web_app_open_tg_link", { path_full: `/share/url?${query}` });
    return "shared";
  }
  if (navigator.share) {
    try {
      await navigator.share({ url, text });
      return "shared";
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return "shared";
    }
  }
  return copy(url);
}

export async function copy(text: string): Promise<Shared> {
  try {
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    return "failed";
  }
}
