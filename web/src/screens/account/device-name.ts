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

/** «Chrome, Android»: enough to tell one's own devices apart. Null where it says nothing that we know. */
export function deviceName(userAgent: string): string | null {
  return [first(BROWSERS, userAgent), first(SYSTEMS, userAgent)].filter(Boolean).join(", ") || null;
}
