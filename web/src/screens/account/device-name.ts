const BROWSERS: readonly [RegExp, string][] = [
  [/Telegram/i, "Telegram"],
  [/YaBrowser\//, "Yandex Browser"],
  [/Edg(?:A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "Mac"],
  [/Linux|X11/, "Linux"],
];

const first = (of: readonly [RegExp, string][], text: string): string | undefined =>
  of.find(([sign]) => sign.test(text))?.[1];

/** A page inside an app: Android says so, and on an iPhone it names no browser. */
const isWebview = (userAgent: string): boolean => /; wv\)/.test(userAgent) || !first(BROWSERS, userAgent);

/** «Chrome, Android»: enough to tell one's own devices apart. Null where it says nothing that we know. */
export function deviceName(userAgent: string, provider = ""): string | null {
  const app = provider === "telegram" && isWebview(userAgent) ? "Telegram" : first(BROWSERS, userAgent);
  return [app, first(SYSTEMS, userAgent)].filter(Boolean).join(", ") || null;
}
